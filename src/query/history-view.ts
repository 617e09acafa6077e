import { periodAt, periodLimitMs } from '../budget/calendar-window.js';
import { excludedMinutesOf } from '../budget/excluded-minutes.js';
import { judgeSlice } from '../budget/judged-series.js';
import type { Slo } from '../config/slo.js';
import { formatDuration } from '../lib/duration.js';
import { compileSlo } from '../sli/compile-slo.js';
import type { Readers } from './readers.js';
import type { MinuteCount } from './slo-history-reader.js';
import { historyStepMinutes, sloHistory, type SloHistoryPoint } from './slo-history.js';
import type { TimeWindow } from './time-window.js';

export interface HistoryView {
  readonly window: TimeWindow;
  readonly stepMinutes: number;
  readonly burnWindowsMs: readonly number[];
  readonly points: readonly SloHistoryPoint[];
}

/** The long window of each tier, each once, shortest first: the lines of the burn-rate chart. */
export function burnWindowsOf(slo: Slo): number[] {
  return [...new Set(slo.policy.tiers.map((tier) => tier.longMs))].sort((left, right) => left - right);
}

/** Rules that are in force compile; were one not to, it has no slices. */
export function sliceKeyOf(slo: Slo): string {
  const compiled = compileSlo(slo);
  return compiled.ok ? compiled.value.sliceKey : slo.name;
}

export interface HistoryAsked extends TimeWindow {
  /** Of an earlier definition, by today's target and window. */
  readonly revision?: string | undefined;
}

export async function readHistory(readers: Pick<Readers, 'history'>, slo: Slo, { revision, ...window }: HistoryAsked): Promise<HistoryView> {
  const burnWindowsMs = burnWindowsOf(slo);
  const { method, calendar, exclusions } = slo;
  const stepMinutes = Math.max(historyStepMinutes(window), method?.sliceMinutes ?? 1);
  const counts = await readers.history.counts({
    ...window, sliceKey: revision === undefined ? sliceKeyOf(slo) : `${slo.name}@${revision}`, windowMs: calendar === undefined ? slo.windowMs : periodLimitMs(calendar), longestBurnMs: burnWindowsMs.at(-1) ?? 0,
    stepMinutes: exclusions === undefined ? (method?.sliceMinutes ?? stepMinutes) : 1, ...(method === undefined && calendar === undefined && exclusions === undefined ? {} : { isDetailed: true }),
  });
  const counted = exclusions === undefined ? counts : inSlices(counts.filter(({ minute }) => !excludedMinutesOf(exclusions).has(minute)), method?.sliceMinutes ?? stepMinutes);
  const judged = method === undefined ? counted : counted.map((count) => ({ minute: count.minute, ...judgeSlice(count, method) }));
  const points = sloHistory(judged, {
    ...window, target: slo.target, windowMs: slo.windowMs, burnWindowsMs, stepMinutes,
    ...(calendar === undefined ? {} : { windowStart: (atMs: number) => periodAt(calendar, atMs - 1).startMs }),
  });
  return { window, stepMinutes, burnWindowsMs, points };
}

/** Counts of minutes, in order, summed up by stretches of so many. */
function inSlices(counts: readonly MinuteCount[], minutes: number): MinuteCount[] {
  const slices: MinuteCount[] = [];
  for (const { minute, good, bad } of counts) {
    const start = minute - (minute % minutes);
    const last = slices.at(-1);
    if (last?.minute === start) slices[slices.length - 1] = { minute: start, good: last.good + good, bad: last.bad + bad };
    else slices.push({ minute: start, good, bad });
  }
  return slices;
}

export function historyJson(slo: Slo, view: HistoryView): Record<string, unknown> {
  return {
    name: slo.name,
    from: new Date(view.window.fromMs).toISOString(),
    to: new Date(view.window.toMs).toISOString(),
    stepSeconds: view.stepMinutes * 60,
    points: view.points.map((point) => ({
      at: new Date(point.atMs).toISOString(),
      good: point.good,
      bad: point.bad,
      errorRatio: point.errorRatio ?? null,
      errorBudgetRemaining: point.budgetRemaining ?? null,
      burnRates: Object.fromEntries(view.burnWindowsMs.map((windowMs, index) => [formatDuration(windowMs), point.burnRates[index] ?? null])),
    })),
  };
}
