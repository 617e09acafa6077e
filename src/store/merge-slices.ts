import { EDGE_KINDS, type GraphSlice, type RedSlice, type SloSlice } from '../sli/slice.js';

/** Room for any minute, kind and bucket in one exact number: 2^25 minutes × 2^3 kinds × 2^16 buckets. */
const KINDS = 8;
const BUCKETS = 65_536;
const BUCKET_OFFSET = 32_768;

/**
 * Slices are additive: those of one key become one, so that a commit of many requests writes few rows. The inputs stay as they are.
 * Nested maps instead of a joined key: small requests bring nearly a slice per span, and building text for each is what costs.
 */
export function mergeSloSlices(lists: Iterable<readonly SloSlice[]>): SloSlice[] {
  const byArrival = new Map<number, Map<string, Map<number, SloSlice>>>();
  const merged: SloSlice[] = [];
  for (const list of lists) for (const slice of list) {
    const byMinute = inner(inner(byArrival, slice.arrivalMinute), slice.sliceKey);
    const sum = byMinute.get(slice.eventMinute);
    if (sum !== undefined) {
      addSloSlice(sum, slice);
      continue;
    }
    const first = { ...slice };
    byMinute.set(slice.eventMinute, first);
    merged.push(first);
  }
  return merged;
}

export function mergeRedSlices(lists: Iterable<readonly RedSlice[]>): RedSlice[] {
  const byArrival = new Map<number, Map<string, Map<string, Map<number, RedSlice>>>>();
  const merged: RedSlice[] = [];
  for (const list of lists) for (const slice of list) {
    const byCell = inner(inner(inner(byArrival, slice.arrivalMinute), slice.service), slice.operation);
    const cell = (slice.eventMinute * KINDS + slice.kind) * BUCKETS + slice.bucket + BUCKET_OFFSET;
    const sum = byCell.get(cell);
    if (sum !== undefined) {
      addRedSlice(sum, slice);
      continue;
    }
    const first = { ...slice };
    byCell.set(cell, first);
    merged.push(first);
  }
  return merged;
}

export function mergeGraphSlices(lists: Iterable<readonly GraphSlice[]>): GraphSlice[] {
  const byArrival = new Map<number, Map<string, Map<string, Map<number, GraphSlice>>>>();
  const merged: GraphSlice[] = [];
  for (const list of lists) for (const slice of list) {
    const byCell = inner(inner(inner(byArrival, slice.arrivalMinute), slice.client), slice.server);
    const cell = (slice.eventMinute * KINDS + EDGE_KINDS.indexOf(slice.kind)) * BUCKETS + slice.bucket + BUCKET_OFFSET;
    const sum = byCell.get(cell);
    if (sum !== undefined) {
      addGraphSlice(sum, slice);
      continue;
    }
    const first = { ...slice };
    byCell.set(cell, first);
    merged.push(first);
  }
  return merged;
}

function inner<Outer, Key, Value>(map: Map<Outer, Map<Key, Value>>, key: Outer): Map<Key, Value> {
  let found = map.get(key);
  if (found === undefined) {
    found = new Map();
    map.set(key, found);
  }
  return found;
}

function addSloSlice(sum: SloSlice, slice: SloSlice): void {
  sum.good += slice.good;
  sum.bad += slice.bad;
  sum.goodSquared += slice.goodSquared;
  sum.badSquared += slice.badSquared;
  sum.events += slice.events;
  sum.unknownWeight += slice.unknownWeight;
  if (slice.lastBad !== undefined && slice.lastBad.atMs >= (sum.lastBad?.atMs ?? 0)) sum.lastBad = slice.lastBad;
}

function addRedSlice(sum: RedSlice, slice: RedSlice): void {
  sum.spans += slice.spans;
  sum.errors += slice.errors;
  sum.durationNs += slice.durationNs;
  sum.spansSquared += slice.spansSquared;
  sum.errorsSquared += slice.errorsSquared;
}

function addGraphSlice(sum: GraphSlice, slice: GraphSlice): void {
  sum.calls += slice.calls;
  sum.failed += slice.failed;
  sum.clientNs += slice.clientNs;
  sum.serverNs += slice.serverNs;
}
