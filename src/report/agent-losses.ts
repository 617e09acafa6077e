import type { FactTable, QualityFact } from './quality-fact.js';

/** Of one host; numbers are those of docs/agent.md, "What the agent lost". */
export interface AgentLoss {
  readonly host: string;
  readonly deliveredSpans: number;
  readonly lostSpans: number;
  readonly readEvents: number;
  readonly lostEvents: number;
  /** Spans and events by reason, the most first. */
  readonly reasons: readonly { readonly reason: string; readonly n: number }[];
}

/** One number of the records of a host. */
export interface AgentNumber {
  readonly host: string;
  readonly key: string;
  readonly n: number;
}

export const AGENT_SERVICE = 'tocsin-agent';
const REASON = /^tocsin\.agent\.(spans|events)\.lost_by\.(.+)$/;

/** The subject is the host; of a reason `[host, reason]`. */
export function agentFacts(numbers: readonly AgentNumber[]): QualityFact[] {
  const of = (host: string, key: string): number => numbers.find((each) => each.host === host && each.key === `tocsin.agent.${key}`)?.n ?? 0;
  const fact = (name: QualityFact['fact'], subject: string, { n, bad }: { readonly n: number; readonly bad: number }): QualityFact => ({ fact: name, service: AGENT_SERVICE, subject, n, bad, value: 0, examples: [] });
  const whole = (host: string, what: 'spans' | 'events', taken: string): { n: number; bad: number } => ({ n: of(host, `${what}.${taken}`) + of(host, `${what}.lost`), bad: of(host, `${what}.lost`) });
  return [
    ...[...new Set(numbers.map(({ host }) => host))].flatMap((host) => [fact('agent-spans', host, whole(host, 'spans', 'delivered')), fact('agent-events', host, whole(host, 'events', 'read'))]),
    ...numbers.flatMap(({ host, key, n }) => {
      const [, what, reason] = REASON.exec(key) ?? [];
      return what === undefined || reason === undefined || n === 0 ? [] : [fact('agent-lost-by', JSON.stringify([host, `${what} ${reason}`]), { n, bad: n })];
    }),
  ];
}

/** Hosts that lost most first. */
export function agentLosses(table: FactTable): AgentLoss[] {
  const reasons = table.of('agent-lost-by').map(({ subject, n }) => {
    const [host = '', reason = ''] = JSON.parse(subject) as string[];
    return { host, reason, n };
  });
  return table.of('agent-spans').map(({ subject: host, n, bad }) => {
    const events = table.get('agent-events', AGENT_SERVICE, host);
    return {
      host, deliveredSpans: n - bad, lostSpans: bad, readEvents: (events?.n ?? 0) - (events?.bad ?? 0), lostEvents: events?.bad ?? 0,
      reasons: reasons.filter((each) => each.host === host).sort((left, right) => right.n - left.n).map(({ reason, n: times }) => ({ reason, n: times })),
    };
  }).sort((left, right) => right.lostSpans - left.lostSpans || right.lostEvents - left.lostEvents || left.host.localeCompare(right.host));
}
