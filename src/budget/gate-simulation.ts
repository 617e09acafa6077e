import type { Severity, Slo } from '../config/slo.js';
import { DAY_MS, MINUTE_MS } from '../lib/duration.js';
import { significanceOf } from './evidence-gate.js';
import { isFiring, type FiringBefore } from './firing.js';
import { MinuteSeries, minuteOf } from './minute-series.js';
import { randomOf, type RandomSource } from './random-source.js';
import type { TierReading } from './readings.js';
import { seriesLimits } from './slice-index.js';
import { WORKBOOK_POLICY, buildSlo, minuteOfEvents } from './slo-builder.js';
import { SEVERITY_RANK, evaluateSlo, type SloStatus } from './slo-status.js';
import { fullCoverage } from './window-reading.js';

/**
 * Services that are well or ill, minute by minute, and what three rules make of them: the windows alone (the workbook as it stands),
 * the gate on the long window only, and the gate as it is. Seeded: the same figures on every machine.
 */
export type Rule = 'windows' | 'long-only' | 'gate';

export const SIMULATED = buildSlo();
export const SIMULATED_PAGES = buildSlo({ policy: { ...WORKBOOK_POLICY, tiers: WORKBOOK_POLICY.tiers.filter(({ severity }) => severity === 'page') } });

const START = minuteOf(Date.UTC(2026, 0, 5));
const DAY = DAY_MS / MINUTE_MS;
/** A page that ended less than an hour ago is the same page. */
const SAME_PAGE_MINUTES = 60;
/** Before an incident: enough days for the over-dispersion to be known. */
const HISTORY_DAYS = 5;

export interface Traffic {
  readonly perHour: number;
  /** Burn rate: the share of failures is this times what the budget allows. */
  readonly burn: number;
  readonly seed: number;
  /** One cause makes this many requests in a row fail. */
  readonly cluster?: number;
  /** Traffic swings over the day between nearly nothing and twice the mean. */
  readonly daily?: boolean;
}

/** The requests of one service, in the order of minutes. */
class Requests {
  readonly random: RandomSource;
  #failNext = 0;

  constructor(readonly traffic: Traffic) {
    this.random = randomOf(traffic.seed * 7_919 + traffic.perHour);
  }

  /** Counts of the next minute; `failing` replaces the share of failures while an incident lasts. */
  minute(offset: number, failing?: number): { readonly good: number; readonly bad: number } {
    const { perHour, burn, cluster = 1, daily = false } = this.traffic;
    const swing = daily ? 1 + 0.95 * Math.sin((2 * Math.PI * offset) / DAY) : 1;
    const total = this.random.poisson((perHour / 60) * swing);
    if (failing !== undefined) return split(total, this.random.binomial(total, failing));
    this.#failNext += this.random.binomial(total, (burn * 0.001) / cluster) * cluster;
    const bad = Math.min(total, this.#failNext);
    this.#failNext -= bad;
    return split(total, bad);
  }
}

function split(total: number, bad: number): { readonly good: number; readonly bad: number } {
  return { good: total - bad, bad };
}

/** Does the tier fire by this rule? The gate on the long window only is what its p-value alone says. */
export function firesBy(rule: Rule, reading: TierReading): boolean {
  if (rule === 'windows') return reading.exceeded;
  if (rule === 'gate') return reading.firing;
  return reading.exceeded && reading.evidence.pValue < significanceOf(WORKBOOK_POLICY.evidence, reading.tier);
}

function statusBy(rule: Rule, status: SloStatus): SloStatus {
  const tiers = status.tiers.map((reading) => ({ ...reading, firing: firesBy(rule, reading) }));
  const firing = tiers.filter((reading) => reading.firing).sort((left, right) => SEVERITY_RANK[right.tier.severity] - SEVERITY_RANK[left.tier.severity])[0];
  return { ...status, tiers, firing, state: firing?.tier.severity ?? 'ok' };
}

interface Moment {
  readonly slo: Slo;
  readonly series: MinuteSeries;
  readonly minute: number;
  readonly dispersion?: number;
}

function statusAt({ slo, series, minute, dispersion }: Moment): SloStatus {
  return evaluateSlo(slo, series, { nowMs: (minute + 1) * MINUTE_MS - 1, coverage: fullCoverage, ...(dispersion === undefined ? {} : { dispersion }) });
}

export interface PagesPerMonth {
  gated: number;
  /** With the gate, but every error taken for independent. */
  uncorrected: number;
  windows: number;
}

/** Pages within thirty days of a service that keeps its promise: each is false. */
export function falsePages(traffic: Traffic): PagesPerMonth {
  const requests = new Requests(traffic);
  const series = new MinuteSeries(seriesLimits(SIMULATED_PAGES));
  const pages: PagesPerMonth = { gated: 0, uncorrected: 0, windows: 0 };
  const until: PagesPerMonth = { gated: 0, uncorrected: 0, windows: 0 };
  for (let offset = 0; offset < 30 * DAY; offset += 1) {
    const minute = START + offset;
    const counts = requests.minute(offset);
    if (counts.good + counts.bad > 0) series.add(minuteOfEvents(minute, counts));
    if (offset % DAY === 0) series.trim(minute);
    // A tier begins to fire only in a minute with a failure.
    if (counts.bad === 0) continue;
    const status = statusAt({ slo: SIMULATED_PAGES, series, minute });
    const plain = status.tiers.some(({ exceeded }) => exceeded);
    const fires = {
      gated: status.firing !== undefined, windows: plain,
      uncorrected: plain && statusAt({ slo: SIMULATED_PAGES, series, minute, dispersion: 1 }).firing !== undefined,
    };
    for (const rule of ['gated', 'uncorrected', 'windows'] as const) {
      if (!fires[rule]) continue;
      if (minute >= until[rule]) pages[rule] += 1;
      until[rule] = minute + SAME_PAGE_MINUTES;
    }
  }
  return pages;
}

export interface Illness {
  readonly perHour: number;
  /** Share of requests that fail from the start of the incident on. */
  readonly failing: number;
  readonly seed: number;
  readonly slo: Slo;
  readonly limitMinutes: number;
}

/** Minutes from the start of an incident to the first alert, by rule, after five days at a fifth of the budget; undefined where none comes in time. */
export function minutesToAlert({ perHour, failing, seed, slo, limitMinutes }: Illness): Partial<Record<Rule, number>> {
  const requests = new Requests({ perHour, burn: 0.2, seed });
  const series = new MinuteSeries(seriesLimits(slo));
  for (let offset = -HISTORY_DAYS * DAY; offset < 0; offset += 1) series.add(minuteOfEvents(START + offset, requests.minute(offset)));
  const found: Partial<Record<Rule, number>> = {};
  for (let offset = 0; offset < limitMinutes && found.gate === undefined; offset += 1) {
    const minute = START + offset;
    const counts = requests.minute(offset, failing);
    series.add(minuteOfEvents(minute, counts));
    if (counts.bad === 0) continue;
    const { tiers } = statusAt({ slo, series, minute });
    for (const rule of ['windows', 'long-only', 'gate'] as const) if (tiers.some((reading) => firesBy(rule, reading))) found[rule] ??= offset + 1;
  }
  return found;
}

export interface Aftermath {
  /** New pages and tickets in the three days after the incident's own. */
  pages: number;
  tickets: number;
}

/** A total outage of five minutes, then three days of a service that is well: what else is told? With hysteresis, as alerts live. */
export function aftermath(traffic: Traffic): Record<'long-only' | 'gate', Aftermath> {
  const requests = new Requests(traffic);
  const series = new MinuteSeries(seriesLimits(SIMULATED));
  for (let offset = -HISTORY_DAYS * DAY; offset < 0; offset += 1) series.add(minuteOfEvents(START + offset, requests.minute(offset)));
  const alerts = { 'long-only': new AlertLife('long-only'), gate: new AlertLife('gate') };
  for (let offset = 0; offset < 3 * DAY; offset += 1) {
    const minute = START + offset;
    const counts = requests.minute(offset, offset < 5 ? 1 : undefined);
    series.add(minuteOfEvents(minute, counts));
    // An alert begins with a failure; whether an open one may end is asked every five minutes.
    if (counts.bad === 0 && (offset % 5 !== 0 || Object.values(alerts).every(({ isQuiet }) => isQuiet))) continue;
    const status = statusAt({ slo: SIMULATED, series, minute });
    for (const alert of Object.values(alerts)) alert.see(status, offset);
  }
  return { 'long-only': alerts['long-only'].news, gate: alerts.gate.news };
}

/** So long after its start an alert still is the outage's own. */
const OUTAGE_NEWS_MINUTES = 35;

class AlertLife {
  readonly news: Aftermath = { pages: 0, tickets: 0 };
  #before: FiringBefore | undefined;

  constructor(readonly rule: Rule) {}

  get isQuiet(): boolean {
    return this.#before === undefined;
  }

  see(status: SloStatus, offset: number): void {
    const { severity } = isFiring(statusBy(this.rule, status), this.#before);
    if (offset > OUTAGE_NEWS_MINUTES) this.#count(this.#before?.severity, severity);
    if (severity !== this.#before?.severity) this.#before = severity === undefined ? undefined : { severity, sinceMs: status.atMs };
  }

  #count(before: Severity | undefined, now: Severity | undefined): void {
    if (now === 'page' && before !== 'page') this.news.pages += 1;
    if (now === 'ticket' && before === undefined) this.news.tickets += 1;
  }
}
