import { gunzipSync } from 'node:zlib';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { spanRows } from '../../test/support/batch-rows.js';
import { createTestApp } from '../../test/support/page-app.js';
import { pageFakes } from '../../test/support/page-fakes.js';
import { openTraceqlStore, type TraceqlStore } from '../../test/support/traceql-store.js';
import { createTraceDecoder } from '../ingest/decoder.js';
import { FakeClock } from '../lib/clock.js';
import { DEFAULT_START_MS, spanBatch, type SpanDescription } from '../trace/batch-builder.js';
import { DuckdbMetricsReader } from './duckdb-metrics-reader.js';
import { DuckdbTagReader } from './duckdb-tag-reader.js';
import { DuckdbTraceReader } from './duckdb-trace-reader.js';

const ID = '0af7651916cd43dd8448eb211c80319c';
const START = DEFAULT_START_MS;
const SPANS: readonly SpanDescription[] = [
  { traceId: ID, spanId: 'a1', name: 'GET /', service: 'front', kind: 'server', startMs: START, durationMs: 250, attributes: { 'http.response.status_code': 500, 'http.route': '/', ratio: 0.5, negative: -7 }, resource: { region: 'eu' }, scope: { name: 'http', version: '1.2' }, flags: 257 },
  {
    traceId: ID, spanId: 'a2', parentSpanId: 'a1', name: 'charge', service: 'pay', kind: 'client', status: 'error', statusMessage: 'declined', startMs: START + 20, durationMs: 100.5,
    attributes: { big: 9_223_372_036_854_775_807n, list: ['x', 1, true], deep: { a: 1.5 }, hit: true, 'note': '"ü', 'otel.dropped_events_count': 2 }, droppedCount: 2, events: [{ name: 'exception', timeMs: START + 60, attributes: { 'exception.type': 'Declined' } }], links: [{ traceId: 'b'.repeat(32), spanId: 'c'.repeat(16), traceState: 'vendor=2', attributes: { why: 'retry' } }], traceState: 'vendor=1',
  },
  { traceId: 'd'.repeat(32), spanId: 'd1', parentSpanId: '99', name: 'orphan', service: 'pay', startMs: START + 1_000, durationMs: 5, attributes: { 'odd "key"': 'v', 'otel.scope.team': 'pay' } },
];

let store: TraceqlStore;
let app: NestFastifyApplication;
beforeAll(async () => {
  store = await openTraceqlStore();
  await store.replace(SPANS);
  const fakes = pageFakes();
  const { database } = store;
  const readers = { ...fakes.options.readers, clock: new FakeClock(START + 60_000), traces: new DuckdbTraceReader(database), metrics: new DuckdbMetricsReader(database), tags: new DuckdbTagReader(database) };
  app = await createTestApp({ ...fakes.options, readers });
});
afterAll(async () => {
  await app.close();
  await store.close();
});

type Answer = Awaited<ReturnType<NestFastifyApplication['inject']>>;
const get = (url: string, headers: Record<string, string> = {}): Promise<Answer> => app.inject({ url: `/tempo${url}`, headers: { host: '127.0.0.1:4400', ...headers } });
const query = (params: Record<string, string>): string => new URLSearchParams(params).toString();
const RANGE = { start: String(START / 1_000 - 60), end: String(START / 1_000 + 120) };
const json = async (url: string): Promise<Record<string, unknown>> => {
  const answer = await get(url);
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json<Record<string, unknown>>();
};

// In the order in which Grafana asks: saving the datasource, opening a trace, the search, completion, charts.
describe("what Grafana's Tempo datasource asks for", () => {
  test('the button "Save & test"', async () => {
    const answer = await get('/api/echo');
    expect([answer.statusCode, answer.body]).toEqual([200, 'echo']);
    expect(await json('/api/status/buildinfo')).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string });
  });

  test('a trace in protobuf: every field arrives as it was sent', async () => {
    const v2 = await get(`/api/v2/traces/${ID}?${query(RANGE)}`, { accept: 'application/protobuf' });
    const v1 = await get(`/api/traces/${ID}`, { accept: 'application/protobuf' });
    expect(v2.headers['content-type']).toBe('application/protobuf');
    // TraceByIDResponse: field 1 is the trace.
    expect(v2.rawPayload[0]).toBe(0x0a);
    expect(v2.rawPayload.subarray(-v1.rawPayload.length).equals(v1.rawPayload)).toBe(true);
    const decoded = createTraceDecoder().decode({ body: v1.rawPayload, encoding: 'protobuf', receivedAtMs: START + 60_000 });
    if (!decoded.ok) throw new Error(decoded.message);
    const byId = (rows: ReturnType<typeof spanRows>): unknown => rows.map(({ resource, ...row }) => ({ ...row, resource: [...resource].sort(), attributes: [...row.attributes].sort() })).sort((left, right) => (left.spanId < right.spanId ? -1 : 1));
    expect(byId(spanRows(decoded.batch))).toEqual(byId(spanRows(spanBatch(SPANS.filter(({ traceId }) => traceId === ID)))));
  });

  test('a trace in JSON, as protobuf writes it', async () => {
    const { trace } = await json(`/api/v2/traces/${ID.toUpperCase()}`) as { trace: { resourceSpans: { scopeSpans: { scope: unknown; spans: unknown[] }[] }[] } };
    expect(trace.resourceSpans[0]?.scopeSpans[0]).toMatchObject({
      scope: { name: 'http', version: '1.2' },
      spans: [{ traceId: Buffer.from(ID, 'hex').toString('base64'), kind: 'SPAN_KIND_SERVER', name: 'GET /', startTimeUnixNano: `${START}000000`, endTimeUnixNano: `${START + 250}000000`, status: {}, attributes: expect.arrayContaining([{ key: 'http.response.status_code', value: { intValue: '500' } }, { key: 'ratio', value: { doubleValue: 0.5 } }]) as unknown }],
    });
    expect(await json(`/api/traces/${ID}`)).toHaveProperty('batches');
  });

  test('a trace that is not there: 404, in words', async () => {
    for (const url of ['/api/v2/traces/1234', '/api/traces/1234']) {
      const answer = await get(url, { accept: 'application/protobuf' });
      expect([answer.statusCode, answer.body]).toEqual([404, 'trace not found']);
    }
  });

  test('a search with TraceQL', async () => {
    const found = await json(`/api/search?${query({ q: '{ status = error && resource.service.name = "pay" } | select(span.hit)', limit: '20', spss: '3', ...RANGE })}`);
    expect(found).toEqual({
      traces: [{
        traceID: ID, rootServiceName: 'front', rootTraceName: 'GET /', startTimeUnixNano: `${START}000000`, durationMs: 250, spanSet: expect.anything() as unknown,
        spanSets: [{ matched: 1, spans: [{ spanID: '00000000000000a2', name: 'charge', startTimeUnixNano: `${START + 20}000000`, durationNanos: '100500000', attributes: [{ key: 'status', value: { stringValue: 'error' } }, { key: 'service.name', value: { stringValue: 'pay' } }, { key: 'hit', value: { boolValue: true } }] }] }],
        serviceStats: { front: { spanCount: 1, errorCount: 0 }, pay: { spanCount: 1, errorCount: 1 } },
      }],
      metrics: expect.objectContaining({ inspectedBytes: expect.any(String) as string }) as unknown,
    });
  });

  test.each([
    ['everything', {}, ['d'.repeat(32), ID]],
    ['the newest one', { limit: '1' }, ['d'.repeat(32)]],
    ['tags', { tags: 'service.name=front http.response.status_code=500 name="GET /"' }, [ID]],
    ['tags of status and error', { tags: 'status=error' }, [ID]],
    ['tags that do not match', { tags: 'service.name=front error=true' }, []],
    ['the duration of traces', { tags: 'service.name=pay', minDuration: '100ms', maxDuration: '1s' }, [ID]],
    ['structure', { q: '{ resource.service.name = "front" } >> { event.exception.type = "Declined" }' }, [ID]],
    ['traces without a root', { q: '{ } | count() = 1' }, ['d'.repeat(32)]],
  ])('a search for %s', async (_, params, expected) => {
    const { traces } = await json(`/api/search?${query({ ...RANGE, ...params })}`) as { traces: { traceID: string }[] };
    expect(traces.map(({ traceID }) => traceID)).toEqual(expected);
  });

  test.each([
    ['seconds', (ms: number) => String(ms / 1_000)], ['nanoseconds', (ms: number) => `${ms}000000`], ['milliseconds', String], ['a date', (ms: number) => new Date(ms).toISOString()],
  ])('a search between times in %s', async (_, written) => {
    const between = async (from: number, to: number): Promise<number> => {
      const { traces } = await json(`/api/search?${query({ start: written(START + from), end: written(START + to) })}`) as { traces: unknown[] };
      return traces.length;
    };
    expect([await between(-60_000, 120_000), await between(-60_000, 500), await between(-120_000, -60_000)]).toEqual([2, 1, 0]);
  });

  test("an answer as Go's client asks for it, compressed", async () => {
    const answer = await get(`/api/v2/traces/${ID}`, { 'accept-encoding': 'gzip' });
    expect(answer.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(answer.rawPayload).toString()).toContain('"resourceSpans"');
  });

  test('a trace whose root has not come says so as Tempo does', async () => {
    const { traces } = await json(`/api/search?${query({ ...RANGE, limit: '1' })}`) as { traces: unknown[] };
    expect(traces[0]).toMatchObject({ rootServiceName: '<root span not yet received>', rootTraceName: '' });
  });

  test('names of tags, all and of one scope', async () => {
    expect(await json(`/api/v2/search/tags?${query({ ...RANGE, limit: '5000' })}`)).toMatchObject({ scopes: [
      { name: 'resource', tags: ['region', 'service.name'] },
      { name: 'span', tags: expect.not.arrayContaining(['otel.scope.team']) as unknown }, { name: 'instrumentation', tags: ['team'] },
      { name: 'event', tags: ['exception.type'] }, { name: 'link', tags: ['why'] },
      { name: 'intrinsic', tags: expect.arrayContaining(['name', 'status', 'duration', 'rootServiceName']) as unknown },
    ] });
    expect(await json(`/api/v2/search/tags?${query({ ...RANGE, scope: 'resource' })}`)).toMatchObject({ scopes: [{ name: 'resource' }] });
    expect(await json(`/api/search/tags?${query(RANGE)}`)).toMatchObject({ tagNames: expect.arrayContaining(['http.route', 'region']) as unknown });
  });

  test.each([
    ['resource.service.name', {}, [{ type: 'string', value: 'pay' }, { type: 'string', value: 'front' }]],
    ['.service.name', { q: '{ status = error }' }, [{ type: 'string', value: 'pay' }]],
    ['resource.service.name', { q: '{ resource.region = "eu" && span.http.route = }' }, [{ type: 'string', value: 'front' }]],
    ['resource.service.name', { q: '{ span.http.route = && resource.region = "eu" }' }, [{ type: 'string', value: 'front' }]],
    ['span.http.response.status_code', {}, [{ type: 'int', value: '500' }]],
    ['instrumentation.team', { q: '{ instrumentation.team = "pay" }' }, [{ type: 'string', value: 'pay' }]],
    ['span.ratio', {}, [{ type: 'float', value: '0.5' }]],
    ['span.hit', {}, [{ type: 'bool', value: 'true' }]],
    ['status', {}, [{ type: 'keyword', value: 'unset' }, { type: 'keyword', value: 'error' }]],
    ['name', {}, [{ type: 'string', value: 'GET /' }, { type: 'string', value: 'charge' }, { type: 'string', value: 'orphan' }]],
    ['rootName', {}, [{ type: 'string', value: 'GET /' }]],
    ['event.exception.type', {}, [{ type: 'string', value: 'Declined' }]],
    ['span.list', {}, [{ type: 'string', value: 'x' }, { type: 'int', value: '1' }, { type: 'bool', value: 'true' }]],
  ])('values of %s %j, its name encoded twice', async (tag, params, expected) => {
    expect(await json(`/api/v2/search/tag/${encodeURIComponent(encodeURIComponent(tag))}/values?${query({ ...RANGE, ...params })}`)).toMatchObject({ tagValues: expected });
  });

  test('values of a tag as older versions ask', async () => {
    expect(await json(`/api/search/tag/service.name/values?${query(RANGE)}`)).toMatchObject({ tagValues: ['pay', 'front'] });
  });

  test('a chart', async () => {
    const { series } = await json(`/api/metrics/query_range?${query({ ...RANGE, q: '{ } | rate() by (resource.service.name)', step: '60s', exemplars: '5' })}`) as { series: { labels: unknown[]; samples: { timestampMs: string; value: number }[]; exemplars?: unknown[] }[] };
    expect(series.map(({ labels }) => labels)).toEqual([[{ key: 'resource.service.name', value: { stringValue: 'front' } }], [{ key: 'resource.service.name', value: { stringValue: 'pay' } }]]);
    expect(series[1]?.samples.find(({ value }) => value > 0)).toEqual({ timestampMs: String(START + 60_000), value: 2 / 60 });
    expect(series.flatMap(({ exemplars }) => exemplars ?? []).length).toBeGreaterThan(0);
  });

  test('a number: nothing but labels and value, or Grafana refuses it', async () => {
    expect(await json(`/api/metrics/query?${query({ ...RANGE, q: '{ } | quantile_over_time(duration, 0.99)' })}`)).toEqual({ series: [{ labels: [{ key: 'p', value: { doubleValue: 0.99 } }], value: 0.25 }] });
  });

  test('the comparison of Traces Drilldown', async () => {
    const { series } = await json(`/api/metrics/query_range?${query({ ...RANGE, q: '{ nestedSetParent < 0 } | compare({ duration > 100ms }, 10)', step: '180s' })}`) as { series: { labels: { key: string; value: unknown }[] }[] };
    expect(series.map(({ labels }) => labels)).toContainEqual([{ key: '__meta_type', value: { stringValue: 'selection' } }, { key: 'span.http.route', value: { stringValue: '/' } }]);
  });

  test.each([
    ['/api/search', { q: '{ duration > }' }, 'cannot stand here (column 14)'],
    ['/api/search', { q: '{ } | rate()' }, 'it does not find traces'],
    ['/api/metrics/query_range', { q: '{ }' }, 'it does not make metrics'],
    ['/api/metrics/query_range', { q: '{ } | rate()', step: '1ms', start: '0', end: '100000' }, 'more than'],
    ['/api/search', { start: 'soon' }, 'is not a time'],
    ['/api/search', { tags: 'x' }, 'is not key=value'],
  ])('%s with %j is refused with one sentence that Grafana can show', async (path, params, words) => {
    const answer = await get(`${path}?${query({ ...RANGE, ...params })}`);
    expect(answer.statusCode).toBe(400);
    expect(answer.headers['content-type']).toMatch(/^text\/plain/);
    expect(answer.body).toContain(words);
  });

  test('the plan behind a chart', async () => {
    const { plans } = await json(`/api/metrics/query_range?${query({ ...RANGE, q: '{ } | rate()', explain: '1' })}`) as { plans: { sql: string; plan: string }[] };
    expect(plans[0]?.plan).toContain('SCAN');
  });
});
