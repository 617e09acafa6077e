import { HOUR_MS } from '../lib/duration.js';
import type { Clock } from '../lib/clock.js';
import { bucketOf } from '../sli/latency-bucket.js';
import type { Database } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { FACTS_KEPT_MS } from './duckdb-quality-archive.js';
import type { ReportWindow } from './quality-reader.js';
import { isRefused, questionOf, readerOf, type ReadCount, type TraceQuestion, type TraceRead } from './trace-reads.js';

const STORE = loadSql(import.meta.url, 'store-trace-reads.sql');
const READ = loadSql(import.meta.url, 'read-trace-reads.sql');

/** Different readers, questions and latencies between two times of writing; more are counted as one reader. */
export const MAX_COUNTS = 5_000;
const OTHERS = 'others';
const NS_PER_MS = 1e6;

/** Counts who reads traces in memory, and writes the counts down when it is told to. */
export class DuckdbTraceReads {
  readonly #database: Database;
  readonly #clock: Clock;
  #counts = new Map<string, ReadCount & { readonly hourMs: number }>();

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  record(read: TraceRead): void {
    const what = questionOf(read.path);
    // Whoever is sent to the login page has neither read nor been refused.
    if (what === undefined || (read.actor === undefined && !isRefused(read.status))) return;
    const hourMs = Math.floor(this.#clock.nowMs() / HOUR_MS) * HOUR_MS;
    const count = { hourMs, reader: readerOf(read), what, refused: isRefused(read.status), bucket: bucketOf(read.elapsedMs * NS_PER_MS), n: 1 };
    this.#add(this.#counts.size < MAX_COUNTS || this.#counts.has(keyOf(count)) ? count : { ...count, reader: OTHERS });
  }

  /** What cannot be written is kept for the next time. */
  async flush(): Promise<void> {
    const counts = [...this.#counts.values()];
    if (counts.length === 0) return;
    this.#counts = new Map();
    try {
      await this.#database.transaction([
        { sql: STORE, params: { rows: JSON.stringify(counts.map(({ hourMs, reader, what, refused, bucket, n }) => [hourMs, reader, what, refused, bucket, n])) } },
        { sql: 'DELETE FROM trace_reads WHERE hour_ms < $oldest_ms', params: { oldest_ms: this.#clock.nowMs() - FACTS_KEPT_MS } },
      ]);
    } catch (error) {
      for (const count of counts) this.#add(count);
      throw error;
    }
  }

  async read({ fromMs, toMs }: ReportWindow): Promise<ReadCount[]> {
    await this.flush();
    const rows = await this.#database.query({ sql: READ, params: { from_ms: fromMs, to_ms: toMs } });
    return rows.map((row) => ({ reader: String(row['reader']), what: String(row['what']) as TraceQuestion, refused: row['refused'] === true, bucket: Number(row['bucket']), n: Number(row['n']) }));
  }

  #add(count: ReadCount & { readonly hourMs: number }): void {
    const key = keyOf(count);
    const known = this.#counts.get(key);
    this.#counts.set(key, known === undefined ? count : { ...known, n: known.n + count.n });
  }
}

function keyOf({ hourMs, reader, what, refused, bucket }: ReadCount & { readonly hourMs: number }): string {
  return JSON.stringify([hourMs, reader, what, refused, bucket]);
}
