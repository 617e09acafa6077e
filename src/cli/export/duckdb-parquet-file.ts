import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { valueJson } from '../../trace/attribute-json.js';
import type { Attributes, Span } from '../../trace/span.js';

const MAP = 'MAP(VARCHAR, VARCHAR)';
/** Names and shapes of the OpenTelemetry Collector's ClickHouse exporter (table `otel_traces`), which its readers know. */
const COLUMNS = {
  Timestamp: 'BIGINT', TraceId: 'VARCHAR', SpanId: 'VARCHAR', ParentSpanId: 'VARCHAR', TraceState: 'VARCHAR', SpanName: 'VARCHAR', SpanKind: 'VARCHAR', ServiceName: 'VARCHAR',
  ResourceAttributes: MAP, ScopeName: 'VARCHAR', ScopeVersion: 'VARCHAR', SpanAttributes: MAP, Duration: 'BIGINT', StatusCode: 'VARCHAR', StatusMessage: 'VARCHAR',
  Events: `STRUCT("Timestamp" BIGINT, "Name" VARCHAR, "Attributes" ${MAP})[]`, Links: `STRUCT("TraceId" VARCHAR, "SpanId" VARCHAR, "Attributes" ${MAP})[]`, Weight: 'DOUBLE',
} as const;

/** Writes spans as one Parquet file (zstd), sorted by service and time. Times become nanosecond timestamps. */
export async function writeParquet(spans: readonly Span[], file: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'tocsin-export-'));
  try {
    const lines = join(directory, 'spans.jsonl');
    writeFileSync(lines, spans.map((span) => `${rowJson(span)}\n`).join(''));
    const instance = await DuckDBInstance.create(':memory:', { autoinstall_known_extensions: 'false', autoload_known_extensions: 'false' });
    const connection = await instance.connect();
    try {
      const columns = Object.entries(COLUMNS).map(([name, type]) => `${name}: '${type}'`).join(', ');
      await connection.run(`COPY (
        SELECT * REPLACE (make_timestamp_ns(Timestamp) AS Timestamp) FROM read_json(${quoted(lines)}, format = 'newline_delimited', columns = {${columns}}) ORDER BY ServiceName, Timestamp
      ) TO ${quoted(file)} (FORMAT parquet, COMPRESSION zstd)`);
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function rowJson(span: Span): string {
  const text = (value: string): string => JSON.stringify(value);
  const items = (list: readonly string[]): string => `[${list.join(',')}]`;
  const row: Record<keyof typeof COLUMNS, string> = {
    Timestamp: String(span.startNs), TraceId: text(span.traceId), SpanId: text(span.spanId), ParentSpanId: text(span.parentSpanId), TraceState: text(span.traceState), SpanName: text(span.name),
    SpanKind: text(capitalised(span.kind)), ServiceName: text(span.serviceName), ResourceAttributes: mapJson(span.resource), ScopeName: text(span.scopeName), ScopeVersion: text(span.scopeVersion ?? ''),
    SpanAttributes: mapJson(span.attributes), Duration: String(span.durationNs), StatusCode: text(capitalised(span.status)), StatusMessage: text(span.statusMessage),
    Events: items(span.events.map(({ timeNs, name, attributes }) => `{"Timestamp":${timeNs},"Name":${text(name)},"Attributes":${mapJson(attributes)}}`)),
    Links: items(span.links.map(({ traceId, spanId, attributes }) => `{"TraceId":${text(traceId)},"SpanId":${text(spanId)},"Attributes":${mapJson(attributes)}}`)),
    Weight: String(span.weight),
  };
  return `{${Object.entries(row).map(([name, value]) => `"${name}":${value}`).join(',')}}`;
}

/** Texts as they are, everything else as JSON: a Parquet map has one type. */
function mapJson(attributes: Attributes): string {
  return JSON.stringify(Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, typeof value === 'string' ? value : valueJson(value)])));
}

/** `server` → `Server`, as the exporter writes kinds and statuses. */
function capitalised(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
