import type { Slo } from '../config/slo.js';
import { allowedRatio } from './error-budget.js';
import { MinuteSeries, noSlices, type CountSeries, type SeriesLimits, type SliceDelta, type SliceTotals } from './minute-series.js';
import { effectiveTotal } from './window-reading.js';

/** One of the objectives that share a budget. */
export interface SeriesPart {
  readonly slo: Pick<Slo, 'target'>;
  readonly weight: number;
  readonly series: CountSeries;
}

/**
 * Objectives of events under one budget (OpenSLO v1, composite with Occurrences: the whole burns at the rate of each part times its weight).
 *
 * With vᵢ = wᵢ/(1-tᵢ) and V = Σvᵢ the whole has the budget 1/V and the error ratio Σ(vᵢ/V)·eᵢ: its burn rate is Σwᵢ·burnᵢ. A part without
 * events burns nothing. The ratio is told as so many bad events of n, n = E/Σ(aᵢ²eᵢ/nᵢ) with E = Σaᵢeᵢ and aᵢ = vᵢ/V: the first two moments of a
 * weighted sum of Poisson counts (Fay & Feuer 1997), so that the evidence gate takes it like the counts of a single SLO. One failing
 * part alone gives exactly its own bad events.
 */
export class CompositeSeries implements CountSeries {
  readonly #parts: readonly (SeriesPart & { readonly share: number })[];

  constructor(parts: readonly SeriesPart[]) {
    const budgets = parts.map(({ slo, weight }) => weight / allowedRatio(slo.target));
    const whole = budgets.reduce((sum, each) => sum + each, 0);
    this.#parts = parts.map((part, index) => ({ ...part, share: (budgets[index] ?? 0) / whole }));
  }

  get firstMinute(): number | undefined {
    return least(this.#parts.map(({ series }) => series.firstMinute));
  }

  get lastMinute(): number | undefined {
    const last = this.#parts.flatMap(({ series: { lastMinute } }) => (lastMinute === undefined ? [] : [lastMinute]));
    return last.length === 0 ? undefined : Math.max(...last);
  }

  get exactFromMinute(): number {
    return Math.max(...this.#parts.map(({ series }) => series.exactFromMinute));
  }

  get limits(): SeriesLimits {
    return {
      windowMinutes: Math.max(...this.#parts.map(({ series }) => series.limits.windowMinutes)),
      detailMinutes: Math.max(...this.#parts.map(({ series }) => series.limits.detailMinutes)),
    };
  }

  sum(fromMinute: number, toMinute: number): SliceTotals {
    const totals = noSlices();
    let errors = 0;
    let spread = 0;
    let quietSpread = 0;
    for (const { series, share } of this.#parts) {
      const own = series.sum(fromMinute, toMinute);
      totals.events += own.events;
      totals.unknownWeight += own.unknownWeight;
      const known = effectiveTotal(own);
      if (known <= 0) continue;
      const ratio = own.bad / (own.good + own.bad);
      errors += share * ratio;
      spread += (share * share * ratio) / known;
      quietSpread += (share * share) / known;
    }
    if (quietSpread === 0) return totals;
    const total = errors === 0 ? 1 / quietSpread : errors / spread;
    totals.bad = errors * total;
    totals.good = total - totals.bad;
    totals.badSquared = totals.bad;
    totals.goodSquared = totals.good;
    return totals;
  }

  lastBadMinute(fromMinute: number, toMinute: number): number | undefined {
    const last = this.#parts.flatMap(({ series }) => series.lastBadMinute(fromMinute, toMinute) ?? []);
    return last.length === 0 ? undefined : Math.max(...last);
  }

  remember(beforeHour: number, compute: (series: MinuteSeries) => number): number {
    return Math.max(...this.#parts.map(({ series }) => series.remember(beforeHour, compute)));
  }
}

/** What part of a slice is bad for the whole, by what is bad for its parts; undefined where no part had an event. */
export function compositeSlice(parts: readonly { readonly good: number; readonly bad: number; readonly weight: number }[], isRatio: boolean): number | undefined {
  const known = parts.filter(({ good, bad }) => good + bad > 0);
  if (known.length === 0) return undefined;
  if (!isRatio) return known.some(({ bad }) => bad > 0) ? 1 : 0;
  return Math.min(1, known.reduce((sum, { good, bad, weight }) => sum + (weight * bad) / (good + bad), 0));
}

export interface SlicePart {
  readonly weight: number;
  /** Its slices: one event in the first minute of each. */
  readonly series: CountSeries;
}

/**
 * Objectives of slices under one budget: with Timeslices a slice is bad where it is bad for any part, with RatioTimeslices the bad
 * shares of the parts, each times its weight, are missing from the whole (95 % and 95 % make 90 %). Kept up to date slice by slice.
 */
export class CompositeSlices {
  readonly series: MinuteSeries;
  readonly #parts: readonly SlicePart[];
  readonly #method: { readonly sliceMinutes: number; readonly isRatio: boolean };

  constructor(parts: readonly SlicePart[], method: { readonly sliceMinutes: number; readonly isRatio: boolean }, limits: SeriesLimits) {
    this.#parts = parts;
    this.#method = method;
    this.series = new MinuteSeries(limits);
    const last = Math.max(-1, ...parts.map(({ series }) => series.lastMinute ?? -1));
    const first = least(parts.map(({ series }) => series.firstMinute)) ?? last + 1;
    for (let minute = first; minute <= last; minute += method.sliceMinutes) this.add({ eventMinute: minute });
  }

  /** A part has taken this. */
  add({ eventMinute }: Pick<SliceDelta, 'eventMinute'>): void {
    const minute = eventMinute - (eventMinute % this.#method.sliceMinutes);
    const sums = this.#parts.map(({ series, weight }) => ({ ...series.sum(minute, minute + 1), weight }));
    const bad = compositeSlice(sums, this.#method.isRatio);
    if (bad === undefined) return;
    const before = this.series.sum(minute, minute + 1);
    const unknown = Math.max(...sums.map(({ unknownWeight }) => unknownWeight));
    const [more, worse] = [1 - bad - before.good, bad - before.bad];
    if (more === 0 && worse === 0 && before.unknownWeight === unknown) return;
    this.series.add({ eventMinute: minute, good: more, bad: worse, goodSquared: more, badSquared: worse, events: before.events === 0 ? 1 : 0, unknownWeight: unknown - before.unknownWeight });
  }
}

function least(minutes: readonly (number | undefined)[]): number | undefined {
  const known = minutes.filter((minute) => minute !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
