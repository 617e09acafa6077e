import type { Command } from './command.js';

interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Loaded when asked for: `check` must not wait for the gRPC stack. */
  readonly load: () => Promise<Command>;
}

export const COMMANDS: readonly CommandEntry[] = [
  { name: 'serve', summary: 'run the service', load: async () => (await import('./serve-command.js')).serveCommand },
  { name: 'demo', summary: 'the service plus a small instrumented shop, load and an injected fault', load: async () => (await import('./demo-command.js')).demoCommand },
  { name: 'check', summary: 'validate configuration, rules, routing and runbooks', load: async () => (await import('./check-command.js')).checkCommand },
  { name: 'import', summary: 'load OTLP/JSON lines or OTLP protobuf files, event times kept', load: async () => (await import('./import-command.js')).importCommand },
  { name: 'diagnose', summary: 'rank the services most likely to be the cause, from files of before and during an incident', load: async () => (await import('./diagnose-command.js')).diagnoseCommand },
  { name: 'agent', summary: 'the eBPF agent: traces HTTP, PostgreSQL and Redis without touching the application', load: async () => (await import('./agent-command.js')).agentCommand },
  { name: 'backtest', summary: 'replay stored history: pages and tickets that rules would have sent', load: async () => (await import('./backtest-command.js')).backtestCommand },
  { name: 'gate', summary: 'release gate: exit code 0 open, 1 closed, with the reason', load: async () => (await import('./gate-command.js')).gateCommand },
  { name: 'compare', summary: 'a canary or any cohort of requests against another: exit code 1 when it is worse', load: async () => (await import('./compare-command.js')).compareCommand },
  { name: 'suggest', summary: 'propose SLOs from observed traffic, as files ready to commit', load: async () => (await import('./suggest-command.js')).suggestCommand },
  { name: 'export', summary: 'traces as OTLP/JSON lines, JSON for Jaeger\'s UI, or Parquet', load: async () => (await import('./export-command.js')).exportCommand },
  { name: 'report', summary: 'the trace-quality report: are the traces good enough to be paged by', load: async () => (await import('./report-command.js')).reportCommand },
  { name: 'routes', summary: 'where an alert with these labels goes, and why', load: async () => (await import('./routes-command.js')).routesCommand },
  { name: 'postmortem', summary: 'draft of an incident\'s postmortem, as Markdown', load: async () => (await import('./postmortem-command.js')).postmortemCommand },
  { name: 'what-if', summary: 'tell the past again under another routing file: who would hear of what', load: async () => (await import('./what-if-command.js')).whatIfCommand },
  { name: 'drill', summary: 'test alerts to receivers, now: exit code 1 where one does not arrive in time', load: async () => (await import('./drill-command.js')).drillCommand },
  { name: 'dead-letters', summary: 'messages that were given up: list them, send them again', load: async () => (await import('./dead-letters-command.js')).deadLettersCommand },
  { name: 'erase', summary: 'erase every trace in which a value comes up, with a receipt', load: async () => (await import('./erase-command.js')).eraseCommand },
  { name: 'why', summary: 'why receivers were told of an incident, or not', load: async () => (await import('./why-command.js')).whyCommand },
];
