import type { Clock } from '../lib/clock.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { hoursOf, type DuckdbQualityArchive } from './duckdb-quality-archive.js';
import type { AuditKind, AuditPeriod } from './audit-period.js';
import type { QualityAudit } from './quality-audit.js';
import type { QualityAudits } from './quality-audits.js';
import type { QualityReader, ReportWindow, SpanCount } from './quality-reader.js';
import { earlierOf, type QualityReport } from './quality-report.js';
import type { QualityReports } from './quality-reports.js';
import { startOfWeek, WEEK_MS } from './quality-week.js';

/** Younger spans still wait for their parents. */
const SETTLE_MS = MINUTE_MS;
/** An hour is taken when what is late has come. */
const LATE_MS = 10 * MINUTE_MS;
/** The same report is not made again within this. */
const FRESH_MS = MINUTE_MS;
/** Hours that are older have lost their spans, or never had any. */
const CATCH_UP_MS = 2 * DAY_MS;
const MAX_MADE = 8;
/** Of what no stored hour holds yet, so many spans are read for a report: some two seconds of a processor. */
export const FRESH_SPANS = 500_000;

export interface QualityServicePorts {
  readonly reports: Pick<QualityReports, 'report'>;
  /** Computes from the spans, past what is stored. */
  readonly live: QualityReader & SpanCount;
  readonly archive: DuckdbQualityArchive;
  readonly audits: Pick<QualityAudits, 'audit' | 'due'>;
  readonly clock: Clock;
}

/** Reports as pages, the API and the weekly job ask for them: one at a time, and the same one not twice a minute. */
export class QualityService {
  readonly #ports: QualityServicePorts;
  readonly #made = new Map<string, { readonly atMs: number; readonly report: Promise<QualityReport> }>();
  #working: Promise<unknown> = Promise.resolve();

  constructor(ports: QualityServicePorts) {
    this.#ports = ports;
  }

  /** Undefined: the seven days up to now. */
  report(week: ReportWindow | undefined): Promise<QualityReport> {
    const nowMs = this.#ports.clock.nowMs();
    const key = week === undefined ? '' : String(week.fromMs);
    const made = this.#made.get(key);
    if (made !== undefined && nowMs - made.atMs < FRESH_MS) return made.report;
    const toMs = Math.floor((nowMs - SETTLE_MS) / MINUTE_MS) * MINUTE_MS;
    const asked = week ?? { fromMs: toMs - WEEK_MS, toMs };
    const report = this.#alone(async () => this.#ports.reports.report(await this.#readable(asked), asked));
    this.#remember(key, { atMs: nowMs, report });
    report.catch(() => this.#made.delete(key));
    return report;
  }

  /** The window, without its end where that holds more spans than are read for one report: up to the last hour that is stored, else the last minutes alone. */
  async #readable(window: ReportWindow): Promise<ReportWindow> {
    const { archive, live } = this.#ports;
    const storedToMs = Math.max(window.fromMs, ...[...(await archive.hours(window))].map((hour) => hour + HOUR_MS));
    let fresh = { fromMs: storedToMs, toMs: window.toMs };
    if ((await live.count(fresh)) <= FRESH_SPANS) return window;
    if (storedToMs > window.fromMs) return { fromMs: window.fromMs, toMs: storedToMs };
    while (fresh.toMs - fresh.fromMs > MINUTE_MS && (await live.count(fresh)) > FRESH_SPANS) fresh = { ...fresh, fromMs: fresh.toMs - Math.ceil((fresh.toMs - fresh.fromMs) / (2 * MINUTE_MS)) * MINUTE_MS };
    return fresh;
  }

  /** Stores the facts of one hour that has none yet, the oldest first. @returns whether there may be more. */
  async keepHour(): Promise<boolean> {
    const { archive, live, clock } = this.#ports;
    const nowMs = clock.nowMs();
    const window = { fromMs: nowMs - CATCH_UP_MS, toMs: nowMs - LATE_MS };
    const known = await archive.hours(window);
    const [hour, ...more] = hoursOf(window).filter((each) => !known.has(each));
    if (hour === undefined) return false;
    // Reports go on beside it: where spans are many, an hour takes minutes.
    await archive.storeHour(hour, await live.facts({ fromMs: hour, toMs: hour + HOUR_MS }));
    return more.length > 0;
  }

  /** The report of the last whole week, once: undefined where it was made before or is not due. `offsetMs`: how long after Monday 00:00 UTC it is due. */
  async weekly(offsetMs: number): Promise<QualityReport | undefined> {
    const { archive, clock } = this.#ports;
    const toMs = startOfWeek(clock.nowMs() - offsetMs);
    const window = { fromMs: toMs - WEEK_MS, toMs };
    if ((await archive.report(window.fromMs)) !== undefined) return undefined;
    // Whole, however much of it was not counted by the hour: it is made once, and later ones compare with it.
    const report = await this.#alone(() => this.#ports.reports.report(window));
    return (await archive.storeReport(earlierOf(report), clock.nowMs())) ? report : undefined;
  }

  audit(period: AuditPeriod): Promise<QualityAudit> {
    return this.#alone(async () => this.#ports.audits.audit(period, await this.#readable(period.window)));
  }

  /** The audit that is due, once: undefined where none is. */
  dueAudit(kind: AuditKind, hour: number): Promise<QualityAudit | undefined> {
    return this.#alone(() => this.#ports.audits.due(kind, hour));
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#working.then(work, work);
    this.#working = result.catch(() => undefined);
    return result;
  }

  #remember(key: string, made: { readonly atMs: number; readonly report: Promise<QualityReport> }): void {
    this.#made.delete(key);
    this.#made.set(key, made);
    const [oldest] = this.#made.keys();
    if (this.#made.size > MAX_MADE && oldest !== undefined) this.#made.delete(oldest);
  }
}
