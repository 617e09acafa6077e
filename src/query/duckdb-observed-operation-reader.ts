import { MINUTE_MS } from '../lib/duration.js';
import type { Database, Row } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import type { ObservedOperationReader } from './observed-operations.js';
import { groupBy, minutesOf } from './service-summary.js';
import type { ObservedOperation } from './suggest-slos.js';
import type { TimeWindow } from './time-window.js';

const ENTRIES = loadSql(import.meta.url, 'read-entry-operations.sql');
const HISTORY = loadSql(import.meta.url, 'read-operation-history.sql');
const SERVER = 2;

export class DuckdbObservedOperationReader implements ObservedOperationReader {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async entryOperations(window: TimeWindow): Promise<readonly ObservedOperation[]> {
    const [entries, history] = await Promise.all([
      this.#database.query({ sql: ENTRIES, params: { from_ms: window.fromMs } }),
      this.#database.query({ sql: HISTORY, params: minutesOf(window) }),
    ]);
    const isEntry = new Set(entries.map(keyOf));
    return [...groupBy(history.filter((row) => isEntry.has(keyOf(row))), keyOf).values()].map(operationOf).sort((left, right) => right.requests - left.requests);
  }
}

function keyOf(row: Row): string {
  return JSON.stringify([row['service'], row['operation'], row['kind']]);
}

function operationOf(rows: readonly Row[]): ObservedOperation {
  const [row] = rows;
  const sum = (column: string): number => rows.reduce((total, each) => total + Number(each[column]), 0);
  const first = Math.min(...rows.map((each) => Number(each['first_minute'])));
  const last = Math.max(...rows.map((each) => Number(each['last_minute'])));
  return {
    service: String(row?.['service']), operation: String(row?.['operation']), kind: Number(row?.['kind']) === SERVER ? 'server' : 'consumer',
    requests: sum('requests'), errors: sum('errors'), buckets: rows.map((each) => [Number(each['bucket']), Number(each['requests'])] as const), historyMs: (last + 1 - first) * MINUTE_MS,
  };
}
