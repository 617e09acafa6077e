import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTraceqlStore, type TraceqlStore } from '../../test/support/traceql-store.js';
import { MINUTE_MS } from '../lib/duration.js';
import { bucketOf, coarseBucketOf } from '../sli/latency-bucket.js';
import { DuckdbSpanMetrics } from './duckdb-span-metrics.js';
import { GraphMetrics } from './graph-metrics.js';
import { SpanMetrics } from './span-metrics.js';

const COUNT = { service: 'shop', operation: 'GET /', kind: 2, bucket: bucketOf(10e6), spans: 100, errors: 3 };

function valueOf(metrics: { families(): ReturnType<SpanMetrics['families']> }, name: string, labels: Record<string, string>): number | undefined {
  const samples = metrics.families().flatMap((family) => family.samples.map((sample) => ({ ...sample, name: family.name + sample.suffix })));
  return samples.find((sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value))?.value;
}

describe('span metrics under the names of Tempo', () => {
  test('count errors apart from the rest', () => {
    const metrics = new SpanMetrics();
    metrics.add([COUNT, { ...COUNT, spans: 1, errors: 0 }]);
    expect(valueOf(metrics, 'traces_spanmetrics_calls_total', { service: 'shop', span_name: 'GET /', span_kind: 'SPAN_KIND_SERVER', status_code: 'STATUS_CODE_ERROR' })).toBe(3);
    expect(valueOf(metrics, 'traces_spanmetrics_calls_total', { status_code: 'STATUS_CODE_UNSET' })).toBe(98);
  });

  test('spread latencies over cumulative buckets, with a sum in seconds', () => {
    const metrics = new SpanMetrics();
    metrics.add([{ ...COUNT, errors: 0 }, { ...COUNT, errors: 0, spans: 5, bucket: bucketOf(60e9) }]);
    const bucket = (le: string): number | undefined => valueOf(metrics, 'traces_spanmetrics_latency_bucket', { le });
    expect([bucket('0.008'), bucket('0.016'), bucket('16.384'), bucket('+Inf')]).toEqual([0, 100, 100, 105]);
    expect(valueOf(metrics, 'traces_spanmetrics_latency_count', {})).toBe(105);
    const sum = valueOf(metrics, 'traces_spanmetrics_latency_sum', {}) ?? 0;
    expect(sum / (100 * 0.01 + 5 * 60)).toBeCloseTo(1, 1);
  });

  test('a duration on the border of a bucket is in it', () => {
    const metrics = new SpanMetrics();
    metrics.add([{ ...COUNT, errors: 0, bucket: bucketOf(64e6) }]);
    expect(valueOf(metrics, 'traces_spanmetrics_latency_bucket', { le: '0.064' })).toBeGreaterThanOrEqual(0);
    expect(valueOf(metrics, 'traces_spanmetrics_latency_bucket', { le: '0.128' })).toBe(100);
  });

  test('end at a limit, and say what is missing', () => {
    const metrics = new SpanMetrics();
    metrics.add(Array.from({ length: 2_500 }, (_, index) => ({ ...COUNT, operation: `op ${index}`, errors: 0, spans: 1 })));
    expect(valueOf(metrics, 'tocsin_span_metrics_dropped_total', {})).toBe(500);
  });
});

describe('service graph metrics under the names of Tempo', () => {
  test('count calls by their kind, failed ones apart, with the latency of the side that has it', () => {
    const metrics = new GraphMetrics();
    const call = { client: 'front', server: 'pay', kind: 'call', bucket: coarseBucketOf(150e6), calls: 10, failed: 2, durationNs: 1_500e6 };
    metrics.add([call, { ...call, server: 'postgresql', kind: 'database', bucket: coarseBucketOf(90e9), calls: 3, failed: 0, durationNs: 270e9 }]);
    expect(valueOf(metrics, 'traces_service_graph_request_total', { client: 'front', server: 'pay', connection_type: '' })).toBe(10);
    expect(valueOf(metrics, 'traces_service_graph_request_failed_total', { server: 'pay' })).toBe(2);
    expect(valueOf(metrics, 'traces_service_graph_request_server_seconds_bucket', { server: 'pay', le: '0.1' })).toBe(0);
    expect(valueOf(metrics, 'traces_service_graph_request_server_seconds_bucket', { server: 'pay', le: '0.2' })).toBe(10);
    expect(valueOf(metrics, 'traces_service_graph_request_client_seconds_count', { server: 'postgresql', connection_type: 'database' })).toBe(3);
    expect(valueOf(metrics, 'traces_service_graph_request_server_seconds_count', { server: 'postgresql' })).toBeUndefined();
  });
});

test('calls whose bucket straddles a border count where its middle lies', () => {
  const metrics = new GraphMetrics();
  metrics.add([{ client: 'front', server: 'pay', kind: 'call', bucket: coarseBucketOf(85e6), calls: 10, failed: 0, durationNs: 850e6 }]);
  expect(valueOf(metrics, 'traces_service_graph_request_server_seconds_bucket', { le: '0.1' })).toBe(10);
});

describe('the counters of a running service', () => {
  let store: TraceqlStore;
  beforeAll(async () => {
    store = await openTraceqlStore();
  });
  afterAll(() => store.close());

  const add = (arrivalMinute: number, spans: number, eventMinute = arrivalMinute): Promise<void> => store.database.transaction([{
    sql: 'INSERT INTO red_slices (service, operation, kind, event_minute, arrival_minute, bucket, spans, errors, duration_ns) VALUES ($service, $operation, 2, $event, $arrival, 100, $spans::DOUBLE, 0, 0)',
    params: { service: 'shop', operation: 'GET /', event: eventMinute, arrival: arrivalMinute, spans },
  }]);
  const calls = (metrics: DuckdbSpanMetrics): number => valueOf(metrics, 'traces_spanmetrics_calls_total', {}) ?? 0;

  test('grow by closed minutes, each once, and leave history out', async () => {
    const metrics = new DuckdbSpanMetrics(store.database, 1_000 * MINUTE_MS + 30_000);
    await add(999, 7);
    await add(1_000, 10);
    await add(1_000, 1_000, 500);
    await metrics.refresh(1_001 * MINUTE_MS + 1_000);
    expect(calls(metrics)).toBe(0);
    await Promise.all([metrics.refresh(1_001 * MINUTE_MS + 6_000), metrics.refresh(1_001 * MINUTE_MS + 6_000)]);
    expect(calls(metrics)).toBe(10);
    await add(1_001, 5);
    await add(1_003, 100);
    await metrics.refresh(1_003 * MINUTE_MS + 59_000);
    await metrics.refresh(1_003 * MINUTE_MS + 59_999);
    expect(calls(metrics)).toBe(15);
  });
});
