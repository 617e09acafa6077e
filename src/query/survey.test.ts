import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTraceqlStore, type TraceqlStore } from '../../test/support/traceql-store.js';
import { MINUTE_MS } from '../lib/duration.js';
import { bucketOf } from '../sli/latency-bucket.js';
import { DEFAULT_START_MS, type SpanDescription } from '../trace/batch-builder.js';
import { DuckdbSurveyReader } from './duckdb-survey-reader.js';
import { DuckdbTopologyReader } from './duckdb-topology-reader.js';
import { SURVEY_SAMPLE } from './survey-reader.js';
import { tagField } from './tempo-input.js';
import { parseTraceSearch } from './trace-query.js';

const FROM = Math.floor(DEFAULT_START_MS / MINUTE_MS) * MINUTE_MS;
const WINDOW = { fromMs: FROM, toMs: FROM + 60 * MINUTE_MS };
const fieldOf = (name: string): NonNullable<ReturnType<typeof tagField>> => tagField(name)!;

describe('what a search found, seen from afar', () => {
  let store: TraceqlStore;
  let reader: DuckdbSurveyReader;
  beforeAll(async () => {
    store = await openTraceqlStore();
    reader = new DuckdbSurveyReader(store.database);
    const spans = Array.from({ length: 100 }, (_, index): SpanDescription => ({
      traceId: (index + 1).toString(16), spanId: (index + 1).toString(16), service: index < 60 ? 'pay' : 'shop', name: 'GET /', kind: 'server', status: index % 10 === 0 ? 'error' : 'unset',
      startMs: FROM + (index < 50 ? 0 : 10 * MINUTE_MS), durationMs: index === 99 ? 900 : 16, attributes: { 'http.response.status_code': index % 10 === 0 ? 500 : 200 }, resource: { 'k8s.pod.name': `pod-${index % 4}`, ...(index < 5 ? { 'service.version': '2' } : {}) },
    }));
    await store.replace(spans);
    await store.database.transaction([
      { sql: `INSERT INTO red_slices SELECT 'pay', 'GET /', 2, $minute, $minute, $bucket, 7, 2, 1, 7, 2`, params: { minute: FROM / MINUTE_MS + 3, bucket: bucketOf(16e6) } },
      { sql: `INSERT INTO red_slices SELECT 'pay', 'GET /', 3, $minute, $minute, $bucket, 9, 9, 1, 9, 9`, params: { minute: FROM / MINUTE_MS + 3, bucket: bucketOf(16e6) } },
      { sql: `INSERT INTO red_slices SELECT 'shop', 'GET /', 2, $minute, $minute, $bucket, 5, 0, 1, 5, 0`, params: { minute: FROM / MINUTE_MS + 3, bucket: bucketOf(16.4e6) } },
    ]);
  });
  afterAll(() => store.close());

  test('a heatmap counts spans by time and half octave of duration, failed ones apart', async () => {
    const { fromMs, stepMs, columns, cells } = await reader.heatmap({ ...WINDOW, search: parseTraceSearch('{ kind = server }') });
    expect([fromMs, stepMs, columns]).toEqual([FROM, MINUTE_MS, 60]);
    expect([...cells].sort((left, right) => left.column - right.column || left.row - right.row)).toEqual([
      { column: 0, row: 47, spans: 50, errors: 5 }, { column: 10, row: 47, spans: 49, errors: 5 }, { column: 10, row: 59, spans: 1, errors: 0 },
    ]);
  });

  test('a heatmap of requests is made of what was counted, calls to others left out', async () => {
    const all = await reader.requestHeatmap({ ...WINDOW, service: '', operation: '' });
    expect(all.cells).toEqual([{ column: 3, row: 47, spans: 12, errors: 2 }]);
    expect((await reader.requestHeatmap({ ...WINDOW, service: 'pay', operation: 'GET /' })).cells).toEqual([{ column: 3, row: 47, spans: 7, errors: 2 }]);
    expect((await reader.requestHeatmap({ ...WINDOW, service: 'nobody', operation: '' })).cells).toEqual([]);
  });

  test('a breakdown says how often each value comes up, how often it failed, and its slowest hundredth', async () => {
    const breakdown = await reader.breakdown({ ...WINDOW, search: parseTraceSearch('{ kind = server }'), fields: [fieldOf('resource.service.name'), fieldOf('resource.k8s.pod.name'), fieldOf('resource.service.version'), fieldOf('span.nobody'), fieldOf('span.http.response.status_code')], top: 3 });
    expect([breakdown.found, breakdown.looked, breakdown.weighted]).toEqual([100, 100, 100]);
    const [services, pods, versions, nothing, codes] = breakdown.fields;
    expect(services).toMatchObject({ distinct: 2, values: [{ value: 'pay', spans: 60, errors: 6, p99Ns: 16e6 }, { value: 'shop', spans: 40, errors: 4, p99Ns: 900e6 }] });
    expect(pods?.distinct).toBe(4);
    expect(pods?.values.map(({ value, spans }) => [value, spans])).toEqual([['pod-0', 25], ['pod-1', 25], ['pod-2', 25]]);
    expect(versions?.values).toMatchObject([{ value: '2', spans: 5 }]);
    expect(nothing).toMatchObject({ distinct: 0, values: [] });
    expect(codes).toMatchObject({ distinct: 2, values: [{ value: 200, spans: 90, errors: 0 }, { value: 500, spans: 10, errors: 10 }] });
  });

  test('of each step the slowest request and the slowest failed one stand for it', async () => {
    const exemplars = await reader.exemplars({ ...WINDOW, service: 'shop', stepMs: 30 * MINUTE_MS });
    expect(exemplars.map(({ step, ofFailed, spanId, durationNs }) => [step, ofFailed, Number(`0x${spanId}`), durationNs])).toEqual([[0, false, 100, 900e6], [0, true, 61, 16e6]]);
    expect(await reader.exemplars({ ...WINDOW, service: 'nobody', stepMs: MINUTE_MS })).toEqual([]);
  });

  test('calls between services are those that were counted in the window', async () => {
    await store.database.transaction([
      { sql: `INSERT INTO graph_slices SELECT 'front', 'pay', 'call', $minute, $minute, 440, 5, 1, 9, 7`, params: { minute: FROM / MINUTE_MS } },
      { sql: `INSERT INTO graph_slices SELECT 'front', 'pay', 'call', $minute, $minute, 440, 2, 0, 3, 3`, params: { minute: FROM / MINUTE_MS + 1 } },
      { sql: `INSERT INTO graph_slices SELECT 'front', 'db', 'database', $minute, $minute, 440, 4, 0, 6, 0`, params: { minute: FROM / MINUTE_MS + 59 } },
      { sql: `INSERT INTO graph_slices SELECT 'front', 'old', 'call', $minute, $minute, 440, 9, 9, 9, 9`, params: { minute: FROM / MINUTE_MS - 1 } },
    ]);
    const calls = await new DuckdbTopologyReader(store.database).calls(WINDOW);
    expect([...calls].sort((left, right) => left.server.localeCompare(right.server))).toEqual([
      { client: 'front', server: 'db', kind: 'database', bucket: 440, calls: 4, failed: 0, durationNs: 6 }, { client: 'front', server: 'pay', kind: 'call', bucket: 440, calls: 7, failed: 1, durationNs: 10 },
    ]);
  });

  test('where nothing is found there is nothing to break down', async () => {
    expect(await reader.breakdown({ ...WINDOW, search: parseTraceSearch('{ name = "nowhere" }'), fields: [fieldOf('name')], top: 3 })).toMatchObject({ found: 0, looked: 0, weighted: 0, fields: [{ values: [], distinct: 0 }] });
    expect((await reader.heatmap({ ...WINDOW, search: parseTraceSearch('{ name = "nowhere" }') })).cells).toEqual([]);
  });

  test('the 99th percentile is that of the spans themselves, by weight, however they fall into buckets', async () => {
    const fields = ['name', 'resource.k8s.pod.name'].map(fieldOf);
    let seed = 7;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const spans = Array.from({ length: 700 }, (_, index) => ({ name: `op-${Math.floor(random() * 3)}`, pod: `pod-${index % 2}`, weight: 1 + Math.floor(random() * 40), durationNs: Math.round(1e6 * Math.exp(random() * 4)) }));
    await store.replace(spans.map(({ name, pod, weight, durationNs }, index): SpanDescription => ({
      traceId: (index + 1).toString(16), spanId: (index + 1).toString(16), service: 'pay', name, kind: 'server', startMs: FROM, durationMs: durationNs / 1e6, weight, resource: { 'k8s.pod.name': pod },
    })));
    const percentile = (some: typeof spans): number => {
      const total = some.reduce((sum, { weight }) => sum + weight, 0);
      let reached = 0;
      return [...some].sort((left, right) => left.durationNs - right.durationNs).find(({ weight }) => (reached += weight) >= 0.99 * total)?.durationNs ?? 0;
    };
    const breakdown = await reader.breakdown({ ...WINDOW, search: parseTraceSearch('{}'), fields, top: 5 });
    const [names, pods] = breakdown.fields.map(({ values }) => new Map(values.map(({ value, p99Ns }) => [value, p99Ns])));
    for (const name of ['op-0', 'op-1', 'op-2']) expect(names?.get(name), name).toBe(percentile(spans.filter((span) => span.name === name)));
    for (const pod of ['pod-0', 'pod-1']) expect(pods?.get(pod), pod).toBe(percentile(spans.filter((span) => span.pod === pod)));
  });

  test('of many spans an even sample is looked at, and stands for all of them', async () => {
    const count = 3 * SURVEY_SAMPLE;
    await store.replace([{ traceId: '1', spanId: '1', service: 'pay', name: 'first', kind: 'server', startMs: FROM, durationMs: 1 }]);
    await store.database.transaction([{ sql: `INSERT INTO spans_bulk SELECT s.* REPLACE (i AS span_id, 'op-' || (i % 4) AS name, 2.5 AS weight) FROM spans_fresh s, range(2, ${count + 1}) t(i)` }]);
    const { found, looked, weighted, fields } = await reader.breakdown({ ...WINDOW, search: parseTraceSearch('{}'), fields: [fieldOf('name')], top: 9 });
    expect(found).toBe(count);
    // Each is taken or not by its own: the number taken spreads by its square root.
    expect(Math.abs(looked - SURVEY_SAMPLE)).toBeLessThan(5 * Math.sqrt(SURVEY_SAMPLE));
    expect(weighted / (2.5 * count)).toBeCloseTo(1, 2);
    for (const { spans } of fields[0]?.values.filter(({ value }) => value !== 'first') ?? []) expect(spans / (2.5 * count)).toBeCloseTo(0.25, 1);
  });
});
