import { MINUTE_MS } from '../lib/duration.js';
import type { FactTable, QualityFact } from './quality-fact.js';
import type { FoundFinding } from './quality-finding.js';
import { bucketsOf, failuresOf, type QualityMeasures } from './quality-measures.js';
import type { CountedRequests, LedgerOfReport, ReportWindow } from './quality-reader.js';
import type { Glossary, QualityThresholds } from '../config/quality-rule.js';
import { FEW, isPattern } from './pattern.js';
import { quantileAtLeast } from './quantile-bound.js';
import { percent, whole } from './words.js';
import { wilsonInterval } from '../budget/wilson.js';

const NS_PER_MS = 1e6;
/** As improbable as this that a service which is alive says nothing for so long. */
const SILENCE_P = 0.001;
const SILENT_MINUTES = 30;
const HOUR_MINUTES = 60;
/** Longer than every pause before by this factor. */
const MUCH_LONGER = 1.5;
const NIGHT_MINUTES = 6 * HOUR_MINUTES;
const WEEKEND_MINUTES = 72 * HOUR_MINUTES;
const JUMP = 2;

export interface PipelineInput {
  readonly table: FactTable;
  readonly window: ReportWindow;
  readonly ledger: readonly LedgerOfReport[];
  /** As counted on the way in; empty where nobody counted. */
  readonly counted: readonly CountedRequests[];
  readonly thresholds: QualityThresholds;
  /** Undefined: nothing is asked of attributes. */
  readonly glossary?: Glossary | undefined;
  readonly services: readonly { readonly service: string; readonly measures: QualityMeasures }[];
  /** Each service in the week before, where there was one. */
  readonly before: ReadonlyMap<string, ServiceBefore>;
}

/** What a service did in the week before. */
export interface ServiceBefore {
  readonly spansPerSecond: number;
  /** From its last span to the end of that week; undefined where it was not written down. */
  readonly pauseMinutes: number | undefined;
}

/** What happens to spans between the service and the store: sampling, loss, delay, silence. */
export function findPipelineFindings(input: PipelineInput): FoundFinding[] {
  const { table } = input;
  return [
    ...table.of('unknown-weight').flatMap((fact) => [...unknownWeight(fact), ...samplingBias(fact, table)]), ...table.of('mixed-weights').flatMap(mixedWeights),
    ...table.of('active-minutes').flatMap((fact) => silent(fact, input)), ...input.services.flatMap((each) => [...late(each, input), ...captured(each, input), ...rate(each, input), ...jump(each, input)]), ...gone(input),
    ...input.ledger.flatMap(duplicates),
  ];
}

function unknownWeight({ service, n, bad, examples }: QualityFact): FoundFinding[] {
  if (!isPattern({ n, bad }, 0.01)) return [];
  return [{
    kind: 'unknown-weight', severity: 'medium', service, about: '', affected: bad, of: n, examples,
    title: `${percent(bad, n)} of the spans of ${service} do not say how many they stand for`, detail: 'They were sampled, but the probability is not on them, so each counts as one: rates are too low, and error ratios are wrong where errors are kept more often.',
    cause: 'A sampler that does not write the threshold (ot=th) into tracestate.', fix: { where: 'OpenTelemetry Collector, in place of its sampler', language: 'yaml', text: 'processors:\n  probabilistic_sampler:\n    mode: proportional      # writes ot=th:… into tracestate\n    sampling_percentage: 10' },
  }];
}

function samplingBias({ service, n, bad, examples }: QualityFact, table: FactTable): FoundFinding[] {
  const errors = table.get('unknown-weight-errors', service);
  if (errors === undefined || errors.n < 5 * FEW || n - errors.n < 5 * FEW || bad === 0) return [];
  if (!differSurely({ n: errors.n, bad: errors.bad }, { n: n - errors.n, bad: bad - errors.bad })) return [];
  return [{
    kind: 'sampling-bias', severity: 'medium', service, about: '', affected: errors.bad, of: errors.n, examples,
    title: `Errors and successes of ${service} are sampled differently, without weights`, detail: `${percent(errors.bad, errors.n)} of the error spans and ${percent(bad - errors.bad, n - errors.n)} of the others have no known weight: the error ratio is not that of the traffic.`,
    cause: 'A tail sampler keeps errors, and does not record with which probability it keeps the rest.', fix: { where: 'OpenTelemetry Collector', language: 'text', text: 'Send all spans to Tocsin, before the tail sampler: it keeps few of them, and counts all.' },
  }];
}

/** Whether two shares differ by more than ten points, whatever of it may be chance: the intervals of both lie so far apart. */
function differSurely(left: { readonly n: number; readonly bad: number }, right: { readonly n: number; readonly bad: number }): boolean {
  const [one, other] = [wilsonInterval(left.bad / left.n, left.n), wilsonInterval(right.bad / right.n, right.n)];
  return Math.max(one.low - other.high, other.low - one.high) > 0 && Math.abs(left.bad / left.n - right.bad / right.n) >= 0.1;
}

function mixedWeights({ service, n, bad, examples }: QualityFact): FoundFinding[] {
  if (!isPattern({ n, bad }, 0.05)) return [];
  return [{
    kind: 'mixed-weights', severity: 'medium', service, about: '', affected: bad, of: n, examples,
    title: `Samplers disagree within traces that begin at ${service}`, detail: `In ${whole(bad)} of ${whole(n)} traces spans have different weights: services decided apart, so that traces have holes.`,
    cause: 'Two sampling rules meet: one at the edge, another further in.', fix: { where: 'environment of all services but the first', language: 'sh', text: 'OTEL_TRACES_SAMPLER=parentbased_always_on   # obey the decision that came with the request' },
  }];
}

function silent({ service, n: minutes, value: lastMs, examples }: QualityFact, { table, window, before }: PipelineInput): FoundFinding[] {
  const firstMs = -(table.get('first-seen', service)?.value ?? 0);
  const everybodyMs = Math.max(...table.of('active-minutes').map(({ value }) => value));
  const [lived, gap] = [Math.max(1, (lastMs - firstMs) / MINUTE_MS), (Math.min(window.toMs, everybodyMs) - lastMs) / MINUTE_MS];
  const share = Math.min(0.999, minutes / (lived + 1));
  if (gap < SILENT_MINUTES || lived < SILENT_MINUTES || (1 - share) ** gap > SILENCE_P || isUsualPause(gap, { longest: longestPause(table, service), before: before.get(service) })) return [];
  return [{
    kind: 'silent-service', severity: 'high', service, about: '', affected: gap, of: lived + gap, examples, title: `${service} has gone silent`,
    detail: `Its last span ended ${new Date(lastMs).toISOString().slice(0, 16).replace('T', ' ')} UTC, ${whole(gap)} minutes before the last of the others; before, it spoke in ${percent(share, 1)} of the minutes.`, ...SILENCE,
    fix: silenceFix(service),
  }];
}

/** Minutes of the longest pause in which a service had spoken again: of nights and weekends, of jobs. Whole hours are looked at. */
function longestPause(table: FactTable, service: string): number {
  const hours = table.of('active-hour').filter((fact) => fact.service === service).map(({ subject }) => Number(subject)).sort((left, right) => left - right);
  return hours.reduce((longest, hour, index) => Math.max(longest, (hour - (hours[index - 1] ?? hour) - 1) * HOUR_MINUTES), 0);
}

/** A pause that is not much longer than those before, or that was there at the end of last week too, is how the service works. */
function isUsualPause(gap: number, { longest, before }: { readonly longest: number; readonly before: ServiceBefore | undefined }): boolean {
  if (gap <= MUCH_LONGER * longest) return true;
  if (before?.pauseMinutes !== undefined) return gap <= 2 * before.pauseMinutes;
  // Who rests at night may rest at the weekend, and nobody has seen one yet.
  return longest >= NIGHT_MINUTES && gap <= WEEKEND_MINUTES;
}

/** Services that spoke last week and were not heard at all in this one. */
function gone({ table, window, before }: PipelineInput): FoundFinding[] {
  const expected = ({ spansPerSecond }: ServiceBefore): number => (spansPerSecond * (window.toMs - window.fromMs)) / 1_000;
  return [...before].filter(([service, was]) => table.get('spans', service) === undefined && expected(was) >= 100 * FEW).map(([service, was]) => ({
    kind: 'silent-service', severity: 'high', service, about: '', affected: expected(was), of: expected(was), examples: [], title: `${service} has gone silent`,
    detail: `It sent nothing in the whole time of this report; as in the week before, some ${whole(expected(was))} spans would have come.`, ...SILENCE, fix: silenceFix(service),
  }));
}

const SILENCE = { cause: 'The service is down, was renamed or taken out of use, or lost its exporter with a deployment.' } as const;

function silenceFix(service: string): FoundFinding['fix'] {
  return { where: `a host of ${service}`, language: 'sh', text: 'env | grep ^OTEL_                                   # endpoint, exporter and service name\ncurl -sS -o /dev/null -w "%{http_code}\\n" -X POST -H "content-type: application/json" -d "{}" "$OTEL_EXPORTER_OTLP_ENDPOINT/v1/traces"   # 200 when it is reached' };
}

interface Measured {
  readonly service: string;
  readonly measures: QualityMeasures;
}

function late({ service, measures }: Measured, { table, thresholds: { collectorLatencyMs } }: PipelineInput): FoundFinding[] {
  const surelyNs = quantileAtLeast(bucketsOf(table, 'arrival-lag', service), 0.99, measures.of.collectorLatency) ?? 0;
  const { collectorLatencyP99Ms: lagMs } = measures;
  if (lagMs === undefined || surelyNs <= collectorLatencyMs * NS_PER_MS) return [];
  return [{
    kind: 'collector-latency', severity: 'medium', service, about: '', affected: lagMs, of: collectorLatencyMs, examples: table.get('spans', service)?.examples ?? [],
    title: `Spans of ${service} arrive late`, detail: `One in a hundred is readable only ${(lagMs / 1_000).toFixed(0)} s after its end; up to ${(collectorLatencyMs / 1_000).toFixed(0)} s is normal. Alerts come later by as much.`,
    cause: 'Large batches, a Collector that waits for whole traces, retries after refusals, or a clock that is behind.', fix: { where: `environment of ${service}, and the Collector's batch processor`, language: 'sh', text: 'OTEL_BSP_SCHEDULE_DELAY=1000   # milliseconds; default 5000\n# Collector:  processors: { batch: { timeout: 1s } }' },
  }];
}

function captured({ service, measures: { errorCapture } }: Measured, { table, counted, thresholds }: PipelineInput): FoundFinding[] {
  const failures = failuresOf(counted, service);
  if (errorCapture === undefined || !isPattern({ n: failures, bad: failures * (1 - errorCapture) }, 1 - thresholds.errorCapture)) return [];
  // Of sampled failures the number that they stand for is an estimate.
  const [stored, weighted] = [table.get('spans', service)?.bad ?? 0, table.get('weighted', service)?.bad ?? 0];
  if (weighted > 1.001 * stored && 1 - errorCapture < 2 / Math.sqrt(Math.max(1, stored))) return [];
  return [{
    kind: 'error-capture', severity: 'medium', service, about: '', affected: Math.round(failures * (1 - errorCapture)), of: failures, examples: table.get('spans', service)?.examples ?? [],
    title: `Only ${percent(errorCapture, 1)} of the failures of ${service} are stored`, detail: 'More failures were counted than there are traces to look at (by weight).',
    cause: 'Their retention has ended, or the storage budget is too small for the number of errors.', fix: { where: 'tocsin.yaml', language: 'yaml', text: 'hotRetention: 7d' },
  }];
}

function rate({ service, measures: { samplingRate, spans } }: Measured, { table, thresholds: { samplingLow, samplingHigh } }: PipelineInput): FoundFinding[] {
  if (samplingRate === undefined || spans < 10 * FEW || samplingRate > 0.999 || (samplingRate >= samplingLow && samplingRate <= samplingHigh)) return [];
  return [{
    kind: 'sampling-rate', severity: 'low', service, about: '', affected: samplingRate, of: 1, examples: table.get('spans', service)?.examples ?? [],
    title: `${service} is sampled at ${percent(samplingRate, 1)}`, detail: `Usual is everything, or ${percent(samplingLow, 1)} to ${percent(samplingHigh, 1)}. ${samplingRate < samplingLow ? 'So few leave rare failures unseen.' : 'So many cost nearly what all do, and still lose traces.'}`,
    cause: 'The sampler of the service or of the Collector.', fix: { where: `environment of ${service}`, language: 'sh', text: 'OTEL_TRACES_SAMPLER=parentbased_always_on   # Tocsin keeps few and counts all' },
  }];
}

function jump({ service, measures: { spansPerSecond } }: Measured, { before, window, table }: PipelineInput): FoundFinding[] {
  const was = before.get(service)?.spansPerSecond;
  const seconds = (window.toMs - window.fromMs) / 1_000;
  if (was === undefined || was * seconds < 100 * FEW || (spansPerSecond < was * JUMP && spansPerSecond > was / JUMP)) return [];
  return [{
    kind: 'volume-jump', severity: 'medium', service, about: '', affected: spansPerSecond, of: was, examples: table.get('spans', service)?.examples ?? [],
    title: `${service} sends ${spansPerSecond > was ? `${(spansPerSecond / was).toFixed(1)} times as many spans` : `only ${percent(spansPerSecond, was)} of the spans`} as in the week before`, detail: `${spansPerSecond.toFixed(2)} a second now, ${was.toFixed(2)} before.`,
    cause: 'New instrumentation, a loop, more traffic; or lost senders.', fix: { where: `the page /services/${service}`, language: 'text', text: 'Compare requests and spans: where requests grew as well it is traffic; where not, see "tiny spans" and "loop" of this report.' },
  }];
}

function duplicates({ signal, received, deduplicated }: LedgerOfReport): FoundFinding[] {
  if (signal !== 'traces' || !isPattern({ n: received, bad: deduplicated }, 0.01)) return [];
  return [{
    kind: 'duplicate-ids', severity: 'medium', service: '', about: '', affected: deduplicated, of: received, examples: [],
    title: `${percent(deduplicated, received)} of the spans came with ids that were stored before`, detail: `${whole(deduplicated)} of ${whole(received)} spans. They were counted once.`,
    cause: 'Two exporters send the same spans, a sender times out and sends again, or an SDK makes ids that are not random.', fix: { where: 'environment of the senders (the page /ingest names them)', language: 'sh', text: 'OTEL_EXPORTER_OTLP_TIMEOUT=10000   # one exporter per process, and an answer it waits for' },
  }];
}
