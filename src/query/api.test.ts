import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp } from '../../test/support/page-app.js';
import { pageFakes } from '../../test/support/page-fakes.js';
import { FAILED_TRACE_ID } from '../../test/support/page-trace.js';
import { sampleIncident } from '../incident/sample-incident.js';
import { incidentJson, incidentSummaryJson } from '../incident/incident-view.js';
import { API_SCHEMAS } from './openapi.js';

let app: NestFastifyApplication;
beforeAll(async () => {
  app = await createTestApp(pageFakes().options);
});
afterAll(() => app.close());
const get = (url: string): ReturnType<NestFastifyApplication['inject']> => app.inject({ url, headers: { host: '127.0.0.1:4400' } });

describe('the API answers as it says it does', () => {
  test.each([
    ['/api/v1/slos', 'SloList'], ['/api/v1/slos/checkout-availability', 'Slo'], ['/api/v1/slos/invoice-freshness', 'Slo'], ['/api/v1/slos/checkout-availability/history?range=1h', 'SloHistory'],
    ['/api/v1/traces', 'TraceList'], ['/api/v1/traces?range=all', 'TraceList'], ['/api/v1/traces?q=%7Bstatus%3Derror%7D&service=front&errors=1&minDuration=1ms&limit=3', 'TraceList'], [`/api/v1/traces/${FAILED_TRACE_ID}`, 'Trace'],
    ['/api/v1/gates/checkout-availability', 'Gate'], ['/api/v1/gates/checkout-availability?version=1.4.2', 'Gate'], ['/api/v1/gates/invoice-freshness', 'Gate'], ['/api/v1/suggestions?range=7d', 'SuggestionList'],
    ['/api/v1/services', 'ServiceList'], ['/api/v1/services/checkout', 'Service'], ['/api/v1/ingest', 'Ingest'], ['/api/v1/quality', 'Quality'], ['/api/v1/quality?week=2026-W47', 'Quality'],
    ['/api/v1/compare?cohort=%7B%20resource.service.version%20%3D%20%221.4.2%22%20%7D&against=%7B%20resource.service.version%20%3D%20%221.4.1%22%20%7D', 'Comparison'], ['/api/v1/signatures', 'SignatureList'], ['/api/v1/signatures/v2:8c74cab387668df2', 'Signature'],
  ] as const)('%s is a %s', async (url, schema) => {
    const response = await get(url);
    expect(response.statusCode).toBe(200);
    expect(response.headers['content-type']).toContain('application/json');
    expect(API_SCHEMAS[schema].safeParse(response.json()).error).toBeUndefined();
  });

  test.each([
    ['/api/v1/slos/none', 404, 'slo/not-found'], ['/api/v1/gates/none', 404, 'slo/not-found'], ['/api/v1/gates/checkout-availability?version=', 400, 'request/invalid'], ['/api/v1/traces/xyz', 400, 'trace/invalid-id'], [`/api/v1/traces/${'0'.repeat(31)}1`, 404, 'trace/not-found'], ['/api/v1/traces?limit=0', 400, 'request/invalid'], ['/api/v1/services?range=all', 400, 'request/invalid'], ['/api/v1/traces?range=soon', 400, 'request/invalid'],
    ['/api/v1/traces?from=2026-11-20T03:00:00Z&to=2026-11-20T02:00:00Z', 400, 'request/invalid'], ['/api/v1/quality?week=2026-W54', 400, 'request/invalid'], ['/api/v1/services/none', 404, 'service/not-found'], ['/api/v1/nothing', 404, 'request/not-found'],
    ['/api/v1/compare?cohort=%7B%7D', 400, 'request/invalid'], ['/api/v1/compare?cohort=%7Bx&against=%7B%7D', 400, 'traceql/invalid'], ['/api/v1/signatures/none', 404, 'signature/not-found'],
  ])('%s is a problem document, status %i and code %s', async (url, status, code) => {
    const response = await get(url);
    expect(response.statusCode).toBe(status);
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(response.json()).toMatchObject({ status, code, type: `urn:tocsin:error:${code.replace('/', ':')}` });
    expect(API_SCHEMAS.Problem.safeParse(response.json()).error).toBeUndefined();
  });

  test.each([
    ['compare?cohort=%7B%7D&against=%7B%7D&tolerance=abc', 'tolerance: must be a number'], ['compare?cohort=%7B%7D&against=%7B%7D&tolerance=11', 'tolerance: must be at most 10'],
    ['compare?cohort=%7B%7D&against=%7B%7D&significance=0', 'significance: must be more than 0'], ['traces?limit=0', 'limit: must be at least 1'], ['traces?limit=x', 'limit: must be a number'],
  ])('%s: %s', async (url, detail) => {
    expect((await get(`/api/v1/${url}`)).json()).toMatchObject({ status: 400, code: 'request/invalid', detail });
  });

  test('an SLO has the members that interfaces.md promises', async () => {
    const slo = (await get('/api/v1/slos/checkout-availability')).json<Record<string, unknown>>();
    expect(slo).toMatchObject({ name: 'checkout-availability', service: 'checkout', target: 0.999, window: '30d', errorBudgetRemaining: 0.71, state: 'page', coverage: 1 });
    expect(slo['burnRates']).toMatchObject({ '1h': 21, '30d': 0.29 });
    expect(slo).toHaveProperty('sli');
    expect(slo).toHaveProperty('confidence');
  });

  test.each([
    ['extent', { sliceKeys: ['checkout-availability@1'], fromMinute: 0, toMinute: 9e6 }, 'BacktestExtent'],
    ['slices', { sliceKeys: ['checkout-availability@1'], fromMinute: 100, toMinute: 460, imported: true }, 'BacktestSlices'],
    ['recount', { sliceKey: 'x@1', total: '{ kind = server }', part: { polarity: 'bad', query: '{ status = error }' }, weight: { attribute: 'SampleRate' }, fromMinute: 100, toMinute: 460 }, 'BacktestSlices'],
  ] as const)('a backtest may ask for %s', async (what, payload, schema) => {
    const response = await app.inject({ method: 'POST', url: `/api/v1/backtest/${what}`, headers: { host: '127.0.0.1:4400' }, payload });
    expect([response.statusCode, API_SCHEMAS[schema].safeParse(response.json()).error]).toEqual([200, undefined]);
  });

  test.each([
    ['slices', { sliceKeys: [], fromMinute: 0, toMinute: 1_441 }, 'request/invalid'], ['slices', { sliceKeys: 'x', fromMinute: 0, toMinute: 1 }, 'request/invalid'],
    ['recount', { sliceKey: 'x@1', total: '{ kind = ', part: { polarity: 'bad', query: '{ }' }, weight: 'auto', fromMinute: 0, toMinute: 1 }, 'traceql/invalid'],
  ])('a backtest that asks for %s wrongly is told so', async (what, payload, code) => {
    const response = await app.inject({ method: 'POST', url: `/api/v1/backtest/${what}`, headers: { host: '127.0.0.1:4400' }, payload });
    expect(response.json()).toMatchObject({ status: 400, code });
  });

  test('a wrong TraceQL query is placed', async () => {
    const response = await get(`/api/v1/traces?q=${encodeURIComponent('{ duration > }')}`);
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({ code: 'traceql/invalid', offset: 13, line: 1, column: 14 });
    expect(response.json().hint).not.toBe('');
  });

  test('an export is written trace by trace, as OTLP or for Jaeger', async () => {
    const otlp = await get('/api/v1/export?range=all');
    expect(otlp.headers['content-type']).toBe('application/x-ndjson');
    const lines = otlp.body.trim().split('\n').map((line) => JSON.parse(line) as { readonly resourceSpans: readonly unknown[] });
    const jaeger = (await get('/api/v1/export?range=all&format=jaeger')).json<{ data: { traceID: string }[]; total: number }>();
    expect(jaeger.total).toBe(lines.length);
    expect(jaeger.data.map(({ traceID }) => traceID)).toContain(FAILED_TRACE_ID);
    const weighted = (await get('/api/v1/export?range=all&format=weighted')).body.trim().split('\n').map((line) => JSON.parse(line) as { readonly resourceSpans: readonly unknown[]; readonly weights: unknown });
    expect(weighted.map(({ resourceSpans }) => ({ resourceSpans }))).toEqual(lines);
    expect((await get('/api/v1/export?format=csv')).json()).toMatchObject({ status: 400, code: 'request/invalid' });
    expect((await get('/api/v1/export?q=%7B')).json()).toMatchObject({ status: 400, code: 'traceql/invalid' });
  });

  test('64-bit numbers keep all their digits', async () => {
    const { spans } = (await get(`/api/v1/traces/${FAILED_TRACE_ID}`)).json<{ spans: { startNs: string; attributes: Record<string, unknown> }[] }>();
    expect(spans[0]?.startNs).toMatch(/^\d{19}$/);
    expect(spans.map((span) => span.attributes['shop.order.id']).filter((value) => value !== undefined)).toEqual(['9223372036854775807']);
  });
});

test('incidents are as described too', () => {
  expect(API_SCHEMAS.Incident.safeParse(incidentJson(sampleIncident())).error).toBeUndefined();
  expect(API_SCHEMAS.IncidentList.safeParse({ incidents: [incidentSummaryJson(sampleIncident())] }).error).toBeUndefined();
});

test('OpenAPI describes every route, and every reference leads somewhere', async () => {
  const document = (await get('/api/openapi.json')).json<{ paths: Record<string, unknown>; components: { schemas: Record<string, unknown> } }>();
  expect(Object.keys(document.paths)).toContain('/api/v1/slos/{name}/history');
  for (const [, name = ''] of JSON.stringify(document).matchAll(/#\/components\/schemas\/(\w+)/g)) expect(document.components.schemas).toHaveProperty(name);
});
