import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../lib/duration.js';
import type { TimeWindow } from './time-window.js';

/** The first look back: few spans, even where many come in. */
export const FIRST_SLICE_MS = 4 * SECOND_MS;
/** That of a search that reads around each slice too, so that one slice more costs more than a longer one. */
export const FIRST_SLICE_AROUND_MS = MINUTE_MS / 4;
/** Each slice of the hot store is so many times as long as the one before it: what is rare costs some slices more, what is common is found in the first. */
const GROWTH = 16;
/** Of the archive, so many times as many files. */
const FILE_GROWTH = 3;

export interface StoredExtent {
  readonly firstMs: number;
  readonly lastMs: number;
  /** What ended before is likely to be in the archive. */
  readonly hotFromMs: number;
  /** When the spans of the archive's files ended, of those that the search has to open. */
  readonly files: readonly TimeWindow[];
}

/** A window cut into slices, newest first: a search looks through one after the other until it has enough. */
export function slicesOf({ fromMs, toMs }: TimeWindow, { firstMs, lastMs, hotFromMs, files }: StoredExtent, firstSliceMs = FIRST_SLICE_MS): readonly TimeWindow[] {
  const oldestMs = Math.max(fromMs, firstMs);
  const slices: TimeWindow[] = [];
  let untilMs = Math.min(toMs, lastMs + 1);
  for (let lengthMs = firstSliceMs; untilMs > oldestMs && untilMs - lengthMs >= hotFromMs; lengthMs *= GROWTH) {
    slices.push({ fromMs: Math.max(oldestMs, untilMs - lengthMs), toMs: untilMs });
    untilMs -= lengthMs;
  }
  for (let wanted = 1; untilMs > oldestMs; wanted *= FILE_GROWTH) {
    const sinceMs = Math.max(oldestMs, hourWith(wanted, files.filter((file) => file.fromMs < untilMs && file.toMs > oldestMs), untilMs));
    slices.push({ fromMs: sinceMs, toMs: untilMs });
    untilMs = sinceMs;
  }
  return slices;
}

/** The whole hour since which so many of the files have spans; without so many, the beginning of time. */
function hourWith(wanted: number, files: readonly TimeWindow[], untilMs: number): number {
  const newest = files.map(({ fromMs }) => fromMs).sort((left, right) => right - left)[wanted - 1];
  return newest === undefined || files.length === wanted ? 0 : Math.min(untilMs - 1, Math.floor(newest / HOUR_MS) * HOUR_MS);
}
