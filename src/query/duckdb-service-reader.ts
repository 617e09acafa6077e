import { DAY_MS, MINUTE_MS, SECOND_MS } from '../lib/duration.js';
import type { Database, Row } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { groupBy, minutesOf, stepMinutesOf, summarise, type BucketCount } from './service-summary.js';
import type { OperationSummary, ServicePoint, ServiceReader, ServiceSummary } from './service-reader.js';
import type { TimeWindow } from './time-window.js';

const BUCKETS = loadSql(import.meta.url, 'read-red-buckets.sql');
const MINUTES = loadSql(import.meta.url, 'read-red-minutes.sql');
const SERIES = loadSql(import.meta.url, 'read-red-series.sql');
const SEEN = loadSql(import.meta.url, 'read-red-seen.sql');

/** What nobody asked for so long before the window is not old and quiet, but new: its rate is of the time since it appeared. */
const SEEN_BEFORE_MINUTES = DAY_MS / MINUTE_MS;

export class DuckdbServiceReader implements ServiceReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async services(window: TimeWindow): Promise<readonly ServiceSummary[]> {
    const range = minutesOf(window);
    const [buckets, minutes, seenMsOf] = await Promise.all([
      this.#database.query({ sql: BUCKETS, params: { ...range, service: '' } }),
      this.#database.query({ sql: MINUTES, params: range }),
      this.#seen('', window),
    ]);
    const minutesByService = groupBy(minutes, (row) => String(row['service']));
    return [...groupBy(buckets, (row) => String(row['service']))]
      .map(([service, rows]) => ({ service, ...summarise(rows.map(countOf), seenMsOf(service)), seenMs: seenMsOf(service), sparkline: sparklineOf(minutesByService.get(service) ?? [], range) }))
      .sort((left, right) => right.requests - left.requests);
  }

  async operations(service: string, window: TimeWindow): Promise<readonly OperationSummary[]> {
    const [rows, seenMsOf] = await Promise.all([this.#database.query({ sql: BUCKETS, params: { ...minutesOf(window), service } }), this.#seen(service, window)]);
    const seenMs = seenMsOf(service);
    return [...groupBy(rows, (row) => String(row['operation']))]
      .map(([operation, counts]) => ({ operation, ...summarise(counts.map(countOf), seenMs), seenMs }))
      .sort((left, right) => right.requests - left.requests);
  }

  async series(service: string, window: TimeWindow): Promise<readonly ServicePoint[]> {
    const range = minutesOf(window);
    const step = stepMinutesOf(window);
    const rows = await this.#database.query({ sql: SERIES, params: { ...range, step, service } });
    const bySteps = groupBy(rows, (row) => Number(row['step']));
    const count = Math.ceil((range.last - range.first + 1) / step);
    return Array.from({ length: count }, (_, index) => ({
      atMs: (range.first + index * step) * MINUTE_MS,
      ...summarise((bySteps.get(index) ?? []).map(countOf), step * MINUTE_MS),
    }));
  }

  /** So much of the window a service was there; all of it for those that are older. */
  async #seen(service: string, window: TimeWindow): Promise<(service: string) => number> {
    const { first, last } = minutesOf(window);
    const rows = await this.#database.query({ sql: SEEN, params: { earlier: first - SEEN_BEFORE_MINUTES, last, service } });
    const since = new Map(rows.map((row) => [String(row['service']), Number(row['first_minute']) * MINUTE_MS]));
    return (name) => Math.max(SECOND_MS, window.toMs - Math.max(window.fromMs, since.get(name) ?? window.fromMs));
  }
}

function countOf(row: Row): BucketCount {
  return { bucket: Number(row['bucket']), spans: Number(row['spans']), errors: Number(row['errors']) };
}

function sparklineOf(rows: readonly Row[], range: { readonly first: number; readonly last: number }): ServiceSummary['sparkline'] {
  const points = Array.from({ length: range.last - range.first + 1 }, () => ({ requests: 0, errors: 0 }));
  for (const row of rows) {
    const point = points[Number(row['event_minute']) - range.first];
    if (point === undefined) continue;
    point.requests += Number(row['spans']);
    point.errors += Number(row['errors']);
  }
  return points;
}
