import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { publicUrlOf, type Settings } from '../../config/settings.js';
import { createTraceDecoder } from '../../ingest/decoder.js';
import { NO_REDACTION } from '../../ingest/redact-compile.js';
import { formatDuration } from '../../lib/duration.js';
import type { TraceId } from '../../lib/ids.js';
import { DATABASE_FILE } from '../../pipeline/store.js';
import { StoreClient } from '../../pipeline/system-store-client.js';
import { ApiError } from '../../query/api-error.js';
import { DuckdbTraceReader } from '../../query/duckdb-trace-reader.js';
import type { WeightedOtlp } from '../../query/export-formats.js';
import { parseTraceSearch } from '../../query/trace-query.js';
import type { WholeTrace } from '../../query/trace-reader.js';
import { DatabaseUnavailableError } from '../../store/database-error.js';
import { ArchivedSpans } from '../../store/archive/duckdb-archived-spans.js';
import { spansOfBatch } from '../../trace/spans-of-batch.js';
import type { Span } from '../../trace/span.js';
import type { SpansetExpression } from '../../trace/traceql/query-ast.js';
import { archiveParts, type ArchiveParts } from '../archive-parts.js';
import { CouldNotRun } from '../command.js';
import { findServiceApi, ServiceRefused, type ServiceApi } from '../service-api.js';

export interface TraceQuery {
  /** TraceQL. */
  readonly query: string;
  /** How far back; Infinity: whenever it was. */
  readonly rangeMs: number;
  /** Undefined: all. */
  readonly limit: number | undefined;
}

/** Where traces are exported from; of any number of them it holds a few. */
export interface TraceSource {
  /** Newest first, or nearly. @throws CouldNotRun for a query that is none. */
  find(query: TraceQuery): AsyncIterable<WholeTrace>;
  /** Undefined where it is not stored. */
  trace(id: TraceId): Promise<WholeTrace | undefined>;
  close(): Promise<void>;
}

/** A running service has the file locked, so it is asked; else this process opens it. */
export async function openTraces(server: string | undefined, settings: Settings): Promise<TraceSource> {
  const api = await findServiceApi(server, settings);
  if (api !== undefined) return new ServiceTraces(api);
  const path = join(settings.dataDir, DATABASE_FILE);
  if (!existsSync(path)) throw new CouldNotRun(`there is nothing to export: no Tocsin runs at ${publicUrlOf({ ...settings, publicUrl: undefined })}, and ${path} does not exist`);
  try {
    return new StoredTraces(await StoreClient.start({ dataDir: settings.dataDir, slos: [], redaction: NO_REDACTION }), await archiveParts(settings));
  } catch (error) {
    if (!(error instanceof DatabaseUnavailableError)) throw error;
    throw new CouldNotRun(`${error.message}${error.reason === 'locked' ? ' If that is Tocsin, name the address of its pages with --server.' : ''}`);
  }
}

class ServiceTraces implements TraceSource {
  readonly #api: ServiceApi;
  readonly #decoder = createTraceDecoder();

  constructor(api: ServiceApi) {
    this.#api = api;
  }

  async* find({ query, rangeMs, limit }: TraceQuery): AsyncGenerator<WholeTrace> {
    const asked = new URLSearchParams({ format: 'weighted', q: query, range: rangeMs === Infinity ? 'all' : formatDuration(rangeMs), ...(limit === undefined ? {} : { limit: String(limit) }) });
    for await (const line of this.#api.lines(`/api/v1/export?${asked.toString()}`)) {
      const spans = this.#spansIn(line);
      const [first] = spans;
      if (first !== undefined) yield { traceId: first.traceId, spans };
    }
  }

  async trace(id: TraceId): Promise<WholeTrace | undefined> {
    try {
      return { traceId: id, spans: this.#spansIn(await this.#api.text(`/api/v1/traces/${id}?format=weighted`)) };
    } catch (error) {
      if (error instanceof ServiceRefused && error.code === 'trace/not-found') return undefined;
      throw error;
    }
  }

  #spansIn(text: string): readonly Span[] {
    const decoded = this.#decoder.decode({ encoding: 'json', body: Buffer.from(text), receivedAtMs: Date.now() });
    if (!decoded.ok) throw new CouldNotRun(`the service answered with something that is not OTLP: ${decoded.message}`);
    const { weights } = JSON.parse(text) as Partial<WeightedOtlp>;
    return spansOfBatch(decoded.batch).map((span) => ({ ...span, weight: weights?.[span.spanId] ?? 1 }));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class StoredTraces implements TraceSource {
  readonly #store: StoreClient;
  readonly #reader: DuckdbTraceReader;

  constructor(store: StoreClient, archive: ArchiveParts) {
    this.#store = store;
    this.#reader = new DuckdbTraceReader(new ArchivedSpans(store, archive));
  }

  find({ query, rangeMs, limit }: TraceQuery): AsyncIterable<WholeTrace> {
    const toMs = Date.now();
    return this.#reader.everyTrace({ search: searchOf(query), fromMs: rangeMs === Infinity ? 0 : toMs - rangeMs, toMs, limit });
  }

  trace(id: TraceId): Promise<WholeTrace | undefined> {
    return this.#reader.traceById(id);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

function searchOf(query: string): SpansetExpression {
  try {
    return parseTraceSearch(query);
  } catch (error) {
    throw error instanceof ApiError ? new CouldNotRun(`--query: ${error.message}`) : error;
  }
}
