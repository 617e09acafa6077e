import { MINUTE_MS } from '../lib/duration.js';
import type { MetricFamily } from '../pipeline/exposition.js';
import type { Database } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { IMPORTED_AFTER_MS } from '../store/span-sink.js';
import { GraphMetrics } from './graph-metrics.js';
import { SpanMetrics } from './span-metrics.js';

const GRAPH = loadSql(import.meta.url, 'read-graph-arrivals.sql');
const ARRIVALS = loadSql(import.meta.url, 'read-red-arrivals.sql');
/** A minute is closed when what was received in it has been committed. */
const COMMIT_MS = 5_000;

/** Adds to the counters what arrived since they were last looked at, minute by minute. */
export class DuckdbSpanMetrics {
  readonly #database: Database;
  readonly #metrics = new SpanMetrics();
  readonly #graph = new GraphMetrics();
  #nextMinute: number;
  #refreshing: Promise<void> | undefined;

  constructor(database: Database, startMs: number) {
    this.#database = database;
    this.#nextMinute = Math.floor(startMs / MINUTE_MS);
  }

  /** Two scrapes at once count a minute once. */
  refresh(nowMs: number): Promise<void> {
    this.#refreshing ??= this.#read(nowMs).finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  families(): MetricFamily[] {
    return [...this.#metrics.families(), ...this.#graph.families()];
  }

  async #read(nowMs: number): Promise<void> {
    const end = Math.floor((nowMs - COMMIT_MS) / MINUTE_MS);
    if (end <= this.#nextMinute) return;
    const params = { first: this.#nextMinute, end, late_minutes: IMPORTED_AFTER_MS / MINUTE_MS };
    const [rows, edges] = await Promise.all([this.#database.query({ sql: ARRIVALS, params }), this.#database.query({ sql: GRAPH, params })]);
    this.#graph.add(edges.map((row) => ({ client: String(row['client']), server: String(row['server']), kind: String(row['kind']), bucket: Number(row['bucket']), calls: Number(row['calls']), failed: Number(row['failed']), durationNs: Number(row['duration_ns']) })));
    this.#nextMinute = end;
    this.#metrics.add(rows.map((row) => ({ service: String(row['service']), operation: String(row['operation']), kind: Number(row['kind']), bucket: Number(row['bucket']), spans: Number(row['spans']), errors: Number(row['errors']) })));
  }
}
