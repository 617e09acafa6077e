import { randomUUID } from 'node:crypto';
import { DAY_MS, HOUR_MS } from '../lib/duration.js';
import type { Database, Statement } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import type { AuditKind } from './audit-period.js';
import { isLargest, type ExampleSpan, type FactName, type QualityFact } from './quality-fact.js';
import type { ReportWindow } from './quality-reader.js';
import type { EarlierReport, WeekPoint } from './quality-report.js';

const READ = loadSql(import.meta.url, 'read-stored-facts.sql');
const STORE_REPORT = loadSql(import.meta.url, 'store-quality-report.sql');
const STORE = loadSql(import.meta.url, 'store-quality-facts.sql');

/** A quarter, and some days in which its audit is made. */
export const FACTS_KEPT_MS = 100 * DAY_MS;
const REPORTS_KEPT_MS = 366 * DAY_MS;

/** Facts of whole hours and weekly reports, kept after their spans are gone. */
export class DuckdbQualityArchive {
  readonly #database: Database;
  /** Tells the rows of this process from those of others. */
  readonly #maker = randomUUID();

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

  /** Whether a report of this time went out. */
  async isMade(kind: AuditKind, fromMs: number): Promise<boolean> {
    return (await this.#makerOf(kind, fromMs)) !== undefined;
  }

  /** @returns true for one process of all: that which may tell people. */
  async claim(kind: AuditKind, fromMs: number, madeAtMs: number): Promise<boolean> {
    await this.#database.transaction([this.#claim(kind, fromMs, madeAtMs)]);
    return (await this.#makerOf(kind, fromMs)) === this.#maker;
  }

  #claim(kind: AuditKind | 'week', fromMs: number, madeAtMs: number): Statement {
    return { sql: 'INSERT OR IGNORE INTO quality_audits VALUES ($kind, $from_ms, $maker, $made_at_ms)', params: { kind, from_ms: fromMs, maker: this.#maker, made_at_ms: madeAtMs } };
  }

  async #makerOf(kind: AuditKind | 'week', fromMs: number): Promise<string | undefined> {
    const [row] = await this.#database.query({ sql: 'SELECT maker FROM quality_audits WHERE kind = $kind AND from_ms = $from_ms', params: { kind, from_ms: fromMs } });
    return row === undefined ? undefined : String(row['maker']);
  }

  /** Score and findings of the reports up to a week, oldest first. */
  async history(toMs: number, weeks: number): Promise<WeekPoint[]> {
    const rows = await this.#database.query({ sql: 'SELECT document FROM quality_reports WHERE from_ms < $to_ms ORDER BY from_ms DESC LIMIT $weeks', params: { to_ms: toMs, weeks } });
    // A week without spans, as the one before Tocsin came, has neither a score nor findings.
    return rows.map((row) => JSON.parse(String(row['document'])) as EarlierReport).filter(({ overall: { spans } }) => spans > 0).map(({ window, score, findings }) => ({ fromMs: window.fromMs, score, findings: findings.length })).reverse();
  }

  /** @returns false where another process, or an earlier run, has stored it already. */
  async storeReport(report: EarlierReport, madeAtMs: number): Promise<boolean> {
    const fromMs = report.window.fromMs;
    if ((await this.report(fromMs)) !== undefined) return false;
    // One transaction: whoever has the claim has the report, also after a crash.
    await this.#database.transaction([
      this.#claim('week', fromMs, madeAtMs),
      { sql: STORE_REPORT, params: { from_ms: fromMs, made_at_ms: madeAtMs, document: JSON.stringify(report), maker: this.#maker } },
      { sql: 'DELETE FROM quality_reports WHERE from_ms < $oldest_ms', params: { oldest_ms: fromMs - REPORTS_KEPT_MS } },
    ]);
    return (await this.#makerOf('week', fromMs)) === this.#maker;
  }
}

/** The whole hours within a time. */
export function hoursOf({ fromMs, toMs }: ReportWindow): number[] {
  const hours: number[] = [];
  for (let hour = Math.ceil(fromMs / HOUR_MS) * HOUR_MS; hour + HOUR_MS <= toMs; hour += HOUR_MS) hours.push(hour);
  return hours;
}
