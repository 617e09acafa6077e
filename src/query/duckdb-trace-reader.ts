import { MINUTE_MS } from '../lib/duration.js';
import type { TraceId } from '../lib/ids.js';
import { attributesOf, spanOfRow, valueOfJson } from '../pipeline/span-of-row.js';
import type { Database, Row, SqlValue, Statement } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { spanIdOf, traceIdOf, traceKey } from '../store/trace-key.js';
import type { AttributeValue } from '../trace/attribute.js';
import { printField, printFieldExpression } from '../trace/traceql/print.js';
import { compileSearch, type CompiledSearch } from '../trace/traceql/search-sql.js';
import { SPAN_ROWS } from '../trace/traceql/span-fields-sql.js';
import { TRACE_LOG_LIMIT, TRACE_SEARCH_LIMIT, TRACE_SPAN_LIMIT } from './trace-reader.js';
import type { FoundSpan, FoundTrace, QueryPlan, StoredTrace, TraceLog, TraceReader, TraceSearch, TraceSummary } from './trace-reader.js';
import { groupBy } from './service-summary.js';
import type { TimeWindow } from './time-window.js';

const TRACE = loadSql(import.meta.url, 'read-trace.sql');
const LOGS = loadSql(import.meta.url, 'read-trace-logs.sql');
const SEARCH = loadSql(import.meta.url, 'find-traces.sql');
const SPANSETS = loadSql(import.meta.url, 'find-spansets.sql');
/** Spans that a match depends on (a parent, others to count) may end just outside of the time range. */
const AROUND_MS = 15 * MINUTE_MS;

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
    const rows = await this.#database.query(searchStatement(SEARCH, compileSearch(search.search), search));
    return rows.map(summaryOf);
  }

  async findSpansets(search: TraceSearch & { readonly spansPerSpanset: number }): Promise<readonly FoundTrace[]> {
    const compiled = compileSearch(search.search);
    const statement = searchStatement(SPANSETS.replace('/* shown */', () => compiled.shown.sql).replace('/* joins */', () => compiled.shown.joins).replace('/* spans */', () => SPAN_ROWS), compiled, search);
    const rows = await this.#database.query({ ...statement, params: { ...statement.params, spans_per_spanset: search.spansPerSpanset } });
    return foundTraces(rows, compiled);
  }

  async explainSearch(search: TraceSearch): Promise<QueryPlan> {
    return explained(this.#database, searchStatement(SEARCH, compileSearch(search.search), search));
  }
}

function searchStatement(template: string, compiled: CompiledSearch, search: TraceSearch): Statement & { readonly params: Readonly<Record<string, SqlValue>> } {
  return {
    sql: template.replace('/* search */', () => `${compiled.ctes},`).replaceAll('/* found */', () => compiled.result),
    params: { ...compiled.params.values, ...nearWindow(search, compiled.looksAround), from_ms: search.fromMs, to_ms: search.toMs, limit: Math.min(search.limit, TRACE_SEARCH_LIMIT) },
  };
}

export function nearWindow({ fromMs, toMs }: TimeWindow, looksAround: boolean): { readonly near_from_ms: number; readonly near_to_ms: number } {
  const around = looksAround ? AROUND_MS : 0;
  return { near_from_ms: fromMs - around, near_to_ms: toMs + around };
}

export async function explained(database: Database, statement: Statement): Promise<QueryPlan> {
  const rows = await database.query({ ...statement, sql: `EXPLAIN ${statement.sql}` });
  const params = Object.fromEntries(Object.entries(statement.params ?? {}).map(([name, value]) => [name, typeof value === 'number' || typeof value === 'boolean' ? value : String(value)]));
  return { sql: statement.sql, params, plan: rows.map((row) => String(row['explain_value'])).join('\n') };
}

/** Rows of spans, sorted by trace and group, as traces with their spansets. */
function foundTraces(rows: readonly Row[], compiled: CompiledSearch): FoundTrace[] {
  const byTrace = groupBy(rows, (row) => `${String(row['trace_id_high'])}/${String(row['trace_id_low'])}`);
  return [...byTrace.values()].map((ofTrace) => {
    const [first] = ofTrace as [Row];
    const spansets = [...groupBy(ofTrace, (row) => String(row['grp']))].map(([groups, ofSet]) => ({
      groups: groupsOf(groups, compiled), matched: Number(ofSet[0]?.['spanset_count'] ?? 0), spans: ofSet.map((row) => foundSpan(row, compiled)),
    }));
    return { ...summaryOf(first), startNs: first['start_ns'] as bigint, serviceStats: statsOf(first), spansets };
  });
}

function groupsOf(texts: string, { groups }: CompiledSearch): FoundTrace['spansets'][number]['groups'] {
  const values = JSON.parse(texts) as string[];
  return groups.map((by, index) => ({ key: `by(${printFieldExpression(by)})`, value: valueOfJson(values[index]) }));
}

function foundSpan(row: Row, { fields }: CompiledSearch): FoundSpan {
  const shown = JSON.parse(String(row['shown'])) as (string | null)[];
  return {
    spanId: spanIdOf(row['span_id'] as bigint),
    name: String(row['span_name']),
    startNs: row['span_start_ns'] as bigint,
    durationNs: row['span_duration_ns'] as bigint,
    attributes: fields.flatMap((field, index) => (shown[index] == null ? [] : [{ key: printField(field), value: valueOfJson(shown[index]) }])),
  };
}

function statsOf(row: Row): FoundTrace['serviceStats'] {
  const counts = (cell: SqlValue | undefined): Record<string, AttributeValue> => ({ ...attributesOf(cell) });
  const errors = counts(row['errors_by_service']);
  return Object.fromEntries(Object.entries(counts(row['spans_by_service'])).map(([service, spanCount]) => [service, { spanCount: Number(spanCount), errorCount: Number(errors[service] ?? 0) }]));
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
