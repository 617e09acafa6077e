import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SpanId, TraceId } from '../lib/ids.js';
import type { Span } from '../trace/span.js';
import { adjustClocks } from './adjust-clocks.js';

const MS = 1_000_000;

interface Sketch {
  readonly id: number;
  readonly parent?: number;
  readonly service: string;
  readonly kind: Span['kind'];
  readonly at: number;
  readonly ms: number;
  readonly failed?: boolean;
}

const spanOf = ({ id, parent, service, kind, at, ms, failed }: Sketch): Span => ({
  traceId: 'a'.repeat(32) as TraceId, spanId: hex(id), parentSpanId: parent === undefined ? '' : hex(parent), name: 'GET', kind, status: failed === true ? 'error' : 'unset', statusMessage: '', startNs: BigInt(at * MS), durationNs: ms * MS,
  serviceName: service, resource: {}, scopeName: '', attributes: {}, events: [{ timeNs: BigInt(at * MS), name: 'begun', attributes: {} }], links: [], traceState: '', weight: 1,
});
const hex = (id: number): SpanId => id.toString(16).padStart(16, '0') as SpanId;
const startsOf = (sketches: readonly Sketch[]): number[] => adjustClocks(sketches.map(spanOf)).spans.map(({ startNs }) => Number(startNs) / MS);
const client: Sketch = { id: 1, service: 'front', kind: 'client', at: 1_000, ms: 100 };

test('a server that began before it was asked is put into the middle of its client, with what it did', () => {
  const { spans, shifts } = adjustClocks([client, { id: 2, parent: 1, service: 'payment', kind: 'server', at: 500, ms: 60 } as const, { id: 3, parent: 2, service: 'payment', kind: 'internal', at: 510, ms: 10 } as const].map(spanOf));
  expect(spans.map(({ startNs }) => Number(startNs) / MS)).toEqual([1_000, 1_020, 1_030]);
  expect(spans[1]?.events[0]?.timeNs).toBe(BigInt(1_020 * MS));
  expect(shifts).toEqual([{ service: 'payment', shiftNs: BigInt(520 * MS) }]);
});

test('a server that began after its client was answered is moved back; after a client that gave up it is not', () => {
  const late: Sketch = { id: 2, parent: 1, service: 'payment', kind: 'server', at: 1_500, ms: 60 };
  expect(startsOf([client, late])).toEqual([1_000, 1_020]);
  expect(startsOf([{ ...client, failed: true }, late])).toEqual([1_000, 1_500]);
});

test('a server longer than its client begins with it', () => {
  expect(startsOf([client, { id: 2, parent: 1, service: 'payment', kind: 'server', at: 900, ms: 400 }])).toEqual([1_000, 1_000]);
});

test('a server that only outlasts its client, a consumer, and a millisecond are left alone', () => {
  expect(startsOf([client, { id: 2, parent: 1, service: 'payment', kind: 'server', at: 1_050, ms: 400 }])).toEqual([1_000, 1_050]);
  expect(startsOf([{ ...client, kind: 'producer' }, { id: 2, parent: 1, service: 'mail', kind: 'consumer', at: 900, ms: 5 }])).toEqual([1_000, 900]);
  expect(startsOf([client, { id: 2, parent: 1, service: 'payment', kind: 'server', at: 999, ms: 5 }])).toEqual([1_000, 999]);
});

test('whatever the clocks, no length changes, and adjusted spans need no further adjustment', () => {
  const sketch = fc.record({ service: fc.constantFrom('a', 'b', 'c'), kind: fc.constantFrom<Span['kind']>('client', 'server', 'internal'), at: fc.integer({ min: 0, max: 2_000 }), ms: fc.integer({ min: 0, max: 500 }) });
  fc.assert(fc.property(fc.array(sketch, { maxLength: 12 }), (sketches) => {
    const spans = sketches.map((each, index) => spanOf({ ...each, id: index + 1, ...(index === 0 ? {} : { parent: Math.ceil(index / 2) }) }));
    const adjusted = adjustClocks(spans);
    expect(adjusted.spans.map(({ durationNs }) => durationNs)).toEqual(spans.map(({ durationNs }) => durationNs));
    expect(adjustClocks(adjusted.spans).shifts).toEqual([]);
  }));
});
