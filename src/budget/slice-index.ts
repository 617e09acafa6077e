import type { SliceMethod, Slo } from '../config/slo.js';
import { DAY_MS, MINUTE_MS } from '../lib/duration.js';
import { periodLimitMs } from './calendar-window.js';
import { MinuteSeries, minuteOf, type SeriesLimits, type SliceDelta } from './minute-series.js';
import { SlicedSeries } from './sliced-series.js';

/** Late spans and clocks that differ: minutes are kept exact for this much longer than the longest tier asks. */
const DETAIL_SLACK_MINUTES = 60;

/** For slices that arrive before their rule is known: the workbook's policy over 30 days. */
const DEFAULT_LIMITS: SeriesLimits = { windowMinutes: (30 * DAY_MS) / MINUTE_MS, detailMinutes: (3 * DAY_MS) / MINUTE_MS + DETAIL_SLACK_MINUTES };

/** How far back an SLO looks, and how far back exactly to the minute. */
export function seriesLimits(slo: Slo): SeriesLimits {
  const longestMs = Math.max(0, ...slo.policy.tiers.map((tier) => tier.longMs));
  return {
    windowMinutes: Math.ceil(Math.max(slo.calendar === undefined ? slo.windowMs : periodLimitMs(slo.calendar), longestMs) / MINUTE_MS),
    detailMinutes: Math.ceil(longestMs / MINUTE_MS) + DETAIL_SLACK_MINUTES,
  };
}

/** The slices of every SLO, by slice key. Filled from the store at start, then by each commit's deltas. */
export class SliceIndex {
  readonly #series = new Map<string, MinuteSeries>();
  /** By slice key, then by method: what SLOs are judged by that count slices instead of events. */
  readonly #sliced = new Map<string, Map<string, SlicedSeries>>();

  get size(): number {
    return this.#series.size;
  }

  /** Makes room for an SLO before its slices come. */
  track(sliceKey: string, slo: Slo): MinuteSeries {
    const limits = seriesLimits(slo);
    const series = this.#series.get(sliceKey) ?? new MinuteSeries(limits);
    series.widen(limits);
    this.#series.set(sliceKey, series);
    if (slo.method !== undefined) this.#slicedSeries(sliceKey, slo, slo.method);
    return series;
  }

  /** What the SLO is judged by: its events, or slices of them. */
  judged(sliceKey: string, slo: Slo): MinuteSeries {
    return slo.method === undefined ? this.series(sliceKey) : this.#slicedSeries(sliceKey, slo, slo.method).series;
  }

  /** A changed rule looks further back, or counts slices of what is kept as hours by now: only the store still knows those minutes. */
  needsHistory(sliceKey: string, slo: Slo): boolean {
    const series = this.#series.get(sliceKey);
    if (series === undefined || series.exactFromMinute === 0) return false;
    const { windowMinutes, detailMinutes } = seriesLimits(slo);
    const isNewMethod = slo.method !== undefined && this.#sliced.get(sliceKey)?.has(JSON.stringify(slo.method)) !== true;
    return isNewMethod || windowMinutes > series.limits.windowMinutes || detailMinutes > series.limits.detailMinutes;
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
    this.#sliced.delete(sliceKey);
    this.track(sliceKey, slo);
  }

  /** Takes rows of `slo_slices` in any order; a late one lands in its own minute. */
  add(slices: Iterable<SliceDelta & { readonly sliceKey: string }>): void {
    for (const slice of slices) {
      if (!this.series(slice.sliceKey).add(slice)) continue;
      const sliced = this.#sliced.get(slice.sliceKey);
      if (sliced !== undefined) for (const each of sliced.values()) each.touch(slice.eventMinute);
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

  /** Forgets series whose rules are gone. */
  retain(sliceKeys: ReadonlySet<string>): void {
    for (const sliceKey of this.#series.keys()) if (!sliceKeys.has(sliceKey)) this.#series.delete(sliceKey);
    for (const sliceKey of this.#sliced.keys()) if (!sliceKeys.has(sliceKey)) this.#sliced.delete(sliceKey);
  }

  /** Frees minutes that no window reaches any more. Cheap; call it about once an hour. */
  trim(nowMs: number): void {
    const nowMinute = minuteOf(nowMs);
    for (const series of this.#series.values()) series.trim(nowMinute);
    for (const sliced of this.#sliced.values()) for (const { series } of sliced.values()) series.trim(nowMinute);
  }

  #slicedSeries(sliceKey: string, slo: Slo, method: SliceMethod): SlicedSeries {
    const byMethod = this.#sliced.get(sliceKey) ?? new Map<string, SlicedSeries>();
    this.#sliced.set(sliceKey, byMethod);
    const key = JSON.stringify(method);
    let sliced = byMethod.get(key);
    if (sliced === undefined) {
      sliced = new SlicedSeries(this.series(sliceKey), method, seriesLimits(slo));
      byMethod.set(key, sliced);
    }
    sliced.series.widen(seriesLimits(slo));
    return sliced;
  }
}
