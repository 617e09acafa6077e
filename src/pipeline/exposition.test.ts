import { describe, expect, test } from 'vitest';
import { expose, prefersOpenMetrics, type MetricFamily } from './exposition.js';

const FAMILIES: readonly MetricFamily[] = [
  {
    name: 'bells_total', help: 'Bells "rung"\nso far.', type: 'counter',
    samples: [{ suffix: '', labels: { tower: 'north "old"\\' }, value: 3, exemplar: { labels: { trace_id: 'abc' }, value: 1, atMs: 1_500 } }],
  },
  {
    name: 'strike_seconds', help: 'Strikes.', type: 'histogram',
    samples: [
      { suffix: '_bucket', labels: { le: 1 }, value: 1, exemplar: { labels: { trace_id: 'def' }, value: 0.5, atMs: 2_000 } },
      { suffix: '_bucket', labels: { le: '+Inf' }, value: 2 }, { suffix: '_sum', labels: {}, value: 4.5 }, { suffix: '_count', labels: {}, value: 2 },
    ],
  },
  { name: 'tower:height:ratio', help: 'Height.', type: 'gauge', samples: [{ suffix: '', labels: {}, value: Infinity }, { suffix: '', labels: { of: 'none' }, value: NaN }] },
];

describe('exposing metrics', () => {
  test('Prometheus text has whole names and no exemplars', () => {
    const { contentType, text } = expose(FAMILIES, undefined);
    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text).toBe(`# HELP bells_total Bells "rung"\\nso far.
# TYPE bells_total counter
bells_total{tower="north \\"old\\"\\\\"} 3

# HELP strike_seconds Strikes.
# TYPE strike_seconds histogram
strike_seconds_bucket{le="1"} 1
strike_seconds_bucket{le="+Inf"} 2
strike_seconds_sum 4.5
strike_seconds_count 2

# HELP tower:height:ratio Height.
# TYPE tower:height:ratio gauge
tower:height:ratio +Inf
tower:height:ratio{of="none"} NaN
`);
  });

  test('OpenMetrics names the family without _total, carries exemplars with their time, and ends with EOF', () => {
    const { contentType, text } = expose(FAMILIES, 'application/openmetrics-text');
    expect(contentType).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(text.split('\n')).toEqual([
      '# HELP bells Bells \\"rung\\"\\nso far.', '# TYPE bells counter', 'bells_total{tower="north \\"old\\"\\\\"} 3 # {trace_id="abc"} 1 1.500',
      '# HELP strike_seconds Strikes.', '# TYPE strike_seconds histogram',
      'strike_seconds_bucket{le="1"} 1 # {trace_id="def"} 0.5 2.000', 'strike_seconds_bucket{le="+Inf"} 2', 'strike_seconds_sum 4.5', 'strike_seconds_count 2',
      '# HELP tower:height:ratio Height.', '# TYPE tower:height:ratio gauge', 'tower:height:ratio +Inf', 'tower:height:ratio{of="none"} NaN', '# EOF', '',
    ]);
  });
});

test.each([
  [undefined, false], ['*/*', false], ['text/plain', false],
  ['application/openmetrics-text', true],
  // What Prometheus 2.42 and 3 send.
  ['application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1', true],
  ['application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2', true],
  ['text/plain;version=0.0.4;q=1,application/openmetrics-text;version=1.0.0;q=0.9', false],
  ['application/openmetrics-text;version=0.0.1', false], ['application/openmetrics-text;q=0', false],
])('Accept: %s is answered with OpenMetrics: %s', (accept, expected) => {
  expect(prefersOpenMetrics(accept)).toBe(expected);
});
