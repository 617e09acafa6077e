import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AgentGround } from '../support/agent-ground.js';
import { heldInKernel, runnableLoaderOrSkip, stillInKernel } from '../support/agent-loader.js';
import { eventually } from '../support/eventually.js';
import { requireOrSkip } from '../support/require.js';
import { disposeServices, newGround, sloOf, startServiceProcess, type ServiceProcess } from '../support/service-process.js';

const canRun = runnableLoaderOrSkip() && requireOrSkip('nginx', 'apt-get install -y nginx-light') && requireOrSkip('redis-server', 'apt-get install -y redis-server')
  && requireOrSkip('psql', 'apt-get install -y postgresql');

interface ApiSpan {
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly service: string;
  readonly name: string;
  readonly kind: string;
}

describe.skipIf(!canRun)('next to the running service', () => {
  let ground: AgentGround;
  let service: ServiceProcess;
  let http: string;
  let config: string;

  beforeAll(async () => {
    ground = new AgentGround();
    service = startServiceProcess({ ground: newGround({ 'rules/shop.yaml': sloOf({ name: 'shop-works', service: 'shop', target: 0.99 }), 'runbooks/shop-errors.md': '---\ntitle: Shop fails\nmatch: { service: shop }\n---\nLook at the shop.\n' }) });
    await ground.start();
    const addresses = await service.ready;
    http = addresses.http;
    config = `otlp: { endpoint: "${addresses.otlpHttp}" }\n`;
  }, 180_000);

  afterAll(async () => {
    ground.remove();
    await disposeServices();
  });

  test('shows one trace through an uninstrumented nginx, application, PostgreSQL and Redis, and an SLO on it pages', async () => {
    const { child } = await ground.agent(config);
    const spans = await eventually(async () => {
      expect(await ground.get('/orders/42')).toBe(200);
      const found = await traces(http, '{ resource.service.name = "shop" && span.http.route = "/orders/{id}" }');
      const trace = await spansOf(http, found[0] ?? '');
      expect(trace.map(({ service: name }) => name)).toEqual(expect.arrayContaining(['nginx', 'shop', 'postgres', 'redis-server']));
      expect(pathTo(trace, 'postgres')).toEqual(['nginx server GET /orders/{id}', 'nginx client GET /orders/{id}', 'shop server GET /orders/{id}', 'shop client SELECT orders', 'postgres server SELECT orders']);
      expect(pathTo(trace, 'redis-server')).toEqual(['nginx server GET /orders/{id}', 'nginx client GET /orders/{id}', 'shop server GET /orders/{id}', 'shop client INCR', 'redis-server server INCR']);
      return trace;
    }, { withinMs: 60_000 });
    expect(JSON.stringify(spans)).not.toContain('geheim');

    await eventually(async () => {
      for (let index = 0; index < 20; index += 1) expect(await ground.get(`/broken/${index}`)).toBe(500);
      const { incidents } = await (await fetch(`${http}/api/v1/incidents`)).json() as { readonly incidents: readonly { readonly severity: string; readonly key: string }[] };
      expect(incidents.map(({ severity }) => severity)).toContain('page');
    }, { withinMs: 60_000 });
    child.kill('SIGTERM');
    expect(await exitOf(child)).toBe(0);
  }, 200_000);

  test('kill -9 of either process ends the other and leaves nothing in the kernel, and the applications do not notice', async () => {
    const first = await ground.agent(config);
    const ofFirst = heldInKernel(first.loaderPid);
    expect(ofFirst.filter(({ kind }) => kind === 'link').length).toBeGreaterThan(0);
    expect(stillInKernel(ofFirst)).toEqual(ofFirst);
    first.child.kill('SIGKILL');
    await eventually(() => expect(existsSync(`/proc/${first.loaderPid}`)).toBe(false));
    await eventually(() => expect(stillInKernel(ofFirst)).toEqual([]));
    expect(await ground.get('/orders/1')).toBe(200);

    const second = await ground.agent(config);
    const ofSecond = heldInKernel(second.loaderPid);
    process.kill(second.loaderPid, 'SIGKILL');
    expect(await exitOf(second.child)).toBe(2);
    await eventually(() => expect(stillInKernel(ofSecond)).toEqual([]));
    expect(second.stderr()).toContain('the loader ended (SIGKILL)');
    expect(await ground.get('/orders/2')).toBe(200);
    expect(ground.shop.exitCode).toBeNull();
  }, 200_000);
});

async function traces(http: string, query: string): Promise<string[]> {
  const answer = await (await fetch(`${http}/api/v1/traces?q=${encodeURIComponent(query)}`)).json() as { readonly traces: readonly { readonly traceId: string }[] };
  return answer.traces.map(({ traceId }) => traceId);
}

async function spansOf(http: string, traceId: string): Promise<ApiSpan[]> {
  const response = await fetch(`${http}/api/v1/traces/${traceId}`);
  expect(response.status).toBe(200);
  return (await response.json() as { readonly spans: ApiSpan[] }).spans;
}

/** From nginx down to the span of a service. Above it is the test's own request: it is a program too. */
function pathTo(spans: readonly ApiSpan[], service: string): string[] {
  const path: string[] = [];
  for (let span = spans.find((one) => one.service === service); span !== undefined; span = spans.find(({ spanId }) => spanId === span?.parentSpanId)) path.unshift(`${span.service} ${span.kind} ${span.name}`);
  return path.slice(path.findIndex((step) => step.startsWith('nginx ')));
}

function exitOf(child: { readonly exitCode: number | null; once(event: 'exit', listener: (code: number | null) => void): unknown }): Promise<number | null> {
  return child.exitCode !== null ? Promise.resolve(child.exitCode) : new Promise((resolve) => child.once('exit', resolve));
}
