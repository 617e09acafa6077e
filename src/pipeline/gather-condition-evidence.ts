import type { CountSeries } from '../budget/minute-series.js';
import { ANOMALY_SIGNALS, type AnomalySignal } from '../config/anomaly-signals.js';
import { anomalyKey } from '../diagnosis/anomaly/judge-anomalies.js';
import { WINDOW_MS } from '../diagnosis/anomaly/baseline-windows.js';
import type { Evidence } from '../diagnosis/evidence.js';
import { eventOf, type EventTrace } from '../diagnosis/finding.js';
import { chooseEvidence } from '../diagnosis/representatives.js';
import type { Incident, Labels } from '../incident/incident.js';
import { SIGNATURE_ALERT } from '../incident/words.js';
import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { hasFailed } from '../signature/root-error.js';
import { bucketOf, bucketUpperBoundNs } from '../sli/latency-bucket.js';
import { parseTraceql } from '../trace/traceql/parser.js';
import { quote } from '../trace/traceql/string-literal.js';
import { compileToSql, type SqlCondition } from '../trace/traceql/sql.js';
import { ANOMALY_ALERT } from './anomaly-signals.js';
import type { AnomalyPicture } from './anomaly-watch.js';
import type { EvidenceReader, SampledEvent } from './evidence-reader.js';
import { BAD_SAMPLE, CLOCK_SLACK_MS, GOOD_SAMPLE, readTraces } from './gather-evidence.js';
import type { OperationMinute, SnapshotReader } from './snapshot-reader.js';
import type { SignatureBook } from './signature-book.js';

/** A signature may make many operations fail; those of its latest failures are enough to find healthy requests like them. */
const MAX_OPERATIONS = 10;
/** Failures of a signature are shown from so long before its alert on. */
const SIGNATURE_BACK_MS = HOUR_MS;
/** A ticket about an anomaly opens after the second unusual quarter of an hour, a little after its end. */
const ANOMALY_BACK_MS = 3 * WINDOW_MS;

export interface ConditionEvidencePorts {
  readonly reader: EvidenceReader;
  readonly minutes: Pick<SnapshotReader, 'operationMinutes'>;
  readonly book: Pick<SignatureBook, 'failedSince' | 'alertCounts'>;
  readonly anomalies: () => AnomalyPicture;
}

/** The proof of an incident without an SLO, and what is needed to find what was around it. */
export interface ConditionEvidence {
  readonly evidence: Evidence;
  readonly service: string;
  /** What it is about, by minute. */
  readonly series: Pick<CountSeries, 'sum'>;
}

/** The same proof as for an error budget, from the requests that an error signature or an anomaly is about. Undefined for incidents of other kinds, and where no trace is to be had. */
export async function gatherConditionEvidence(ports: ConditionEvidencePorts, incident: Incident, nowMs: number): Promise<ConditionEvidence | undefined> {
  const labels: Labels = incident.alerts.find(({ status }) => status === 'firing')?.labels ?? {};
  if (labels['alertname'] === SIGNATURE_ALERT) return await ofSignature(ports, { id: labels['signature'] ?? '', service: labels['service'] ?? '', nowMs });
  const signal = ANOMALY_SIGNALS.find((each) => each === labels['signal']);
  if (labels['alertname'] !== ANOMALY_ALERT || signal === undefined) return undefined;
  return await ofAnomaly(ports, { service: labels['service'] ?? '', operation: labels['operation'] ?? '', signal, nowMs });
}

interface SignatureSubject {
  readonly id: string;
  readonly service: string;
  readonly nowMs: number;
}

async function ofSignature({ reader, minutes, book }: ConditionEvidencePorts, { id, service, nowMs }: SignatureSubject): Promise<ConditionEvidence | undefined> {
  const sinceMs = nowMs - SIGNATURE_BACK_MS;
  const failures = book.failedSince(id, sinceMs);
  const badTraces = await readTraces(reader, failures);
  const operations = operationsOf(badTraces);
  if (operations.length === 0) return undefined;
  const healthyTraces = await healthyOnes(reader, { condition: conditionOf(operations), bad: compiled('{ status = error }', 'bad'), near: sampled(badTraces), fromMs: sinceMs, nowMs });
  const own = book.alertCounts(id);
  const counted = [...own].reduce((sum, [minute, count]) => (minute >= Math.floor(sinceMs / MINUTE_MS) ? sum + count : sum), 0);
  const evidence = chooseEvidence({ badTraces, healthyTraces, badEvents: Math.max(badTraces.length, Math.round(counted)), nowMs });
  const all = await minutes.operationMinutes(operations, { fromMs: nowMs - SERIES_MS, toMs: nowMs + MINUTE_MS });
  return { evidence, service, series: seriesOf(all.map((each) => ({ ...each, bad: own.get(each.minute) ?? 0 }))) };
}

interface AnomalySubject {
  readonly service: string;
  readonly operation: string;
  readonly signal: AnomalySignal;
  readonly nowMs: number;
}

async function ofAnomaly({ reader, minutes, anomalies }: ConditionEvidencePorts, subject: AnomalySubject): Promise<ConditionEvidence | undefined> {
  const { service, operation, signal, nowMs } = subject;
  const found = anomalies().rules.flatMap((rule) => rule.anomalies).find((anomaly) => anomalyKey(anomaly) === anomalyKey(subject));
  if (found === undefined) return undefined;
  // Slow is what was counted as slow: beyond the bucket of the usual percentile.
  const slowBucket = signal === 'latency' ? bucketOf(found.usualP95Ns) : undefined;
  const operations = [{ service, operation }];
  const bad = compiled(slowBucket === undefined ? '{ status = error }' : `{ duration > ${String(Math.round(bucketUpperBoundNs(slowBucket)))}ns }`, 'bad');
  const condition = conditionOf(operations, '(kind = server || kind = consumer)');
  const [fromMs, toMs] = [nowMs - ANOMALY_BACK_MS, nowMs + CLOCK_SLACK_MS];
  const sample = await reader.badEvents({ criteria: { total: condition, bad }, fromMs, toMs, limit: BAD_SAMPLE });
  if (sample.rows.length === 0) return undefined;
  const healthyTraces = await healthyOnes(reader, { condition, bad, near: sample.rows, fromMs, nowMs });
  const evidence = chooseEvidence({ badTraces: await readTraces(reader, sample.rows), healthyTraces, badEvents: sample.count, nowMs });
  return { evidence, service, series: seriesOf(await minutes.operationMinutes(operations, { fromMs: nowMs - SERIES_MS, toMs: nowMs + MINUTE_MS }, slowBucket)) };
}

/** The minutes that a snapshot looks at, and a little more. */
const SERIES_MS = 3 * HOUR_MS;

interface HealthyQuery {
  readonly condition: SqlCondition;
  readonly bad: SqlCondition;
  readonly near: readonly SampledEvent[];
  readonly fromMs: number;
  readonly nowMs: number;
}

async function healthyOnes(reader: EvidenceReader, { condition, bad, near, fromMs, nowMs }: HealthyQuery): Promise<readonly EventTrace[]> {
  const good = await reader.goodEvents({ criteria: { total: condition, bad }, fromMs, toMs: nowMs + CLOCK_SLACK_MS, limit: GOOD_SAMPLE, near });
  return (await readTraces(reader, good.rows)).filter((trace) => {
    const event = eventOf(trace);
    return event !== undefined && !hasFailed(event);
  });
}

function sampled(traces: readonly EventTrace[]): readonly SampledEvent[] {
  return traces.flatMap((trace) => eventOf(trace) ?? []);
}

interface Operation {
  readonly service: string;
  readonly operation: string;
}

/** Of the latest requests first. */
function operationsOf(traces: readonly EventTrace[]): readonly Operation[] {
  const operations = new Map<string, Operation>();
  for (const { serviceName: service, name: operation } of sampledSpans(traces)) operations.set(JSON.stringify([service, operation]), { service, operation });
  return [...operations.values()].slice(0, MAX_OPERATIONS);
}

function sampledSpans(traces: readonly EventTrace[]): readonly { readonly serviceName: string; readonly name: string }[] {
  return traces.toReversed().flatMap((trace) => eventOf(trace) ?? []);
}

function conditionOf(operations: readonly Operation[], more = ''): SqlCondition {
  const each = operations.map(({ service, operation }) => `(resource.service.name = ${quote(service)} && name = ${quote(operation)})`);
  return compiled(`{ (${each.join(' || ')})${more === '' ? '' : ` && ${more}`} }`, 'total');
}

function compiled(text: string, prefix: string): SqlCondition {
  const query = parseTraceql(text);
  if (!query.ok) throw new Error(`not a query: ${text}`);
  return compileToSql(query.value, prefix);
}

function seriesOf(minutes: readonly OperationMinute[]): Pick<CountSeries, 'sum'> {
  const byMinute = new Map(minutes.map((each) => [each.minute, each]));
  return {
    sum: (fromMinute, toMinute) => {
      const totals = { good: 0, bad: 0, goodSquared: 0, badSquared: 0, events: 0, unknownWeight: 0 };
      for (let minute = fromMinute; minute < toMinute; minute += 1) {
        const { requests = 0, bad = 0, squared = 0 } = byMinute.get(minute) ?? {};
        const weight = requests === 0 ? 1 : squared / requests;
        totals.bad += bad;
        totals.good += Math.max(0, requests - bad);
        totals.badSquared += bad * weight;
        totals.goodSquared += Math.max(0, requests - bad) * weight;
      }
      return { ...totals, events: totals.good + totals.bad };
    },
  };
}
