import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../lib/duration.js';

/** What is judged at a time, and what everything is counted by. */
export const WINDOW_MS = 15 * MINUTE_MS;

/** How a baseline was taken: the same hour of the week, of the day, or just the last hours. */
export type BaselineKind = 'week' | 'day' | 'recent';

export interface CountedWindow {
  readonly fromMs: number;
  /** Undefined: the one that is judged. */
  readonly baseline: BaselineKind | undefined;
}

const WEEKS = 4;
const DAYS = 7;
const RECENT_WINDOWS = 24;
/** Around the same time of the week or day, on both sides. */
const AROUND_WEEK_MS = HOUR_MS;
const AROUND_DAY_MS = HOUR_MS / 2;

/** The windows that the one beginning at `nowMs` is compared with, and itself first. A window that two baselines ask for is counted once, for the more seasonal one. */
export function windowsFor(nowMs: number): readonly CountedWindow[] {
  const wanted = new Map<number, BaselineKind | undefined>([[nowMs, undefined]]);
  const add = (fromMs: number, baseline: BaselineKind): void => {
    if (fromMs < nowMs && !wanted.has(fromMs)) wanted.set(fromMs, baseline);
  };
  for (let week = 1; week <= WEEKS; week += 1) for (const fromMs of around(nowMs - week * 7 * DAY_MS, AROUND_WEEK_MS)) add(fromMs, 'week');
  for (let day = 1; day <= DAYS; day += 1) for (const fromMs of around(nowMs - day * DAY_MS, AROUND_DAY_MS)) add(fromMs, 'day');
  for (let back = 1; back <= RECENT_WINDOWS; back += 1) add(nowMs - back * WINDOW_MS, 'recent');
  return [...wanted].map(([fromMs, baseline]) => ({ fromMs, baseline }));
}

function around(middleMs: number, slackMs: number): readonly number[] {
  const count = slackMs / WINDOW_MS;
  return Array.from({ length: 2 * count + 1 }, (_, index) => middleMs + (index - count) * WINDOW_MS);
}
