import { hoursBefore, ticketBeginMs, WINDOW_MS, type CountedWindow, type TicketTime } from '../diagnosis/anomaly/baseline-windows.js';
import type { OperationCounts, WindowCount } from '../diagnosis/anomaly/judge-anomalies.js';
import { MINUTE_MS } from '../lib/duration.js';
import { bucketMiddleNs } from '../sli/latency-bucket.js';
import type { Database, Row } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { ANOMALY_KEY, ANOMALY_OPERATIONS, type AnomalyReader } from './anomaly-reader.js';

const WINDOWS = loadSql(import.meta.url, 'anomaly-windows.sql');
const TICKETS = loadSql(import.meta.url, 'anomaly-tickets.sql');
const UNHEEDED = loadSql(import.meta.url, 'anomaly-unheeded.sql');
/** What arrives later is history: imported, or a buffer that was emptied. */
const LATE_MINUTES = 60;

export class DuckdbAnomalyReader implements AnomalyReader {
  readonly #database: Pick<Database, 'query'>;

  constructor(database: Pick<Database, 'query'>) {
    this.#database = database;
  }

  async counts(windows: readonly CountedWindow[], tickets: readonly TicketTime[]): Promise<readonly OperationCounts[]> {
    const ordered = [...windows].sort((left, right) => Number(left.baseline !== undefined) - Number(right.baseline !== undefined));
    const minutes = ordered.map(({ fromMs, isBeforeTicket = false }, position) => ({ position, first: fromMs / MINUTE_MS, past: (fromMs + WINDOW_MS) / MINUTE_MS, before: isBeforeTicket }));
    const rows = await this.#database.query({
      sql: WINDOWS,
      params: {
        windows: JSON.stringify(minutes), tickets: JSON.stringify(tickets.map(ticketMinutes)), from_minute: Math.min(...minutes.map(({ first }) => first)), to_minute: Math.max(...minutes.map(({ past }) => past)),
        late_minutes: LATE_MINUTES, limit: ANOMALY_OPERATIONS,
      },
    });
    const operations = new Map<string, OperationCounts & { readonly windows: WindowCount[] }>();
    for (const row of rows) {
      const key = JSON.stringify([row['service'], row['operation']]);
      const own = operations.get(key) ?? { service: String(row['service']), operation: String(row['operation']), usualP95Ns: durationOf(row, 'usual_bucket'), p95Ns: durationOf(row, 'now_bucket'), windows: [] };
      operations.set(key, own);
      const { fromMs, baseline } = ordered[Number(row['position'])]!;
      own.windows.push({ fromMs, baseline, requests: Number(row['requests']), errors: Number(row['errors']), slow: Number(row['slow']) });
    }
    return [...operations.values()];
  }

  async tickets(sinceMs: number): Promise<readonly TicketTime[]> {
    const rows = await this.#database.query({ sql: TICKETS, params: { since_ms: sinceMs, prefix: ANOMALY_KEY } });
    return rows.map((row) => {
      const [service = '', operation = ''] = JSON.parse(String(row['key']).slice(ANOMALY_KEY.length)) as string[];
      return { service, operation, fromMs: ticketBeginMs(Number(row['started_at_ms'])), toMs: row['ended_at_ms'] == null ? undefined : Number(row['ended_at_ms']) };
    });
  }

  async unheeded(sinceMs: number): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#database.query({ sql: UNHEEDED, params: { since_ms: sinceMs, prefix: ANOMALY_KEY } });
    return new Map(rows.map((row) => [String(row['key']), Number(row['unheeded'])]));
  }
}

/** `past` null: open, and the hours from `usual` on are what it is compared with. */
function ticketMinutes(ticket: TicketTime): Record<string, unknown> {
  const { service, operation, fromMs, toMs } = ticket;
  return { service, operation, first: fromMs / MINUTE_MS, past: toMs === undefined ? null : Math.ceil(toMs / MINUTE_MS), usual: hoursBefore(ticket).fromMs / MINUTE_MS };
}

function durationOf(row: Row, column: string): number {
  const bucket = row[column];
  return bucket === null || bucket === undefined ? 0 : bucketMiddleNs(Number(bucket));
}
