import type { ServiceHygiene } from '../ingest/normalise-services.js';
import type { Clock } from '../lib/clock.js';
import type { QualityFact } from './quality-fact.js';
import type { QualityReader, ReportWindow } from './quality-reader.js';
import type { QualitySurroundings } from './quality-surroundings.js';
import { buildQualityReport, type EarlierReport, type QualityReport, type WeekPoint } from './quality-report.js';
import type { QualityRules } from '../config/quality-rule.js';
import type { QualityPrices } from './quality-measures.js';

/** What a report needs besides the spans. */
export interface QualityReportsPorts {
  readonly reader: QualityReader;
  readonly clock: Clock;
  /** What was put right on the way in since the start, by service; nothing where nobody counted. */
  readonly hygiene: () => Promise<readonly ServiceHygiene[]>;
  readonly owners: () => ReadonlyMap<string, string>;
  readonly rules: () => Pick<QualityRules, 'thresholds' | 'glossary'>;
  readonly prices?: QualityPrices | undefined;
  /** Alerts, SLOs, errors and readers of the time; left out where there is nothing but spans. */
  readonly around?: (window: ReportWindow) => Promise<QualitySurroundings>;
  /** The weeks before a time, oldest first. */
  readonly history?: (toMs: number) => Promise<readonly WeekPoint[]>;
  /** The stored report of the window that began `weeks` weeks before this one. */
  readonly earlier: (window: ReportWindow, weeks: number) => Promise<EarlierReport | undefined>;
}

const WEEKS_BEFORE = 4;

/** Loads what a report is made of, and has it made. */
export class QualityReports {
  readonly #ports: QualityReportsPorts;

  constructor(ports: QualityReportsPorts) {
    this.#ports = ports;
  }

  /** @param asked the time that was asked for, where this is a part of it. */
  async report(window: ReportWindow, asked?: ReportWindow): Promise<QualityReport> {
    const { reader, clock, hygiene, owners, rules, prices, earlier } = this.#ports;
    const [facts, ledger, counted] = [await reader.facts(window), await reader.ledger(window), await reader.counted(window)];
    const [lastWeek, fourWeeksAgo] = [await earlier(window, 1), await earlier(window, WEEKS_BEFORE)];
    const history = (await this.#ports.history?.(window.fromMs)) ?? [];
    // A week that is not over yet ends now: budgets look back from here, not from its end.
    const around = await this.#ports.around?.({ fromMs: window.fromMs, toMs: Math.max(window.fromMs, Math.min(window.toMs, clock.nowMs())) });
    return buildQualityReport({
      facts: [...facts, ...(await hygiene()).flatMap(hygieneFacts)], window, asked, nowMs: clock.nowMs(), history, ledger, counted, ...rules(), owners: owners(),
      ...(around === undefined ? {} : { around }), ...(prices === undefined ? {} : { prices }), ...(lastWeek === undefined ? {} : { lastWeek }), ...(fourWeeksAgo === undefined ? {} : { fourWeeksAgo }),
    });
  }
}

function hygieneFacts({ service, oldNames }: ServiceHygiene): QualityFact[] {
  return Object.entries(oldNames).filter(([, n]) => n > 0).map(([name, n]) => ({ fact: 'old-name', service, subject: name, n, bad: n, value: 0, examples: [] }));
}
