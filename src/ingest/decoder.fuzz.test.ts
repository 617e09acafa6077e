import { JsonTraceSerializer, ProtobufLogsSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuMsOf } from '../../test/support/cpu-time.js';
import { officialLogs, officialSpans } from '../../test/support/otlp-official.js';
import { NOW_MS, request, span } from '../../test/support/otlp-wire.js';
import { createLogDecoder, createTraceDecoder, type DecodeResult } from './decoder.js';

/** More by hand: TOCSIN_FUZZ_RUNS=100000. */
const RUNS = Number(process.env['TOCSIN_FUZZ_RUNS'] ?? 300);
/** No small input may take long: a hang shows as this. */
const MAX_MS = 1_000;

type Encoding = 'protobuf' | 'json';
const traces = createTraceDecoder();
const logs = createLogDecoder();

/** Decodes as both signals; whatever the bytes are, the answer is a batch that holds together or a message. */
function survive(body: Uint8Array, encoding: Encoding): void {
  expect(cpuMsOf(() => {
    check(traces.decode({ body, encoding, receivedAtMs: NOW_MS }));
    check(logs.decode({ body, encoding, receivedAtMs: NOW_MS }));
  })).toBeLessThan(MAX_MS);
}

interface AnyBatch {
  readonly count: number;
  readonly resources: readonly unknown[];
  readonly resourceIndex: Uint32Array;
  readonly scopes: readonly unknown[];
  readonly scopeIndex: Uint32Array;
  readonly attributeStart: Uint32Array;
  readonly attributes: readonly { readonly key: string; readonly json: string }[];
}

function check(result: DecodeResult<AnyBatch>): void {
  if (!result.ok) {
    expect(result.message).toMatch(/^not (OTLP|JSON)/);
    return;
  }
  const { batch } = result;
  expect(batch.attributeStart).toHaveLength(batch.count + 1);
  expect(batch.attributeStart[batch.count]).toBe(batch.attributes.length);
  for (let row = 0; row < batch.count; row += 1) {
    expect(batch.resources[batch.resourceIndex[row]!]).toBeDefined();
    expect(batch.scopes[batch.scopeIndex[row]!]).toBeDefined();
  }
  for (const attribute of batch.attributes) JSON.parse(`{${attribute.json}}`);
}

/** Changes to bytes: flips, cuts, insertions, repetitions. */
type Change = (bytes: Uint8Array) => Uint8Array;
const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(place, fc.integer({ min: 0, max: 7 })).map(([at, bit]): Change => (bytes) => {
    const copy = Uint8Array.from(bytes);
    const index = Math.floor(at * bytes.length);
    if (bytes.length > 0) copy[index] = (copy[index] ?? 0) ^ (1 << bit);
    return copy;
  }),
  fc.tuple(place, fc.nat(255)).map(([at, byte]): Change => (bytes) => {
    const copy = Uint8Array.from(bytes);
    if (bytes.length > 0) copy[Math.floor(at * bytes.length)] = byte;
    return copy;
  }),
  place.map((at): Change => (bytes) => bytes.slice(0, Math.floor(at * bytes.length))),
  fc.tuple(place, fc.uint8Array({ maxLength: 12 })).map(([at, extra]): Change => (bytes) => {
    const index = Math.floor(at * bytes.length);
    return Uint8Array.from([...bytes.slice(0, index), ...extra, ...bytes.slice(index)]);
  }),
  fc.tuple(place, place).map(([from, to]): Change => (bytes) => {
    const [start, end] = [Math.floor(Math.min(from, to) * bytes.length), Math.floor(Math.max(from, to) * bytes.length)];
    return Uint8Array.from([...bytes.slice(0, end), ...bytes.slice(start)]);
  }),
);
const changes = fc.array(change, { minLength: 1, maxLength: 4 }).map((list): Change => (bytes) => list.reduce((current, each) => each(current), bytes));

describe('whatever is sent, decoding answers', () => {
  test('random bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), fc.constantFrom<Encoding>('protobuf', 'json'), survive), { numRuns: RUNS * 3 });
  });

  test('random JSON', () => {
    fc.assert(fc.property(fc.json({ maxDepth: 8 }), (text) => survive(Buffer.from(text), 'json')), { numRuns: RUNS });
  });

  test('random values in the places of OTLP/JSON', () => {
    const any = fc.jsonValue({ maxDepth: 3 });
    const fields = ['traceId', 'spanId', 'kind', 'startTimeUnixNano', 'endTimeUnixNano', 'attributes', 'events', 'links', 'status', 'flags', 'name'];
    const anySpan = fc.dictionary(fc.constantFrom(...fields), any);
    fc.assert(fc.property(anySpan, any, (fuzzed, resource) => {
      survive(Buffer.from(JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [fuzzed] }] }] })), 'json');
      survive(Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ attributes: [{ key: 'k', value: resource }] }] }] }] })), 'json');
    }), { numRuns: RUNS });
  });

  for (const [name, bodies, encoding] of [
    ['valid traces in protobuf', officialSpans.map((spans) => ProtobufTraceSerializer.serializeRequest(spans)!), 'protobuf'],
    ['valid logs in protobuf', officialLogs.map((records) => ProtobufLogsSerializer.serializeRequest(records)!), 'protobuf'],
    ['valid traces in JSON', officialSpans.map((spans) => JsonTraceSerializer.serializeRequest(spans)!), 'json'],
  ] as const) {
    test(`flips, cuts and insertions in ${name}`, () => {
      fc.assert(fc.property(bodies, changes, (body, apply) => survive(apply(body), encoding)), { numRuns: RUNS });
    });
  }

  test('every single bit of a small request', () => {
    const body = request([span({ attributes: [['a', 'b'], ['n', 300], ['l', [1, { x: true }]]] })]);
    for (let bit = 0; bit < body.length * 8; bit += 1) {
      const copy = Uint8Array.from(body);
      copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      survive(copy, 'protobuf');
    }
  });
});
