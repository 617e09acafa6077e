import { afterAll, expect, test, vi } from 'vitest';
import { API_SCHEMAS } from '../../src/query/openapi.js';
import { eventually } from '../support/eventually.js';
import { sendTraces, spanIdOf, traceIdOf } from '../support/otlp-json.js';
import { disposeServices, newGround, startServiceProcess } from '../support/service-process.js';

afterAll(disposeServices);
vi.setConfig({ testTimeout: 120_000 });

const text = (key: string, value: string) => ({ key, value: { stringValue: value } });

interface Sent {
  readonly id: number;
  readonly kind: number;
  readonly startMs: number;
  readonly durationMs: number;
  readonly parent?: number;
  readonly trace?: number;
}

const http = { 2: [text('url.path', '/items')], 3: [text('url.full', 'http://cart/items')] } as const;

function spanOf({ id, kind, startMs, durationMs, parent, trace = id }: Sent): unknown {
  return {
    traceId: traceIdOf(trace), spanId: spanIdOf(id), name: 'GET /items', kind, startTimeUnixNano: `${startMs}000000`, endTimeUnixNano: `${startMs + durationMs}000000`,
    ...(parent === undefined ? {} : { parentSpanId: spanIdOf(parent) }), attributes: [text('http.request.method', 'GET'), ...(kind === 3 ? http[3] : http[2])],
  };
}

/** gateway calls cart every two seconds of the last four minutes, and the header is lost on the way. */
function strippedCalls(nowMs: number): string {
  const calls = Array.from({ length: 120 }, (_, index) => nowMs - 4 * 60_000 + index * 2_000);
  const ofService = (service: string, spans: readonly unknown[]): unknown => ({ resource: { attributes: [text('service.name', service)] }, scopeSpans: [{ spans }] });
  return JSON.stringify({ resourceSpans: [
    ofService('gateway', calls.flatMap((startMs, index) => [spanOf({ id: index * 3 + 1, kind: 2, startMs, durationMs: 40 }), spanOf({ id: index * 3 + 2, kind: 3, startMs: startMs + 5, durationMs: 30, parent: index * 3 + 1, trace: index * 3 + 1 })])),
    ofService('cart', calls.map((startMs, index) => spanOf({ id: index * 3 + 3, kind: 2, startMs: startMs + 10, durationMs: 20 }))),
  ] });
}

test('a started service opens the ticket about a broken context, writes down who read traces, and answers for week, month and quarter', async () => {
  const ground = newGround();
  const first = startServiceProcess({ ground });
  const before = await first.ready;
  expect((await sendTraces(before.otlpHttp, strippedCalls(Date.now()))).status).toBe(200);
  expect((await fetch(`${before.http}/api/v1/traces/${traceIdOf(1)}`)).status).toBe(200);
  await first.stop();
  // Everything is stored before the watch of this one reads its first minute.
  const { http: address } = await startServiceProcess({ ground }).ready;
  const json = async (path: string): Promise<unknown> => (await fetch(`${address}${path}`)).json();
  await eventually(async () => {
    const { incidents } = (await json('/api/v1/incidents')) as { readonly incidents: readonly { readonly id: string; readonly title: string; readonly severity: string }[] };
    expect(incidents).toContainEqual(expect.objectContaining({ severity: 'ticket', title: expect.stringMatching(/^Context broken since \d\d:\d\d UTC at gateway → cart$/) as string }));
  }, { withinMs: 60_000 });
  const week = API_SCHEMAS.Quality.parse(await json('/api/v1/quality'));
  expect(week.findings).toContainEqual(expect.objectContaining({ kind: 'broken-context', severity: 'high', edge: { caller: 'gateway', callee: 'cart' } }));
  expect(week.access?.readers).toContainEqual(expect.objectContaining({ reads: 1, refused: 0 }));
  expect(API_SCHEMAS.QualityAudit.parse(await json('/api/v1/quality/month'))).toMatchObject({ kind: 'month', month: { keepsRetention: true } });
  expect(API_SCHEMAS.QualityAudit.parse(await json('/api/v1/quality/quarter'))).toMatchObject({ kind: 'quarter' });
});
