import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEFAULT_START_MS, spanBatch, type SpanDescription } from '../trace/batch-builder.js';
import { GraphCounter } from './graph-counter.js';
import type { GraphSlice } from './slice.js';

const MINUTE = DEFAULT_START_MS / 60_000;
const trace = { traceId: '0a' };
const client = (more: SpanDescription = {}): SpanDescription => ({ ...trace, spanId: '01', kind: 'client', service: 'cart', durationMs: 30, ...more });
const server = (more: SpanDescription = {}): SpanDescription => ({ ...trace, spanId: '02', parentSpanId: '01', kind: 'server', service: 'payment', durationMs: 20, ...more });

/** Without minutes and buckets, summed: what a map shows. */
function edges(slices: readonly GraphSlice[]): Record<string, readonly [calls: number, failed: number]> {
  const sums: Record<string, [number, number]> = {};
  for (const { client: from, server: to, kind, calls, failed } of slices) {
    const sum = (sums[`${from} ${kind} ${to}`] ??= [0, 0]);
    sum[0] += calls;
    sum[1] += failed;
  }
  return sums;
}

const count = (counter: GraphCounter, spans: readonly SpanDescription[], minute = MINUTE) => counter.count(spanBatch(spans), minute);

test('a call is a client span and the server span below it, counted once in the minute of the server', () => {
  const slices = count(new GraphCounter(), [client(), server({ weight: 4 })]);
  expect(slices).toEqual([{ client: 'cart', server: 'payment', kind: 'call', eventMinute: MINUTE, arrivalMinute: MINUTE, bucket: expect.any(Number) as number, calls: 4, failed: 0, clientNs: 120e6, serverNs: 80e6 }]);
});

test.each([['client first', [[client()], [server()]]], ['server first', [[server()], [client()]]], ['together', [[server(), client()]]]])('halves find each other: %s', (_, batches) => {
  const counter = new GraphCounter();
  expect(edges(batches.flatMap((spans) => count(counter, spans)))).toEqual({ 'cart call payment': [1, 0] });
});

test('it failed when either side says so', () => {
  expect(edges(count(new GraphCounter(), [client({ status: 'error' }), server()]))).toEqual({ 'cart call payment': [1, 1] });
  expect(edges(count(new GraphCounter(), [client(), server({ status: 'error' })]))).toEqual({ 'cart call payment': [1, 1] });
});

test('a call that has met is forgotten at once', () => {
  const counter = new GraphCounter();
  count(counter, [client(), server()]);
  expect(counter.waiting).toBe(0);
});

test('a message has as many consumers as there are, before and after its producer', () => {
  const consumer = (spanId: string, service: string): SpanDescription => server({ spanId, service, kind: 'consumer' });
  const counter = new GraphCounter();
  const slices = [[consumer('02', 'mail'), consumer('03', 'stock')], [client({ kind: 'producer' })], [consumer('04', 'mail')]].flatMap((spans) => count(counter, spans));
  expect(edges(slices)).toEqual({ 'cart messaging mail': [2, 0], 'cart messaging stock': [1, 0] });
});

describe('those who send no spans', () => {
  test('databases are known by what the client says, at once', () => {
    const counter = new GraphCounter();
    const spans = [
      client({ attributes: { 'db.system.name': 'postgresql', 'db.namespace': 'orders', 'server.address': 'db1' }, status: 'error' }),
      client({ spanId: '03', attributes: { 'db.system': 'redis', 'server.address': 'cache1' } }), client({ spanId: '04', attributes: { 'db.system': 'redis' } }),
    ];
    expect(edges(count(counter, spans))).toEqual({ 'cart database orders': [1, 1], 'cart database cache1': [1, 0], 'cart database redis': [1, 0] });
    expect(counter.waiting).toBe(0);
  });

  test('others are known once nobody answered for two minutes', () => {
    const counter = new GraphCounter();
    expect(count(counter, [client({ attributes: { 'server.address': 'api.bank.example' } }), client({ spanId: '05' })])).toEqual([]);
    expect(count(counter, [], MINUTE + 1)).toEqual([]);
    expect(count(counter, [], MINUTE + 2)).toMatchObject([{ client: 'cart', server: 'api.bank.example', kind: 'external', eventMinute: MINUTE, arrivalMinute: MINUTE + 2, calls: 1, clientNs: 30e6, serverNs: 0 }]);
    expect(counter.waiting).toBe(0);
  });

  test('who answered is not external, and addresses without end are `other`', () => {
    const counter = new GraphCounter();
    const many = Array.from({ length: 150 }, (_, index) => client({ spanId: (index + 10).toString(16), attributes: { 'server.address': `10.0.0.${index}` } }));
    count(counter, [client({ attributes: { 'server.address': 'payment' } }), server(), ...many]);
    const sums = edges(count(counter, [], MINUTE + 2));
    expect(Object.keys(sums)).toHaveLength(101);
    expect(sums['cart external other']).toEqual([50, 0]);
    expect(sums['cart external payment']).toBeUndefined();
  });
});

test('a server without a parent calls nobody, and one whose client never comes is forgotten', () => {
  const counter = new GraphCounter();
  expect(count(counter, [server({ parentSpanId: '00' }), server()])).toEqual([]);
  expect(count(counter, [], MINUTE + 2)).toEqual([]);
  expect(counter.waiting).toBe(0);
});

test('memory is bounded: the oldest halves go first', () => {
  const counter = new GraphCounter(10);
  count(counter, Array.from({ length: 30 }, (_, index) => client({ spanId: (index + 1).toString(16) })));
  expect(counter.waiting).toBe(20);
  expect(edges(count(counter, [server({ parentSpanId: '01' }), server({ parentSpanId: '1e' })]))).toEqual({ 'cart call payment': [1, 0] });
  // A thousand servers of one client wait in one place.
  count(counter, Array.from({ length: 1_000 }, (_, index) => server({ traceId: '0b', spanId: (index + 1).toString(16), parentSpanId: 'ff' })));
  const sums = edges(count(counter, [client({ traceId: '0b', spanId: 'ff' })]));
  expect(sums['cart call payment']?.[0]).toBeLessThanOrEqual(65);
});

test('what is counted does not depend on how spans are cut into batches, nor on their order', () => {
  const calls = fc.array(fc.record({ from: fc.constantFrom('a', 'b'), to: fc.constantFrom('c', 'd'), failed: fc.boolean(), weight: fc.constantFrom(1, 2) }), { minLength: 1, maxLength: 20 });
  fc.assert(fc.property(calls, fc.array(fc.nat(1_000), { minLength: 40, maxLength: 40 }), fc.integer({ min: 1, max: 7 }), (made, order, size) => {
    const spans = made.flatMap(({ from, to, failed, weight }, index) => [
      client({ traceId: `${index + 1}`, service: from }),
      server({ traceId: `${index + 1}`, service: to, weight, status: failed ? 'error' : 'unset' }),
    ]);
    const shuffled = spans.map((span, index) => [order[index] ?? 0, span] as const).sort(([left], [right]) => left - right).map(([, span]) => span);
    const counter = new GraphCounter();
    const inPieces: GraphSlice[] = [];
    for (let at = 0; at < shuffled.length; at += size) inPieces.push(...count(counter, shuffled.slice(at, at + size)));
    expect(edges(inPieces)).toEqual(edges(count(new GraphCounter(), spans)));
  }));
});
