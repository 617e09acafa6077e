import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTraceqlStore, type TraceqlStore } from '../../test/support/traceql-store.js';
import { DEFAULT_START_MS, type SpanDescription } from '../trace/batch-builder.js';
import { DuckdbMetricsReader } from './duckdb-metrics-reader.js';
import type { MetricsResult } from './metrics-reader.js';
import { parseTraceMetrics } from './trace-query.js';

const START = DEFAULT_START_MS;
const MINUTE_NS = 60_000_000_000n;
const ns = (ms: number): bigint => BigInt(ms) * 1_000_000n;

/** Two minutes: in the first 4 spans of front (one fails, one stands for 10), in the second 2 of pay. */
const SPANS: readonly SpanDescription[] = [
  { service: 'front', name: 'GET /', startMs: START + 1_000, durationMs: 100, attributes: { size: 3, 'shop.region': 'eu' } },
  { service: 'front', name: 'GET /', startMs: START + 2_000, durationMs: 200, attributes: { size: 8, 'shop.region': 'eu' } },
  { service: 'front', name: 'GET /', startMs: START + 3_000, durationMs: 400, weight: 10, attributes: { 'shop.region': 'us' } },
  { service: 'front', name: 'POST /', startMs: START + 60_000, durationMs: 50, status: 'error', attributes: { size: 0.25, 'shop.region': 'us' } },
  { service: 'pay', name: 'charge', startMs: START + 61_000, durationMs: 1_000 },
  { service: 'pay', name: 'charge', startMs: START + 120_000, durationMs: 3_000, status: 'error', attributes: { size: 'large' }, scope: { name: 'http', version: '' }, events: [{ name: 'exception', attributes: { 'exception.type': 'Timeout', 'exception.stacktrace': 'at '.repeat(400) } }, { name: 'retry' }] },
];

let store: TraceqlStore;
beforeAll(async () => {
  store = await openTraceqlStore();
  await store.replace(SPANS);
});
afterAll(() => store.close());

async function range(query: string, exemplars = 0): Promise<MetricsResult> {
  return new DuckdbMetricsReader(store.database).metrics({ query: parseTraceMetrics(query), startNs: ns(START), endNs: ns(START + 120_000), stepNs: MINUTE_NS, exemplars });
}

/** Labels as text, then the values of the two minutes: the interval before them is always empty. */
async function lines(query: string): Promise<Record<string, (number | null)[]>> {
  const { series } = await range(query);
  return Object.fromEntries(series.map(({ labels, values }) => [labels.map(({ key, value }) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join(' '), values.slice(1).map((value) => (Number.isNaN(value) ? null : Math.round(value * 1e6) / 1e6))]));
}

describe('metrics from TraceQL', () => {
  test.each<readonly [string, Record<string, (number | null)[]>]>([
    ['{ } | count_over_time()', { '__name__=count_over_time': [13, 2] }],
    ['{ } | count_over_time() with(extrapolate=false)', { '__name__=count_over_time': [4, 2] }],
    ['{ } | rate()', { '__name__=rate': [13 / 60, 2 / 60].map((it) => Math.round(it * 1e6) / 1e6) }],
    ['{ } | count_over_time() by (resource.service.name)', { 'resource.service.name=front': [13, 0], 'resource.service.name=pay': [0, 2] }],
    ['{ } | count_over_time() by (status, name)', { 'status=error name=POST /': [1, 0], 'status=error name=charge': [0, 1], 'status=unset name=GET /': [12, 0], 'status=unset name=charge': [0, 1] }],
    ['{ } | count_over_time() by (span.shop.region)', { 'span.shop.region=eu': [2, 0], 'span.shop.region=us': [11, 0], 'span.shop.region=nil': [0, 2] }],
    ['{ .none = 1 } | rate()', { '__name__=rate': [0, 0] }],
    ['{ .none = 1 } | rate() by (name)', {}],
    ['{ } | max_over_time(duration)', { '__name__=max_over_time': [0.4, 3] }],
    ['{ } | min_over_time(span.size)', { '__name__=min_over_time': [0.25, null] }],
    ['{ } | sum_over_time(duration)', { '__name__=sum_over_time': [0.1 + 0.2 + 4 + 0.05, 4] }],
    ['{ } | avg_over_time(duration) with(extrapolate=false)', { '__name__=avg_over_time': [0.1875, 2] }],
    ['{ } | quantile_over_time(duration, 0.5, 1)', { 'p=0.5': [0.4, 1], 'p=1': [0.4, 3] }],
    ['{ } | quantile_over_time(duration, 0.5) by (resource.service.name) with(extrapolate=false)', { 'resource.service.name=front p=0.5': [0.1, null], 'resource.service.name=pay p=0.5': [null, 1] }],
    ['{ } | histogram_over_time(span.size)', { '__bucket=0.25': [1, 0], '__bucket=4': [1, 0], '__bucket=8': [1, 0] }],
    ['{ resource.service.name = "pay" } | histogram_over_time(duration)', { '__bucket=1.073742': [0, 1], '__bucket=4.294967': [0, 1] }],
    ['({ status = error } | count_over_time()) / ({ } | count_over_time())', { '__name__=(count_over_time / count_over_time)': [1 / 13, 0.5].map((it) => Math.round(it * 1e6) / 1e6) }],
    ['100 * ({ status = error } | count_over_time() by (resource.service.name)) / ({ } | count_over_time())', { 'resource.service.name=front': [100 / 13, 0].map((it) => Math.round(it * 1e6) / 1e6), 'resource.service.name=pay': [0, 50] }],
    ['{ } | count_over_time() by (name) | topk(1)', { 'name=GET /': [12, null], 'name=charge': [null, 2] }],
    ['{ } | count_over_time() by (name) | bottomk(1)', { 'name=GET /': [null, 0], 'name=charge': [0, null] }],
    ['{ } | count_over_time() by (name) > 1', { 'name=GET /': [12, null], 'name=charge': [null, 2] }],
    ['{ } | max_over_time(duration) > 1s', { '__name__=max_over_time': [null, 3] }],
    ['{ } | by(resource.service.name) | count() > 1 | count_over_time()', { '__name__=count_over_time': [0, 0] }],
  ])('%s', async (query, expected) => {
    const found = await lines(query);
    expect(Object.keys(found).sort()).toEqual(Object.keys(expected).map((key) => key.replace('1.073742', '1.073741824').replace('4.294967', '4.294967296')).sort());
    for (const [key, values] of Object.entries(expected)) expect(found[key.replace('1.073742', '1.073741824').replace('4.294967', '4.294967296')], key).toEqual(values.map((value) => (value === null ? null : expect.closeTo(value, 5))));
  });

  test('have one timestamp for each interval, its end', async () => {
    expect((await range('{ } | rate()')).timestampsMs).toEqual([START, START + 60_000, START + 120_000]);
  });

  test('of an instant are one number for the whole time', async () => {
    const { series, timestampsMs } = await new DuckdbMetricsReader(store.database).metrics({ query: parseTraceMetrics('{ } | rate()'), startNs: ns(START), endNs: ns(START + 120_000), stepNs: 0n, exemplars: 5 });
    expect(series).toEqual([{ labels: [{ key: '__name__', value: 'rate' }], values: [15 / 120], exemplars: [] }]);
    expect(timestampsMs).toEqual([START + 120_000]);
  });

  test('show example spans, each with its series', async () => {
    const { series } = await range('{ } | rate() by (resource.service.name)', 3);
    const exemplars = series.flatMap((one) => one.exemplars.map(({ labels }) => [one.labels[0]?.value, labels.find(({ key }) => key === 'resource.service.name')?.value]));
    expect(exemplars.length).toBeGreaterThan(1);
    for (const [ofSeries, ofSpan] of exemplars) expect(ofSpan).toBe(ofSeries);
    expect(series[0]?.exemplars[0]?.labels.map(({ key }) => key)).toEqual(['trace:id', 'span:id', 'resource.service.name']);
  });

  test('compare a selection with the rest: values, sums, and fields with too many values', async () => {
    const { series } = await range('{ } | compare({ status = error }, 2) with(extrapolate=false)');
    const of = (type: string, field: string, value: unknown): readonly number[] | undefined => series.find(({ labels: [meta, label] }) => meta?.value === type && label?.key === field && label.value === value)?.values.slice(1);
    expect(of('selection', 'span.shop.region', 'us')).toEqual([1, 0]);
    expect(of('baseline', 'span.shop.region', 'us')).toEqual([1, 0]);
    expect(of('baseline', 'span.shop.region', 'eu')).toEqual([2, 0]);
    expect(of('baseline_total', 'span.shop.region', 'nil')).toEqual([3, 0]);
    expect(of('selection', 'status', 'error')).toEqual([1, 1]);
    expect(of('selection', 'resource.service.name', 'pay')).toEqual([0, 1]);
    expect(of('selection_total', 'name', 'nil')).toEqual([1, 1]);
    expect(of('selection', 'event.exception.type', 'Timeout')).toEqual([0, 1]);
    expect(of('selection', 'event:name', 'exception')).toEqual([0, 1]);
    expect(of('selection', 'instrumentation:name', 'http')).toEqual([0, 1]);
    expect(series.some(({ labels }) => labels.some(({ key }) => key === 'event.exception.stacktrace'))).toBe(false);
    const crowded = (await range('{ } | compare({ status = error }, 1)')).series.filter(({ labels: [meta] }) => meta?.key === '__meta_error').map(({ labels }) => labels[1]?.key);
    expect(crowded).toEqual(expect.arrayContaining(['name', 'span.shop.region']));
  });

  test('refuse a search, and a search refuses metrics', async () => {
    expect(() => parseTraceMetrics('{ }')).toThrow('it does not make metrics');
  });

  test('explain every statement they need', async () => {
    const plans = await new DuckdbMetricsReader(store.database).explainMetrics({ query: parseTraceMetrics('({ status = error } | rate()) / ({ } | rate())'), startNs: ns(START), endNs: ns(START + 120_000), stepNs: MINUTE_NS, exemplars: 0 });
    expect(plans).toHaveLength(2);
    expect(plans[0]?.plan).toMatch(/SCAN/);
  });
});
