import { hoursBefore, ticketBeginMs, WINDOW_MS, type CountedWindow, type UnusualTime, type UnusualWindow } from '../diagnosis/anomaly/baseline-windows.js';
import type { Anomaly, OperationCounts, WindowCount } from '../diagnosis/anomaly/judge-anomalies.js';
import { ascending } from '../lib/compare.js';
import { MINUTE_MS } from '../lib/duration.js';
import { bucketMiddleNs } from '../sli/latency-bucket.js';
import type { Database, Row } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { ANOMALY_KEY, ANOMALY_OPERATIONS, type AnomalyReader } from './anomaly-reader.js';

const WINDOWS = loadSql(import.meta.url, 'anomaly-windows.sql');
const BUSIEST = loadSql(import.meta.url, 'anomaly-busiest.sql');
const INCIDENTS = loadSql(import.meta.url, 'anomaly-incidents.sql');
const UNUSUAL = loadSql(import.meta.url, 'unusual-windows.sql');
const ADD_UNUSUAL = loadSql(import.meta.url, 'add-unusual-windows.sql');
const FORGET_UNUSUAL = loadSql(import.meta.url, 'forget-unusual-windows.sql');
const TICKETS = loadSql(import.meta.url, 'anomaly-tickets.sql');
const UNHEEDED = loadSql(import.meta.url, 'anomaly-unheeded.sql');
/** What arrives later is history: imported, or a buffer that was emptied. */
const LATE_MINUTES = 60;
/** Read at a time: a hundred windows of each, by latency bucket, are what is in memory. */
const OPERATIONS_AT_A_TIME = 250;

export class DuckdbAnomalyReader implements AnomalyReader {
  readonly #database: Pick<Database, 'query' | 'transaction'>;

  constructor(database: Pick<Database, 'query' | 'transaction'>) {
    this.#database = database;
  }

  async counts(windows: readonly CountedWindow[], unusual: readonly UnusualTime[]): Promise<readonly OperationCounts[]> {
    const ordered = [...windows].sort((left, right) => Number(left.baseline !== undefined) - Number(right.baseline !== undefined));
    const judgedMs = ordered[0]?.fromMs ?? 0;
    const busiest = (await this.#database.query({ sql: BUSIEST, params: { ...minutesOf([judgedMs]), late_minutes: LATE_MINUTES, limit: ANOMALY_OPERATIONS } }))
      .map((row) => ({ service: String(row['service']), operation: String(row['operation']) })).sort((left, right) => ascending(left.service, right.service) || ascending(left.operation, right.operation));
    const params = {
      windows: JSON.stringify(ordered.map(({ fromMs, isBeforeTicket = false }, position) => ({ position, quarter: fromMs / WINDOW_MS, before: isBeforeTicket }))),
      unusual: JSON.stringify(unusual.map(quartersOf)), ...minutesOf(ordered.map(({ fromMs }) => fromMs)), late_minutes: LATE_MINUTES,
    };
    const counts: OperationCounts[] = [];
    for (let first = 0; first < busiest.length; first += OPERATIONS_AT_A_TIME) {
      const operations = busiest.slice(first, first + OPERATIONS_AT_A_TIME);
      counts.push(...countsOf(await this.#database.query({ sql: WINDOWS, params: { ...params, operations: JSON.stringify(operations.map((each, id) => ({ id, ...each }))) } }), operations, ordered));
    }
    return counts;
  }

  async tickets(sinceMs: number): Promise<readonly UnusualTime[]> {
    const rows = await this.#database.query({ sql: TICKETS, params: { since_ms: sinceMs, prefix: ANOMALY_KEY } });
    return rows.map((row) => {
      const [service = '', operation = ''] = JSON.parse(String(row['key']).slice(ANOMALY_KEY.length)) as string[];
      return { service, operation, fromMs: ticketBeginMs(Number(row['started_at_ms'])), toMs: row['ended_at_ms'] == null ? undefined : Number(row['ended_at_ms']) };
    });
  }

  async burning(sinceMs: number, nowMs: number): Promise<readonly UnusualTime[]> {
    const rows = await this.#database.query({ sql: INCIDENTS, params: { since_ms: sinceMs } });
    // What pages within minutes may have begun in the quarter of an hour before.
    return rows.map((row) => ({ service: String(row['service'] ?? ''), operation: undefined, fromMs: Number(row['started_at_ms']) - WINDOW_MS, toMs: Number(row['ended_at_ms'] ?? nowMs) }));
  }

  async unusual(sinceMs: number): Promise<readonly UnusualWindow[]> {
    const rows = await this.#database.query({ sql: UNUSUAL, params: { since_minute: Math.floor(sinceMs / MINUTE_MS) } });
    return rows.map((row) => ({ service: String(row['service']), operation: String(row['operation']), fromMs: Number(row['from_minute']) * MINUTE_MS }));
  }

  async remember(operations: readonly Pick<Anomaly, 'service' | 'operation'>[], { fromMs, forgetMs }: { readonly fromMs: number; readonly forgetMs: number }): Promise<void> {
    const forget = { sql: FORGET_UNUSUAL, params: { before_minute: Math.floor(forgetMs / MINUTE_MS) } };
    const add = { sql: ADD_UNUSUAL, params: { operations: JSON.stringify(operations.map(({ service, operation }) => ({ service, operation }))), from_minute: fromMs / MINUTE_MS } };
    await this.#database.transaction(operations.length === 0 ? [forget] : [forget, add]);
  }

  async unheeded(sinceMs: number): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#database.query({ sql: UNHEEDED, params: { since_ms: sinceMs, prefix: ANOMALY_KEY } });
    return new Map(rows.map((row) => [String(row['key']), Number(row['unheeded'])]));
  }
}

function countsOf(rows: readonly Row[], operations: readonly Pick<Anomaly, 'service' | 'operation'>[], windows: readonly CountedWindow[]): readonly OperationCounts[] {
  const counts = new Map<number, OperationCounts & { readonly windows: WindowCount[] }>();
  for (const row of rows) {
    const id = Number(row['id']);
    const own = counts.get(id) ?? { ...operations[id]!, usualP95Ns: durationOf(row, 'usual_bucket'), p95Ns: durationOf(row, 'now_bucket'), windows: [] };
    counts.set(id, own);
    const { fromMs, baseline } = windows[Number(row['position'])]!;
    own.windows.push({
      fromMs, baseline, requests: Number(row['requests']), errors: Number(row['errors']), slow: Number(row['slow']),
      requestsSquared: Number(row['requests_squared']), errorsSquared: Number(row['errors_squared']), slowSquared: Number(row['slow_squared']),
    });
  }
  return [...counts.values()];
}

/** From the first of these windows to the end of the last. */
function minutesOf(windows: readonly number[]): { readonly from_minute: number; readonly to_minute: number } {
  return { from_minute: Math.min(...windows) / MINUTE_MS, to_minute: (Math.max(...windows) + WINDOW_MS) / MINUTE_MS };
}

/** In whole quarters of an hour; the one in which it began is unusual. `past` null: open, and the hours from `usual` to `first` are what it is compared with. */
function quartersOf(unusual: UnusualTime): Record<string, unknown> {
  const { service, operation = null, fromMs, toMs } = unusual;
  return { service, operation, first: Math.floor(fromMs / WINDOW_MS), past: toMs === undefined ? null : Math.ceil(toMs / WINDOW_MS), usual: Math.floor(hoursBefore(unusual).fromMs / WINDOW_MS) };
}

function durationOf(row: Row, column: string): number {
  const bucket = row[column];
  return bucket === null || bucket === undefined ? 0 : bucketMiddleNs(Number(bucket));
}
