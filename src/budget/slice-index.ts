import type { Slo } from '../config/slo.js';
import { DAY_MS, MINUTE_MS } from '../lib/duration.js';
import { periodLimitMs } from './calendar-window.js';
import { excludedMinutesOf } from './excluded-minutes.js';
import { JudgedSeries } from './judged-series.js';
import { MinuteSeries, minuteOf, type SeriesLimits, type SliceDelta } from './minute-series.js';

/** Late spans and clocks that differ: minutes are kept exact for this much longer than the longest tier asks. */
const DETAIL_SLACK_MINUTES = 60;

/** For slices that arrive before their rule is known: the workbook's policy over 30 days. */
const DEFAULT_LIMITS: SeriesLimits = { windowMinutes: (30 * DAY_MS) / MINUTE_MS, detailMinutes: (3 * DAY_MS) / MINUTE_MS + DETAIL_SLACK_MINUTES };

/** How far back an SLO looks, and how far back exactly to the minute. */
export function seriesLimits(slo: Slo): SeriesLimits {
  const longestMs = Math.max(0, ...slo.policy.tiers.map((tier) => tier.longMs + (tier.afterMs ?? 0)));
  return {
    windowMinutes: Math.ceil(Math.max(slo.calendar === undefined ? slo.windowMs : periodLimitMs(slo.calendar), longestMs) / MINUTE_MS),
    detailMinutes: Math.ceil(longestMs / MINUTE_MS) + DETAIL_SLACK_MINUTES,
  };
}

/** The slices of every SLO, by slice key. Filled from the store at start, then by each commit's deltas. */
export class SliceIndex {
  readonly #series = new Map<string, MinuteSeries>();
  /** By slice key, then by what is made of its events: for SLOs that count slices instead of events, or exclude minutes. */
  readonly #judged = new Map<string, Map<string, JudgedSeries>>();

  get size(): number {
    return this.#series.size;
  }

  /** Makes room for an SLO before its slices come. */
  track(sliceKey: string, slo: Slo): MinuteSeries {
    const limits = seriesLimits(slo);
    const series = this.#series.get(sliceKey) ?? new MinuteSeries(limits);
    series.widen(limits);
    this.#series.set(sliceKey, series);
    if (isJudgedApart(slo)) this.#judgedSeries(sliceKey, slo);
    return series;
  }

  /** What the SLO is judged by: its events, or slices of them, without the minutes that are excluded. */
  judged(sliceKey: string, slo: Slo): MinuteSeries {
    return isJudgedApart(slo) ? this.#judgedSeries(sliceKey, slo).series : this.series(sliceKey);
  }

  /** A changed rule looks further back, or counts slices, or leaves out minutes, of what is kept as hours by now: only the store still knows those minutes. */
  needsHistory(sliceKey: string, slo: Slo): boolean {
    const series = this.#series.get(sliceKey);
    if (series === undefined || series.exactFromMinute === 0) return false;
    const { windowMinutes, detailMinutes } = seriesLimits(slo);
    const isNew = isJudgedApart(slo) && this.#judged.get(sliceKey)?.has(judgedKey(slo)) !== true;
    return isNew || windowMinutes > series.limits.windowMinutes || detailMinutes > series.limits.detailMinutes;
  }

  /** Builds a series anew: older minutes from rows of the store, the rest from memory, where commits have gone on meanwhile. */
  restore(sliceKey: string, slo: Slo, rows: Iterable<SliceDelta>): void {
    const before = this.series(sliceKey);
    const fresh = new MinuteSeries(before.limits);
    fresh.widen(seriesLimits(slo));
    for (const row of rows) if (row.eventMinute < before.exactFromMinute) fresh.add(row);
    for (let minute = before.exactFromMinute; minute <= (before.lastMinute ?? -1); minute += 1) {
      const totals = before.sum(minute, minute + 1);
      if (totals.events > 0) fresh.add({ ...totals, eventMinute: minute });
    }
    this.#series.set(sliceKey, fresh);
    this.#judged.delete(sliceKey);
    this.track(sliceKey, slo);
  }

  /** Takes rows of `slo_slices` in any order; a late one lands in its own minute. */
  add(slices: Iterable<SliceDelta & { readonly sliceKey: string }>): void {
    for (const slice of slices) {
      if (!this.series(slice.sliceKey).add(slice)) continue;
      const judged = this.#judged.get(slice.sliceKey);
      if (judged !== undefined) for (const each of judged.values()) each.add(slice);
    }
  }

  /** Never undefined: an SLO without a slice has an empty series. */
  series(sliceKey: string): MinuteSeries {
    let series = this.#series.get(sliceKey);
    if (series === undefined) {
      series = new MinuteSeries(DEFAULT_LIMITS);
      this.#series.set(sliceKey, series);
    }
    return series;
  }

  /** Forgets series whose rules are gone, and what was made of them for rules that changed. */
  retain(rules: readonly { readonly sliceKey: string; readonly slo: Slo }[]): void {
    const sliceKeys = new Set(rules.map(({ sliceKey }) => sliceKey));
    for (const sliceKey of this.#series.keys()) if (!sliceKeys.has(sliceKey)) this.#series.delete(sliceKey);
    const judgedKeys = new Set(rules.flatMap(({ sliceKey, slo }) => [slo, withoutExclusions(slo)].map((each) => `${sliceKey} ${judgedKey(each)}`)));
    for (const [sliceKey, judged] of this.#judged) {
      for (const key of judged.keys()) if (!judgedKeys.has(`${sliceKey} ${key}`)) judged.delete(key);
      if (judged.size === 0) this.#judged.delete(sliceKey);
    }
  }

  /** Frees minutes that no window reaches any more. Cheap; call it about once an hour. */
  trim(nowMs: number): void {
    const nowMinute = minuteOf(nowMs);
    for (const series of this.#series.values()) series.trim(nowMinute);
    for (const judged of this.#judged.values()) for (const { series } of judged.values()) series.trim(nowMinute);
  }

  #judgedSeries(sliceKey: string, slo: Slo): JudgedSeries {
    const known = this.#judged.get(sliceKey) ?? new Map<string, JudgedSeries>();
    this.#judged.set(sliceKey, known);
    const key = judgedKey(slo);
    let judged = known.get(key);
    if (judged === undefined) {
      const excluded = slo.exclusions === undefined ? undefined : excludedMinutesOf(slo.exclusions);
      judged = new JudgedSeries(this.series(sliceKey), { method: slo.method, excluded }, seriesLimits(slo));
      known.set(key, judged);
    }
    judged.series.widen(seriesLimits(slo));
    return judged;
  }
}

function isJudgedApart({ method, exclusions }: Slo): boolean {
  return method !== undefined || exclusions !== undefined;
}

function withoutExclusions({ exclusions: _, ...everything }: Slo): Slo {
  return everything;
}

/** Who excluded something and why changes no number. */
function judgedKey({ method, exclusions = [] }: Slo): string {
  return JSON.stringify([method ?? null, exclusions.map(({ window }) => window)]);
}
