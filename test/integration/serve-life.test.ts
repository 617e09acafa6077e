import { createConnection } from 'node:net';
import { request as httpRequest } from 'node:http';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { eventually } from '../support/eventually.js';
import { requests, sendTraces, spanIdOf, traceIdOf, tracesJson } from '../support/otlp-json.js';
import { disposeServices, newGround, startServiceProcess, type Addresses } from '../support/service-process.js';

afterAll(disposeServices);
vi.setConfig({ testTimeout: 60_000 });

async function json(url: string): Promise<Record<string, unknown>> {
  const answer = await fetch(url);
  expect(answer.status, url).toBe(200);
  return (await answer.json()) as Record<string, unknown>;
}

/** A request whose second half waits for `finish`. */
function halfSent({ otlpHttp }: Addresses, body: string): { readonly begun: Promise<void>; finish(): Promise<number> } {
  const { hostname, port } = new URL(otlpHttp);
  const request = httpRequest({ hostname, port, path: '/v1/traces', method: 'POST', agent: false, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), expect: '100-continue' } });
  const status = new Promise<number>((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
    });
  });
  const half = Math.floor(body.length / 2);
  // The interim answer proves that the server has the request.
  const begun = new Promise<void>((resolve) => { request.once('continue', () => request.write(body.slice(0, half), () => resolve())); });
  request.flushHeaders();
  return {
    begun,
    finish: () => {
      request.end(body.slice(half));
      return status;
    },
  };
}

describe('tocsin serve', () => {
  test('prints the ready line alone on stdout, the addresses for people on stderr, and answers for its own health', async () => {
    const service = startServiceProcess({ ground: newGround() });
    const ready = await service.ready;
    expect(Object.keys(ready)).toEqual(['http', 'otlpGrpc', 'otlpHttp']);
    expect(service.stdout()).toBe(`${JSON.stringify({ ready })}\n`);
    await eventually(() => { for (const address of Object.values(ready)) expect(service.stderr()).toContain(address); });
    expect(await json(`${ready.http}/healthz`)).toEqual({ status: 'up' });
    expect(await json(`${ready.http}/readyz`)).toEqual({ status: 'ready', drills: [], ready, ruleProblems: [] });
    const metrics = await fetch(`${ready.http}/metrics`);
    expect(metrics.headers.get('content-type')).toContain('text/plain');
    const text = await metrics.text();
    expect(text).toMatch(/^tocsin_ticks_total/m);
    expect(text).toMatch(/^sloth_slo_info\{sloth_id="checkout-checkout-availability".*\} 1$/m);
    const openMetrics = await fetch(`${ready.http}/metrics`, { headers: { accept: 'application/openmetrics-text; version=1.0.0' } });
    expect(openMetrics.headers.get('content-type')).toContain('application/openmetrics-text');
    expect(await openMetrics.text()).toMatch(/^# TYPE tocsin_ticks counter$.*^# EOF\n$/ms);
    // The empty pages say where to send spans, with the ports that the system chose.
    expect(await (await fetch(`${ready.http}/traces`)).text()).toContain(ready.otlpHttp);
    const exit = await service.stop();
    expect(exit).toMatchObject({ code: 0, signal: null, stdout: `${JSON.stringify({ ready })}\n` });
    expect(exit.stderr).not.toMatch(/"level":(50|60)/);
  });

  test('answers the export that is in flight when it is told to stop, also when told twice, and keeps what it answered', async () => {
    const ground = newGround();
    const first = startServiceProcess({ ground });
    const addresses = await first.ready;
    const inFlight = halfSent(addresses, tracesJson(requests(1, 50)));
    await inFlight.begun;
    first.signal('SIGTERM');
    await eventually(() => expect(first.stderr()).toContain('stopping'));
    first.signal('SIGTERM');
    first.signal('SIGINT');
    expect(await inFlight.finish()).toBe(200);
    expect(await first.exited).toMatchObject({ code: 0, signal: null });

    const second = startServiceProcess({ ground });
    const { http } = await second.ready;
    const trace = await json(`${http}/api/v1/traces/${traceIdOf(1)}`);
    expect(JSON.stringify(trace)).toContain(spanIdOf(1));
    const { code } = await second.stop();
    expect(code).toBe(0);
  });

  test('stops although a visitor of the pages never finishes asking', async () => {
    const service = startServiceProcess({ ground: newGround() });
    const { http } = await service.ready;
    const { hostname, port } = new URL(http);
    const visitor = createConnection({ host: hostname, port: Number(port) });
    visitor.on('error', () => undefined);
    await new Promise<void>((resolve) => { visitor.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n', () => resolve()); });
    await json(`${http}/healthz`);
    expect(await service.stop()).toMatchObject({ code: 0 });
    visitor.destroy();
  });

  test('goes on when nobody reads its log any more', async () => {
    const ground = newGround();
    const service = startServiceProcess({ ground });
    const { http, otlpHttp } = await service.ready;
    service.child.stderr?.destroy();
    ground.write('rules/broken.yaml', 'kind: [');
    await eventually(async () => expect((await json(`${http}/readyz`))['ruleProblems']).not.toEqual([]));
    expect((await sendTraces(otlpHttp, tracesJson(requests(1, 1)))).status).toBe(200);
    expect(await service.stop()).toMatchObject({ code: 0 });
  });
});
