import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TraceId } from '../../lib/ids.js';
import type { WholeTrace } from '../../query/trace-reader.js';
import { DEFAULT_START_MS, spanBatch } from '../../trace/batch-builder.js';
import { spansOfBatch } from '../../trace/spans-of-batch.js';
import { writeParquet } from './duckdb-parquet-file.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tocsin-parquet-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function* only(trace: WholeTrace): AsyncGenerator<WholeTrace> {
  yield await Promise.resolve(trace);
}

async function rowsOf(sql: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowObjectsJson();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

describe('traces as a Parquet file', () => {
  test('have the shapes of the archive, which are those of otel_traces: times of events too, trace states of links, versions of scopes, nothing for nothing', async () => {
    const file = join(directory, 'one.parquet');
    const spans = spansOfBatch(spanBatch([{
      startMs: DEFAULT_START_MS, durationMs: 5, scope: { name: 'http', version: '1.2' }, attributes: { none: null, count: 3, text: 'a' },
      events: [{ name: 'exception', timeMs: DEFAULT_START_MS + 1 }], links: [{ traceId: 'b'.repeat(32), spanId: 'c'.repeat(16), traceState: 'vendor=2' }],
    }]));
    await writeParquet(only({ traceId: 'a'.repeat(32) as TraceId, spans }), file);
    expect(await rowsOf(`SELECT "ScopeVersion", typeof("Duration") AS duration, typeof("Events"[1]."Timestamp") AS time, CAST(epoch_ns("Events"[1]."Timestamp") AS VARCHAR) AS happened, "Links"[1]."TraceState" AS state, "SpanAttributes"['none'] AS none, "SpanAttributes"['count'] AS count, "SpanAttributes"['text'] AS text FROM read_parquet('${file}')`)).toEqual([
      { ScopeVersion: '1.2', duration: 'UBIGINT', time: 'TIMESTAMP_NS', happened: `${DEFAULT_START_MS + 1}000000`, state: 'vendor=2', none: null, count: '3', text: 'a' },
    ]);
  });
});
