import { formatDuration } from '../lib/duration.js';
import type { TimeWindow } from '../query/time-window.js';

/** What a range link of a chart says and asks for. */
export const RANGES = ['1h', '6h', '1d', '7d', '30d'] as const;

/** Lengths of time that pages about services offer. */
export const SERVICE_RANGES = ['15m', '1h', '6h', '1d', '7d'];

/** The length of the window, and the offered ones, the same length marked. */
export function rangesOf(window: TimeWindow, offered: readonly string[]): { readonly range: string; readonly ranges: readonly { readonly range: string; readonly current: boolean }[] } {
  const current = formatDuration(window.toMs - window.fromMs);
  return { range: current, ranges: offered.map((range) => ({ range, current: range === current })) };
}
