import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '../../src/lib/clock.js';
import type { Database } from '../../src/store/database.js';
import { openDatabase } from '../../src/store/duckdb-database.js';
import { DuckdbSpanSink } from '../../src/store/duckdb-span-sink.js';
import { DEFAULT_START_MS, spanBatch, type SpanDescription } from '../../src/trace/batch-builder.js';

/** A real store in a directory of its own, filled with one batch of spans after another. */
export interface TraceqlStore {
  readonly database: Database;
  /** Puts these spans in place of those before. */
  replace(spans: readonly SpanDescription[]): Promise<void>;
  close(): Promise<void>;
}

export async function openTraceqlStore(): Promise<TraceqlStore> {
  const directory = mkdtempSync(join(tmpdir(), 'tocsin-traceql-'));
  const database = await openDatabase(join(directory, 'tocsin.duckdb'));
  const sink = await DuckdbSpanSink.open(database, { clock: new FakeClock(DEFAULT_START_MS), limits: { maxWaitMs: 0, maxRows: 1 } });
  let stored = 0;
  return {
    database,
    async replace(spans) {
      stored += 1;
      await database.transaction([{ sql: 'DELETE FROM spans_bulk' }, { sql: 'DELETE FROM spans_fresh' }]);
      const outcome = await sink.store({
        digest: stored.toString(16).padStart(32, '0'), signal: 'traces', protocol: 'grpc', receivedAtMs: DEFAULT_START_MS, rejected: 0, deduplicated: 0, message: '',
        spans: spanBatch(spans), sloSlices: [], redSlices: [],
      });
      if (outcome.kind !== 'stored') throw new Error(`the spans were not stored: ${JSON.stringify(outcome)}`);
    },
    async close() {
      await database.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
