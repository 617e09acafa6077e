import type { FoundFinding } from './quality-finding.js';
import { bucketsOf, type QualityMeasures } from './quality-measures.js';
import type { LedgerOfReport } from './quality-reader.js';
import type { QualitySurroundings } from './quality-surroundings.js';
import type { TraceReader } from './trace-access.js';
import type { FactTable } from './quality-fact.js';
import type { QualityThresholds } from '../config/quality-rule.js';
import { FEW, isPattern } from './pattern.js';
import { quantileAtLeast } from './quantile-bound.js';
import { percent, whole } from './words.js';

/** Pages of one rule that nobody did anything about: fewer may have been a bad night. */
const UNHEEDED_PAGES = 3;
/** Reads of a week that are worth asking about where a reader is new, or reads so many times more than usual. */
const MANY_READS = 1_000;
const UNUSUAL = 10;
const NS_PER_MS = 1e6;

export interface OperationInput {
  readonly table: FactTable;
  readonly thresholds: QualityThresholds;
  readonly ledger: readonly LedgerOfReport[];
  readonly services: readonly { readonly service: string; readonly measures: QualityMeasures }[];
  /** Undefined in reports of files alone. */
  readonly around: QualitySurroundings | undefined;
}

/** How traces are used: alerts that nobody heeds, readers, answers, latency, and what senders lose. */
export function findOperationFindings({ table, thresholds, ledger, services, around }: OperationInput): FoundFinding[] {
  if (around === undefined) return ledger.flatMap(senderLoss);
  // Without the rules nobody knows which services may be slow.
  const spokenFor = new Set(around.objectives.map(({ service }) => service));
  return [
    ...ledger.flatMap(senderLoss), ...services.filter(({ service }) => !spokenFor.has(service)).flatMap((each) => slowTraces(each, table, thresholds)),
    ...unheededPages(around), ...around.access.readers.flatMap((reader) => [...refused(reader), ...unusual(reader)]), ...slowAnswers(around, thresholds),
  ];
}

function senderLoss({ signal, received, rejected }: LedgerOfReport): FoundFinding[] {
  if (!isPattern({ n: received, bad: rejected }, 0.001)) return [];
  const things = signal === 'traces' ? 'spans' : 'log records';
  return [{
    kind: 'sender-loss', severity: 'medium', service: '', about: signal, affected: rejected, of: received, examples: [],
    title: `${percent(rejected, received)} of the ${things} that were sent could not be taken`, detail: `${whole(rejected)} of ${whole(received)}: they are lost, and each sender was told so. The page /ingest names senders and reasons.`,
    cause: 'They have no ids, no times or times far off, or exceed a limit of size.', fix: { where: 'the pages of Tocsin, then the sender that is named there', language: 'sh', text: 'curl -s http://127.0.0.1:4400/api/v1/ingest   # rejected, by reason; senders, by name' },
  }];
}

function slowTraces({ service, measures: { p95Ms, traces } }: OperationInput['services'][number], table: FactTable, { traceP95Ms }: QualityThresholds): FoundFinding[] {
  if (p95Ms === undefined || (quantileAtLeast(bucketsOf(table, 'trace-latency', service), 0.95, traces) ?? 0) <= traceP95Ms * NS_PER_MS) return [];
  return [{
    kind: 'slow-traces', severity: 'low', service, about: '', affected: p95Ms, of: traceP95Ms, examples: table.get('slow-traces', service)?.examples ?? table.get('spans', service)?.examples ?? [],
    title: `Traces that begin at ${service} take ${seconds(p95Ms)} (p95), and no SLO says how long they may`, detail: `Up to ${seconds(traceP95Ms)} is the default. See "Where the slowest traces spend their time".`,
    cause: 'It is slow, or it is meant to be and nobody wrote it down.',
    fix: {
      where: `rules/${service}.yaml`, language: 'yaml',
      text: `apiVersion: openslo/v1\nkind: SLO\nmetadata: { name: ${service}-latency, displayName: ${service} is fast }\nspec:\n  service: ${service}\n  budgetingMethod: Occurrences\n  timeWindow: [{ duration: 30d, isRolling: true }]\n  indicator:\n    metadata: { name: ${service}-fast }\n    spec:\n      ratioMetric:\n        counter: false\n        total: { metricSource: { type: traces, spec: { query: '{ resource.service.name = "${service}" && kind = server }' } } }\n        bad: { metricSource: { type: traces, spec: { query: '{ duration > ${Math.ceil(p95Ms / 100) * 100}ms }' } } }\n  objectives: [{ displayName: fast, target: 0.95 }]`,
    },
  }];
}

function unheededPages({ alerts: { rules } }: QualitySurroundings): FoundFinding[] {
  return rules.filter(({ pages, unheededPages: unheeded }) => unheeded >= UNHEEDED_PAGES && unheeded === pages).map(({ rule, service, pages }): FoundFinding => ({
    kind: 'unheeded-pages', severity: 'medium', service, about: rule, affected: pages, of: pages, examples: [],
    title: `${rule} paged ${pages} times, and nobody did anything`, detail: 'No page was acknowledged, resolved, silenced or written about. A page that needs nobody teaches everybody to sleep through the next one.',
    cause: 'It ends by itself, the target is stricter than anybody needs, or those who act do so elsewhere.',
    fix: { where: 'the policy of the SLO in rules/', language: 'yaml', text: '    tiers:\n      - { severity: ticket, budget: 2%, long: 1h, short: 5m }   # was page' },
  }));
}

function refused({ reader, refused: times }: TraceReader): FoundFinding[] {
  if (times < FEW) return [];
  return [{
    kind: 'refused-access', severity: 'medium', service: '', about: reader, affected: times, of: times, examples: [],
    title: `Traces were refused ${whole(times)} times: ${reader}`, detail: 'Somebody asks for traces again and again and may not read them.', cause: 'A tool without its token or with an old one; or somebody who tries.',
    fix: { where: 'the tokens file of Tocsin, where the reader is a friend', language: 'sh', text: 'TOCSIN_TOKEN=… npx tocsin export --query "{}" --range 5m --out /dev/null   # does its token work?' },
  }];
}

function unusual({ reader, reads, usual }: TraceReader): FoundFinding[] {
  if (reads < MANY_READS || reads < UNUSUAL * usual) return [];
  return [{
    kind: 'unusual-access', severity: 'medium', service: '', about: reader, affected: reads, of: Math.max(1, usual), examples: [],
    title: `${reader} read traces ${whole(reads)} times${usual < 1 ? ', and never before' : `, ${(reads / usual).toFixed(0)} times more than usual`}`, detail: `In the four weeks before it was ${whole(usual)} a week. Traces hold what customers do.`,
    cause: 'A new dashboard or script, or a token in the wrong hands.', fix: { where: 'the tokens file of Tocsin, if nobody knows why', language: 'sh', text: `grep -n 'name: ${reader.replaceAll(/[^\w.@-]/g, '.')}' tokens.yaml   # take this token out, then: systemctl restart tocsin` },
  }];
}

function slowAnswers({ access: { latency } }: QualitySurroundings, { queryLatencyMs }: QualityThresholds): FoundFinding[] {
  return latency.filter(({ p95AtLeastMs }) => (p95AtLeastMs ?? 0) > queryLatencyMs).map(({ what, answers, p95Ms = 0 }): FoundFinding => ({
    kind: 'query-latency', severity: 'low', service: '', about: what, affected: p95Ms, of: queryLatencyMs, examples: [],
    title: `${what === 'trace' ? 'Opening a trace' : 'Searching traces'} takes ${seconds(p95Ms)} (p95)`, detail: `Of ${whole(answers)} answers; up to ${seconds(queryLatencyMs)} is good enough. Who waits in an incident looks elsewhere.`,
    cause: 'Long ranges without a service in the query, a large archive on slow storage, or too little memory.', fix: { where: 'the query', language: 'text', text: '{ resource.service.name = "checkout" && status = error }   # a service, and a range of hours instead of days' },
  }));
}

function seconds(ms: number): string {
  return ms >= 1_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms)} ms`;
}
