import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync, gzipSync } from 'node:zlib';
import * as grpc from '@grpc/grpc-js';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { toldSpans } from '../../test/support/told-spans.js';
import { SPAN_ATTRIBUTES, SPAN_NAME, type AttributePairs } from '../otlp-span.js';
import { SpanBatch, resourceHead } from '../span-batch.js';
import { rejectedSpans, retryAfterMs } from './delivery.js';
import { grpcOtlpSender, retryDelayMs } from './grpc-otlp-sender.js';
import { httpOtlpSender } from './http-otlp-sender.js';
import { Exporter } from '../system-export.js';
import type { Delivery, OtlpSender } from './delivery.js';
import { Outbox } from './outbox.js';
import { wideOf } from './protobuf-writer.js';
import { NumberAttribute, writeAttribute } from './write-attribute.js';

const NOW_MS = 1_795_651_184_768;
const ATTRIBUTES: AttributePairs = [['text', 'x'.repeat(300)], ['grüße', 'ß'.repeat(40)], ['whole', 200], ['negative', -3], ['half', 0.5], ['yes', true], ['list', ['a', 'b']]];

test('what is written is what Tocsin reads', () => {
  const batch = new SpanBatch();
  const startNs = BigInt(NOW_MS - 5) * 1_000_000n;
  const { writer } = batch;
  const span = writer.open(2);
  writer.hex(1, '0af7651916cd43dd8448eb211c80319c');
  writer.hex(2, 'B7AD6b7169203331');
  writer.text(SPAN_NAME, 'GET /grüße');
  writer.fixed64(7, wideOf(startNs - 4_294_967_297n), 4_294_967_297);
  writer.fixed64(8, wideOf(startNs), 5_000_000);
  for (const pair of ATTRIBUTES) writeAttribute(writer, SPAN_ATTRIBUTES, pair);
  writer.close(span);
  batch.add(resourceHead([['service.name', 'shop'], ['process.pid', 7]], '1.2.3'));
  expect(batch.spans).toBe(1);
  const [told, ...more] = toldSpans(batch.take().body, NOW_MS);
  expect(more).toEqual([]);
  expect(told).toMatchObject({ traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', name: 'GET /grüße', startNs, durationNs: 5_000_000, service: 'shop', scope: { name: 'tocsin.agent', version: '1.2.3' } });
  expect(told?.told).toEqual(Object.fromEntries(ATTRIBUTES));
  expect(batch.spans).toBe(0);
});

test('spans are put together by resource, in the order in which they came', () => {
  const batch = new SpanBatch();
  const heads = ['shop', 'cart', 'stock'].map((name) => resourceHead([['service.name', name]], '1.2.3'));
  fc.assert(fc.property(fc.array(fc.record({ head: fc.constantFrom(0, 1, 2), id: fc.integer({ min: 1, max: 1 << 30 }), length: fc.nat(300) })), (spans) => {
    for (const { head, id, length } of spans) {
      const { writer } = batch;
      const span = writer.open(2);
      writer.hex(1, '0af7651916cd43dd8448eb211c80319c');
      writer.hex(2, id.toString(16).padStart(16, '0'));
      writer.text(SPAN_NAME, 'x'.repeat(length));
      writer.fixed64(7, wideOf(BigInt(NOW_MS) * 1_000_000n), 0);
      writer.fixed64(8, wideOf(BigInt(NOW_MS) * 1_000_000n), 0);
      writer.close(span);
      batch.add(heads[head]!);
    }
    expect(batch.spans).toBe(spans.length);
    const told = toldSpans(batch.take().body, NOW_MS).map(({ service, spanId, name }) => `${service} ${Number.parseInt(spanId, 16)} ${name.length}`);
    const order = [...new Set(spans.map(({ head }) => head))];
    expect(told).toEqual(order.flatMap((of) => spans.filter(({ head }) => head === of).map(({ id, length }) => `${['shop', 'cart', 'stock'][of]} ${id} ${length}`)));
  }), { numRuns: 100 });
});

test('numbers, times and lengths of any size', () => {
  fc.assert(fc.property(fc.maxSafeNat(), fc.bigInt({ min: 0n, max: 1n << 60n }), fc.string({ unit: 'binary', maxLength: 20_000 }), (whole, base, text) => {
    const batch = new SpanBatch();
    const { writer } = batch;
    const span = writer.open(2);
    writer.hex(1, '0af7651916cd43dd8448eb211c80319c');
    writer.hex(2, 'b7ad6b7169203331');
    writer.fixed64(7, wideOf(base), whole);
    writer.fixed64(8, wideOf(base), whole);
    new NumberAttribute(SPAN_ATTRIBUTES, 'number').write(writer, whole);
    writeAttribute(writer, SPAN_ATTRIBUTES, ['text', text]);
    writer.close(span);
    batch.add(resourceHead([], ''));
    const [told] = toldSpans(batch.take().body, Number((base + BigInt(whole)) / 1_000_000n));
    expect([told?.startNs, told?.told['number'], told?.told['text']]).toEqual([base + BigInt(whole), whole, text]);
  }), { numRuns: 60 });
});

describe('over HTTP', () => {
  let server: http.Server;
  afterEach(() => { server.closeAllConnections(); server.close(); });

  async function answering(status: number, headers: http.OutgoingHttpHeaders = {}, heard: Buffer[] = []): Promise<URL> {
    server = http.createServer((request, response) => {
      request.on('data', (chunk: Buffer) => heard.push(chunk)).on('end', () => response.writeHead(status, headers).end());
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`);
  }

  const send = async (endpoint: URL): Promise<Delivery> => {
    const sender = await httpOtlpSender({ signal: 'traces', endpoint, headers: { authorization: 'Bearer t' }, compression: 'gzip', timeoutMs: 20_000 });
    const delivery = await sender.send(gzipSync('spans'));
    sender.close();
    return delivery;
  };

  test('compressed, and delivered', async () => {
    const heard: Buffer[] = [];
    expect(await send(await answering(200, {}, heard))).toEqual({ outcome: 'delivered', rejectedSpans: 0 });
    expect(gunzipSync(Buffer.concat(heard)).toString()).toBe('spans');
  });

  test('a busy receiver is asked again, when it says', async () => {
    expect(await send(await answering(503, { 'retry-after': '7' }))).toEqual({ outcome: 'retryable', afterMs: 7_000, why: 'status 503' });
  });

  test('a refusal is final, an unreachable receiver is not', async () => {
    expect(await send(await answering(401))).toEqual({ outcome: 'rejected', why: 'status 401' });
    const endpoint = await answering(200);
    server.close();
    await new Promise((resolve) => server.once('close', resolve));
    expect(await send(endpoint)).toMatchObject({ outcome: 'retryable' });
  });

  test('is done with a body when that is written, also where the answer comes before', async () => {
    let readsOn = false;
    const endpoint = await answering(200);
    server.removeAllListeners('connection').on('connection', (socket) => {
      socket.once('data', () => {
        socket.pause().write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
        setTimeout(() => { readsOn = true; socket.resume(); }, 200);
      });
    });
    const sender = await httpOtlpSender({ signal: 'traces', endpoint, headers: {}, compression: 'none', timeoutMs: 20_000 });
    await sender.send(Buffer.alloc(32 << 20));
    expect(readsOn).toBe(true);
    sender.close();
  });

  test('a receiver that never comes to the end of its answer did not answer', async () => {
    const endpoint = await answering(200);
    server.on('connection', (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n');
      const drip = setInterval(() => socket.write('a'), 5);
      socket.on('close', () => clearInterval(drip)).on('error', () => undefined);
    });
    const sender = await httpOtlpSender({ signal: 'traces', endpoint, headers: {}, compression: 'none', timeoutMs: 100 });
    expect(await sender.send(Buffer.from('spans'))).toMatchObject({ outcome: 'retryable' });
    sender.close();
  });
});

test('over gRPC: delivered, and refused with a time to come back', async () => {
  const server = new grpc.Server();
  const identity = (bytes: Buffer): Buffer => bytes;
  const details = Buffer.concat([Buffer.from([0x08, 0x08, 0x1a, 0x34, 0x0a, 0x28]), Buffer.from('type.googleapis.com/google.rpc.RetryInfo'), Buffer.from([0x12, 0x04, 0x0a, 0x02, 0x08, 0x03])]);
  let asked = 0;
  server.addService({ Export: { path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export', requestStream: false, responseStream: false, requestSerialize: identity, requestDeserialize: identity, responseSerialize: identity, responseDeserialize: identity } }, {
    Export: (call: grpc.ServerUnaryCall<Buffer, Buffer>, answer: grpc.sendUnaryData<Buffer>) => {
      asked += 1;
      const metadata = new grpc.Metadata();
      metadata.set('grpc-status-details-bin', details);
      if (asked === 1) answer(null, Buffer.alloc(0));
      else answer({ code: grpc.status.RESOURCE_EXHAUSTED, details: 'full', metadata }, null);
      expect(call.request.toString()).toBe('spans');
    },
  });
  const port = await new Promise<number>((resolve, reject) => server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) => (error === null ? resolve(bound) : reject(error))));
  const sender = await grpcOtlpSender({ signal: 'traces', endpoint: new URL(`http://127.0.0.1:${port}`), headers: { 'x-tenant': 'a' }, compression: 'gzip', timeoutMs: 20_000 });
  expect(await sender.send(Buffer.from('spans'))).toEqual({ outcome: 'delivered', rejectedSpans: 0 });
  expect(await sender.send(Buffer.from('spans'))).toMatchObject({ outcome: 'retryable', afterMs: 3_000 });
  sender.close();
  server.forceShutdown();
  expect(retryDelayMs(new grpc.Metadata())).toBeUndefined();
});

test('small print of answers', () => {
  expect(retryAfterMs('Thu, 26 Nov 2026 00:00:10 GMT', Date.parse('2026-11-26T00:00:00Z'))).toBe(10_000);
  expect(retryAfterMs('soon', 0)).toBeUndefined();
  expect(rejectedSpans(Buffer.from([0x0a, 0x03, 0x08, 0xac, 0x02]))).toBe(300);
  expect(rejectedSpans(Buffer.alloc(0))).toBe(0);
});

test('what waits is compressed, and sent as each sender wants it', async () => {
  const sent: Buffer[] = [];
  const away: OtlpSender = { takesGzip: true, send: () => Promise.resolve({ outcome: 'rejected', why: 'no' }), close: () => undefined };
  const taking = (takesGzip: boolean): OtlpSender => ({
    takesGzip, close: () => undefined,
    send: (body) => {
      sent.push(body);
      return Promise.resolve({ outcome: 'delivered', rejectedSpans: 0 });
    },
  });
  const exporter = new Exporter(away, 1 << 20);
  const body = Buffer.from('spans '.repeat(1_000));
  for (const takesGzip of [true, false]) {
    exporter.add({ body, spans: 7 });
    expect(exporter.outbox.bytes).toBeLessThan(200);
    exporter.useSender(taking(takesGzip));
    exporter.pump();
    await new Promise(setImmediate);
  }
  expect(exporter.outbox.counters.sentSpans).toBe(14);
  expect([gunzipSync(sent[0]!), sent[1]]).toEqual([body, body]);
});

test('what goes at once is not compressed for a receiver that does not want it, and is once it has to wait', async () => {
  const sent: Buffer[] = [];
  let answer!: (delivery: Delivery) => void;
  const sender: OtlpSender = { takesGzip: false, close: () => undefined, send: (body) => new Promise((resolve) => { sent.push(body); answer = resolve; }) };
  const exporter = new Exporter(sender, 1 << 20);
  const body = Buffer.from('spans '.repeat(1_000));
  exporter.add({ body, spans: 7 });
  expect(exporter.outbox.bytes).toBe(body.length);
  exporter.pump();
  expect(sent[0]).toBe(body);
  expect([exporter.waitingSpans, exporter.isIdle]).toEqual([7, false]);
  answer({ outcome: 'retryable', afterMs: 60_000, why: 'away' });
  await new Promise(setImmediate);
  expect(exporter.outbox.bytes).toBeLessThan(200);
  exporter.add({ body, spans: 5 });
  expect(exporter.outbox.bytes).toBeLessThan(400);
  expect(exporter.waitingSpans).toBe(12);
});

test('what waits for a moment is not compressed for such a receiver, as long as it is little, and its memory is used again when it has arrived', async () => {
  const answers: (() => void)[] = [];
  const sent: Buffer[] = [];
  const sender: OtlpSender = { takesGzip: false, close: () => undefined, send: (body) => new Promise((resolve) => { sent.push(body); answers.push(() => { resolve({ outcome: 'delivered', rejectedSpans: 0 }); }); }) };
  const exporter = new Exporter(sender, 1 << 30);
  const bodies = [1, 2, 3, 4, 5].map((number) => exporter.memory.take(400_000).fill(number));
  for (const body of bodies) {
    exporter.add({ body, spans: 1 });
    exporter.pump();
  }
  // Two are under way, two wait, the fifth is too much.
  expect(exporter.outbox.bytes).toBeGreaterThan(800_000);
  expect(exporter.outbox.bytes).toBeLessThan(810_000);
  expect(exporter.memory.take(400_000).buffer === bodies[4]!.buffer).toBe(true);
  expect(exporter.memory.take(400_000).buffer === bodies[0]!.buffer).toBe(false);
  while (answers.length > 0) {
    answers.shift()!();
    await new Promise(setImmediate);
  }
  expect(sent.map((body) => [body.length, body[0], body.at(-1)])).toEqual([1, 2, 3, 4, 5].map((number) => [400_000, number, number]));
  const { buffer: next } = exporter.memory.take(400_000);
  expect(bodies.some(({ buffer }) => buffer === next)).toBe(true);
});

describe('another receiver while requests are under way', () => {
  interface Receiver {
    readonly sender: OtlpSender;
    readonly heard: string[];
    readonly answers: ((delivery: Delivery) => void)[];
    readonly isClosed: () => boolean;
  }

  function receiver(): Receiver {
    const heard: string[] = [];
    const answers: ((delivery: Delivery) => void)[] = [];
    let isClosed = false;
    return { heard, answers, isClosed: () => isClosed, sender: { takesGzip: false, close: () => { isClosed = true; }, send: (body) => new Promise((resolve) => { heard.push(body.toString()); answers.push(resolve); }) } };
  }

  /** Two letters under way to the first receiver, when a second one is configured. */
  function changed(): { readonly exporter: Exporter; readonly first: Receiver; readonly second: Receiver } {
    const [first, second] = [receiver(), receiver()];
    const exporter = new Exporter(first.sender, 1 << 20);
    for (const text of ['one', 'two', 'three']) exporter.add({ body: Buffer.from(text), spans: 1 });
    exporter.pump();
    exporter.useSender(second.sender);
    return { exporter, first, second };
  }

  test('the one before may answer, and is closed then', async () => {
    const { exporter, first, second } = changed();
    for (const answer of first.answers) {
      expect(first.isClosed()).toBe(false);
      answer({ outcome: 'delivered', rejectedSpans: 0 });
      await new Promise(setImmediate);
    }
    expect([first.isClosed(), second.isClosed()]).toEqual([true, false]);
    expect([first.heard, second.heard]).toEqual([['one', 'two'], ['three']]);
    expect(exporter.outbox.counters).toMatchObject({ sentSpans: 2, refusedSpans: 0 });
  });

  test.each<Delivery>([{ outcome: 'rejected', why: 'status 401' }, { outcome: 'retryable', afterMs: 60_000, why: 'no answer' }])('what it does not take goes to the new one at once: %j', async (delivery) => {
    const { exporter, first, second } = changed();
    for (const answer of first.answers) answer(delivery);
    await new Promise(setImmediate);
    for (const answer of second.answers) {
      answer({ outcome: 'delivered', rejectedSpans: 0 });
      await new Promise(setImmediate);
    }
    expect(second.heard.toSorted()).toEqual(['one', 'three', 'two']);
    expect(exporter.outbox.counters).toMatchObject({ sentSpans: 3, refusedSpans: 0 });
    expect([exporter.isIdle, exporter.outbox.trouble]).toEqual([true, undefined]);
  });
});

describe('the outbox', () => {
  const nowMs = 1_000;
  const letter = (bytes: number, spans: number): { body: Buffer; isGzip: boolean; spans: number } => ({ body: Buffer.alloc(bytes), isGzip: true, spans });
  const retryable = { outcome: 'retryable' as const, afterMs: undefined, why: 'away' };

  test('keeps what was not taken, and pauses longer each time', () => {
    const outbox = new Outbox(1_000);
    outbox.add(letter(10, 5), nowMs);
    const first = outbox.take(nowMs)!;
    outbox.settle(first, retryable, { nowMs, random: 1 });
    expect(outbox.take(nowMs + 999)).toBeUndefined();
    const second = outbox.take(nowMs + 1_000)!;
    outbox.settle(second, { ...retryable, afterMs: 60_000 }, { nowMs, random: 1 });
    expect(outbox.take(nowMs + 59_999)).toBeUndefined();
    outbox.settle(outbox.take(nowMs + 60_000)!, { outcome: 'delivered', rejectedSpans: 1 }, { nowMs, random: 1 });
    expect(outbox.counters).toMatchObject({ sentSpans: 4, rejectedSpans: 1, retries: 2, refusedSpans: 0 });
    expect([outbox.length, outbox.bytes, outbox.trouble]).toEqual([0, 0, undefined]);
  });

  test('drops the oldest when it is full, and counts every span', () => {
    const outbox = new Outbox(100);
    for (let index = 1; index <= 5; index += 1) outbox.add(letter(40, index), nowMs);
    expect(outbox.counters.overflownSpans).toBe(1 + 2 + 3);
    expect([outbox.length, outbox.bytes]).toEqual([2, 80]);
    outbox.settle(outbox.take(nowMs)!, { outcome: 'rejected', why: 'no' }, { nowMs, random: 0 });
    expect(outbox.counters.refusedSpans).toBe(4);
  });

  test('gives up in the end', () => {
    const outbox = new Outbox(1_000);
    outbox.add(letter(10, 3), 0);
    for (let atMs = 0; outbox.length > 0; atMs += 60_000) outbox.settle(outbox.take(atMs)!, retryable, { nowMs: atMs, random: 1 });
    expect(outbox.counters.refusedSpans).toBe(3);
  });
});
