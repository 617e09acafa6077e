import { DAY_MS, MINUTE_MS, parseDuration } from '../lib/duration.js';
import { formatProblem } from '../lib/problem.js';
import { backtest, type RulesUnderTest } from '../pipeline/backtest.js';
import { compareResults, scoreOf, type LabelledIncident } from '../pipeline/backtest-verdict.js';
import { loadRuleBook } from '../pipeline/fs-rule-book.js';
import { backtestMarkdown } from './backtest/backtest-markdown.js';
import { missed, reportJson, type BacktestReport } from './backtest/backtest-report.js';
import { backtestText } from './backtest/backtest-text.js';
import { openHistory } from './backtest/history-source.js';
import { readLabelledIncidents } from './backtest/labelled-incidents.js';
import { Progress } from './backtest/progress.js';
import { checkTargetsOf } from './check/check-targets.js';
import { CouldNotRun, EXIT_FINE, EXIT_NO, printError, printLine, type Command, type CommandInput } from './command.js';
import { settingsOrRefusal } from './service-api.js';

const DEFAULT_RANGE_MS = 7 * DAY_MS;

export const backtestCommand: Command = {
  usage: '[--rules DIR] [--against DIR] [--from T --to T] [--incidents FILE]',
  options: {
    rules: { type: 'string' }, against: { type: 'string' }, from: { type: 'string' }, to: { type: 'string' }, incidents: { type: 'string' },
    imported: { type: 'boolean' }, server: { type: 'string' }, markdown: { type: 'boolean' }, json: { type: 'boolean' },
  },
  help: [
    ['--rules DIR', 'the rules in question; default: as configured (./rules)'],
    ['--against DIR', 'other rules to compare them with: what would change'],
    ['--from T, --to T', 'like 2026-11-20T03:00:00Z, or a time ago like 30d or 6h; default: the last 7 days'],
    ['--incidents FILE', 'incidents that really happened (YAML: incidents: [{ title, slo or service, startedAt, endedAt }]): precision, recall, time to page'],
    ['--imported', 'count imported data too, as if it had arrived when it happened'],
    ['--server URL', 'pages address of a running service; default: the configured one if it runs, else the data directory is opened directly'],
    ['--markdown, --json', 'for a pull request; for programs'],
    ['TOCSIN_TOKEN', 'environment variable: a token of the role viewer, where the running service asks for one'],
    ['', 'Exit code 1 when a labelled incident would have paged nobody.'],
  ],
  async run(input) {
    const report = await runBacktest(input);
    const { json, markdown } = input.values;
    printLine(json === true ? JSON.stringify(reportJson(report), null, 2) : markdown === true ? backtestMarkdown(report) : backtestText(report));
    return missed(report) ? EXIT_NO : EXIT_FINE;
  },
};

async function runBacktest({ values }: CommandInput): Promise<BacktestReport> {
  const text = (name: string): string | undefined => (typeof values[name] === 'string' ? values[name] : undefined);
  const settings = await settingsOrRefusal();
  const range = rangeOf(text('from'), text('to'));
  const rules = await Promise.all([text('rules') ?? settings.rulesDir, ...[text('against') ?? []].flat()].map((directory) => readRules(directory, settings.runbooksDir)));
  const file = text('incidents');
  const labelled = file === undefined ? undefined : await readLabelledIncidents(file);
  const source = await openHistory(text('server'), settings);
  const progress = new Progress('replaying');
  const startedMs = performance.now();
  try {
    const results = await backtest({ history: source.history, ruleSets: rules, ...range, imported: values['imported'] === true, onProgress: (share) => progress.show(share) });
    progress.clear();
    const scored = results.map((result) => ({ result, score: labelled === undefined ? undefined : scoreOf(result.incidents, within(labelled, range)) }));
    const [proposed, baseline] = results;
    const comparison = proposed === undefined || baseline === undefined ? undefined : compareResults(proposed, baseline);
    return { source: source.name, ...range, results: scored, comparison, tookMs: Math.round(performance.now() - startedMs) };
  } finally {
    progress.clear();
    await source.close();
  }
}

function within(labelled: readonly LabelledIncident[], { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): LabelledIncident[] {
  const inside = labelled.filter(({ startedAtMs }) => startedAtMs >= fromMs && startedAtMs < toMs);
  if (inside.length < labelled.length) printError(`${labelled.length - inside.length} of ${labelled.length} labelled incidents began outside of the time that is replayed and are left out`);
  return inside;
}

async function readRules(directory: string, configuredRunbooks: string): Promise<RulesUnderTest> {
  const { rulesDir, runbooksDir } = checkTargetsOf([directory]);
  if (rulesDir === undefined) throw new CouldNotRun(`${directory} is no directory of rules`);
  const { book, problems } = await loadRuleBook({ rulesDir, runbooksDir: runbooksDir ?? configuredRunbooks });
  if (book === undefined) throw new CouldNotRun(`the rules in ${directory} are not right:\n${problems.filter(({ level }) => level === 'error').map(formatProblem).join('\n')}`);
  if (book.slos.length === 0) throw new CouldNotRun(`there is no SLO in ${directory}`);
  return { name: directory, slos: book.slos };
}

function rangeOf(from: string | undefined, to: string | undefined): { readonly fromMs: number; readonly toMs: number } {
  const nowMs = Date.now();
  const toMs = to === undefined ? nowMs : timeOf('--to', to, nowMs);
  const fromMs = from === undefined ? toMs - DEFAULT_RANGE_MS : timeOf('--from', from, nowMs);
  const whole = (timeMs: number): number => Math.floor(timeMs / MINUTE_MS) * MINUTE_MS;
  if (whole(fromMs) >= whole(toMs)) throw new CouldNotRun('--from must be before --to, by a minute at least');
  return { fromMs: whole(fromMs), toMs: whole(toMs) };
}

function timeOf(option: string, text: string, nowMs: number): number {
  const ago = parseDuration(text);
  if (ago.ok) return nowMs - ago.value;
  const timeMs = Date.parse(text);
  if (Number.isFinite(timeMs)) return timeMs;
  throw new CouldNotRun(`${option} "${text}" is not a time: write it like 2026-11-20T03:00:00Z, or as a time ago like 7d`);
}
