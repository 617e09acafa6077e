import { expect, test } from 'vitest';
import { readHistogram, readSamples, sumOf } from './metrics-text.js';

const TEXT = `# HELP latency_seconds A histogram.
# TYPE latency_seconds histogram
latency_seconds_bucket{le="1",integration="slack"} 1
latency_seconds_bucket{le="2.5",integration="slack"} 3
latency_seconds_bucket{le="+Inf",integration="slack"} 3
latency_seconds_sum{integration="slack"} 4.5
latency_seconds_count{integration="slack"} 3
spans_total{protocol="grpc"} 10
spans_total{protocol="http"} 5 1795184925000
`;

test('counters are summed over their series, or over those that match', () => {
  const samples = readSamples(TEXT);
  expect(sumOf(samples, 'spans_total')).toBe(15);
  expect(sumOf(samples, 'spans_total', { protocol: 'http' })).toBe(5);
  expect(sumOf(samples, 'absent_total')).toBeUndefined();
});

test('a histogram gives its mean and the edge of its slowest bucket', () => {
  expect(readHistogram(readSamples(TEXT), 'latency_seconds')).toEqual({ count: 3, meanSeconds: 1.5, slowestSeconds: 2.5 });
});

test('beyond the last bucket the slowest is unknown, and an empty histogram says nothing', () => {
  const beyond = readSamples(TEXT.replace('le="+Inf",integration="slack"} 3', 'le="+Inf",integration="slack"} 4').replace('_count{integration="slack"} 3', '_count{integration="slack"} 4'));
  expect(readHistogram(beyond, 'latency_seconds')?.slowestSeconds).toBe(Infinity);
  expect(readHistogram([], 'latency_seconds')).toBeUndefined();
});
