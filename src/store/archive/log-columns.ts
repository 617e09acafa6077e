import { mapOf, objectOf, parquetFiles, typedOf } from './archive-columns.js';

/**
 * A log record in the archive: names and shapes of the OpenTelemetry Collector's ClickHouse exporter (table `otel_logs`), and after them what
 * Tocsin needs to read back exactly what it wrote, as archive-columns.ts has it for spans.
 */

/** From ERROR on (OpenTelemetry's severity numbers). */
const ERROR_SEVERITY = 17;

/** Select list over a record `l` and its resource `r`. A record is kept for its trace, for its severity, or for its own sake. */
export const LOG_TO_ARCHIVE = `make_timestamp_ns(l.time_ns) AS "Timestamp",
  CASE WHEN l.trace_id_high = 0 AND l.trace_id_low = 0 THEN '' ELSE printf('%016x%016x', l.trace_id_high, l.trace_id_low) END AS "TraceId",
  CASE WHEN l.span_id = 0 THEN '' ELSE printf('%016x', l.span_id) END AS "SpanId",
  l.severity_text AS "SeverityText", l.severity_number AS "SeverityNumber", l.service AS "ServiceName", l.body AS "Body",
  ${mapOf('r.attributes')} AS "ResourceAttributes", ${mapOf('l.attributes')} AS "LogAttributes", l.event_name AS "EventName",
  ${typedOf('l.attributes')} AS "LogAttributesTyped", l.arrival_ms AS "ArrivalMs", l.imported AS "Imported", l.resource_id AS "ResourceId", l.service AS "KeptService",
  CASE WHEN EXISTS (SELECT 1 FROM pinned_traces p WHERE p.trace_id_high = l.trace_id_high AND p.trace_id_low = l.trace_id_low) THEN 'pinned'
    WHEN l.severity_number >= ${ERROR_SEVERITY} THEN 'error-log' ELSE 'log' END AS "KeptReason"`;

/** The attributes of an archived record as one JSON object. */
export const LOG_ATTRIBUTES = objectOf('a."LogAttributes"', 'a."LogAttributesTyped"');

/** The columns of `logs` over a row `a` of the archive. */
const FROM_ARCHIVE = `CASE WHEN a."TraceId" = '' THEN 0::UBIGINT ELSE CAST('0x' || a."TraceId"[1:16] AS UBIGINT) END AS trace_id_high,
  CASE WHEN a."TraceId" = '' THEN 0::UBIGINT ELSE CAST('0x' || a."TraceId"[17:32] AS UBIGINT) END AS trace_id_low,
  CASE WHEN a."SpanId" = '' THEN 0::UBIGINT ELSE CAST('0x' || a."SpanId" AS UBIGINT) END AS span_id, epoch_ns(a."Timestamp") AS time_ns,
  a."SeverityNumber" AS severity_number, a."SeverityText" AS severity_text, a."Body" AS body, a."ServiceName" AS service, a."ResourceId" AS resource_id, ${LOG_ATTRIBUTES} AS attributes`;

/** Records of these files as rows of `logs`; `where` is over the archive's own columns of `a`. */
export function archivedLogRows(paths: readonly string[], where = 'TRUE'): string {
  return `SELECT ${FROM_ARCHIVE} FROM ${parquetFiles(paths)} a WHERE ${where}`;
}
