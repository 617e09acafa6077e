import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resources, tracing } from '@opentelemetry/sdk-node';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { startSlackStandIn, type SlackStandIn } from '../../src/notify/stand-in/http-slack-stand-in.js';
import { startWebhookStandIn, type WebhookStandIn } from '../../src/notify/stand-in/http-webhook-stand-in.js';
import { eventually } from '../support/eventually.js';
import { requests, sendTraces, tracesJson } from '../support/otlp-json.js';
import { disposeServices, newGround, startServiceProcess, type Addresses, type Files } from '../support/service-process.js';

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  await disposeServices();
  await Promise.all(closing.map((close) => close()));
});
vi.setConfig({ testTimeout: 60_000 });

const PROMISED_SECONDS = 6;

async function slackStandIn(port = 0): Promise<SlackStandIn> {
  const slack = await startSlackStandIn({ port, token: 'xoxb-test', channels: ['#alerts'] });
  closing.push(() => slack.close());
  return slack;
}

async function webhookStandIn(): Promise<WebhookStandIn> {
  const webhook = await startWebhookStandIn();
  closing.push(() => webhook.close());
  return webhook;
}

function routing({ webhookUrl }: { readonly webhookUrl?: string } = {}): Files {
  const webhooks = webhookUrl === undefined ? '' : `\n    webhook_configs: [{ url: '${webhookUrl}', send_resolved: true }]`;
  return {
    'rules/routing.yaml': `route: { receiver: people, group_by: [incident], group_wait: 0s, group_interval: 1m }
receivers:
  - name: people
    slack_configs: [{ channel: '#alerts', send_resolved: true }]${webhooks}
`,
  };
}

/** 200 requests through a real SDK, every other of which failed. */
function failingShop(tracer: Tracer): void {
  for (let order = 0; order < 200; order += 1) {
    const span = tracer.startSpan('POST /checkout', { kind: SpanKind.SERVER, attributes: { 'http.route': '/checkout', order } }, ROOT_CONTEXT);
    const child = tracer.startSpan('charge card', { kind: SpanKind.CLIENT }, trace.setSpan(ROOT_CONTEXT, span));
    if (order % 2 === 0) {
      const error = new Error(`order ${order} was refused`);
      child.recordException(error);
      child.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    child.end();
    span.end();
  }
}

const exporters: readonly (readonly [string, (addresses: Addresses) => tracing.SpanExporter])[] = [
  ['OTLP/gRPC', ({ otlpGrpc }) => new GrpcExporter({ url: otlpGrpc })],
  ['OTLP/HTTP with protobuf', ({ otlpHttp }) => new ProtoExporter({ url: `${otlpHttp}/v1/traces` })],
  ['OTLP/HTTP with JSON', ({ otlpHttp }) => new JsonExporter({ url: `${otlpHttp}/v1/traces` })],
];

interface IncidentView {
  readonly id: string;
  readonly status: string;
  readonly severity: string;
  readonly title: string;
  readonly traces: readonly { readonly traceId: string; readonly role: string }[];
  readonly runbook?: unknown;
}

async function incidentsOf(http: string): Promise<readonly IncidentView[]> {
  const body = (await (await fetch(`${http}/api/v1/incidents`)).json()) as { readonly incidents?: readonly IncidentView[] } | readonly IncidentView[];
  return 'incidents' in body ? (body.incidents ?? []) : (body as readonly IncidentView[]);
}

/** Every link to Tocsin in the message, as a person could click it. */
function linksIn(value: unknown, base: string): string[] {
  const escaped = base.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return [...new Set(JSON.stringify(value).match(new RegExp(`${escaped}[^"|>\\\\\\s)]*`, 'g')) ?? [])];
}

async function latencyOf(http: string, integration: string): Promise<{ readonly count: number; readonly sum: number }> {
  const text = await (await fetch(`${http}/metrics`)).text();
  const value = (suffix: string): number => Number(new RegExp(`^tocsin_breach_to_notification_seconds_${suffix}\\{integration="${integration}"\\} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
  return { count: value('count'), sum: value('sum') };
}

describe('from an official exporter to the page', () => {
  test.each(exporters)('over %s: one Slack message and one webhook, with working links, in time', async (_name, exporterFor) => {
    const slack = await slackStandIn();
    const webhook = await webhookStandIn();
    const service = startServiceProcess({ ground: newGround(routing({ webhookUrl: webhook.url })), env: { TOCSIN_SLACK_TOKEN: 'xoxb-test', TOCSIN_SLACK_API_URL: slack.apiUrl } });
    const addresses = await service.ready;
    const provider = new tracing.BasicTracerProvider({
      resource: resources.resourceFromAttributes({ 'service.name': 'checkout', 'service.version': '2.3.0', region: 'eu-2' }),
      spanProcessors: [new tracing.BatchSpanProcessor(exporterFor(addresses), { maxExportBatchSize: 100 })],
    });
    failingShop(provider.getTracer('shop'));
    await provider.shutdown();

    await eventually(() => {
      expect(slack.messages()).toHaveLength(1);
      expect(webhook.received()).toHaveLength(1);
    });
    const [message] = slack.messages();
    const links = linksIn(message, addresses.http);
    expect(links.some((link) => link.includes('/incidents/')), links.join('\n')).toBe(true);
    expect(links.filter((link) => link.includes('/traces/')).length).toBeGreaterThanOrEqual(3);
    for (const link of links) expect((await fetch(link, { headers: { accept: 'text/html' } })).status, link).toBe(200);

    const body = JSON.parse(webhook.received()[0]?.body ?? '') as Record<string, unknown>;
    expect(body).toMatchObject({ version: '4', status: 'firing', receiver: 'people', commonLabels: { slo: 'checkout-availability', service: 'checkout', severity: 'page' }, alerts: [{ status: 'firing' }] });
    for (const link of linksIn(body, addresses.http)) expect((await fetch(link)).status, link).toBe(200);

    const [incident] = await incidentsOf(addresses.http);
    expect(incident).toMatchObject({ status: 'open', severity: 'page' });
    expect(JSON.stringify(body['tocsin'])).toContain(incident?.id ?? 'no incident');
    const page = await (await fetch(`${addresses.http}/incidents/${incident?.id ?? ''}`)).text();
    // The root error is the child's, and the order's number is not part of it.
    for (const words of ['charge card', 'was refused', 'Checkout fails', 'Healthy twin']) expect(page, words).toContain(words);
    expect(await (await fetch(`${addresses.http}/incidents`)).text()).toContain(`/incidents/${incident?.id ?? ''}`);

    for (const integration of ['slack', 'webhook']) {
      const latency = await latencyOf(addresses.http, integration);
      expect(latency.count, integration).toBe(1);
      expect(latency.sum, integration).toBeLessThanOrEqual(PROMISED_SECONDS);
    }
    const exit = await service.stop();
    expect(exit.code).toBe(0);
    expect(exit.stderr).not.toMatch(/"level":(50|60)/);
  });

  test('a Slack that is down at first gets the page once, when it is up', async () => {
    const placeholder = await slackStandIn();
    const port = Number(new URL(placeholder.url).port);
    await placeholder.close();
    const service = startServiceProcess({ ground: newGround(routing()), env: { TOCSIN_SLACK_TOKEN: 'xoxb-test', TOCSIN_SLACK_API_URL: placeholder.apiUrl } });
    const { http, otlpHttp } = await service.ready;
    expect((await sendTraces(otlpHttp, tracesJson(requests(1, 200, { failEvery: 2 })))).status).toBe(200);
    await eventually(() => expect(service.stderr()).toContain('a message is not delivered yet'));
    expect(await incidentsOf(http)).toHaveLength(1);

    const slack = await slackStandIn(port);
    await eventually(() => expect(slack.messages()).toHaveLength(1));
    // The next evaluations add nothing: what was delivered once stays delivered.
    const ticksBefore = await ticks(http);
    await eventually(async () => expect(await ticks(http)).toBeGreaterThan(ticksBefore + 2));
    expect(slack.calls().filter(({ method }) => method === 'chat.postMessage')).toHaveLength(1);
    expect((await service.stop()).code).toBe(0);
  });

  test('a restart in the middle of an incident keeps it open and repeats no message', async () => {
    const slack = await slackStandIn();
    const ground = newGround(routing());
    const env = { TOCSIN_SLACK_TOKEN: 'xoxb-test', TOCSIN_SLACK_API_URL: slack.apiUrl };
    const first = startServiceProcess({ ground, env });
    const { http, otlpHttp } = await first.ready;
    await sendTraces(otlpHttp, tracesJson(requests(1, 200, { failEvery: 2 })));
    await eventually(() => expect(slack.messages()).toHaveLength(1));
    const [before] = await eventually(async () => {
      const incidents = await incidentsOf(http);
      expect(incidents).toHaveLength(1);
      return incidents;
    });
    await first.kill();

    const second = startServiceProcess({ ground, env });
    const again = await second.ready;
    await sendTraces(again.otlpHttp, tracesJson(requests(1_001, 50, { failEvery: 2 })));
    const ticksBefore = await ticks(again.http);
    await eventually(async () => expect(await ticks(again.http)).toBeGreaterThan(ticksBefore + 2));
    const after = await incidentsOf(again.http);
    expect(after.map(({ id }) => id)).toEqual([before?.id]);
    expect(slack.messages()).toHaveLength(1);
    expect(slack.calls().filter(({ method }) => method === 'chat.postMessage')).toHaveLength(1);
    expect((await second.stop()).code).toBe(0);
  });
});

async function ticks(http: string): Promise<number> {
  const text = await (await fetch(`${http}/metrics`)).text();
  return Number(/^tocsin_ticks_total\{outcome="done"\} (\d+)$/m.exec(text)?.[1] ?? 0);
}
