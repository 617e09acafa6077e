import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SpanId, TraceId } from '../lib/ids.js';
import type { StoredTrace } from '../query/trace-reader.js';
import type { Span } from '../trace/span.js';
import { waterfall } from './waterfall.js';

interface Sketch {
  readonly id: number;
  readonly parent?: number;
  readonly at?: number;
  readonly ns?: number;
  readonly status?: Span['status'];
  readonly name?: string;
  readonly kind?: Span['kind'];
}

const traceOf = (sketches: readonly Sketch[]): StoredTrace => ({
  traceId: 'a'.repeat(32) as TraceId, truncated: false, logs: [],
  spans: sketches.map((sketch): Span => ({
    traceId: 'a'.repeat(32) as TraceId, spanId: hex(sketch.id), parentSpanId: sketch.parent === undefined ? '' : hex(sketch.parent), name: sketch.name ?? `span ${sketch.id}`, kind: sketch.kind ?? 'internal', status: sketch.status ?? 'unset', statusMessage: '',
    startNs: BigInt(sketch.at ?? sketch.id), durationNs: sketch.ns ?? 10, serviceName: `service ${sketch.name === undefined ? sketch.id % 3 : 0}`, resource: {}, scopeName: '', attributes: {}, events: [], links: [], traceState: '', weight: 1,
  })),
});
const hex = (id: number): SpanId => id.toString(16).padStart(16, '0') as SpanId;
const shape = (sketches: readonly Sketch[]): [number, number][] => waterfall(traceOf(sketches)).rows.map((row) => [Number(`0x${row.span.spanId}`), row.depth]);

test('parents come before their children, children in the order of their start', () => {
  expect(shape([{ id: 3, parent: 1, at: 50 }, { id: 1, at: 0 }, { id: 2, parent: 1, at: 10 }, { id: 4, parent: 2, at: 12 }])).toEqual([[1, 0], [2, 1], [4, 2], [3, 1]]);
});

test('a span whose parent is not stored is a root and says so', () => {
  const { rows } = waterfall(traceOf([{ id: 1 }, { id: 2, parent: 99 }]));
  expect(rows.map((row) => [row.depth, row.parentMissing])).toEqual([[0, false], [0, true]]);
});

test('a span that is its own ancestor says so where the loop is cut', () => {
  const { rows } = waterfall(traceOf([{ id: 1 }, { id: 2, parent: 3 }, { id: 3, parent: 2 }, { id: 4, parent: 4 }]));
  expect(rows.map((row) => [Number(`0x${row.span.spanId}`), row.depth, row.note])).toEqual([[1, 0, ''], [4, 0, 'parents in a loop'], [2, 0, 'parents in a loop'], [3, 1, '']]);
});

test('folding a row hides as many rows as it says, and tells of the errors inside', () => {
  const { rows } = waterfall(traceOf([{ id: 1 }, { id: 2, parent: 1 }, { id: 3, parent: 2, status: 'error' }, { id: 4, parent: 1, status: 'error' }, { id: 5 }]));
  expect(rows.map((row) => [row.hiddenCount, row.errorsInside])).toEqual([[3, 2], [1, 1], [0, 0], [0, 0], [0, 0]]);
});

test('every span is a row exactly once, whatever tangle the parents are, and every bar lies in the picture', () => {
  const sketch = fc.record({ id: fc.integer({ min: 1, max: 30 }), parent: fc.option(fc.integer({ min: 1, max: 35 }), { nil: undefined }), at: fc.integer({ min: 0, max: 1_000 }), ns: fc.integer({ min: 0, max: 1_000 }) });
  fc.assert(fc.property(fc.uniqueArray(sketch, { selector: ({ id }) => id, maxLength: 30 }), (sketches) => {
    const { rows } = waterfall(traceOf(sketches));
    expect(rows.map((row) => row.span.spanId).sort()).toEqual(sketches.map(({ id }) => hex(id)).sort());
    rows.forEach((row, index) => {
      const next = rows.slice(index + 1).findIndex((other) => other.depth <= row.depth);
      expect(row.hiddenCount).toBe(next === -1 ? rows.length - index - 1 : next);
      expect(row.left).toBeGreaterThanOrEqual(0);
      expect(row.left + row.width).toBeLessThanOrEqual(100.001);
    });
  }));
});

test('an axis has ticks where time passes', () => {
  expect(waterfall(traceOf([{ id: 1, ns: 400 }])).ticks.map(({ atNs }) => atNs)).toEqual([0, 100, 200, 300, 400]);
  expect(waterfall(traceOf([{ id: 1, ns: 0 }])).ticks.map(({ atNs }) => atNs)).toEqual([0]);
});

test('a chain of 20,000 spans does not exhaust the stack', () => {
  const fall = waterfall(traceOf(Array.from({ length: 20_000 }, (_, index) => ({ id: index + 1, ...(index === 0 ? {} : { parent: index }) }))));
  expect(fall.rows).toHaveLength(20_000);
});

test('siblings that repeat are one row, with them inside', () => {
  const calls = Array.from({ length: 7 }, (_, index) => ({ id: 10 + index, parent: 1, at: 10 + index * 20, name: 'SELECT items', status: index === 3 ? 'error' as const : 'unset' as const }));
  const { rows } = waterfall(traceOf([{ id: 1, at: 0, ns: 500 }, ...calls, { id: 30, parent: 1, at: 15, name: 'render' }]));
  expect(rows.map((row) => [row.depth, row.repeats.length, row.hiddenCount])).toEqual([[0, 0, 8], [1, 7, 7], ...calls.map(() => [2, 0, 0]), [1, 0, 0]]);
  expect(rows[1]).toMatchObject({ note: '7 alike, 70 ns together, 1 failed', errorsInside: 1, isError: false, duration: '130 ns' });
});

test('four alike are four rows', () => {
  expect(waterfall(traceOf([{ id: 1 }, ...[2, 3, 4, 5].map((id) => ({ id, parent: 1, name: 'GET' }))])).rows.every(({ repeats }) => repeats.length === 0)).toBe(true);
});

test('the critical path is drawn in the spans that were waited for, and named, most first', () => {
  const { rows, critical } = waterfall(traceOf([{ id: 1, at: 0, ns: 1_000 }, { id: 2, parent: 1, at: 100, ns: 600 }, { id: 3, parent: 1, at: 120, ns: 300 }]));
  expect(rows.map(({ path }) => path)).toEqual([[[0, 10], [70, 30]], [[10, 60]], []]);
  expect(critical.map(({ name, ns, share }) => [name, ns, share])).toEqual([['span 2', 600, 0.6], ['span 1', 400, 0.4]]);
});

test('the share of the critical path counts all stretches, also those too many or too short to draw', () => {
  const calls = Array.from({ length: 1_000 }, (_, index) => ({ id: 10 + index, parent: 1, at: 2_000 + index * 2_000, ns: 50, name: `GET /${index % 2}` }));
  const { rows, critical } = waterfall(traceOf([{ id: 1, at: 0, ns: 100_000_000, name: 'batch' }, ...calls]));
  expect(rows[0]?.path).toHaveLength(50);
  expect(rows[0]?.criticalShare).toBeCloseTo(0.9995, 10);
  expect(critical[0]).toMatchObject({ name: 'batch', share: rows[0]?.criticalShare });
  expect(rows.filter(({ span }) => span.name === 'GET /0').reduce((sum, { criticalShare }) => sum + criticalShare, 0)).toBeCloseTo(critical[1]?.share ?? 0, 10);
});

test('a failure began where nothing below failed and the caller failed with it', () => {
  const { rows } = waterfall(traceOf([{ id: 1, status: 'error' }, { id: 2, parent: 1, status: 'error' }, { id: 3, parent: 2, status: 'error' }, { id: 4, parent: 1 }, { id: 5, parent: 4, status: 'error' }]));
  expect(rows.filter(({ began }) => began).map(({ span }) => span.spanId)).toEqual([hex(3)]);
});

test('a consumer says how long its message waited', () => {
  const { rows } = waterfall(traceOf([{ id: 1, at: 0, ns: 5_000, kind: 'producer' }, { id: 2, parent: 1, at: 3_005_000, kind: 'consumer' }]));
  expect(rows[1]?.note).toBe('3 ms after it was published');
});

test('clocks are adjusted, and the row says by how much, unless the times are wanted as sent', () => {
  const trace = traceOf([{ id: 1, at: 10_000_000, ns: 4_000_000, kind: 'client' }, { id: 2, parent: 1, at: 3_000_000, ns: 2_000_000, kind: 'server' }]);
  const fall = waterfall(trace);
  expect(fall.shifts).toEqual([{ service: 'service 2', shiftNs: 8_000_000n }]);
  expect(fall.rows.map(({ left, width, note }) => [left, width, note])).toEqual([[0, 100, ''], [25, 50, 'clock 8 ms behind']]);
  expect(waterfall(trace, { asSent: true })).toMatchObject({ shifts: [], durationNs: 11_000_000 });
});
