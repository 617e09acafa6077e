import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import type { TimeWindow } from './time-window.js';

/** The first look back: few spans, even where many come in. */
const FIRST_SLICE_MS = MINUTE_MS / 4;
/** Each slice is so many times as long as the one before it: what is rare costs some slices more, what is common is found in the first. */
const GROWTH = 8;

export interface StoredExtent {
  readonly firstMs: number;
  readonly lastMs: number;
  /** What ended before is likely to be in the archive, whose files hold an hour each. */
  readonly hotFromMs: number;
}

/** A window cut into slices, newest first: a search looks through one after the other until it has enough. */
export function slicesOf({ fromMs, toMs }: TimeWindow, { firstMs, lastMs, hotFromMs }: StoredExtent): readonly TimeWindow[] {
  const oldestMs = Math.max(fromMs, firstMs);
  const slices: TimeWindow[] = [];
  let lengthMs = FIRST_SLICE_MS;
  for (let untilMs = Math.min(toMs, lastMs + 1); untilMs > oldestMs; lengthMs *= GROWTH) {
    let sinceMs = untilMs - lengthMs;
    if (sinceMs < hotFromMs) {
      lengthMs = Math.max(lengthMs, HOUR_MS);
      sinceMs = Math.floor((untilMs - lengthMs) / HOUR_MS) * HOUR_MS;
    }
    slices.push({ fromMs: Math.max(oldestMs, sinceMs), toMs: untilMs });
    untilMs = sinceMs;
  }
  return slices;
}
