import { status as GRPC } from '@grpc/grpc-js';
import { ProtobufLogsSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { afterEach, describe, expect, test } from 'vitest';
import { ByteBudget } from '../../src/ingest/byte-budget.js';
import { startGrpcOtlpReceiver } from '../../src/ingest/grpc-otlp-receiver.js';
import { IngestCounters } from '../../src/ingest/ingest-counters.js';
import { MemoryAbsorber } from '../../src/ingest/memory-absorber.js';
import type { Receiver, ReceiverOptions } from '../../src/ingest/receiver.js';
import { FakeClock } from '../../src/lib/clock.js';
import { GrpcSender, LOGS_EXPORT, METRICS_EXPORT, TRACE_EXPORT } from '../support/otlp-grpc-client.js';
import { TEST_TLS } from '../support/otlp-tls.js';
import * as wire from '../support/otlp-wire.js';

const MIB = 2 ** 20;
const GZIP: Readonly<Record<string, number>> = { 'grpc.default_compression_algorithm': 2 };
const receivers: Receiver[] = [];
const senders: GrpcSender[] = [];

async function start(options: Partial<ReceiverOptions> = {}): Promise<{ receiver: Receiver; absorber: MemoryAbsorber; counters: IngestCounters; budget: ByteBudget; port: number; sender: GrpcSender }> {
  const absorber = new MemoryAbsorber();
  const counters = new IngestCounters();
  const budget = new ByteBudget(options.limits?.bytesInFlight ?? 128 * MIB);
  const receiver = await startGrpcOtlpReceiver({ host: '127.0.0.1', port: 0, absorber, counters, budget, clock: new FakeClock(wire.NOW_MS), ...options });
  receivers.push(receiver);
  return { receiver, absorber, counters, budget, port: receiver.port, sender: senderTo(receiver.port) };
}

function senderTo(port: number, options: ConstructorParameters<typeof GrpcSender>[1] = {}): GrpcSender {
  const sender = new GrpcSender(port, options);
  senders.push(sender);
  return sender;
}

afterEach(async () => {
  for (const sender of senders.splice(0)) sender.close();
  await Promise.all(receivers.splice(0).map((receiver) => receiver.close()));
});

const good = wire.request([wire.span(), wire.span()]);

describe('TraceService and LogsService', () => {
  test('answer full success with partial_success unset', async () => {
    const { sender, absorber, counters } = await start();
    expect(await sender.send(TRACE_EXPORT, good)).toMatchObject({ code: 0, body: Buffer.alloc(0) });
    expect(await sender.send(LOGS_EXPORT, wire.request([wire.logRecord()]))).toMatchObject({ code: 0, body: Buffer.alloc(0) });
    expect(await sender.send(TRACE_EXPORT, new Uint8Array(0))).toMatchObject({ code: 0, body: Buffer.alloc(0) });
    expect(absorber.traces.map((batch) => batch.count)).toEqual([2, 0]);
    expect(absorber.logs[0]?.bodies).toEqual(['hello']);
    expect(absorber.requests[0]).toMatchObject({ signal: 'traces', encoding: 'protobuf', protocol: 'grpc', receivedAtMs: wire.NOW_MS });
    expect(counters.requests()).toContainEqual({ labels: { protocol: 'grpc', signal: 'traces', outcome: 'stored' }, value: 2 });
  });

  test('answer partial success with count and reasons', async () => {
    const { sender } = await start();
    const traces = await sender.send(TRACE_EXPORT, wire.request([wire.span(), wire.span({ startNs: wire.NOW_NS, endNs: 1n })]));
    expect(ProtobufTraceSerializer.deserializeResponse(traces.body)).toEqual({ partialSuccess: { rejectedSpans: 1, errorMessage: '1 of 2 spans rejected: end is before start (1)' } });
    const logs = await sender.send(LOGS_EXPORT, wire.request([wire.logRecord({ traceId: Uint8Array.of(1) })]));
    expect(ProtobufLogsSerializer.deserializeResponse(logs.body)).toEqual({ partialSuccess: { rejectedLogRecords: 1, errorMessage: '1 of 1 log records rejected: trace_id is not 16 bytes (1)' } });
  });

  test('take gzip', async () => {
    const { absorber, port } = await start();
    expect((await senderTo(port, GZIP).send(TRACE_EXPORT, good)).code).toBe(0);
    expect(absorber.traces[0]?.count).toBe(2);
  });
});

describe('what is wrong', () => {
  test('INVALID_ARGUMENT for what is no OTLP, without RetryInfo', async () => {
    const { sender } = await start();
    const answer = await sender.send(TRACE_EXPORT, good.slice(0, 40));
    expect(answer).toMatchObject({ code: GRPC.INVALID_ARGUMENT, statusDetails: undefined });
    expect(answer.details).toContain('not OTLP protobuf: resource_spans[0]: a length of');
  });

  test('UNIMPLEMENTED for metrics, with a word on what to do', async () => {
    const { sender, absorber } = await start();
    expect(await sender.send(METRICS_EXPORT, new Uint8Array(0))).toMatchObject({ code: GRPC.UNIMPLEMENTED, details: expect.stringContaining('OTEL_METRICS_EXPORTER=none') as string });
    expect((await sender.send('/other.Service/Call', new Uint8Array(0))).code).toBe(GRPC.UNIMPLEMENTED);
    expect(absorber.requests).toHaveLength(0);
  });

  test('UNAUTHENTICATED and PERMISSION_DENIED, by the metadata alone', async () => {
    const { sender, absorber } = await start({
      authorize: (header) => header === 'Bearer good' ? { kind: 'allowed', who: 'shop' }
        : header === undefined ? { kind: 'denied', status: 'unauthenticated', message: 'send a token' } : { kind: 'denied', status: 'forbidden', message: 'may not send' },
    });
    expect(await sender.send(TRACE_EXPORT, good)).toMatchObject({ code: GRPC.UNAUTHENTICATED, details: 'send a token' });
    expect(await sender.send(TRACE_EXPORT, good, { authorization: 'Bearer bad' })).toMatchObject({ code: GRPC.PERMISSION_DENIED, details: 'may not send' });
    expect(await sender.send(TRACE_EXPORT, good, { authorization: 'Bearer good' })).toMatchObject({ code: 0 });
    expect(absorber.requests).toHaveLength(1);
  });

  test('RESOURCE_EXHAUSTED without RetryInfo over the limit, before and after decompression', async () => {
    const { sender, port, absorber } = await start({ limits: { bodyBytes: MIB } });
    const big = wire.bytes(300, new Uint8Array(2 * MIB));
    expect(await sender.send(TRACE_EXPORT, big)).toMatchObject({ code: GRPC.RESOURCE_EXHAUSTED, statusDetails: undefined });
    expect(await senderTo(port, GZIP).send(TRACE_EXPORT, wire.bytes(300, new Uint8Array(48 * MIB)))).toMatchObject({ code: GRPC.RESOURCE_EXHAUSTED, statusDetails: undefined });
    expect((await sender.send(TRACE_EXPORT, wire.bytes(300, new Uint8Array(MIB - 6)))).code).toBe(0);
    expect(absorber.requests).toHaveLength(1);
  });
});

describe('backpressure', () => {
  /** google.rpc.Status { code, message, details: [Any { RetryInfo { Duration } }] }. */
  function retryStatus(message: string, seconds: number, nanos: number): Buffer {
    const duration = wire.concat(wire.number(1, seconds), ...(nanos === 0 ? [] : [wire.number(2, nanos)]));
    const any = wire.concat(wire.text(1, 'type.googleapis.com/google.rpc.RetryInfo'), wire.bytes(2, wire.bytes(1, duration)));
    return Buffer.from(wire.concat(wire.number(1, GRPC.UNAVAILABLE), wire.text(2, message), wire.bytes(3, any)));
  }

  test('busy is UNAVAILABLE with RetryInfo', async () => {
    const { sender, absorber } = await start();
    absorber.answerNext({ kind: 'busy', retryAfterMs: 5_250, message: 'the disk is full' });
    expect(await sender.send(TRACE_EXPORT, good)).toMatchObject({ code: GRPC.UNAVAILABLE, details: 'the disk is full', statusDetails: retryStatus('the disk is full', 5, 250_000_000) });
  });

  test('so is a fault of the absorber, which is reported', async () => {
    const faults: unknown[] = [];
    const { sender, absorber, budget } = await start({ onFault: (error) => faults.push(error) });
    absorber.answerNext(new Error('a bug'));
    expect(await sender.send(TRACE_EXPORT, good)).toMatchObject({ code: GRPC.UNAVAILABLE, statusDetails: retryStatus('Tocsin could not store the data: send again later', 1, 0) });
    expect(faults).toEqual([new Error('a bug')]);
    expect(budget.used).toBe(0);
  });

  test('so are too many bytes in flight, until there is room again', async () => {
    const { sender, absorber, budget, counters } = await start({ limits: { bytesInFlight: MIB } });
    const body = wire.bytes(300, new Uint8Array(700_000));
    const release = absorber.hold();
    const first = sender.send(TRACE_EXPORT, body);
    await absorber.arrived(1);
    expect(await sender.send(TRACE_EXPORT, body)).toMatchObject({ code: GRPC.UNAVAILABLE, statusDetails: retryStatus('too many bytes are in flight: send again later', 1, 0) });
    expect(counters.limits()).toEqual([{ labels: { limit: 'bytes-in-flight' }, value: 1 }]);
    release();
    expect((await first).code).toBe(0);
    expect((await sender.send(TRACE_EXPORT, body)).code).toBe(0);
    expect(budget.used).toBe(0);
  });
});

describe('life of the receiver', () => {
  test('close lets what is in flight finish and takes nothing new', async () => {
    const { receiver, absorber, sender, port } = await start();
    const release = absorber.hold();
    const inFlight = sender.send(TRACE_EXPORT, good);
    await absorber.arrived(1);
    const closed = receiver.close();
    expect((await senderTo(port).send(TRACE_EXPORT, good)).code).toBe(GRPC.UNAVAILABLE);
    release();
    expect((await inFlight).code).toBe(0);
    await closed;
  });

  test('close does not wait for ever', async () => {
    const { receiver, absorber, sender } = await start({ limits: { drainMs: 100 } });
    const release = absorber.hold();
    const inFlight = sender.send(TRACE_EXPORT, good);
    await absorber.arrived(1);
    await receiver.close();
    expect((await inFlight).code).not.toBe(0);
    release();
  });

  test('a port in use is one clear error', async () => {
    const { port } = await start();
    await expect(startGrpcOtlpReceiver({ host: '127.0.0.1', port, absorber: new MemoryAbsorber() })).rejects.toMatchObject({
      code: 'port-in-use', port, message: `port ${port} on 127.0.0.1 is in use: stop the program that listens there, or choose another port with TOCSIN_OTLP_GRPC_PORT`,
    });
  });

  test('speaks TLS', async () => {
    const { port } = await start({ tls: TEST_TLS });
    expect((await senderTo(port, { ca: TEST_TLS.cert }).send(TRACE_EXPORT, good)).code).toBe(0);
  });
});
