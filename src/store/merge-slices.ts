import type { RedSlice, SloSlice } from '../sli/slice.js';

/** Slices are additive: those of one key become one, so that a commit of many requests writes few rows. The inputs stay as they are. */
export function mergeSloSlices(lists: Iterable<readonly SloSlice[]>): SloSlice[] {
  const merged = new Map<string, SloSlice>();
  for (const list of lists) for (const slice of list) {
    const key = `${slice.eventMinute}|${slice.arrivalMinute}|${slice.sliceKey}`;
    const sum = merged.get(key);
    if (sum === undefined) merged.set(key, { ...slice });
    else addSloSlice(sum, slice);
  }
  return [...merged.values()];
}

export function mergeRedSlices(lists: Iterable<readonly RedSlice[]>): RedSlice[] {
  const merged = new Map<string, RedSlice>();
  for (const list of lists) for (const slice of list) {
    const key = `${slice.eventMinute}|${slice.arrivalMinute}|${slice.kind}|${slice.bucket}|${slice.service}\u0000${slice.operation}`;
    const sum = merged.get(key);
    if (sum === undefined) merged.set(key, { ...slice });
    else addRedSlice(sum, slice);
  }
  return [...merged.values()];
}

function addSloSlice(sum: SloSlice, slice: SloSlice): void {
  sum.good += slice.good;
  sum.bad += slice.bad;
  sum.goodSquared += slice.goodSquared;
  sum.badSquared += slice.badSquared;
  sum.events += slice.events;
  sum.unknownWeight += slice.unknownWeight;
}

function addRedSlice(sum: RedSlice, slice: RedSlice): void {
  sum.spans += slice.spans;
  sum.errors += slice.errors;
  sum.durationNs += slice.durationNs;
}
