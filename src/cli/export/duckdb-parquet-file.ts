import { once } from 'node:events';
import { createWriteStream, mkdtempSync, rmSync, type WriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { capitalised } from '../../lib/format.js';
import type { WholeTrace } from '../../query/trace-reader.js';
import { quoted } from '../../store/literal-sql.js';
import { valueJson } from '../../trace/attribute-json.js';
import type { Attributes, Span } from '../../trace/span.js';

const MAP = 'MAP(VARCHAR, VARCHAR)';
/** Names and shapes of the OpenTelemetry Collector's ClickHouse exporter (table `otel_traces`), which its readers know. */
const COLUMNS = {
  Timestamp: 'BIGINT', TraceId: 'VARCHAR', SpanId: 'VARCHAR', ParentSpanId: 'VARCHAR', TraceState: 'VARCHAR', SpanName: 'VARCHAR', SpanKind: 'VARCHAR', ServiceName: 'VARCHAR',
  ResourceAttributes: MAP, ScopeName: 'VARCHAR', ScopeVersion: 'VARCHAR', SpanAttributes: MAP, Duration: 'UBIGINT', StatusCode: 'VARCHAR', StatusMessage: 'VARCHAR',
  Events: `STRUCT("Timestamp" BIGINT, "Name" VARCHAR, "Attributes" ${MAP})[]`, Links: `STRUCT("TraceId" VARCHAR, "SpanId" VARCHAR, "TraceState" VARCHAR, "Attributes" ${MAP})[]`, Weight: 'DOUBLE',
} as const;
/** So many spans are sorted together; DuckDB's memory is as large as the service's. */
const SPANS_OF_RUN = 50_000;
const MEMORY_LIMIT = '224MB';
const EVENTS = `list_transform(Events, lambda e: {'Timestamp': make_timestamp_ns(e."Timestamp"), 'Name': e."Name", 'Attributes': e."Attributes"})`;
const PARQUET = '(FORMAT parquet, COMPRESSION zstd)';

/** Writes traces as one Parquet file (zstd), of which every 50,000 spans are sorted by service and time. Times become nanosecond timestamps. */
export async function writeParquet(traces: AsyncIterable<WholeTrace>, file: string): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'tocsin-export-'));
  const instance = await DuckDBInstance.create(':memory:', { autoinstall_known_extensions: 'false', autoload_known_extensions: 'false', memory_limit: MEMORY_LIMIT, temp_directory: directory });
  const connection = await instance.connect();
  try {
    const runs: string[] = [];
    const lines = join(directory, 'spans.jsonl');
    let open: { readonly stream: WriteStream; spans: number } | undefined;
    const close = async (): Promise<void> => {
      if (open === undefined) return;
      open.stream.end();
      await once(open.stream, 'close');
      open = undefined;
      runs.push(await writeRun(connection, lines, join(directory, `${runs.length}.parquet`)));
    };
    for await (const { spans } of traces) {
      open ??= { stream: createWriteStream(lines), spans: 0 };
      open.spans += spans.length;
      if (!open.stream.write(spans.map((span) => `${rowJson(span)}\n`).join(''))) await once(open.stream, 'drain');
      if (open.spans >= SPANS_OF_RUN) await close();
    }
    await close();
    if (runs.length > 0) await connection.run(`COPY (SELECT * FROM read_parquet([${runs.map(quoted).join(', ')}])) TO ${quoted(file)} ${PARQUET}`);
  } finally {
    connection.closeSync();
    instance.closeSync();
    rmSync(directory, { recursive: true });
  }
}

async function writeRun(connection: DuckDBConnection, lines: string, file: string): Promise<string> {
  const columns = Object.entries(COLUMNS).map(([name, type]) => `${name}: '${type}'`).join(', ');
  await connection.run(`COPY (
    SELECT * REPLACE (make_timestamp_ns(Timestamp) AS Timestamp, ${EVENTS} AS Events) FROM read_json(${quoted(lines)}, format = 'newline_delimited', columns = {${columns}}) ORDER BY ServiceName, Timestamp
  ) TO ${quoted(file)} ${PARQUET}`);
  await rm(lines);
  return file;
}

function rowJson(span: Span): string {
  const text = (value: string): string => JSON.stringify(value);
  const items = (list: readonly string[]): string => `[${list.join(',')}]`;
  const row: Record<keyof typeof COLUMNS, string> = {
    Timestamp: String(span.startNs), TraceId: text(span.traceId), SpanId: text(span.spanId), ParentSpanId: text(span.parentSpanId), TraceState: text(span.traceState), SpanName: text(span.name),
    SpanKind: text(capitalised(span.kind)), ServiceName: text(span.serviceName), ResourceAttributes: mapJson(span.resource), ScopeName: text(span.scopeName), ScopeVersion: text(span.scopeVersion ?? ''),
    SpanAttributes: mapJson(span.attributes), Duration: String(span.durationNs), StatusCode: text(capitalised(span.status)), StatusMessage: text(span.statusMessage),
    Events: items(span.events.map(({ timeNs, name, attributes }) => `{"Timestamp":${timeNs},"Name":${text(name)},"Attributes":${mapJson(attributes)}}`)),
    Links: items(span.links.map(({ traceId, spanId, traceState = '', attributes }) => `{"TraceId":${text(traceId)},"SpanId":${text(spanId)},"TraceState":${text(traceState)},"Attributes":${mapJson(attributes)}}`)),
    Weight: String(span.weight),
  };
  return `{${Object.entries(row).map(([name, value]) => `"${name}":${value}`).join(',')}}`;
}

/** Texts as they are, nothing as nothing, everything else as JSON: a Parquet map has one type. */
function mapJson(attributes: Attributes): string {
  return JSON.stringify(Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, typeof value === 'string' || value === null ? value : valueJson(value)])));
}
