import { MINUTE_MS } from '../lib/duration.js';
import type { Database, Row } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { groupBy, minutesOf, stepMinutesOf, summarise, type BucketCount } from './service-summary.js';
import type { OperationSummary, ServicePoint, ServiceReader, ServiceSummary } from './service-reader.js';
import type { TimeWindow } from './time-window.js';

const BUCKETS = loadSql(import.meta.url, 'read-red-buckets.sql');
const MINUTES = loadSql(import.meta.url, 'read-red-minutes.sql');
const SERIES = loadSql(import.meta.url, 'read-red-series.sql');

export class DuckdbServiceReader implements ServiceReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async services(window: TimeWindow): Promise<readonly ServiceSummary[]> {
    const range = minutesOf(window);
    const [buckets, minutes] = await Promise.all([
      this.#database.query({ sql: BUCKETS, params: { ...range, service: '' } }),
      this.#database.query({ sql: MINUTES, params: range }),
    ]);
    const minutesByService = groupBy(minutes, (row) => String(row['service']));
    return [...groupBy(buckets, (row) => String(row['service']))]
      .map(([service, rows]) => ({ service, ...summarise(rows.map(countOf), lengthMs(window)), sparkline: sparklineOf(minutesByService.get(service) ?? [], range) }))
      .sort((left, right) => right.requests - left.requests);
  }

  async operations(service: string, window: TimeWindow): Promise<readonly OperationSummary[]> {
    const rows = await this.#database.query({ sql: BUCKETS, params: { ...minutesOf(window), service } });
    return [...groupBy(rows, (row) => String(row['operation']))]
      .map(([operation, counts]) => ({ operation, ...summarise(counts.map(countOf), lengthMs(window)) }))
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

function lengthMs(window: TimeWindow): number {
  return window.toMs - window.fromMs;
}
