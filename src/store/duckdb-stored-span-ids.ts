import duckdb, { type DataChunk } from '@duckdb/node-bindings';
import { MINUTE_MS } from '../lib/duration.js';
import type { WriteConnection } from './duckdb-file.js';
import { openStatement, runStatement } from './duckdb-statement.js';
import { loadSql } from './fs-sql.js';
import type { StoredIds } from '../trace/span-fingerprints.js';
import { GENERATION_MS, REMEMBERED_SPANS } from './span-index.js';

const ARRIVALS = loadSql(import.meta.url, 'span-arrivals.sql');
const LAST = 'SELECT coalesce(max(arrival_ms) + 1, 0) AS after_ms FROM spans';
const LOAD = loadSql(import.meta.url, 'load-span-ids.sql');

/** Spans as the index takes them, and when each came. */
export interface StoredArrivals extends StoredIds {
  readonly arrivalMs: Float64Array;
}

/** Since when spans came that the index would remember had Tocsin never stopped. */
export async function rememberedSinceMs({ connection }: WriteConnection, nowMs: number): Promise<number> {
  const sinceMinute = Math.floor((nowMs - GENERATION_MS) / MINUTE_MS);
  const arrivals = await runStatement(connection, { sql: ARRIVALS, params: { since_minute: sinceMinute } });
  if (arrivals.length > 0) return firstMinute(arrivals.map((row) => ({ minute: Number(row['minute']), spans: Number(row['spans']) }))) * MINUTE_MS;
  const [last] = await runStatement(connection, { sql: LAST });
  return Number(last?.['after_ms'] ?? 0);
}

/** All spans that came since then, oldest first. */
export async function* storedSpanIds({ connection }: WriteConnection, sinceMs: number): AsyncGenerator<StoredArrivals> {
  const { prepared, close } = await openStatement(connection, { sql: LOAD, params: { since_ms: sinceMs } });
  try {
    const result = await prepared.stream();
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) return;
      yield idsOf(chunk.chunk, chunk.rowCount);
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
  const bytes = (column: number, width: number): Uint8Array => duckdb.vector_get_data(duckdb.data_chunk_get_vector(chunk, column), count * width);
  const words = (column: number): Uint32Array => new Uint32Array(bytes(column, 8).slice().buffer);
  const arrivals = new BigInt64Array(bytes(4, 8).slice().buffer);
  return { count, traceHigh: words(0), traceLow: words(1), spanId: words(2), kinds: bytes(3, 1), arrivalMs: Float64Array.from(arrivals, Number) };
}
