import { MINUTE_MS } from '../lib/duration.js';
import { allowedRatio } from './error-budget.js';
import { effectiveCount, minuteOf, type CountSeries, type SliceTotals } from './minute-series.js';
import type { WindowReading } from './readings.js';

/** Share of the minutes in [fromMinute, toMinute) that were covered, since Tocsin first ran (CoverageIndex.share). */
export type CoverageOf = (fromMinute: number, toMinute: number) => number;

/** Where nothing is known about loss: tests, backtests of complete data. */
export const fullCoverage: CoverageOf = () => 1;

export interface ReadingContext {
  readonly series: CountSeries;
  readonly nowMs: number;
  readonly target: number;
  readonly coverage: CoverageOf;
  /** Variance-to-mean ratio of bad counts, ≥ 1. */
  readonly dispersion: number;
  /** Where slices are counted instead of events: a slice counts once it has ended. */
  readonly sliceMinutes?: number;
}

/** Windows end before this minute: the one after the current, or where slices are counted the start of the slice under way. */
export function endMinuteOf({ nowMs, sliceMinutes }: Pick<ReadingContext, 'nowMs' | 'sliceMinutes'>): number {
  const minute = minuteOf(nowMs);
  return sliceMinutes === undefined ? minute + 1 : minute + 1 - ((minute + 1) % sliceMinutes);
}

/**
 * The rolling window that ends now. A window of W minutes is the current minute, as far as it has come, and the W - 1 before it:
 * between W - 1 and W minutes of time, never more, so that detection is at most as late as the continuous window's.
 */
export function readWindow(context: ReadingContext, windowMs: number): { readonly reading: WindowReading; readonly totals: SliceTotals } {
  const toMinute = endMinuteOf(context);
  return readSpan(context, { fromMinute: toMinute - Math.max(1, Math.round(windowMs / MINUTE_MS)), toMinute, windowMs });
}

/** The events of [fromMinute, toMinute), told as a window of that length. */
export function readSpan(context: ReadingContext, { fromMinute, toMinute, windowMs }: { readonly fromMinute: number; readonly toMinute: number; readonly windowMs: number }): { readonly reading: WindowReading; readonly totals: SliceTotals } {
  const totals = context.series.sum(fromMinute, toMinute);
  const total = totals.good + totals.bad;
  const errorRatio = total > 0 ? totals.bad / total : undefined;
  const reading: WindowReading = {
    windowMs,
    bad: totals.bad,
    total,
    effectiveTotal: effectiveTotal(totals) / context.dispersion,
    errorRatio,
    burnRate: errorRatio === undefined ? undefined : errorRatio / allowedRatio(context.target),
    coverage: context.coverage(fromMinute, toMinute),
  };
  return { reading, totals };
}

/**
 * The number of equally weighted, independent events that would know the error ratio as well as these weighted ones do:
 * R(1-R)/Var(R) with the linearised variance of a ratio (Korn & Graubard 1998, who put it into the exact binomial as it is done here).
 * All weights equal: the number of events. Errors all kept and one success in a hundred: errors count nearly fully,
 * where Kish's (Σw)²/Σw² over both would drown them in the noise of the successes.
 */
export function effectiveTotal(totals: SliceTotals): number {
  const total = totals.good + totals.bad;
  if (total <= 0) return 0;
  if (totals.bad === 0) return effectiveCount(totals.good, totals.goodSquared);
  if (totals.good === 0) return effectiveCount(totals.bad, totals.badSquared);
  const ratio = totals.bad / total;
  const spread = (1 - ratio) ** 2 * totals.badSquared + ratio ** 2 * totals.goodSquared;
  return (ratio * (1 - ratio) * total * total) / spread;
}
