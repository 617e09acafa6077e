/** Relative error of every quantile read back from the buckets. */
export const LATENCY_ACCURACY = 0.02;
/** Base of the logarithmic buckets: (1 + α) / (1 - α), as in DDSketch (Masson, Rim, Lee, VLDB 2019). */
export const LATENCY_GAMMA = (1 + LATENCY_ACCURACY) / (1 - LATENCY_ACCURACY);
/** Buckets of durations from 1 ns to 2^63 ns; fits a SMALLINT. Bucket 0 holds everything up to 1 ns. */
export const MAX_LATENCY_BUCKET = 1_092;

const LOG_GAMMA = Math.log(LATENCY_GAMMA);

/** Calls share every eighth bucket: bounds lie a factor of 1.38 apart, and one edge and minute have a dozen rows instead of a hundred. */
const COARSE_STEP = 8;
const COARSE_GAMMA = LATENCY_GAMMA ** COARSE_STEP;
/** Relative error of every quantile read back from coarse buckets: 15.9 %. */
export const COARSE_ACCURACY = (COARSE_GAMMA - 1) / (COARSE_GAMMA + 1);

/** Index of the bucket a duration falls into: ceil(log_γ(ns)), so bucket b holds (γ^(b-1), γ^b]. */
export function bucketOf(durationNs: number): number {
  if (durationNs <= 1) return 0;
  return Math.min(MAX_LATENCY_BUCKET, Math.ceil(Math.log(durationNs) / LOG_GAMMA));
}

/** Largest duration of the bucket, in nanoseconds. */
export function bucketUpperBoundNs(bucket: number): number {
  return Math.exp(bucket * LOG_GAMMA);
}

/** The duration that stands for the bucket: within LATENCY_ACCURACY of every duration in it. */
export function bucketMiddleNs(bucket: number): number {
  return bucket === 0 ? 1 : (2 * bucketUpperBoundNs(bucket)) / (LATENCY_GAMMA + 1);
}

/** Index of the coarse bucket a duration falls into, which is that of its last fine one: b holds (γ^(b-8), γ^b]. */
export function coarseBucketOf(durationNs: number): number {
  return Math.min(MAX_LATENCY_BUCKET, Math.ceil(bucketOf(durationNs) / COARSE_STEP) * COARSE_STEP);
}

/** The duration that stands for the coarse bucket: within COARSE_ACCURACY of every duration in it. Interpolating by rank could be off by all of its width. */
export function coarseMiddleNs(bucket: number): number {
  return bucket === 0 ? 1 : (2 * bucketUpperBoundNs(bucket)) / (COARSE_GAMMA + 1);
}

/**
 * Quantile `q` in [0, 1] of weighted bucket counts, in nanoseconds; undefined where nothing was counted.
 * Takes a Map or any entries, in any order, with repeated buckets allowed: rows merge by sum. `middleOf` says which buckets they are.
 */
export function quantileOfBuckets(entries: Iterable<readonly [bucket: number, weight: number]>, q: number, middleOf = bucketMiddleNs): number | undefined {
  const sorted = [...entries].filter(([, weight]) => weight > 0).sort(([left], [right]) => left - right);
  const total = sorted.reduce((sum, [, weight]) => sum + weight, 0);
  if (total === 0) return undefined;
  let seen = 0;
  for (const [bucket, weight] of sorted) {
    seen += weight;
    if (seen >= q * total) return middleOf(bucket);
  }
  const last = sorted.at(-1);
  return last === undefined ? undefined : middleOf(last[0]);
}
