import { periodAt, periodLimitMs } from '../budget/calendar-window.js';
import { judgeSlice } from '../budget/sliced-series.js';
import type { Slo } from '../config/slo.js';
import { formatDuration } from '../lib/duration.js';
import { compileSlo } from '../sli/compile-slo.js';
import type { Readers } from './readers.js';
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
function sliceKeyOf(slo: Slo): string {
  const compiled = compileSlo(slo);
  return compiled.ok ? compiled.value.sliceKey : slo.name;
}

export async function readHistory(readers: Pick<Readers, 'history'>, slo: Slo, window: TimeWindow): Promise<HistoryView> {
  const burnWindowsMs = burnWindowsOf(slo);
  const { method, calendar } = slo;
  const stepMinutes = Math.max(historyStepMinutes(window), method?.sliceMinutes ?? 1);
  const counts = await readers.history.counts({
    ...window, sliceKey: sliceKeyOf(slo), windowMs: calendar === undefined ? slo.windowMs : periodLimitMs(calendar), longestBurnMs: burnWindowsMs.at(-1) ?? 0,
    stepMinutes: method?.sliceMinutes ?? stepMinutes, ...(method === undefined && calendar === undefined ? {} : { isDetailed: true }),
  });
  const judged = method === undefined ? counts : counts.map((count) => ({ minute: count.minute, ...judgeSlice(count, method) }));
  const points = sloHistory(judged, {
    ...window, target: slo.target, windowMs: slo.windowMs, burnWindowsMs, stepMinutes,
    ...(calendar === undefined ? {} : { windowStart: (atMs: number) => periodAt(calendar, atMs - 1).startMs }),
  });
  return { window, stepMinutes, burnWindowsMs, points };
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
