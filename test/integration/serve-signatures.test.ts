import { afterAll, expect, test, vi } from 'vitest';
import { startWebhookStandIn } from '../../src/notify/stand-in/http-webhook-stand-in.js';
import { eventually } from '../support/eventually.js';
import { sendTraces, spanIdOf, traceIdOf } from '../support/otlp-json.js';
import { disposeServices, newGround, startServiceProcess } from '../support/service-process.js';

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  await disposeServices();
  await Promise.all(closing.map((close) => close()));
});
vi.setConfig({ testTimeout: 120_000 });

const RULE = `apiVersion: tocsin.dev/v1
kind: SignatureRule
metadata: { name: many-errors }
spec: { severity: page, when: { rate: { above: 3, over: 5m } } }
`;
/** Ten failures in a hundred requests cross it, four do not. */
const OBJECTIVE = `apiVersion: openslo/v1
kind: SLO
metadata: { name: front-availability, displayName: Front works }
spec:
  service: front
  budgetingMethod: Occurrences
  timeWindow: [{ duration: 30d, isRolling: true }]
  indicator: { spec: { ratioMetric: { counter: false, total: { metricSource: { type: traces, spec: { query: '{ resource.service.name = "front" && kind = server }' } } }, bad: { metricSource: { type: traces, spec: { query: '{ status = error }' } } } } } }
  objectives: [{ target: 0.99 }]
  alertPolicies: [{ alertPolicyRef: fast }]
---
apiVersion: tocsin.dev/v1
kind: BurnRatePolicy
metadata: { name: fast }
spec: { tiers: [{ severity: page, factor: 14.4, long: 1h, short: 5m }] }
`;
const FAILURES = 12;

const text = (key: string, stringValue: string): unknown => ({ key, value: { stringValue } });
const resource = (service: string): unknown => ({ attributes: [text('service.name', service), text('service.version', '2.3'), text('tenant.id', 'acme')] });

/** The front repeats what payment fails with; whoever called it knows nothing but that it failed. */
function failing(ids: readonly number[]): string {
  const nowMs = Date.now();
  const span = (id: number, more: object): object => ({ traceId: traceIdOf(id), startTimeUnixNano: `${nowMs - 20}000000`, endTimeUnixNano: `${nowMs}000000`, kind: 2, status: { code: 2 }, ...more });
  return JSON.stringify({ resourceSpans: [
    { resource: resource('front'), scopeSpans: [{ spans: ids.map((id) => span(id, { spanId: spanIdOf(id), name: 'POST /buy' })) }] },
    { resource: resource('payment'), scopeSpans: [{ spans: ids.map((id) => span(id, { spanId: spanIdOf(id + 1_000), parentSpanId: spanIdOf(id), name: 'POST /charge' })) }] },
  ] });
}

function fine(ids: readonly number[]): string {
  const nowMs = Date.now();
  const spans = ids.map((id) => ({ traceId: traceIdOf(id), spanId: spanIdOf(id), startTimeUnixNano: `${nowMs - 20}000000`, endTimeUnixNano: `${nowMs}000000`, kind: 2, name: 'POST /buy' }));
  return JSON.stringify({ resourceSpans: [{ resource: resource('front'), scopeSpans: [{ spans }] }] });
}

/** The exceptions themselves come as log records. */
function exceptions(ids: readonly number[]): string {
  const attributes = (id: number): unknown[] => [text('exception.type', 'Declined'), text('exception.message', `card ${4_000 + id} declined`), text('exception.stacktrace', `Declined\n    at charge (/app/pay.js:${id + 10}:4)\n    at query (/app/node_modules/pg/client.js:1:1)`)];
  return JSON.stringify({ resourceLogs: [{ resource: resource('payment'), scopeLogs: [{ logRecords: ids.map((id) => ({ timeUnixNano: `${Date.now()}000000`, severityNumber: 17, body: { stringValue: 'failed' }, traceId: traceIdOf(id), spanId: spanIdOf(id + 1_000), attributes: attributes(id) })) }] }] });
}

interface SignatureJson { readonly id: string; readonly state: string; readonly type: string; readonly message: string; readonly service: string; readonly total: number; readonly operations: Readonly<Record<string, number>>; readonly versions: Readonly<Record<string, number>>; readonly tenants: Readonly<Record<string, number>>; readonly frames: readonly string[] }

test('a started service reads failures for their signatures, also where the exception comes as a log before or after its span, and pages with traces attached', async () => {
  const webhook = await startWebhookStandIn();
  closing.push(() => webhook.close());
  const ground = newGround({ 'rules/errors.yaml': RULE, 'rules/routing.yaml': `route: { receiver: people, group_wait: 0s, group_by: [incident] }\nreceivers: [{ name: people, webhook_configs: [{ url: '${webhook.url}' }] }]\n` });
  const service = startServiceProcess({ ground });
  const { http, otlpHttp } = await service.ready;
  const sendLogs = (ids: readonly number[]): Promise<Response> => fetch(`${otlpHttp}/v1/logs`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: exceptions(ids) });
  const ids = Array.from({ length: FAILURES }, (_, index) => index + 1);
  const [early, late] = [ids.slice(0, FAILURES / 2), ids.slice(FAILURES / 2)];
  expect((await sendLogs(early)).status).toBe(200);
  expect((await sendTraces(otlpHttp, failing(ids))).status).toBe(200);
  expect((await sendLogs(late)).status).toBe(200);

  const read = async <T>(path: string): Promise<T> => (await (await fetch(`${http}/api/v1/${path}`)).json()) as T;
  const { signatures } = await eventually(async () => {
    const list = await read<{ readonly signatures: readonly SignatureJson[] }>('signatures');
    expect(list.signatures).not.toEqual([]);
    return list;
  }, { withinMs: 60_000 });
  expect(signatures).toMatchObject([{
    type: 'Declined', message: 'card <number> declined', service: 'payment', total: FAILURES, frames: ['charge (pay.js)'], operations: { 'front POST /buy': FAILURES }, versions: { 2.3: FAILURES }, tenants: { acme: FAILURES },
  }]);

  await eventually(() => expect(webhook.received()).not.toEqual([]), { withinMs: 60_000 });
  expect(JSON.parse(webhook.received()[0]?.body ?? '')).toMatchObject({ status: 'firing', commonLabels: { alertname: 'ErrorSignature', rule: 'many-errors', signature: signatures[0]?.id, severity: 'page' } });
  interface Found { readonly incidents: readonly { readonly id: string; readonly key: string }[] }
  const incident = (await read<Found>('incidents')).incidents.find(({ key }) => key.startsWith('signature:'));
  const detail = await eventually(async () => {
    const found = await read<{ readonly traces: readonly { readonly role: string; readonly traceId: string }[]; readonly snapshot?: unknown }>(`incidents/${incident?.id ?? ''}`);
    // All failed alike and at once: one shows it.
    expect(found.traces.map(({ role }) => role)).toEqual(['most-common']);
    expect(found.snapshot).toBeTruthy();
    return found;
  }, { withinMs: 60_000 });
  for (const { traceId } of detail.traces) expect((await fetch(`${http}/api/v1/traces/${traceId}`)).status).toBe(200);
  const page = await (await fetch(`${http}/incidents/${incident?.id ?? ''}`)).text();
  expect(page).toContain('Declined');
  expect((await service.stop()).code).toBe(0);

  const again = startServiceProcess({ ground });
  const kept = (await (await fetch(`${(await again.ready).http}/api/v1/signatures`)).json()) as { readonly signatures: readonly SignatureJson[] };
  expect(kept.signatures).toMatchObject([{ id: signatures[0]?.id, total: FAILURES, state: 'new' }]);
  expect((await again.stop()).code).toBe(0);
});

test('one fault is one page, though a rule on its error pages before the SLO that it breaks', async () => {
  const webhook = await startWebhookStandIn();
  closing.push(() => webhook.close());
  const ground = newGround({ 'rules/errors.yaml': RULE, 'rules/front.yaml': OBJECTIVE, 'rules/routing.yaml': `route: { receiver: people, group_wait: 0s, group_by: [incident] }\nreceivers: [{ name: people, webhook_configs: [{ url: '${webhook.url}' }] }]\n` });
  const service = startServiceProcess({ ground });
  const { http, otlpHttp } = await service.ready;
  const ids = (from: number, count: number): number[] => Array.from({ length: count }, (_, index) => from + index);
  const told = (): string[] => webhook.received().map(({ body }) => (JSON.parse(body) as { readonly tocsin: { readonly transition: string } }).tocsin.transition);
  expect((await sendTraces(otlpHttp, fine(ids(10_000, 200)))).status).toBe(200);
  expect((await sendTraces(otlpHttp, failing(ids(1, 5)))).status).toBe(200);
  await eventually(() => expect(told()).toEqual(['opened']), { withinMs: 60_000 });

  expect((await sendTraces(otlpHttp, failing(ids(100, 80)))).status).toBe(200);
  interface Found { readonly incidents: readonly { readonly id: string; readonly key: string }[] }
  interface Detail { readonly alerts: readonly { readonly labels: { readonly alertname: string } }[]; readonly causes: readonly { readonly words: string }[]; readonly ledger: readonly unknown[] }
  await eventually(async () => {
    const { incidents } = (await (await fetch(`${http}/api/v1/incidents`)).json()) as Found;
    expect(incidents.map(({ key }) => key)).toEqual([expect.stringMatching(/^signature:/)]);
    const detail = (await (await fetch(`${http}/api/v1/incidents/${incidents[0]?.id ?? ''}`)).json()) as Detail;
    expect(detail.alerts.map(({ labels }) => labels.alertname)).toEqual(['ErrorSignature', 'ErrorBudgetBurn']);
    expect(detail.causes.map(({ words }) => words)).toEqual([expect.stringContaining('began in payment POST /charge with the error that was alerted on')]);
    expect(detail.ledger).not.toEqual([]);
  }, { withinMs: 60_000 });
  expect(told().filter((kind) => kind === 'opened')).toEqual(['opened']);
  expect((await service.stop()).code).toBe(0);
});
