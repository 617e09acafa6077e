import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { COARSE_ACCURACY, LATENCY_ACCURACY, MAX_LATENCY_BUCKET, bucketMiddleNs, bucketOf, bucketUpperBoundNs, coarseBucketOf, coarseMiddleNs, quantileOfBuckets } from './latency-bucket.js';

describe('latency buckets', () => {
  const duration = fc.double({ min: 1, max: 2 ** 62, noNaN: true });

  test('the middle of a bucket is within the promised accuracy of every duration in it', () => {
    fc.assert(
      fc.property(duration, (durationNs) => {
        const middle = bucketMiddleNs(bucketOf(durationNs));
        expect(Math.abs(middle - durationNs)).toBeLessThanOrEqual(durationNs * (LATENCY_ACCURACY + 1e-9));
      }),
    );
  });

  test('a duration lies between the bounds of its bucket', () => {
    fc.assert(
      fc.property(duration, (durationNs) => {
        const bucket = bucketOf(durationNs);
        expect(durationNs).toBeLessThanOrEqual(bucketUpperBoundNs(bucket) * (1 + 1e-9));
        if (bucket > 0) expect(durationNs).toBeGreaterThan(bucketUpperBoundNs(bucket - 1) * (1 - 1e-9));
      }),
    );
  });

  test('zero, negative and endless durations have a bucket, and it fits a SMALLINT', () => {
    expect([0, -5, 0.5, 1].map(bucketOf)).toEqual([0, 0, 0, 0]);
    expect(bucketOf(Number.POSITIVE_INFINITY)).toBe(MAX_LATENCY_BUCKET);
    expect(MAX_LATENCY_BUCKET).toBeLessThan(32_768);
  });
});

describe('quantiles of buckets', () => {
  test('nothing counted has no quantile', () => {
    expect(quantileOfBuckets([], 0.5)).toBeUndefined();
    expect(quantileOfBuckets([[3, 0]], 0.5)).toBeUndefined();
  });

  test.each([['fine', LATENCY_ACCURACY, bucketOf, bucketMiddleNs], ['coarse', COARSE_ACCURACY, coarseBucketOf, coarseMiddleNs]])('agree with sorting the durations, within the accuracy: %s ones', (_, accuracy, bucketFor, middleOf) => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 1, max: 1e12, noNaN: true }), { minLength: 1 }), fc.constantFrom(0, 0.5, 0.95, 0.99, 1), (durations, q) => {
        const sorted = [...durations].sort((left, right) => left - right);
        const exact = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0;
        const estimate = quantileOfBuckets(durations.map((durationNs) => [bucketFor(durationNs), 1] as const), q, middleOf) ?? 0;
        expect(Math.abs(estimate - exact)).toBeLessThanOrEqual(exact * (accuracy + 1e-9));
      }),
    );
  });

  test('of coarse buckets are off by what the documentation says at most', () => {
    expect((COARSE_ACCURACY * 100).toFixed(1)).toBe('15.9');
  });

  test('a weight of w is w durations', () => {
    const counts = new Map([[bucketOf(1e6), 99], [bucketOf(1e9), 1]]);
    expect(quantileOfBuckets(counts, 0.5)).toBeCloseTo(1e6, -5);
    expect(quantileOfBuckets(counts, 1)).toBeCloseTo(1e9, -8);
  });
});
