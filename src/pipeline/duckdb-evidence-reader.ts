import type { LogLine } from '../diagnosis/culprit/traffic.js';
import type { TraceId } from '../lib/ids.js';
import type { Database, Row } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { spanIdOf, traceIdOf, traceKey } from '../store/trace-key.js';
import type { Span } from '../trace/span.js';
import { withCriteria } from './event-sql.js';
import type { BadEventQuery, EventSample, EvidenceReader, GoodEventQuery, SampledEvent } from './evidence-reader.js';
import { evenly } from '../lib/evenly.js';
import { EVIDENCE_LOGS_PER_TRACE, EVIDENCE_SPANS_PER_TRACE, EVIDENCE_TRACES, NEAR_LIMIT } from './evidence-reader.js';
import { attributesOf, spansOfRows } from './span-of-row.js';

const BAD_EVENTS = loadSql(import.meta.url, 'sample-bad-events.sql');
const GOOD_EVENTS = loadSql(import.meta.url, 'sample-good-events.sql');
const TRACES = loadSql(import.meta.url, 'read-traces.sql');
const LOGS = loadSql(import.meta.url, 'read-evidence-logs.sql');

export class DuckdbEvidenceReader implements EvidenceReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async badEvents(query: BadEventQuery): Promise<EventSample> {
    const { sql, params } = withCriteria(BAD_EVENTS, query.criteria);
    return sampleOf(await this.#database.query({ sql, params: { ...params, from_ms: query.fromMs, to_ms: query.toMs, limit: query.limit } }));
  }

  async goodEvents(query: GoodEventQuery): Promise<EventSample> {
    const { sql, params } = withCriteria(GOOD_EVENTS, query.criteria);
    const near = evenly(query.near, NEAR_LIMIT).map((event) => event.startNs.toString());
    const near_ns = near.length === 0 ? String(BigInt(query.toMs) * 1_000_000n) : near.join(',');
    return sampleOf(await this.#database.query({ sql, params: { ...params, from_ms: query.fromMs, to_ms: query.toMs, limit: query.limit, near_ns } }));
  }

  async tracesOf(traceIds: readonly TraceId[]): Promise<ReadonlyMap<TraceId, readonly Span[]>> {
    if (traceIds.length === 0) return new Map();
    const rows = await this.#database.query({ sql: TRACES, params: { ...keysOf(traceIds), span_limit: EVIDENCE_SPANS_PER_TRACE }, ofTraces: traceIds.map(traceKey) });
    return byTrace(spansOfRows(rows), (span) => span.traceId);
  }

  async logsOf(traceIds: readonly TraceId[]): Promise<ReadonlyMap<TraceId, readonly LogLine[]>> {
    if (traceIds.length === 0) return new Map();
    const rows = await this.#database.query({ sql: LOGS, params: { ...keysOf(traceIds), log_limit: EVIDENCE_LOGS_PER_TRACE } });
    return byTrace(rows.map(logLineOf), (line) => line.traceId as TraceId);
  }
}

function keysOf(traceIds: readonly TraceId[]): { readonly highs: string; readonly lows: string } {
  const keys = traceIds.slice(0, EVIDENCE_TRACES).map(traceKey);
  return { highs: keys.map((key) => key.high).join(','), lows: keys.map((key) => key.low).join(',') };
}

function byTrace<T>(items: readonly T[], traceIdOfItem: (item: T) => TraceId): ReadonlyMap<TraceId, readonly T[]> {
  const traces = new Map<TraceId, T[]>();
  for (const item of items) {
    const own = traces.get(traceIdOfItem(item));
    if (own === undefined) traces.set(traceIdOfItem(item), [item]);
    else own.push(item);
  }
  return traces;
}

function logLineOf(row: Row): LogLine {
  return {
    traceId: traceIdOf({ high: row['trace_id_high'] as bigint, low: row['trace_id_low'] as bigint }), spanId: spanIdOf(row['span_id'] as bigint),
    timeNs: row['time_ns'] as bigint, severityNumber: Number(row['severity_number']), body: String(row['body'] ?? ''), serviceName: String(row['service'] ?? ''),
    attributes: attributesOf(row['attributes']),
  };
}

function sampleOf(rows: readonly Row[]): EventSample {
  return { count: Number(rows[0]?.['event_count'] ?? 0), rows: rows.map(eventOf) };
}

function eventOf(row: Row): SampledEvent {
  return {
    traceId: traceIdOf({ high: row['trace_id_high'] as bigint, low: row['trace_id_low'] as bigint }),
    spanId: spanIdOf(row['span_id'] as bigint),
    startNs: row['start_ns'] as bigint,
    durationNs: Number(row['duration_ns']),
    ...(row['stands_for'] === undefined ? {} : { standsFor: Number(row['stands_for']) }),
  };
}

/** `count` items from the whole length of the list. */
