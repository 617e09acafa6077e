import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import duckdb, { type DataChunk } from '@duckdb/node-bindings';
import { MINUTE_MS } from '../lib/duration.js';
import type { Statement } from './database.js';
import type { DuckdbDatabase } from './duckdb-database.js';
import type { WriteConnection } from './duckdb-file.js';
import { openStatement, runStatement } from './duckdb-statement.js';
import { loadSql } from './fs-sql.js';
import type { ArrivedTraces, OlderArrivals } from './hot-arrivals.js';
import type { StoredIds } from '../trace/span-fingerprints.js';
import { REMEMBERED_SPANS } from './span-index.js';

const ARRIVALS = loadSql(import.meta.url, 'span-arrivals.sql');
const LAST = 'SELECT coalesce(max(arrival_ms) + 1, 0) AS after_ms FROM spans';
const LOAD = loadSql(import.meta.url, 'load-span-ids.sql');
const LAST_BEFORE = loadSql(import.meta.url, 'last-arrival.sql');
const LOAD_TRACES = loadSql(import.meta.url, 'load-trace-ids.sql');

/** Spans as the index takes them, and when each came. */
export type StoredArrivals = StoredIds & ArrivedTraces;

/** Since when spans came that the index would remember had Tocsin never stopped, of those that came since `resentMs`. */
export async function rememberedSinceMs({ connection }: WriteConnection, resentMs: number): Promise<number> {
  const sinceMinute = Math.floor(resentMs / MINUTE_MS);
  const arrivals = await runStatement(connection, { sql: ARRIVALS, params: { since_minute: sinceMinute } });
  if (arrivals.length > 0) return firstMinute(arrivals.map((row) => ({ minute: Number(row['minute']), spans: Number(row['spans']) }))) * MINUTE_MS;
  const [last] = await runStatement(connection, { sql: LAST });
  return Number(last?.['after_ms'] ?? 0);
}

/** All spans that came since then, oldest first. */
export async function* storedSpanIds({ connection }: WriteConnection, sinceMs: number): AsyncGenerator<StoredArrivals> {
  for await (const { chunk, rowCount } of chunksOf(connection, { sql: LOAD, params: { since_ms: sinceMs } })) yield idsOf(chunk, rowCount);
}

/** What a database has of spans that came before a time. */
export function olderArrivals(database: DuckdbDatabase): OlderArrivals {
  return {
    lastBefore: async (beforeMs) => {
      const [row] = await database.query({ sql: LAST_BEFORE, params: { before_ms: beforeMs } });
      return row?.['arrival_ms'] == null ? undefined : Number(row['arrival_ms']);
    },
    arrived: ({ fromMs, toMs }, each) => database.reading(async (connection) => {
      for await (const { chunk, rowCount } of chunksOf(connection, { sql: LOAD_TRACES, params: { from_ms: fromMs, to_ms: toMs } })) {
        if (database.isClosing) throw new Error('the service is stopping');
        each({ count: rowCount, traceLow: wordsOf(chunk, 0, rowCount), arrivalMs: timesOf(chunk, 1, rowCount) });
      }
    }),
  };
}

async function* chunksOf(connection: DuckDBConnection, statement: Statement): AsyncGenerator<DuckDBDataChunk> {
  const { prepared, close } = await openStatement(connection, statement);
  try {
    const result = await prepared.stream();
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return;
      yield chunk;
    }
  } finally {
    close();
  }
}

/** The earliest minute of which all spans since then still fit into the index. */
function firstMinute(latestFirst: readonly { readonly minute: number; readonly spans: number }[]): number {
  let spans = 0;
  let first = (latestFirst[0]?.minute ?? 0) + 1;
  for (const arrival of latestFirst) {
    spans += arrival.spans;
    if (spans > REMEMBERED_SPANS && first <= (latestFirst[0]?.minute ?? 0)) break;
    first = arrival.minute;
  }
  return first;
}

function idsOf(chunk: DataChunk, count: number): StoredArrivals {
  const words = (column: number): Uint32Array => wordsOf(chunk, column, count);
  return { count, traceHigh: words(0), traceLow: words(1), spanId: words(2), kinds: bytesOf(chunk, 3, count), arrivalMs: timesOf(chunk, 4, count) };
}

function bytesOf(chunk: DataChunk, column: number, length: number): Uint8Array {
  return duckdb.vector_get_data(duckdb.data_chunk_get_vector(chunk, column), length);
}

function wordsOf(chunk: DataChunk, column: number, count: number): Uint32Array {
  return new Uint32Array(bytesOf(chunk, column, count * 8).slice().buffer);
}

function timesOf(chunk: DataChunk, column: number, count: number): Float64Array {
  return Float64Array.from(new BigInt64Array(bytesOf(chunk, column, count * 8).slice().buffer), Number);
}
