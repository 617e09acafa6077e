import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp } from '../../test/support/page-app.js';
import { pageFakes } from '../../test/support/page-fakes.js';
import { openTraceqlStore, type TraceqlStore } from '../../test/support/traceql-store.js';
import { FakeClock } from '../lib/clock.js';
import { DEFAULT_START_MS } from '../trace/batch-builder.js';
import { DuckdbTopologyReader } from './duckdb-topology-reader.js';
import { DuckdbTraceReader } from './duckdb-trace-reader.js';

const ID = '0af7651916cd43dd8448eb211c80319c';
const SHORT = '1a';
const START = DEFAULT_START_MS;

let store: TraceqlStore;
let app: NestFastifyApplication;
beforeAll(async () => {
  store = await openTraceqlStore();
  await store.replace([
    { traceId: ID, spanId: 'a1', name: 'GET /', service: 'front', kind: 'server', startMs: START, durationMs: 250, weight: 3 },
    {
      traceId: ID, spanId: 'a2', parentSpanId: 'a1', name: 'charge', service: 'pay', kind: 'client', status: 'error', statusMessage: 'declined', startMs: START + 20, durationMs: 100, weight: 3,
      attributes: { big: 9_223_372_036_854_775_807n, ratio: 0.5, hit: true, list: ['x', 1], code: 500 }, resource: { region: 'eu' }, events: [{ name: 'exception', timeMs: START + 60, attributes: { 'exception.type': 'Declined' } }], links: [{ traceId: 'b'.repeat(32), spanId: 'c'.repeat(16) }], scope: { name: 'grpc', version: '2' },
    },
    { traceId: SHORT, spanId: 'b1', name: 'GET /', service: 'front', startMs: START + 1_000, durationMs: 5 },
  ]);
  const fakes = pageFakes();
  app = await createTestApp({ ...fakes.options, readers: { ...fakes.options.readers, clock: new FakeClock(START + 60_000), traces: new DuckdbTraceReader(store.database), topology: new DuckdbTopologyReader(store.database) } });
});
afterAll(async () => {
  await app.close();
  await store.close();
});

async function get(path: string, params: Record<string, string> = {}): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await app.inject({ url: `/jaeger/api${path}?${new URLSearchParams(params).toString()}`, headers: { host: '127.0.0.1:4400' } });
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
}

describe("Jaeger's query API", () => {
  test('lists services, operations and calls', async () => {
    expect((await get('/services')).body).toEqual({ data: ['front', 'pay'], total: 2, limit: 0, offset: 0, errors: null });
    expect((await get('/services/front/operations')).body).toMatchObject({ data: ['GET /'] });
    expect((await get('/operations', { service: 'pay', spanKind: 'client' })).body).toMatchObject({ data: [{ name: 'charge', spanKind: 'client' }] });
    expect((await get('/operations', { service: 'pay', spanKind: 'server' })).body).toMatchObject({ data: [] });
    expect((await get('/dependencies', { endTs: String(START + 60_000), lookback: '3600000' })).body).toMatchObject({ data: [{ parent: 'front', child: 'pay', callCount: 3 }] });
    expect((await get('/v3/services')).body).toEqual({ services: ['front', 'pay'] });
    expect((await get('/v3/operations', { service: 'front' })).body).toEqual({ operations: [{ name: 'GET /', spanKind: 'server' }] });
  });

  test('shows a trace as its UI reads it', async () => {
    const { body } = await get(`/traces/${ID}`);
    expect(body).toEqual({ total: 1, limit: 0, offset: 0, errors: null, data: [{
      traceID: ID, warnings: null,
      processes: { p1: { serviceName: 'front', tags: [] }, p2: { serviceName: 'pay', tags: [{ key: 'region', type: 'string', value: 'eu' }] } },
      spans: [
        expect.objectContaining({ spanID: '00000000000000a1', operationName: 'GET /', references: [], startTime: START * 1_000, duration: 250_000, processID: 'p1', tags: [{ key: 'span.kind', type: 'string', value: 'server' }], logs: [] }),
        {
          traceID: ID, spanID: '00000000000000a2', operationName: 'charge', startTime: (START + 20) * 1_000, duration: 100_000, processID: 'p2', warnings: null,
          references: [{ refType: 'CHILD_OF', traceID: ID, spanID: '00000000000000a1' }, { refType: 'FOLLOWS_FROM', traceID: 'b'.repeat(32), spanID: 'c'.repeat(16) }],
          tags: [
            { key: 'big', type: 'int64', value: '9223372036854775807' }, { key: 'ratio', type: 'float64', value: 0.5 }, { key: 'hit', type: 'bool', value: true }, { key: 'list', type: 'string', value: '["x",1]' }, { key: 'code', type: 'int64', value: 500 },
            { key: 'span.kind', type: 'string', value: 'client' }, { key: 'otel.status_code', type: 'string', value: 'ERROR' }, { key: 'otel.status_description', type: 'string', value: 'declined' }, { key: 'error', type: 'bool', value: true },
            { key: 'otel.scope.name', type: 'string', value: 'grpc' }, { key: 'otel.scope.version', type: 'string', value: '2' },
          ],
          logs: [{ timestamp: (START + 60) * 1_000, fields: [{ key: 'event', type: 'string', value: 'exception' }, { key: 'exception.type', type: 'string', value: 'Declined' }] }],
        },
      ],
    }] });
  });

  test('shows a trace as OTLP in its third version', async () => {
    const { body } = await get(`/v3/traces/${ID}`);
    expect(body).toMatchObject({ result: { resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: ID, spanId: '00000000000000a1', kind: 2 }] }] }, { scopeSpans: [{ scope: { name: 'grpc', version: '2' }, spans: [{ status: { code: 2, message: 'declined' } }] }] }] } });
  });

  test('finds traces by the names of its third version', async () => {
    const at = (ms: number): string => new Date(START + ms).toISOString();
    const ids = async (params: Record<string, string>): Promise<unknown> => {
      const { status, body } = await get('/v3/traces', { 'query.start_time_min': at(-60_000), 'query.start_time_max': at(60_000), ...params });
      expect(status).toBe(200);
      const { resourceSpans } = body['result'] as { resourceSpans: { scopeSpans: { spans: { traceId: string }[] }[] }[] };
      return [...new Set(resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans.map(({ traceId }) => traceId))))];
    };
    expect(await ids({ 'query.service_name': 'front' })).toEqual([SHORT.padStart(32, '0'), ID]);
    expect(await ids({ 'query.service_name': 'front', 'query.search_depth': '1' })).toEqual([SHORT.padStart(32, '0')]);
    expect(await ids({ 'query.service_name': 'pay', 'query.operation_name': 'charge', 'query.attributes': '{"code":"500"}', 'query.duration_min': '50ms' })).toEqual([ID]);
    expect(await ids({ 'query.service_name': 'pay', 'query.duration_max': '50ms' })).toEqual([]);
    expect((await get('/v3/traces', { 'query.start_time_min': 'soon' })).status).toBe(400);
    // As Jaeger 2 asks. What is not known would find everything.
    expect(await ids({ 'query.serviceName': 'pay', 'query.operationName': 'charge', 'query.durationMin': '50ms', 'query.searchDepth': '5' })).toEqual([ID]);
    expect(await ids({ 'query.startTimeMax': at(500), 'query.serviceName': 'front' })).toEqual([ID]);
    expect(await get('/v3/traces', { 'query.filter': '{}' })).toMatchObject({ status: 400, body: { error: { message: expect.stringContaining('query.filter') as unknown } } });
    expect((await get('/v3/operations', { service: 'pay', spanKind: 'server' })).body).toEqual({ operations: [] });
  });

  test('lists what it found in few words', async () => {
    const { body } = await get('/v3/trace-summaries', { 'query.serviceName': 'front', 'query.startTimeMin': new Date(START - 60_000).toISOString(), 'query.startTimeMax': new Date(START + 60_000).toISOString() });
    expect(body).toEqual({ summaries: [
      { traceId: SHORT.padStart(32, '0'), rootServiceName: 'front', rootOperationName: 'GET /', minStartTimeUnixNano: `${START + 1_000}000000`, maxEndTimeUnixNano: `${START + 1_005}000000`, spanCount: 1, services: [{ name: 'front', spanCount: 1 }] },
      { traceId: ID, rootServiceName: 'front', rootOperationName: 'GET /', minStartTimeUnixNano: `${START}000000`, maxEndTimeUnixNano: `${START + 250}000000`, spanCount: 2, errorSpanCount: 1, services: [{ name: 'front', spanCount: 1 }, { name: 'pay', spanCount: 1, errorSpanCount: 1 }] },
    ] });
  });

  const around = { start: String((START - 60_000) * 1_000), end: String((START + 60_000) * 1_000) };
  test.each([
    ['a service', { service: 'pay', ...around }, [ID]],
    ['an operation', { service: 'front', operation: 'GET /', ...around }, [SHORT.padStart(32, '0'), ID]],
    ['tags', { service: 'pay', tags: '{"error":"true","code":"500"}', ...around }, [ID]],
    ['one tag', { service: 'pay', tag: 'hit:true', ...around }, [ID]],
    ['durations', { service: 'front', minDuration: '1ms', maxDuration: '10ms', ...around }, [SHORT.padStart(32, '0')]],
    ['a limit', { service: 'front', limit: '1', lookback: '1h' }, [SHORT.padStart(32, '0')]],
    ['ids', { traceID: SHORT }, [SHORT.padStart(32, '0')]],
    ['nothing there', { service: 'none', ...around }, []],
  ])('searches by %s', async (_, params, expected) => {
    const { body } = await get('/traces', params);
    expect((body['data'] as { traceID: string }[]).map(({ traceID }) => traceID)).toEqual(expected);
  });

  test('says what is wrong as Jaeger does: its UI shows the messages of `errors`', async () => {
    expect(await get('/traces', { tags: '[1]' })).toEqual({ status: 400, body: { data: null, total: 0, limit: 0, offset: 0, errors: [{ code: 400, msg: expect.stringContaining('not a JSON object') as unknown }], error: { httpCode: 400, message: expect.stringContaining('tags={') as unknown } } });
    expect(await get('/traces/xyz')).toMatchObject({ status: 400, body: { errors: [{ code: 400 }] } });
    expect(await get(`/traces/${'1'.repeat(32)}`)).toMatchObject({ status: 404, body: { data: null, errors: [{ code: 404, msg: expect.stringContaining('is not stored') as unknown }] } });
    expect(await get(`/v3/traces/${'1'.repeat(32)}`)).toMatchObject({ status: 404, body: { error: { httpCode: 404 } } });
    expect(await get('/traces', { minDuration: 'long' })).toMatchObject({ status: 400 });
  });
});
