import { MINUTE_MS } from '../lib/duration.js';
import { quantileOfBuckets } from '../sli/latency-bucket.js';
import type { RequestSummary } from './service-reader.js';
import type { TimeWindow } from './time-window.js';

/** Requests of one latency bucket, summed over whatever the reader grouped by. */
export interface BucketCount {
  readonly bucket: number;
  readonly spans: number;
  readonly errors: number;
}

/** Points of a service chart: as many as a screen shows. */
export const SERIES_POINTS = 60;

export function summarise(counts: readonly BucketCount[], durationMs: number): RequestSummary {
  const requests = counts.reduce((sum, count) => sum + count.spans, 0);
  const errors = counts.reduce((sum, count) => sum + count.errors, 0);
  const buckets = counts.map((count) => [count.bucket, count.spans] as const);
  return {
    requests,
    errors,
    perSecond: durationMs > 0 ? (requests * 1_000) / durationMs : 0,
    errorRatio: requests > 0 ? errors / requests : undefined,
    p50Ns: quantileOfBuckets(buckets, 0.5),
    p95Ns: quantileOfBuckets(buckets, 0.95),
    p99Ns: quantileOfBuckets(buckets, 0.99),
  };
}

/** Items by key, in the order in which keys first appear. */
export function groupBy<T, Key>(items: Iterable<T>, keyOf: (item: T) => Key): Map<Key, T[]> {
  const groups = new Map<Key, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** Unix minutes of the window: from the minute that holds its start, up to but without the one that holds its end if that is exact. */
export function minutesOf(window: TimeWindow): { readonly first: number; readonly last: number } {
  return { first: Math.floor(window.fromMs / MINUTE_MS), last: Math.ceil(window.toMs / MINUTE_MS) - 1 };
}

/** Whole minutes between two points, so that the window has about SERIES_POINTS of them. */
export function stepMinutesOf(window: TimeWindow): number {
  return Math.max(1, Math.round((window.toMs - window.fromMs) / MINUTE_MS / SERIES_POINTS));
}
