import { ascending } from '../lib/compare.js';
import type { TraceId } from '../lib/ids.js';
import { archivedSpanOfRow, attributesOf, spansOfRows, valueOfJson } from '../pipeline/span-of-row.js';
import { needOfSearch } from '../store/archive/archive-need.js';
import type { ArchiveStatement, SpansDatabase } from '../store/archive/duckdb-archived-spans.js';
import type { Row, SqlValue } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { readHalves } from '../store/less-at-once.js';
import { spanIdOf, traceIdOf, traceKey, type TraceKey } from '../store/trace-key.js';
import type { AttributeValue } from '../trace/attribute.js';
import type { Span } from '../trace/span.js';
import { printField, printFieldExpression } from '../trace/traceql/print.js';
import { compileSearch, type CompiledSearch } from '../trace/traceql/search-sql.js';
import { SPAN_ROWS } from '../trace/traceql/span-fields-sql.js';
import { TRACE_LOG_LIMIT, TRACE_SPAN_LIMIT } from './trace-reader.js';
import type { FoundSpan, FoundTrace, QueryPlan, StoredTrace, TraceLog, TraceReader, TraceSearch, TraceSelection, TraceSummary, WholeTrace } from './trace-reader.js';
import { ALL_TIME, aroundMatches, searchStatement } from './duckdb-matching-traces.js';
import { everyTrace } from './duckdb-every-trace.js';
import { newestMatches } from './duckdb-newest-matches.js';
import { groupBy } from './service-summary.js';
import { isTooMuch, readWithin } from './within-memory.js';

const TRACE = loadSql(import.meta.url, 'read-trace.sql');
const LOGS = loadSql(import.meta.url, 'read-trace-logs.sql');
const SEARCH = loadSql(import.meta.url, 'find-traces.sql');
const SPANSETS = loadSql(import.meta.url, 'find-spansets.sql');
export class DuckdbTraceReader implements TraceReader {
  readonly #database: SpansDatabase;

  constructor(database: SpansDatabase) {
    this.#database = database;
  }

  async traceById(traceId: TraceId): Promise<StoredTrace | undefined> {
    const key = traceKey(traceId);
    const [spans, logs] = await Promise.all([this.#spansOf(key), this.#logsOf(key)]);
    if (spans.length === 0 && logs.length === 0) return undefined;
    return { traceId, spans: spans.slice(0, TRACE_SPAN_LIMIT), truncated: spans.length > TRACE_SPAN_LIMIT, logs: logs.map(logOf) };
  }

  async #logsOf(key: TraceKey): Promise<readonly Row[]> {
    const statement = { sql: LOGS, params: { ...key, limit: TRACE_LOG_LIMIT } };
    return await this.#database.traceLogs?.(statement, key, TRACE_LOG_LIMIT) ?? this.#database.query(statement);
  }

  /** Oldest first, one more than are shown where there are more. */
  async #spansOf(key: TraceKey): Promise<readonly Span[]> {
    const limit = TRACE_SPAN_LIMIT + 1;
    const statement = { sql: TRACE, params: { ...key, limit }, ofTraces: [key] };
    const { hot, archived } = await this.#database.trace?.(statement, key, limit) ?? { hot: await this.#database.query(statement), archived: [] };
    if (archived.length === 0) return spansOfRows(hot);
    return [...spansOfRows(hot), ...archived.map(archivedSpanOfRow)].sort((left, right) => ascending(left.startNs, right.startNs) || ascending<string>(left.spanId, right.spanId));
  }

  async findTraces(search: TraceSearch): Promise<readonly TraceSummary[]> {
    const compiled = compileSearch(search.search);
    const rows = await this.#detailed(summedUp(compiled), compiled, search);
    return rows.map(summaryOf);
  }

  async findSpansets(search: TraceSearch & { readonly spansPerSpanset: number }): Promise<readonly FoundTrace[]> {
    const compiled = compileSearch(search.search);
    const template = SPANSETS.replace('/* shown */', () => compiled.shown.sql).replace('/* joins */', () => compiled.shown.joins).replace('/* spans */', () => SPAN_ROWS);
    const rows = await this.#detailed(template, compiled, { ...search, params: { spans_per_spanset: search.spansPerSpanset } });
    return foundTraces(rows, compiled);
  }

  /** Two steps: which traces are the newest, from slices of time as few as possible; then the search once more over these traces, whole. */
  async #detailed(template: string, compiled: CompiledSearch, search: TraceSearch & { readonly params?: Readonly<Record<string, SqlValue>> }): Promise<Row[]> {
    const traces = await newestMatches(this.#database, { compiled, search });
    if (traces.length === 0) return [];
    const statement = searchStatement(template, { compiled, search });
    const params = { ...statement.params, ...(compiled.looksAround ? ALL_TIME : {}), ...search.params };
    const rows = await readHalves(traces, (some) => readWithin(this.#database, { ...statement, params, archive: { traces: some.map(({ key }) => key), endedBetween: aroundMatches(some) } }), isTooMuch);
    return rows.toSorted((left, right) => ascending(right['matched_ns'] as bigint, left['matched_ns'] as bigint) || ascending(left['trace_id_low'] as bigint, right['trace_id_low'] as bigint));
  }

  everyTrace(search: TraceSelection): AsyncIterable<WholeTrace> {
    return everyTrace(this.#database, search);
  }

  async explainSearch(search: TraceSearch): Promise<QueryPlan> {
    const compiled = compileSearch(search.search);
    return explained(this.#database, { ...searchStatement(summedUp(compiled), { compiled, search }), archive: needOfSearch(search.search) });
  }
}

function summedUp({ matches }: CompiledSearch): string {
  return SEARCH.replace('/* search */', () => matches.ctes).replace('/* matches */', () => matches.sql).replace('/* joins */', () => matches.joins);
}

export async function explained(database: SpansDatabase, statement: ArchiveStatement): Promise<QueryPlan> {
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
