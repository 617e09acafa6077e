import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import type { MinuteCount } from './slo-history-reader.js';
import type { TimeWindow } from './time-window.js';

/** One moment of an SLO's past. Ratios are undefined while their window holds no event: zero events is not 100 %. */
export interface SloHistoryPoint {
  readonly atMs: number;
  /** Events of the step that ends here. */
  readonly good: number;
  readonly bad: number;
  /** Over the step that ends here. */
  readonly errorRatio: number | undefined;
  /** Events of the SLO's window that ends here. */
  readonly window: { readonly good: number; readonly bad: number };
  /** Signed: 1 untouched, 0 spent. Over the SLO's window that ends here. */
  readonly budgetRemaining: number | undefined;
  /** One per window asked for, in that order. */
  readonly burnRates: readonly (number | undefined)[];
}

export interface HistoryOptions extends TimeWindow {
  readonly target: number;
  readonly windowMs: number;
  readonly burnWindowsMs: readonly number[];
  readonly stepMinutes: number;
  /** Where the SLO's window that ends at a moment began; `windowMs` before it unless this says otherwise. */
  readonly windowStart?: (atMs: number) => number;
}

/** Points of a chart: more than a screen has pixels for is waste. */
export const HISTORY_POINTS = 360;

/** Steps that divide hours and days, so that windows begin where steps begin. */
const STEPS_MINUTES = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1_440];

export function historyStepMinutes(window: TimeWindow): number {
  const wanted = (window.toMs - window.fromMs) / MINUTE_MS / HISTORY_POINTS;
  return STEPS_MINUTES.find((step) => step >= wanted) ?? 1_440;
}

/** Where the reader may sum up: every budget window has begun before, and no burn window or step begins yet. Unix minutes. */
export function lumpOf(window: TimeWindow, windowMs: number, longestBurnMs: number): { readonly firstMinute: number; readonly endMinute: number } {
  const firstMinute = Math.ceil((window.toMs - windowMs) / MINUTE_MS);
  const endMinute = Math.floor((window.fromMs - longestBurnMs - HOUR_MS) / MINUTE_MS);
  return { firstMinute, endMinute: Math.max(firstMinute, endMinute) };
}

/** Sums over any stretch of time in two look-ups: windows are sums of slices, never means of ratios. */
export function sloHistory(counts: readonly MinuteCount[], options: HistoryOptions): SloHistoryPoint[] {
  const sums = new RunningSums(counts);
  const stepMs = options.stepMinutes * MINUTE_MS;
  const first = Math.ceil(options.fromMs / stepMs) * stepMs;
  const points: SloHistoryPoint[] = [];
  for (let atMs = first; atMs < options.toMs + stepMs; atMs += stepMs) points.push(pointAt(Math.min(atMs, options.toMs), sums, options));
  return points;
}

function pointAt(atMs: number, sums: RunningSums, options: HistoryOptions): SloHistoryPoint {
  const allowed = 1 - options.target;
  const step = sums.between(atMs - options.stepMinutes * MINUTE_MS, atMs);
  const window = sums.between(options.windowStart?.(atMs) ?? atMs - options.windowMs, atMs);
  const budget = errorRatio(window);
  return {
    atMs,
    ...step,
    errorRatio: errorRatio(step),
    window,
    budgetRemaining: budget === undefined ? undefined : 1 - budget / allowed,
    burnRates: options.burnWindowsMs.map((windowMs) => {
      // A window shorter than the step would find no count that begins in it.
      const ratio = errorRatio(sums.between(atMs - Math.max(windowMs, options.stepMinutes * MINUTE_MS), atMs));
      return ratio === undefined ? undefined : ratio / allowed;
    }),
  };
}

interface Events {
  readonly good: number;
  readonly bad: number;
}

function errorRatio({ good, bad }: Events): number | undefined {
  return good + bad > 0 ? bad / (good + bad) : undefined;
}

class RunningSums {
  readonly #minutes: readonly number[];
  readonly #good: readonly number[];
  readonly #bad: readonly number[];

  constructor(counts: readonly MinuteCount[]) {
    this.#minutes = counts.map((count) => count.minute);
    this.#good = cumulative(counts.map((count) => count.good));
    this.#bad = cumulative(counts.map((count) => count.bad));
  }

  /** Events of the minutes that begin in [fromMs, toMs). */
  between(fromMs: number, toMs: number): Events {
    const first = this.#indexOf(Math.ceil(fromMs / MINUTE_MS));
    const end = this.#indexOf(Math.ceil(toMs / MINUTE_MS));
    return { good: (this.#good[end] ?? 0) - (this.#good[first] ?? 0), bad: (this.#bad[end] ?? 0) - (this.#bad[first] ?? 0) };
  }

  /** Index of the first count at or after the minute. */
  #indexOf(minute: number): number {
    let low = 0;
    let high = this.#minutes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#minutes[middle] ?? 0) < minute) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function cumulative(values: readonly number[]): number[] {
  const sums = [0];
  for (const value of values) sums.push((sums.at(-1) ?? 0) + value);
  return sums;
}
