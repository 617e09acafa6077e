import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Server, ServerCredentials, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createLogDecoder, createTraceDecoder } from '../../ingest/decoder.js';
import { SPAN_KINDS, SPAN_STATUSES } from '../../trace/span-batch.js';
import { programsUrl } from './child-process.js';
import { startShop, type Shop } from './start-shop.js';

interface SeenSpan {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: string;
  readonly status: string;
  readonly durationMs: number;
  readonly attributes: Record<string, unknown>;
  readonly resource: Record<string, unknown>;
  readonly exceptions: Record<string, unknown>[];
}

/** Six processes of Node.js on a machine that may have other work. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
const WAIT = { timeout: 60_000, interval: 100 };
const spans: SeenSpan[] = [];
const logs: Record<string, unknown>[] = [];
const protocols = new Set<string>();
const record = (attributes: readonly { key: string; value: unknown }[]): Record<string, unknown> => Object.fromEntries(attributes.map(({ key, value }) => [key, value]));
const hex = (bytes: Uint8Array, row: number, width: number): string => Buffer.from(bytes.subarray(row * width, (row + 1) * width)).toString('hex');

let shop: Shop;
let directory: string;
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tocsin-shop-'));
  const [otlpGrpcUrl, otlpHttpUrl] = await Promise.all([startGrpcSink(), startHttpSink()]);
  shop = await startShop({ otlpGrpcUrl, otlpHttpUrl, logDirectory: directory, requestsPerSecond: 40, signal: new AbortController().signal });
});

afterAll(async () => {
  await shop.close();
  for (const close of closers) close();
  rmSync(directory, { recursive: true, force: true });
});

test('one checkout is one trace through all four services and the cache, in every OTLP protocol', async () => {
  const trace = await vi.waitFor(() => {
    const traces = groupBy(spans);
    const whole = [...traces.values()].find((each) => new Set(each.map((span) => span.service)).size === 4 && each.some(({ parentSpanId }) => parentSpanId === '') && ['front', 'checkout', 'payment'].every((service) => each.some((span) => span.service === service && span.kind === 'server')) && ['front', 'checkout', 'catalogue'].every((service) => each.some((span) => span.service === service && span.kind === 'client')));
    expect(whole).toBeDefined();
    return whole!;
  }, WAIT);
  const find = (service: string, kind: string, name: string): SeenSpan => trace.find((span) => span.service === service && span.kind === kind && span.name === name)!;
  const root = find('front', 'server', 'POST /checkout');
  const call = find('front', 'client', 'POST');
  const checkout = find('checkout', 'server', 'POST /checkout');
  expect(root.parentSpanId).toBe('');
  expect(call.parentSpanId).toBe(root.spanId);
  expect(checkout.parentSpanId).toBe(call.spanId);
  expect(find('catalogue', 'client', 'get').attributes).toMatchObject({ 'db.system.name': 'redis', 'db.query.text': expect.stringMatching(/^get catalogue:product:\d+$/) });
  expect(find('payment', 'server', 'POST /payments').attributes).toMatchObject({
    'http.route': '/payments', 'http.request.method': 'POST', 'http.response.status_code': 200,
    'shop.region': expect.stringMatching(/^\w+-1|eu-2$/), 'shop.tenant': expect.any(String), 'shop.payment.amount_cents': expect.any(Number),
  });
  expect(checkout.resource).toMatchObject({ 'service.name': 'checkout', 'service.version': '1.14.2', 'deployment.environment.name': 'demo', 'cloud.region': 'eu-1', 'telemetry.sdk.language': 'nodejs' });
  await vi.waitFor(() => expect(protocols).toEqual(new Set(['grpc', 'application/json', 'application/x-protobuf'])), WAIT);
});

test('a healthy shop has no span in error, and payment fails for the broken region alone', async () => {
  expect(spans.filter((span) => span.status === 'error')).toEqual([]);
  shop.setFaults({ paymentFailsIn: ['eu-2'], cacheDelayMs: 0 });
  const declined = await vi.waitFor(() => {
    const found = spans.find((span) => span.service === 'payment' && span.status === 'error');
    expect(found).toBeDefined();
    return found!;
  }, WAIT);
  shop.setFaults({ paymentFailsIn: [], cacheDelayMs: 0 });
  expect(declined.attributes).toMatchObject({ 'shop.region': 'eu-2', 'http.response.status_code': 503 });
  expect(declined.exceptions).toEqual([
    expect.objectContaining({ 'exception.type': 'PaymentDeclined', 'exception.message': expect.stringMatching(/^issuer for region eu-2 unreachable: ref [0-9a-f]{16}$/) }),
  ]);
  const failed = spans.filter((span) => span.service === 'payment' && span.status === 'error');
  expect(new Set(failed.map((span) => span.attributes['shop.region']))).toEqual(new Set(['eu-2']));
  await vi.waitFor(() => expect(logs).toContainEqual(expect.objectContaining({ trace: declined.traceId, type: 'PaymentDeclined' })), WAIT);
});

test("a slow cache makes the catalogue slow, and nobody else's cache calls", async () => {
  const before = spans.length;
  shop.setFaults({ paymentFailsIn: [], cacheDelayMs: 800 });
  await vi.waitFor(() => expect(spans.slice(before).some((span) => span.service === 'catalogue' && span.kind === 'server' && span.durationMs > 550)).toBe(true), WAIT);
  await vi.waitFor(() => expect(spans.slice(before).some((span) => span.name === 'POST /checkout' && span.durationMs > 550)).toBe(true), WAIT);
  const cacheCalls = await vi.waitFor(() => {
    const found = spans.slice(before).filter((span) => span.kind === 'client' && span.service === 'payment');
    expect(found.length).toBeGreaterThanOrEqual(10);
    return found;
  }, WAIT);
  shop.setFaults({ paymentFailsIn: [], cacheDelayMs: 0 });
  // One or the other may have waited for a processor.
  expect(cacheCalls.filter((span) => span.durationMs > 550).length).toBeLessThan(cacheCalls.length / 2);
});

test('closing the shop leaves no process and no failed visitor behind', async () => {
  const { answered, failed } = shop.load();
  expect(answered).toBeGreaterThan(50);
  expect(failed).toBeLessThan(answered / 5);
  expect(shop.pids).toHaveLength(6);
  await shop.close();
  for (const pid of shop.pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  expect(spans.filter((span) => span.status === 'error' && !span.exceptions.every(isDecline) && span.kind === 'server')).toEqual([]);
});

test('when the demo is killed outright, the shop ends by itself', async () => {
  const options = { otlpGrpcUrl: 'http://127.0.0.1:9', otlpHttpUrl: 'http://127.0.0.1:9', logDirectory: directory, requestsPerSecond: 1 };
  const program = `
    const { startShop } = await import(${JSON.stringify(new URL('start-shop.js', programsUrl()).href)});
    const shop = await startShop({ ...${JSON.stringify(options)}, signal: new AbortController().signal });
    process.stdout.write(JSON.stringify(shop.pids) + '\\n');`;
  const host = spawn(process.execPath, ['--input-type=module', '--eval', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(host.stdout, 'data')) as [Buffer];
  const pids = JSON.parse(String(line)) as number[];
  expect(pids).toHaveLength(6);
  host.kill('SIGKILL');
  await vi.waitFor(() => {
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  }, WAIT);
});

function isDecline(exception: Record<string, unknown>): boolean {
  return String(exception['exception.message']).includes('issuer for region eu-2');
}

const traceDecoder = createTraceDecoder();
const logDecoder = createLogDecoder();

function take(signal: string, encoding: 'protobuf' | 'json', body: Uint8Array): void {
  const input = { body, encoding, receivedAtMs: Date.now() };
  if (signal === 'traces') takeSpans(input);
  else takeLogs(input);
}

function takeSpans(input: Parameters<typeof traceDecoder.decode>[0]): void {
  const result = traceDecoder.decode(input);
  if (!result.ok) throw new Error(result.message);
  const { batch } = result;
  for (let row = 0; row < batch.count; row += 1) {
    const resource = batch.resources[batch.resourceIndex[row]!]!;
    const parent = hex(batch.parentSpanIds, row, 8);
    spans.push({
      service: resource.serviceName, resource: record(resource.attributes), name: batch.names[row]!,
      traceId: hex(batch.traceIds, row, 16), spanId: hex(batch.spanIds, row, 8), parentSpanId: /^0+$/.test(parent) ? '' : parent,
      kind: SPAN_KINDS[batch.kinds[row]!]!, status: SPAN_STATUSES[batch.statuses[row]!]!, durationMs: batch.durationNs[row]! / 1e6,
      attributes: record(batch.attributes.slice(batch.attributeStart[row], batch.attributeStart[row + 1])),
      exceptions: (batch.events[row] ?? []).filter((event) => event.name === 'exception').map((event) => record(event.attributes)),
    });
  }
}

function takeLogs(input: Parameters<typeof logDecoder.decode>[0]): void {
  const result = logDecoder.decode(input);
  if (!result.ok) throw new Error(result.message);
  const { batch } = result;
  for (let row = 0; row < batch.count; row += 1) {
    const attributes = record(batch.attributes.slice(batch.attributeStart[row], batch.attributeStart[row + 1]));
    logs.push({ trace: hex(batch.traceIds, row, 16), type: attributes['exception.type'], ...attributes });
  }
}

async function startGrpcSink(): Promise<string> {
  const server = new Server();
  const same = (bytes: Buffer): Buffer => bytes;
  for (const [signal, service] of [['traces', 'trace.v1.TraceService'], ['logs', 'logs.v1.LogsService']] as const) {
    const path = `/opentelemetry.proto.collector.${service}/Export`;
    const method = { path, requestStream: false, responseStream: false, requestSerialize: same, requestDeserialize: same, responseSerialize: same, responseDeserialize: same };
    server.addService({ Export: method }, {
      Export: (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => {
        protocols.add('grpc');
        take(signal, 'protobuf', call.request);
        reply(null, Buffer.alloc(0));
      },
    });
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  closers.push(() => server.forceShutdown());
  return `http://127.0.0.1:${port}`;
}

async function startHttpSink(): Promise<string> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      const type = request.headers['content-type']!;
      protocols.add(type);
      const bytes = Buffer.concat(chunks);
      const json = type === 'application/json';
      take(request.url!.slice('/v1/'.length), json ? 'json' : 'protobuf', request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes);
      response.writeHead(200, { 'content-type': type }).end(json ? '{}' : '');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function groupBy(all: readonly SeenSpan[]): Map<string, SeenSpan[]> {
  const groups = new Map<string, SeenSpan[]>();
  for (const span of all) groups.set(span.traceId, [...(groups.get(span.traceId) ?? []), span]);
  return groups;
}
