import { DAY_MS, HOUR_MS } from '../lib/duration.js';
import type { Database } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { isLargest, type ExampleSpan, type FactName, type QualityFact } from './quality-fact.js';
import type { ReportWindow } from './quality-reader.js';
import type { EarlierReport } from './quality-report.js';

const READ = loadSql(import.meta.url, 'read-stored-facts.sql');
const STORE = loadSql(import.meta.url, 'store-quality-facts.sql');

/** Five weeks: four to compare with, and the one that is going on. */
export const FACTS_KEPT_MS = 35 * DAY_MS;
const REPORTS_KEPT_MS = 366 * DAY_MS;

/** Facts of whole hours and weekly reports, kept after their spans are gone. */
export class DuckdbQualityArchive {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Starts of the hours whose facts are stored. */
  async hours({ fromMs, toMs }: ReportWindow): Promise<ReadonlySet<number>> {
    const rows = await this.#database.query({ sql: 'SELECT from_ms FROM quality_hours WHERE from_ms >= $from_ms AND from_ms < $to_ms', params: { from_ms: fromMs, to_ms: toMs } });
    return new Set(rows.map((row) => Number(row['from_ms'])));
  }

  async facts({ fromMs, toMs }: ReportWindow): Promise<QualityFact[]> {
    const rows = await this.#database.query({ sql: READ, params: { from_ms: fromMs, to_ms: toMs } });
    return rows.map((row) => {
      const fact = String(row['fact']) as FactName;
      return {
        fact, service: String(row['service']), subject: String(row['subject']), n: Number(row['n']), bad: Number(row['bad']),
        value: Number(isLargest(fact) ? row['largest'] : row['value']), examples: (JSON.parse(String(row['examples'])) as [string, string][]).map(([traceId, spanId]): ExampleSpan => ({ traceId, spanId })),
      };
    });
  }

  /** Replaces what was stored of the hour, and lets go of what is too old. */
  async storeHour(fromMs: number, facts: readonly QualityFact[]): Promise<void> {
    const rows = facts.map(({ fact, service, subject, n, bad, value, examples }) => [fact, service, subject, n, bad, value, JSON.stringify(examples.map(({ traceId, spanId }) => [traceId, spanId]))]);
    const oldest = { oldest_ms: fromMs - FACTS_KEPT_MS };
    await this.#database.transaction([
      { sql: 'DELETE FROM quality_facts WHERE from_ms = $from_ms', params: { from_ms: fromMs } }, { sql: STORE, params: { from_ms: fromMs, facts: JSON.stringify(rows) } },
      { sql: 'INSERT OR IGNORE INTO quality_hours VALUES ($from_ms)', params: { from_ms: fromMs } },
      { sql: 'DELETE FROM quality_facts WHERE from_ms < $oldest_ms', params: oldest }, { sql: 'DELETE FROM quality_hours WHERE from_ms < $oldest_ms', params: oldest },
    ]);
  }

  async report(fromMs: number): Promise<EarlierReport | undefined> {
    const [row] = await this.#database.query({ sql: 'SELECT document FROM quality_reports WHERE from_ms = $from_ms', params: { from_ms: fromMs } });
    return row === undefined ? undefined : (JSON.parse(String(row['document'])) as EarlierReport);
  }

  /** @returns false where another process, or an earlier run, has stored it already. */
  async storeReport(report: EarlierReport, madeAtMs: number): Promise<boolean> {
    const fromMs = report.window.fromMs;
    if ((await this.report(fromMs)) !== undefined) return false;
    await this.#database.transaction([
      { sql: 'INSERT INTO quality_reports VALUES ($from_ms, $made_at_ms, $document)', params: { from_ms: fromMs, made_at_ms: madeAtMs, document: JSON.stringify(report) } },
      { sql: 'DELETE FROM quality_reports WHERE from_ms < $oldest_ms', params: { oldest_ms: fromMs - REPORTS_KEPT_MS } },
    ]);
    return true;
  }
}

/** The whole hours within a time. */
export function hoursOf({ fromMs, toMs }: ReportWindow): number[] {
  const hours: number[] = [];
  for (let hour = Math.ceil(fromMs / HOUR_MS) * HOUR_MS; hour + HOUR_MS <= toMs; hour += HOUR_MS) hours.push(hour);
  return hours;
}
