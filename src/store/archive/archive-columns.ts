import { HTTP_STATUS_KEYS, HTTP_STATUS_PATTERN } from '../../trace/http-status.js';
import { ARRIVED } from '../arrived-sql.js';
import { quoted } from '../literal-sql.js';

/**
 * A span in the archive: names and shapes of the OpenTelemetry Collector's ClickHouse exporter (table `otel_traces`), which many readers know,
 * and after them what Tocsin needs to read back exactly what it wrote. A Parquet map has one type of value, so that texts stand in it as they
 * are and everything else as JSON; the columns `…Typed` hold once more, as one JSON object, what is no text.
 */

const MAP = 'MAP(VARCHAR, VARCHAR)';
export const KINDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'];
export const STATUSES = ['Unset', 'Ok', 'Error'];

/** Select list over a span `s`, its resource `r` and what was decided about its trace, `k`. */
export const TO_ARCHIVE = `make_timestamp_ns(s.start_ns) AS "Timestamp",
  printf('%016x%016x', s.trace_id_high, s.trace_id_low) AS "TraceId",
  printf('%016x', s.span_id) AS "SpanId",
  CASE WHEN s.parent_span_id = 0 THEN '' ELSE printf('%016x', s.parent_span_id) END AS "ParentSpanId",
  s.trace_state AS "TraceState", s.name AS "SpanName", ${wordOf('s.kind', KINDS)} AS "SpanKind", s.service AS "ServiceName",
  ${mapOf('r.attributes')} AS "ResourceAttributes", s.scope_name AS "ScopeName", s.scope_version AS "ScopeVersion",
  ${mapOf('s.attributes')} AS "SpanAttributes", CAST(s.duration_ns AS UBIGINT) AS "Duration",
  ${wordOf('s.status', STATUSES)} AS "StatusCode", s.status_message AS "StatusMessage",
  ${listOf('s.events', `{'Timestamp': make_timestamp_ns(CAST(json_extract(e, '/timeNs') ->> '$' AS BIGINT)), 'Name': coalesce(json_extract(e, '/name') ->> '$', ''), 'Attributes': ${mapOf(inner('e'))}, 'Typed': ${typedOf(inner('e'))}}`)} AS "Events",
  ${listOf('s.links', `{'TraceId': coalesce(json_extract(e, '/traceId') ->> '$', ''), 'SpanId': coalesce(json_extract(e, '/spanId') ->> '$', ''), 'TraceState': coalesce(json_extract(e, '/traceState') ->> '$', ''), 'Attributes': ${mapOf(inner('e'))}, 'Typed': ${typedOf(inner('e'))}}`)} AS "Links",
  s.weight / k.probability AS "Weight",
  ${typedOf('s.attributes')} AS "SpanAttributesTyped", s.flags AS "Flags", s.weight_unknown AS "WeightUnknown", s.dropped_count AS "DroppedCount",
  s.arrival_ms AS "ArrivalMs", s.imported AS "Imported", s.resource_id AS "ResourceId", k.service AS "KeptService", k.reason AS "KeptReason", k.probability AS "KeptProbability"`;

/** The columns of `span_rows`, each as SQL over a row `a` of the archive. */
const FROM_ARCHIVE: Readonly<Record<string, string>> = {
  trace_id_high: `CAST('0x' || a."TraceId"[1:16] AS UBIGINT)`,
  trace_id_low: `CAST('0x' || a."TraceId"[17:32] AS UBIGINT)`,
  span_id: `CAST('0x' || a."SpanId" AS UBIGINT)`,
  parent_span_id: `CASE WHEN a."ParentSpanId" = '' THEN 0::UBIGINT ELSE CAST('0x' || a."ParentSpanId" AS UBIGINT) END`,
  name: 'a."SpanName"',
  kind: numberOf('a."SpanKind"', KINDS),
  status: numberOf('a."StatusCode"', STATUSES),
  status_message: 'a."StatusMessage"',
  start_ns: 'epoch_ns(a."Timestamp")',
  end_ms: '(epoch_ns(a."Timestamp") + CAST(a."Duration" AS BIGINT)) // 1000000',
  duration_ns: 'CAST(a."Duration" AS BIGINT)',
  service: 'a."ServiceName"',
  resource_id: 'a."ResourceId"',
  scope_name: 'a."ScopeName"',
  scope_version: 'a."ScopeVersion"',
  attributes: objectOf('a."SpanAttributes"', 'a."SpanAttributesTyped"'),
  events: textOfList('a."Events"', `'{"timeNs":' || epoch_ns(e."Timestamp") || ',"name":' || to_json(e."Name") || ',"attributes":' || ${objectOf('e."Attributes"', 'e."Typed"')} || '}'`),
  links: textOfList('a."Links"', `'{"traceId":"' || e."TraceId" || '","spanId":"' || e."SpanId" || '","traceState":' || to_json(e."TraceState") || ',"attributes":' || ${objectOf('e."Attributes"', 'e."Typed"')} || '}'`),
  trace_state: 'a."TraceState"',
  flags: 'a."Flags"',
  weight: 'a."Weight"',
  weight_unknown: 'a."WeightUnknown"',
  dropped_count: 'a."DroppedCount"',
  arrival_ms: 'a."ArrivalMs"',
  imported: 'a."Imported"',
  http_status: httpStatusSql('a."SpanAttributes"'),
  kept_probability: 'a."KeptProbability"',
  row_id: '4611686018427387904 + (a.file_index << 32) + a.file_row_number',
};

/** How files are written: zstd; row groups small enough for DuckDB's 224 MB and for reading one trace, of which each of its services is in another, large enough to compress well (5 % worse than 20,480). */
export const PARQUET_OPTIONS = 'FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2, ROW_GROUP_SIZE 8192';
export const ARCHIVE_ORDER = '"ServiceName", "Timestamp"';

/** Files as a relation with all their columns. */
export function parquetFiles(paths: readonly string[]): string {
  return `read_parquet([${paths.map(quoted).join(', ')}], hive_partitioning = false, union_by_name = true)`;
}

/** Whether a statement reads a column of `span_rows`. To bind those that nobody reads takes longer than many a search. */
export type ReadsColumn = (column: string) => boolean;

/** Rows of these files as rows of `span_rows`; `where` is over the archive's own columns of `a`. */
export function archivedSpanRows(paths: readonly string[], { where = 'TRUE', reads = () => true }: { readonly where?: string | undefined; readonly reads?: ReadsColumn } = {}): string {
  const columns = Object.entries(FROM_ARCHIVE).filter(([name]) => reads(name)).map(([name, sql]) => `${sql} AS ${name}`);
  return `SELECT ${columns.join(', ')} FROM ${parquetFiles(paths)} a WHERE ${where}`;
}

/** Rows of the hot tables as the view `span_rows` has them, in the order of columns in which `archivedSpanRows` has them; `only` goes behind each table. */
export function hotSpanRows({ only, reads }: { readonly only: string; readonly reads: ReadsColumn }): string {
  const names = Object.keys(FROM_ARCHIVE).filter(reads);
  const rowsOf = (table: string, rowId: string): string => `SELECT ${names.map((name) => ({ kept_probability: '1::DOUBLE AS kept_probability', row_id: `${rowId} AS row_id` })[name] ?? name).join(', ')} FROM main.${table} ${only}`;
  return `${rowsOf('spans_bulk', 'rowid * 2')} UNION ALL ${rowsOf('spans_fresh', 'rowid * 2 + 1')}`;
}

/** The same of some traces, which `only` says: rows that came when these came. */
export function arrivedSpanRows({ only, reads }: { readonly only: string; readonly reads: ReadsColumn }): string {
  return `SELECT ${Object.keys(FROM_ARCHIVE).filter(reads).join(', ')} FROM ${ARRIVED} main.span_rows ${only}`;
}

/** What a rewrite keeps of rows that say whose they are and why they were kept: all but these groups (`service␟reason`). */
export function notDropped(groups: readonly string[]): string {
  return groups.length === 0 ? 'TRUE' : `NOT list_contains([${groups.map(quoted).join(', ')}], "KeptService" || chr(31) || "KeptReason")`;
}

/** As httpStatusOf. */
function httpStatusSql(map: string): string {
  const [now, before] = HTTP_STATUS_KEYS.map((key) => `${map}[${quoted(key)}]`) as [string, string];
  const said = `coalesce(${now}, ${before})`;
  return `CASE WHEN ${said} IS NULL THEN 0::SMALLINT WHEN ${now} <> ${before} THEN NULL WHEN regexp_full_match(${said}, '${HTTP_STATUS_PATTERN}') THEN CAST(${said} AS SMALLINT) END`;
}

function wordOf(number: string, words: readonly string[]): string {
  return `[${words.map(quoted).join(', ')}][${number} + 1]`;
}

function numberOf(word: string, words: readonly string[]): string {
  return `CAST(list_position([${words.map(quoted).join(', ')}], ${word}) - 1 AS UTINYINT)`;
}

/** JSON text of an object as a map of texts. */
export function mapOf(json: string): string {
  return `CAST(CAST(coalesce(${json}, '{}') AS JSON) AS ${MAP})`;
}

/** The entries of an object that are no texts, as JSON; NULL where all are. Looks closer only where a value begins with something else than a quote. */
export function typedOf(json: string): string {
  return `CASE WHEN regexp_matches(CAST(${json} AS VARCHAR), '":[^"]') THEN nullif('{' || array_to_string(list_transform(list_filter(map_entries(CAST(CAST(${json} AS JSON) AS MAP(VARCHAR, JSON))), lambda t: coalesce(json_type(t.value), 'NULL') <> 'VARCHAR'), lambda t: to_json(t.key) || ':' || coalesce(CAST(t.value AS VARCHAR), 'null')), ',') || '}', '{}') END`;
}

function inner(element: string): string {
  return `json_extract(${element}, '/attributes')`;
}

function listOf(json: string, element: string): string {
  return `coalesce(list_transform(CAST(CAST(${json} AS JSON) AS JSON[]), lambda e: ${element}), [])`;
}

function textOfList(list: string, element: string): string {
  return `CASE WHEN len(${list}) > 0 THEN '[' || array_to_string(list_transform(${list}, lambda e: ${element}), ',') || ']' END`;
}

/** The other way round. A merge patch takes null for "remove", so that objects with a null in them are put together entry by entry. */
export function objectOf(map: string, typed: string): string {
  const entry = `to_json(t.key) || ':' || coalesce(CAST(CAST(CAST(${typed} AS JSON) AS MAP(VARCHAR, JSON))[t.key] AS VARCHAR), CASE WHEN t.value IS NULL THEN 'null' ELSE CAST(to_json(t.value) AS VARCHAR) END)`;
  return `CASE WHEN ${typed} IS NULL THEN CAST(to_json(${map}) AS VARCHAR)
    WHEN contains(${typed}, 'null') THEN '{' || array_to_string(list_transform(map_entries(${map}), lambda t: ${entry}), ',') || '}'
    ELSE CAST(json_merge_patch(to_json(${map}), CAST(${typed} AS JSON)) AS VARCHAR) END`;
}
