import { Agent } from 'node:http';
import { connect } from 'node:net';
import { deflateSync, gzipSync } from 'node:zlib';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { afterEach, describe, expect, test } from 'vitest';
import { ByteBudget } from '../../src/ingest/byte-budget.js';
import { startHttpOtlpReceiver } from '../../src/ingest/http-otlp-receiver.js';
import { IngestCounters } from '../../src/ingest/ingest-counters.js';
import { REQUEST_BYTES } from '../../src/ingest/intake.js';
import { MemoryAbsorber } from '../../src/ingest/memory-absorber.js';
import type { Receiver, ReceiverOptions } from '../../src/ingest/receiver.js';
import { FakeClock } from '../../src/lib/clock.js';
import { JSON_TYPE, PROTOBUF, send } from '../support/otlp-http-client.js';
import { TEST_TLS } from '../support/otlp-tls.js';
import * as wire from '../support/otlp-wire.js';

const MIB = 2 ** 20;
const open: Receiver[] = [];

interface Stand {
  readonly receiver: Receiver;
  readonly port: number;
  readonly absorber: MemoryAbsorber;
  readonly counters: IngestCounters;
  readonly budget: ByteBudget;
}

async function start(options: Partial<ReceiverOptions> = {}): Promise<Stand> {
  const absorber = new MemoryAbsorber();
  const counters = new IngestCounters();
  const budget = new ByteBudget(options.limits?.bytesInFlight ?? 128 * MIB);
  const receiver = await startHttpOtlpReceiver({ host: '127.0.0.1', port: 0, absorber, counters, budget, clock: new FakeClock(wire.NOW_MS), ...options });
  open.push(receiver);
  return { receiver, port: receiver.port, absorber, counters, budget };
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((receiver) => receiver.close()));
});

const good = wire.request([wire.span(), wire.span()]);
const goodLogs = wire.request([wire.logRecord()]);
const goodJson = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: '5b8efff798038103d269b633813fc60c', spanId: 'eee19b7ec3c1b174', startTimeUnixNano: '1', endTimeUnixNano: '2' }] }] }] });

/** google.rpc.Status in protobuf. */
function status(code: number, message: string): Buffer {
  return Buffer.from(wire.concat(wire.number(1, code), wire.text(2, message)));
}

describe('success', () => {
  test('is 200 with an empty ExportTraceServiceResponse in protobuf', async () => {
    const { port, absorber, counters } = await start();
    const answer = await send(port, '/v1/traces', { headers: PROTOBUF, body: good });
    expect([answer.status, answer.headers['content-type'], answer.body.length]).toEqual([200, 'application/x-protobuf', 0]);
    expect(absorber.traces[0]?.count).toBe(2);
    expect(absorber.requests[0]).toMatchObject({ signal: 'traces', encoding: 'protobuf', protocol: 'http', receivedAtMs: wire.NOW_MS });
    expect(counters.requests()).toEqual([{ labels: { protocol: 'http', signal: 'traces', outcome: 'stored' }, value: 1 }]);
    expect(counters.bytes()).toEqual([{ labels: { protocol: 'http', signal: 'traces' }, value: good.length }]);
    expect(counters.items()).toContainEqual({ labels: { protocol: 'http', signal: 'traces', result: 'admitted' }, value: 2 });
  });

  test('is 200 with {} in JSON, whatever the parameters of the type', async () => {
    const { port, absorber } = await start();
    const answer = await send(port, '/v1/traces?x=1', { headers: { 'content-type': 'Application/JSON; charset=utf-8' }, body: goodJson });
    expect([answer.status, answer.headers['content-type'], answer.body.toString()]).toEqual([200, 'application/json', '{}']);
    expect(absorber.traces[0]?.count).toBe(1);
  });

  test('is also the answer to a request without spans', async () => {
    const { port } = await start();
    expect((await send(port, '/v1/traces', { headers: PROTOBUF })).status).toBe(200);
    expect((await send(port, '/v1/traces', { headers: JSON_TYPE, body: '{}' })).status).toBe(200);
  });

  test('is the same for logs', async () => {
    const { port, absorber } = await start();
    expect((await send(port, '/v1/logs', { headers: PROTOBUF, body: goodLogs })).status).toBe(200);
    expect(absorber.logs[0]?.bodies).toEqual(['hello']);
  });

  test.each([
    ['gzip', gzipSync(good)],
    ['x-gzip', gzipSync(good)],
    ['deflate', deflateSync(good)],
    ['identity', good],
    ['GZIP', Buffer.concat([gzipSync(good.subarray(0, 20)), gzipSync(good.subarray(20))])],
  ])('comes for content encoding %s', async (encoding, body) => {
    const { port, absorber, budget } = await start();
    for (const chunked of [false, true]) expect((await send(port, '/v1/traces', { headers: { ...PROTOBUF, 'content-encoding': encoding }, body, chunked })).status).toBe(200);
    expect(absorber.traces.map((batch) => batch.count)).toEqual([2, 2]);
    expect(budget.used).toBe(0);
  });
});

describe('partial success', () => {
  const mixed = wire.request([wire.span(), wire.span({ traceId: new Uint8Array(16) })]);
  const message = '1 of 2 spans rejected: trace_id is all zeros (1)';

  test('says how many and why, in protobuf', async () => {
    const { port } = await start();
    const answer = await send(port, '/v1/traces', { headers: PROTOBUF, body: mixed });
    expect(answer.status).toBe(200);
    expect(ProtobufTraceSerializer.deserializeResponse(answer.body)).toEqual({ partialSuccess: { rejectedSpans: 1, errorMessage: message } });
  });

  test('and in JSON, with 64-bit numbers as strings', async () => {
    const { port } = await start();
    const answer = await send(port, '/v1/traces', { headers: JSON_TYPE, body: goodJson.replace('5b8efff798038103d269b633813fc60c', '00') });
    expect(JSON.parse(answer.body.toString())).toEqual({ partialSuccess: { rejectedSpans: '1', errorMessage: '1 of 1 spans rejected: trace_id is not 16 bytes (1)' } });
    const logs = await send(port, '/v1/logs', { headers: JSON_TYPE, body: '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":"00"}]}]}]}' });
    expect(JSON.parse(logs.body.toString())).toMatchObject({ partialSuccess: { rejectedLogRecords: '1' } });
  });

  test('carries warnings with nothing rejected', async () => {
    const { port } = await start();
    const answer = await send(port, '/v1/traces', { headers: PROTOBUF, body: wire.request([wire.span({ attributes: [['k', 1], ['k', 2]] })]) });
    expect(ProtobufTraceSerializer.deserializeResponse(answer.body)).toEqual({ partialSuccess: { errorMessage: 'warning: 1 attributes dropped: their key was there already' } });
  });
});

describe('what is wrong is answered in the type of the request', () => {
  test('400 with Status for what is no OTLP', async () => {
    const { port } = await start();
    const protobuf = await send(port, '/v1/traces', { headers: PROTOBUF, body: good.slice(0, 40) });
    expect([protobuf.status, protobuf.headers['content-type']]).toEqual([400, 'application/x-protobuf']);
    expect(protobuf.body.toString('latin1')).toContain('not OTLP protobuf: resource_spans[0]: a length of');
    const json = await send(port, '/v1/traces', { headers: JSON_TYPE, body: '{"resourceSpans":7}' });
    expect([json.status, JSON.parse(json.body.toString())]).toEqual([400, { code: 3, message: 'not OTLP/JSON: resourceSpans is the number 7, expected a list' }]);
  });

  test.each([['no gzip at all', Buffer.from('hello hello')], ['cut off', gzipSync(good).subarray(0, 30)], ['corrupt', Buffer.from(gzipSync(good)).fill(0x55, 12, 40)]])('400 for gzip that is %s', async (_, body) => {
    const { port, budget, counters } = await start();
    const answer = await send(port, '/v1/traces', { headers: { ...JSON_TYPE, 'content-encoding': 'gzip' }, body });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 3, message: expect.stringMatching(/^the body is not gzip: /) as string });
    expect(budget.used).toBe(0);
    expect(counters.requests()).toEqual([{ labels: { protocol: 'http', signal: 'traces', outcome: 'malformed' }, value: 1 }]);
  });

  test('404 for metrics and for other paths, with a word on what to do', async () => {
    const { port } = await start();
    const metrics = await send(port, '/v1/metrics', { headers: JSON_TYPE, body: '{"resourceMetrics":[]}' });
    expect([metrics.status, (JSON.parse(metrics.body.toString()) as { message: string }).message]).toEqual([404, expect.stringContaining('OTEL_METRICS_EXPORTER=none')]);
    const protobuf = await send(port, '/v1/metrics', { headers: PROTOBUF });
    expect(protobuf.headers['content-type']).toBe('application/x-protobuf');
    expect((await send(port, '/', { method: 'GET' })).status).toBe(404);
    expect((await send(port, '/constructor', { method: 'GET' })).status).toBe(404);
  });

  test('405 for other methods, with Allow', async () => {
    const { port } = await start();
    const answer = await send(port, '/v1/traces', { method: 'GET', headers: PROTOBUF });
    expect([answer.status, answer.headers.allow]).toEqual([405, 'POST']);
  });

  test.each([[{}], [{ 'content-type': 'text/plain' }], [{ 'content-type': 'constructor' }], [{ ...PROTOBUF, 'content-encoding': 'zstd' }]])('415 for %j', async (headers) => {
    const { port } = await start();
    const answer = await send(port, '/v1/traces', { headers, body: good });
    expect(answer.status).toBe(415);
  });

  test('401 and 403, before the body is read', async () => {
    const { port, absorber, counters } = await start({
      authorize: (header) => header === 'Bearer good' ? { kind: 'allowed', who: 'shop' }
        : header === undefined ? { kind: 'denied', status: 'unauthenticated', message: 'send a token' } : { kind: 'denied', status: 'forbidden', message: 'this token may not send' },
    });
    const none = await send(port, '/v1/traces', { headers: PROTOBUF, body: good });
    expect([none.status, none.headers['www-authenticate'], none.body]).toEqual([401, 'Bearer', status(16, 'send a token')]);
    const wrong = await send(port, '/v1/traces', { headers: { ...PROTOBUF, authorization: 'Bearer bad' }, body: good });
    expect([wrong.status, wrong.body]).toEqual([403, status(7, 'this token may not send')]);
    expect((await send(port, '/v1/traces', { headers: { ...PROTOBUF, authorization: 'Bearer good' }, body: good })).status).toBe(200);
    expect(absorber.requests).toHaveLength(1);
    expect(counters.requests()).toContainEqual({ labels: { protocol: 'http', signal: 'traces', outcome: 'denied' }, value: 2 });
  });
});

describe('limits', () => {
  const limits = { bodyBytes: MIB, bytesInFlight: 4 * MIB };

  test.each([
    ['a content length', { body: Buffer.alloc(MIB + 1) }],
    ['pieces', { body: Buffer.alloc(2 * MIB), chunked: true }],
    ['a gzip bomb', { body: gzipSync(Buffer.alloc(64 * MIB)), gzip: true }],
  ])('413 over the limit: %s', async (_, { body, ...how }) => {
    const { port, budget, absorber, counters } = await start({ limits });
    const headers = { ...PROTOBUF, ...('gzip' in how ? { 'content-encoding': 'gzip' } : {}) };
    const answer = await send(port, '/v1/traces', { headers, body, chunked: 'chunked' in how });
    expect([answer.status, answer.headers['retry-after'], answer.headers['content-type']]).toEqual([413, undefined, 'application/x-protobuf']);
    expect(answer.body).toEqual(status(8, 'the request is larger than 1048576 bytes, before or after decompression: send smaller batches'));
    expect(budget.used).toBe(0);
    expect(absorber.requests).toHaveLength(0);
    expect(counters.limits()).toEqual([{ labels: { limit: 'body-bytes' }, value: 1 }]);
  });

  test('a body of just the limit is taken', async () => {
    const { port } = await start({ limits });
    const body = wire.bytes(300, new Uint8Array(MIB - 5));
    expect(body).toHaveLength(MIB);
    expect((await send(port, '/v1/traces', { headers: PROTOBUF, body })).status).toBe(200);
    expect((await send(port, '/v1/traces', { headers: PROTOBUF, body, chunked: true })).status).toBe(200);
  });

  test('503 with Retry-After where too many bytes are in flight, and 200 once there is room again', async () => {
    const { port, absorber, budget, counters } = await start({ limits: { ...limits, bytesInFlight: 1.5 * MIB, retryAfterMs: 2_500 } });
    const body = wire.request([wire.span({ extra: wire.bytes(200, new Uint8Array(800_000)) })]);
    const release = absorber.hold();
    const first = send(port, '/v1/traces', { headers: PROTOBUF, body });
    await absorber.arrived(1);
    const second = await send(port, '/v1/traces', { headers: JSON_TYPE, body: ' '.repeat(900_000) });
    expect([second.status, second.headers['retry-after']]).toEqual([503, '3']);
    expect(JSON.parse(second.body.toString())).toEqual({ code: 14, message: 'too many bytes are in flight: send again later', details: [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '2.5s' }] });
    expect(counters.limits()).toEqual([{ labels: { limit: 'bytes-in-flight' }, value: 1 }]);
    release();
    expect((await first).status).toBe(200);
    expect(budget.used).toBe(0);
    expect((await send(port, '/v1/traces', { headers: PROTOBUF, body })).status).toBe(200);
  });

  test('many bombs at once hold no more than the budget', async () => {
    const { port, budget } = await start({ limits: { bodyBytes: 8 * MIB, bytesInFlight: 16 * MIB } });
    const bomb = gzipSync(Buffer.alloc(64 * MIB));
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(port, '/v1/traces', { headers: { ...PROTOBUF, 'content-encoding': 'gzip' }, body: bomb })));
    for (const answer of answers) expect([413, 503]).toContain(answer.status);
    expect(budget.used).toBe(0);
  });

  test('a sender that never ends its headers, or its body, is cut off', async () => {
    const { port, budget } = await start({ limits: { headersTimeoutMs: 200, requestTimeoutMs: 400 } });
    for (const beginning of ['POST /v1/traces HTTP/1.1\r\nHost: x\r\n', 'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: 1000\r\n\r\nabc']) {
      const ended = await new Promise<string>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => socket.write(beginning));
        let text = '';
        socket.on('data', (chunk) => { text += chunk.toString(); });
        socket.on('error', () => undefined);
        socket.on('close', () => resolve(text));
      });
      expect(ended).toMatch(/^(HTTP\/1\.1 408|$)/);
    }
    expect(budget.used).toBe(0);
  });

  test('a sender that goes away in the middle leaves nothing behind', async () => {
    const { port, budget, counters } = await start();
    const socket = connect(port, '127.0.0.1');
    socket.write(`POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: 100000\r\n\r\n${'a'.repeat(50_000)}`);
    await expect.poll(() => budget.used).toBe(50_000 + REQUEST_BYTES);
    socket.destroy();
    await expect.poll(() => counters.requests()).toEqual([{ labels: { protocol: 'http', signal: 'traces', outcome: 'aborted' }, value: 1 }]);
    expect(budget.used).toBe(0);
  });
});

describe('backpressure and faults', () => {
  test('busy is 503 with Retry-After and RetryInfo', async () => {
    const { port, absorber } = await start();
    absorber.answerNext({ kind: 'busy', retryAfterMs: 5_000, message: 'the disk is full' });
    const answer = await send(port, '/v1/traces', { headers: PROTOBUF, body: good });
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5']);
    const retryInfo = wire.bytes(1, wire.number(1, 5));
    const any = wire.concat(wire.text(1, 'type.googleapis.com/google.rpc.RetryInfo'), wire.bytes(2, retryInfo));
    expect(answer.body).toEqual(Buffer.concat([status(14, 'the disk is full'), wire.bytes(3, any)]));
  });

  test('an absorber that throws is reported, and the sender is told to retry', async () => {
    const faults: unknown[] = [];
    const { port, absorber, budget } = await start({ onFault: (error) => faults.push(error) });
    absorber.answerNext(new Error('a bug'));
    const answer = await send(port, '/v1/traces', { headers: PROTOBUF, body: good });
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
    expect(faults).toEqual([new Error('a bug')]);
    expect(budget.used).toBe(0);
  });
});

describe('life of the receiver', () => {
  test('close lets what is in flight finish, ends idle connections, and takes no new ones', async () => {
    const { port, receiver, absorber } = await start();
    const agent = new Agent({ keepAlive: true });
    expect((await send(port, '/v1/traces', { headers: PROTOBUF, body: good, agent })).status).toBe(200);
    connect(port, '127.0.0.1').on('error', () => undefined);
    const release = absorber.hold();
    const inFlight = send(port, '/v1/traces', { headers: PROTOBUF, body: good });
    await absorber.arrived(2);
    const closed = receiver.close();
    await expect(send(port, '/v1/traces', { headers: PROTOBUF, body: good })).rejects.toThrow();
    release();
    const answer = await inFlight;
    expect([answer.status, answer.headers.connection]).toEqual([200, 'close']);
    await closed;
    agent.destroy();
  });

  test('close does not wait for ever', async () => {
    const { port, receiver, absorber } = await start({ limits: { drainMs: 100 } });
    const release = absorber.hold();
    const inFlight = send(port, '/v1/traces', { headers: PROTOBUF, body: good }).catch((error: unknown) => error);
    await absorber.arrived(1);
    await receiver.close();
    expect(await inFlight).toBeInstanceOf(Error);
    release();
  });

  test('a port in use is one clear error', async () => {
    const { port } = await start();
    await expect(startHttpOtlpReceiver({ host: '127.0.0.1', port, absorber: new MemoryAbsorber() })).rejects.toMatchObject({
      code: 'port-in-use', port, message: `port ${port} on 127.0.0.1 is in use: stop the program that listens there, or choose another port with TOCSIN_OTLP_HTTP_PORT`,
    });
    await expect(startHttpOtlpReceiver({ host: '192.0.2.1', port: 0, absorber: new MemoryAbsorber() })).rejects.toMatchObject({ code: 'cannot-listen' });
  });

  test('speaks TLS', async () => {
    const { port, receiver } = await start({ tls: TEST_TLS });
    expect((await send(port, '/v1/traces', { headers: PROTOBUF, body: good, ca: TEST_TLS.cert })).status).toBe(200);
    await receiver.close();
  });
});
