import type { Clock } from '../lib/clock.js';
import { HOUR_MS } from '../lib/duration.js';
import type { Database } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { periodBefore, type AuditKind, type AuditPeriod } from './audit-period.js';
import { monthAudit, quarterAudit, type QualityAudit, type StoredTraces } from './quality-audit.js';
import { hoursOf, type DuckdbQualityArchive } from './duckdb-quality-archive.js';
import type { QualityReader, ReportWindow } from './quality-reader.js';
import type { QualityReport } from './quality-report.js';

/** A month of which less is stored is not compared with another. */
const WHOLE = 0.95;
const STORED = loadSql(import.meta.url, 'read-stored-traces.sql');

export interface QualityAuditsPorts {
  readonly report: (window: ReportWindow, asked: ReportWindow) => Promise<QualityReport>;
  readonly reader: Pick<QualityReader, 'facts'>;
  readonly database: Pick<Database, 'query'>;
  readonly archive: Pick<DuckdbQualityArchive, 'isMade' | 'claim' | 'hours'>;
  readonly clock: Clock;
  readonly hotRetentionMs: number;
  readonly archiveMaxAgeMs: () => number;
  readonly pricePerMillionSpans: number | undefined;
}

/** What is looked at less often than weekly: cost and retention by month, instrumentation by quarter. */
export class QualityAudits {
  readonly #ports: QualityAuditsPorts;

  constructor(ports: QualityAuditsPorts) {
    this.#ports = ports;
  }

  /** @param window the part of the period that is read. */
  async audit(period: AuditPeriod, window = period.window): Promise<QualityAudit> {
    const { report: reportOf, clock } = this.#ports;
    const report = await reportOf(window, period.window);
    return {
      period, window, generatedAtMs: clock.nowMs(), spans: report.overall.spans,
      month: period.kind === 'month' ? await this.#month(period, report) : undefined, quarter: period.kind === 'quarter' ? quarterAudit(report) : undefined,
    };
  }

  /** The audit of the last whole period, once among all replicas; undefined where it was made, or its hour has not come. */
  async due(kind: AuditKind, hour: number): Promise<QualityAudit | undefined> {
    const { archive, clock } = this.#ports;
    const nowMs = clock.nowMs();
    const period = periodBefore(kind, nowMs);
    if (nowMs < period.window.toMs + hour * HOUR_MS || (await archive.isMade(kind, period.window.fromMs))) return undefined;
    const audit = await this.audit(period);
    return (await archive.claim(kind, period.window.fromMs, nowMs)) ? audit : undefined;
  }

  async #month({ window }: AuditPeriod, report: QualityReport): Promise<QualityAudit['month']> {
    const { reader, clock, hotRetentionMs, archiveMaxAgeMs, pricePerMillionSpans } = this.#ports;
    const before = periodBefore('month', window.fromMs).window;
    const areWhole = (await this.#isWhole(window)) && (await this.#isWhole(before));
    const spansBefore = areWhole ? (await reader.facts(before)).filter(({ fact }) => fact === 'spans').reduce((sum, { n }) => sum + n, 0) : undefined;
    return monthAudit({ report, spansBefore, stored: await this.#stored(), hotRetentionMs, archiveMaxAgeMs: archiveMaxAgeMs(), pricePerMillionSpans, nowMs: clock.nowMs() });
  }

  async #isWhole(window: ReportWindow): Promise<boolean> {
    return (await this.#ports.archive.hours(window)).size >= WHOLE * hoursOf(window).length;
  }

  async #stored(): Promise<StoredTraces> {
    const [row = {}] = await this.#ports.database.query({ sql: STORED });
    const time = (value: unknown): number | undefined => (value == null ? undefined : Number(value));
    return { hotSpans: Number(row['hot_spans']), archivedSpans: Number(row['archived_spans']), archivedBytes: Number(row['archived_bytes']), oldestHotMs: time(row['oldest_hot_ms']), oldestArchivedMs: time(row['oldest_archived_ms']) };
  }
}
