import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../lib/duration.js';

/** What is judged at a time, and what everything is counted by. */
export const WINDOW_MS = 15 * MINUTE_MS;

/** How a baseline was taken: the same hour of the week, of the day, or just the last hours. */
export type BaselineKind = 'week' | 'day' | 'recent';

export interface CountedWindow {
  readonly fromMs: number;
  /** Undefined: the one that is judged. */
  readonly baseline: BaselineKind | undefined;
  /** Only of use to operations with an open ticket: it lies before one, further back than the last hours. */
  readonly isBeforeTicket?: boolean;
}

/** When an operation was not as it is as a rule: its windows of that time are no baseline of it. */
export interface UnusualTime {
  readonly service: string;
  /** Undefined: all of the service. */
  readonly operation: string | undefined;
  /** Begin of the first window that may have been unusual. */
  readonly fromMs: number;
  /** Undefined: it has a ticket that is open. */
  readonly toMs: number | undefined;
}

/** A window in which an operation was judged to be unusual, whether or not anybody was told. */
export interface UnusualWindow {
  readonly service: string;
  readonly operation: string;
  readonly fromMs: number;
}

/** What is unusual more often than this in a day is how it is now. */
const UNUSUAL_A_DAY = 8;

/** The windows that are left out, those of one operation in the order of time. */
export function unusualTimes(windows: readonly UnusualWindow[]): readonly UnusualTime[] {
  const before = new Map<string, readonly number[]>();
  return windows.flatMap(({ service, operation, fromMs }) => {
    const key = JSON.stringify([service, operation]);
    const sameDay = (before.get(key) ?? []).filter((each) => fromMs - each < DAY_MS);
    if (sameDay.length >= UNUSUAL_A_DAY) return [];
    before.set(key, [...sameDay, fromMs]);
    return [{ service, operation, fromMs, toMs: fromMs + WINDOW_MS }];
  });
}

/** A ticket opens after the second unusual window was settled; one more, for a judgement that came late. */
export function ticketBeginMs(openedAtMs: number): number {
  return (Math.floor(openedAtMs / WINDOW_MS) - UNSETTLED_WINDOWS - 1) * WINDOW_MS;
}

/** What is usual while a ticket is open: the last hours before it. */
export function hoursBefore({ fromMs }: Pick<UnusualTime, 'fromMs'>): { readonly fromMs: number; readonly toMs: number } {
  return { fromMs: fromMs - RECENT_WINDOWS * WINDOW_MS, toMs: fromMs };
}

const WEEKS = 4;
const DAYS = 7;
const RECENT_WINDOWS = 24;
/** The last ones are no baseline: what lasts is judged in two windows, and the first must not be usual in the second. */
const UNSETTLED_WINDOWS = 2;
/** Around the same time of the week or day, on both sides. */
const AROUND_WEEK_MS = HOUR_MS;
const AROUND_DAY_MS = HOUR_MS / 2;

/** The windows that the one beginning at `nowMs` is compared with, and itself first. A window that two baselines ask for is counted once, for the more seasonal one. */
export function windowsFor(nowMs: number, tickets: readonly UnusualTime[] = []): readonly CountedWindow[] {
  const wanted = new Map<number, BaselineKind | undefined>([[nowMs, undefined]]);
  const add = (fromMs: number, baseline: BaselineKind): void => {
    if (fromMs < nowMs && !wanted.has(fromMs)) wanted.set(fromMs, baseline);
  };
  for (let week = 1; week <= WEEKS; week += 1) for (const fromMs of around(nowMs - week * 7 * DAY_MS, AROUND_WEEK_MS)) add(fromMs, 'week');
  for (let day = 1; day <= DAYS; day += 1) for (const fromMs of around(nowMs - day * DAY_MS, AROUND_DAY_MS)) add(fromMs, 'day');
  for (let back = 1; back <= RECENT_WINDOWS; back += 1) add(nowMs - (UNSETTLED_WINDOWS + back) * WINDOW_MS, 'recent');
  const usual = [...wanted].map(([fromMs, baseline]): CountedWindow => ({ fromMs, baseline }));
  const before = new Set(tickets.filter(({ toMs }) => toMs === undefined).flatMap(({ fromMs }) => Array.from({ length: RECENT_WINDOWS }, (_, back) => fromMs - (back + 1) * WINDOW_MS)));
  return [...usual, ...[...before].filter((fromMs) => fromMs < nowMs - UNSETTLED_WINDOWS * WINDOW_MS && !wanted.has(fromMs)).map((fromMs): CountedWindow => ({ fromMs, baseline: 'recent', isBeforeTicket: true }))];
}

function around(middleMs: number, slackMs: number): readonly number[] {
  const count = slackMs / WINDOW_MS;
  return Array.from({ length: 2 * count + 1 }, (_, index) => middleMs + (index - count) * WINDOW_MS);
}
