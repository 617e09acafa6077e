import type { TraceId } from '../lib/ids.js';
import { attributesOf, spanOfRow } from '../pipeline/span-of-row.js';
import type { Database, Row } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { spanIdOf, traceIdOf, traceKey } from '../store/trace-key.js';
import { TRACE_LOG_LIMIT, TRACE_SEARCH_LIMIT, TRACE_SPAN_LIMIT } from './trace-reader.js';
import type { StoredTrace, TraceLog, TraceReader, TraceSearch, TraceSummary } from './trace-reader.js';

const TRACE = loadSql(import.meta.url, 'read-trace.sql');
const LOGS = loadSql(import.meta.url, 'read-trace-logs.sql');
const SEARCH = loadSql(import.meta.url, 'find-traces.sql');

export class DuckdbTraceReader implements TraceReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async traceById(traceId: TraceId): Promise<StoredTrace | undefined> {
    const key = { ...traceKey(traceId) };
    const [spans, logs] = await Promise.all([
      this.#database.query({ sql: TRACE, params: { ...key, limit: TRACE_SPAN_LIMIT + 1 } }),
      this.#database.query({ sql: LOGS, params: { ...key, limit: TRACE_LOG_LIMIT } }),
    ]);
    if (spans.length === 0 && logs.length === 0) return undefined;
    return { traceId, spans: spans.slice(0, TRACE_SPAN_LIMIT).map(spanOfRow), truncated: spans.length > TRACE_SPAN_LIMIT, logs: logs.map(logOf) };
  }

  async findTraces(search: TraceSearch): Promise<readonly TraceSummary[]> {
    const rows = await this.#database.query({
      sql: SEARCH.replace('/* where */ TRUE', () => search.condition?.where ?? 'TRUE'),
      params: {
        ...search.condition?.params,
        from_ms: search.fromMs,
        to_ms: search.toMs,
        service: search.service ?? '',
        operation: search.operation ?? '',
        errors_only: search.errorsOnly ?? false,
        min_duration_ns: search.minDurationNs ?? 0,
        limit: Math.min(search.limit, TRACE_SEARCH_LIMIT),
      },
    });
    return rows.map(summaryOf);
  }
}

function summaryOf(row: Row): TraceSummary {
  return {
    traceId: traceIdOf({ high: row['trace_id_high'] as bigint, low: row['trace_id_low'] as bigint }),
    rootService: String(row['root_service']),
    rootName: String(row['root_name']),
    rootMissing: row['root_missing'] === true,
    startMs: Number((row['start_ns'] as bigint) / 1_000_000n),
    durationNs: Number(row['duration_ns']),
    spanCount: Number(row['span_count']),
    errorCount: Number(row['error_count']),
    matchedCount: Number(row['matched_count']),
    services: String(row['services']).split('\u001f'),
  };
}

function logOf(row: Row): TraceLog {
  const spanId = row['span_id'] as bigint;
  return {
    spanId: spanId === 0n ? '' : spanIdOf(spanId),
    timeNs: row['time_ns'] as bigint,
    severityNumber: Number(row['severity_number']),
    severity: String(row['severity_text']),
    body: String(row['body']),
    serviceName: String(row['service']),
    attributes: attributesOf(row['attributes']),
  };
}
