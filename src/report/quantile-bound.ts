import { quantileOfBuckets } from '../sli/latency-bucket.js';

/** One-sided 97.5 %. */
const Z = 1.959963984540054;

/**
 * What the quantile `q` surely is at least, seen among `n`: the value at the lower end of the interval that the rank of the quantile has
 * (binomial, normal approximation: q - z·√(q(1-q)/n)). Of few values it lies far below the quantile that was seen.
 */
export function quantileAtLeast(buckets: Iterable<readonly [bucket: number, weight: number]>, q: number, n: number): number | undefined {
  if (n <= 0) return undefined;
  const rank = q - Z * Math.sqrt((q * (1 - q)) / n);
  return rank <= 0 ? undefined : quantileOfBuckets(buckets, rank);
}
