import { periodAt, periodLimitMs } from '../budget/calendar-window.js';
import { excludedMinutesOf } from '../budget/excluded-minutes.js';
import { compositeSlice } from '../budget/composite-series.js';
import { judgeSlice } from '../budget/judged-series.js';
import type { CompositePart, SliceMethod, Slo } from '../config/slo.js';
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
  const { composite, method } = slo;
  const burnWindowsMs = burnWindowsOf(slo);
  const stepMinutes = Math.max(historyStepMinutes(window), method?.sliceMinutes ?? 1);
  const asked = { window, stepMinutes, burnWindowsMs };
  if (composite !== undefined && revision === undefined) {
    const parts = await Promise.all(composite.map(async (part) => ({ ...part, counts: await readCounts(readers, { ...asked, slo: part.slo, sliceKey: sliceKeyOf(part.slo) }) })));
    if (method === undefined) return { ...asked, points: compositePoints(parts.map((part) => ({ ...part, points: pointsOf(part.slo, part.counts, asked) }))) };
    return { ...asked, points: pointsOf(slo, compositeCounts(parts, method), asked) };
  }
  const counts = await readCounts(readers, { ...asked, slo, sliceKey: revision === undefined ? sliceKeyOf(slo) : `${slo.name}@${revision}` });
  return { ...asked, points: pointsOf(slo, counts, asked) };
}

type HistoryFrame = Omit<HistoryView, 'points'>;

/** What the SLO is judged by, slice by slice where it counts slices. */
async function readCounts(readers: Pick<Readers, 'history'>, { window, stepMinutes, burnWindowsMs, slo, sliceKey }: HistoryFrame & { readonly slo: Slo; readonly sliceKey: string }): Promise<MinuteCount[]> {
  const { method, calendar, exclusions } = slo;
  const counts = await readers.history.counts({
    ...window, sliceKey, windowMs: calendar === undefined ? slo.windowMs : periodLimitMs(calendar), longestBurnMs: burnWindowsMs.at(-1) ?? 0,
    stepMinutes: exclusions === undefined ? (method?.sliceMinutes ?? stepMinutes) : 1, ...(method === undefined && calendar === undefined && exclusions === undefined ? {} : { isDetailed: true }),
  });
  const counted = exclusions === undefined ? counts : inSlices(counts.filter(({ minute }) => !excludedMinutesOf(exclusions).has(minute)), method?.sliceMinutes ?? stepMinutes);
  return method === undefined ? [...counted] : counted.map((count) => ({ minute: count.minute, ...judgeSlice(count, method) }));
}

function pointsOf({ target, windowMs, calendar }: Slo, counts: readonly MinuteCount[], { window, burnWindowsMs, stepMinutes }: HistoryFrame): SloHistoryPoint[] {
  return sloHistory(counts, {
    ...window, target, windowMs, burnWindowsMs, stepMinutes,
    ...(calendar === undefined ? {} : { windowStart: (atMs: number) => periodAt(calendar, atMs - 1).startMs }),
  });
}

type CountedPart = CompositePart & { readonly counts: readonly MinuteCount[] };

/** The slices of the parts laid on each other. */
function compositeCounts(parts: readonly CountedPart[], method: SliceMethod): MinuteCount[] {
  const bySlice = new Map<number, { good: number; bad: number; weight: number }[]>();
  for (const { counts, weight } of parts) for (const { minute, good, bad } of counts) bySlice.set(minute, [...(bySlice.get(minute) ?? []), { good, bad, weight }]);
  return [...bySlice].sort(([left], [right]) => left - right).flatMap(([minute, slices]) => {
    const bad = compositeSlice(slices, method.kind === 'ratio-timeslices');
    return bad === undefined ? [] : [{ minute, good: 1 - bad, bad }];
  });
}

/** The burn rates of the parts, each times its weight, add up; so does what they spend. */
function compositePoints(parts: readonly (CompositePart & { readonly points: readonly SloHistoryPoint[] })[]): SloHistoryPoint[] {
  const scale = parts.reduce((sum, { slo, weight }) => sum + weight / (1 - slo.target), 0);
  return (parts[0]?.points ?? []).map((first, index) => {
    const points = parts.flatMap(({ slo, weight, points: own }) => (own[index] === undefined ? [] : [{ ...own[index], weight, target: slo.target }]));
    const sum = (of: (point: (typeof points)[number]) => number | undefined): number | undefined => {
      const known = points.filter((point) => of(point) !== undefined);
      return known.length === 0 ? undefined : known.reduce((total, point) => total + point.weight * (of(point) ?? 0), 0);
    };
    const spent = sum(({ budgetRemaining }) => (budgetRemaining === undefined ? undefined : 1 - budgetRemaining));
    const burning = sum(({ errorRatio, target }) => (errorRatio === undefined ? undefined : errorRatio / (1 - target)));
    return {
      atMs: first.atMs, good: summed(points, ({ good }) => good), bad: summed(points, ({ bad }) => bad), errorRatio: burning === undefined ? undefined : burning / scale,
      window: { good: summed(points, ({ window }) => window.good), bad: summed(points, ({ window }) => window.bad) },
      budgetRemaining: spent === undefined ? undefined : 1 - spent, burnRates: first.burnRates.map((_, place) => sum(({ burnRates }) => burnRates[place])),
    };
  });
}

function summed<T>(points: readonly T[], of: (point: T) => number): number {
  return points.reduce((sum, point) => sum + of(point), 0);
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
