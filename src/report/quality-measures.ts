import { quantileOfBuckets } from '../sli/latency-bucket.js';
import type { FactName, FactTable, QualityFact } from './quality-fact.js';
import type { CountedRequests, LedgerOfReport, ReportWindow } from './quality-reader.js';

/** What storing spans costs. Without prices no cost is shown. */
export interface QualityPrices {
  readonly perMillionSpans: number;
}

/** What each ratio stands on: spans, traces or records that are stored; failures that were counted. */
export interface MeasureCounts {
  readonly errorRatio: number;
  readonly unknownWeightShare: number;
  readonly partialRatio: number;
  readonly orphanRatio: number;
  readonly rootlessRatio: number;
  readonly collectorLatency: number;
  readonly errorCapture: number;
  readonly logCorrelation: number;
  readonly limitsHitRatio: number;
  readonly agentLossRatio: number;
}

/** What is known of one service, or of all. Ratios are undefined where there is nothing to divide by. docs/quality.md has the formulas. */
export interface QualityMeasures {
  readonly spans: number;
  readonly traces: number;
  readonly spansPerSecond: number;
  readonly tracesPerSecond: number;
  readonly errorRatio: number | undefined;
  readonly p50Ms: number | undefined;
  readonly p95Ms: number | undefined;
  readonly p99Ms: number | undefined;
  /** Stored spans by those they stand for. */
  readonly samplingRate: number | undefined;
  readonly unknownWeightShare: number | undefined;
  readonly partialRatio: number | undefined;
  readonly orphanRatio: number | undefined;
  readonly rootlessRatio: number | undefined;
  readonly collectorLatencyP50Ms: number | undefined;
  readonly collectorLatencyP99Ms: number | undefined;
  /** Failures that are stored, by those that were counted. */
  readonly errorCapture: number | undefined;
  readonly logCorrelation: number | undefined;
  /** Spans that say that attributes, events or links of them were dropped. */
  readonly limitsHitRatio: number | undefined;
  /** Of the attributes, estimated from the sample. */
  readonly attributeBytes: number | undefined;
  readonly costOfMonth: number | undefined;
  /** Spans that eBPF agents lost / those they made; of all hosts together, since a record knows no services. */
  readonly agentLossRatio: number | undefined;
  readonly of: MeasureCounts;
}

export interface MeasureInput {
  readonly table: FactTable;
  /** The time in which anybody was heard: rates are of it. */
  readonly window: ReportWindow;
  readonly counted: readonly CountedRequests[];
  readonly prices: QualityPrices | undefined;
}

const NS_PER_MS = 1e6;
const MONTH_MS = 30 * 86_400_000;

/** @param service undefined: all services together. */
export function measuresOf(input: MeasureInput, service: string | undefined): QualityMeasures {
  const { table, window } = input;
  const seconds = (window.toMs - window.fromMs) / 1_000;
  const sum = summer(table, service);
  const [spans, weighted, traces] = [sum('spans'), sum('weighted'), sum('traces')];
  const quantile = (fact: FactName, q: number): number | undefined => inMs(quantileOfBuckets(bucketsOf(table, fact, service), q));
  const ratio = (fact: FactName): number | undefined => divided(sum(fact).bad, sum(fact).n);
  // Hours that were stored by an earlier version have no weights of these.
  const byWeight = (fact: FactName, plain: number | undefined): number | undefined => ratio(fact) ?? plain;
  const sampled = sum('sampled-spans');
  const agents = added(table.of('agent-spans'));
  return {
    spans: spans.n, traces: traces.n, spansPerSecond: weighted.n / seconds, tracesPerSecond: traces.value / seconds,
    errorRatio: divided(sum('requests').bad, sum('requests').n),
    p50Ms: quantile('trace-latency', 0.5), p95Ms: quantile('trace-latency', 0.95), p99Ms: quantile('trace-latency', 0.99),
    samplingRate: divided(spans.n, weighted.n), unknownWeightShare: ratio('unknown-weight'),
    partialRatio: byWeight('weighted-traces', ratio('traces')), orphanRatio: byWeight('orphan-weight', divided(sum('orphans').bad, spans.n)), rootlessRatio: byWeight('weighted-rootless', ratio('rootless')),
    collectorLatencyP50Ms: quantile('arrival-lag', 0.5), collectorLatencyP99Ms: quantile('arrival-lag', 0.99),
    errorCapture: capture(input, service), logCorrelation: complement(ratio('logs')), limitsHitRatio: ratio('limits-hit'),
    attributeBytes: sampled.n === 0 ? undefined : (sampled.value / sampled.n) * spans.n,
    costOfMonth: input.prices === undefined ? undefined : (spans.n / 1e6) * input.prices.perMillionSpans * (MONTH_MS / (window.toMs - window.fromMs)),
    agentLossRatio: service === undefined ? divided(agents.bad, agents.n) : undefined, of: { ...countsOf(input, service, sum), agentLossRatio: service === undefined ? agents.n : 0 },
  };
}

type Sum = Pick<QualityFact, 'n' | 'bad' | 'value'>;

function countsOf({ counted, table }: MeasureInput, service: string | undefined, sum: (fact: FactName) => Sum): Omit<MeasureCounts, 'agentLossRatio'> {
  const [requests, spans, traces] = [sum('requests'), sum('spans').n, sum('traces').n];
  return {
    errorRatio: requests.value > 0 ? requests.value : requests.n, unknownWeightShare: spans, partialRatio: traces, orphanRatio: spans, rootlessRatio: sum('rootless').n,
    collectorLatency: bucketsOf(table, 'arrival-lag', service).reduce((total, [, n]) => total + n, 0), errorCapture: failuresOf(counted, service), logCorrelation: sum('logs').n, limitsHitRatio: sum('limits-hit').n,
  };
}

/** Whether everything that was received is accounted for. */
export function ledgerBalances(ledger: readonly LedgerOfReport[]): boolean {
  return ledger.every(({ received, hot, rejected, deduplicated }) => Math.abs(received - hot - rejected - deduplicated) < 0.5);
}

function summer(table: FactTable, service: string | undefined): (fact: FactName) => Sum {
  return (name) => {
    if (service !== undefined) return table.get(name, service) ?? NOTHING;
    return added(table.of(name).filter(({ subject }) => subject === ''));
  };
}

function added(facts: readonly QualityFact[]): Sum {
  return facts.reduce((total, { n, bad, value }) => ({ n: total.n + n, bad: total.bad + bad, value: total.value + value }), NOTHING);
}

const NOTHING: Sum = { n: 0, bad: 0, value: 0 };

/** Logarithmic buckets of a latency, with what they count. @param service undefined: of all. */
export function bucketsOf(table: FactTable, name: FactName, service: string | undefined): (readonly [number, number])[] {
  return table.of(name).filter((fact) => service === undefined || fact.service === service).map(({ subject, n }) => [Number(subject), n] as const);
}

function capture({ table, counted }: MeasureInput, service: string | undefined): number | undefined {
  return divided(summer(table, service)('requests').bad, failuresOf(counted, service));
}

/** Failed requests as they were counted on the way in. */
export function failuresOf(counted: readonly CountedRequests[], service: string | undefined): number {
  return counted.filter((each) => service === undefined || each.service === service).reduce((total, each) => total + each.failures, 0);
}

const divided = (part: number, whole: number): number | undefined => (whole > 0 ? part / whole : undefined);
const complement = (share: number | undefined): number | undefined => (share === undefined ? undefined : 1 - share);
const inMs = (ns: number | undefined): number | undefined => (ns === undefined ? undefined : ns / NS_PER_MS);
