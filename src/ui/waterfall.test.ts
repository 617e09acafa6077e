import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SpanId, TraceId } from '../lib/ids.js';
import type { StoredTrace } from '../query/trace-reader.js';
import type { Span } from '../trace/span.js';
import { waterfall, WATERFALL_ROW_LIMIT } from './waterfall.js';

interface Sketch {
  readonly id: number;
  readonly parent?: number;
  readonly at?: number;
  readonly ns?: number;
  readonly status?: Span['status'];
}

const traceOf = (sketches: readonly Sketch[]): StoredTrace => ({
  traceId: 'a'.repeat(32) as TraceId, truncated: false, logs: [],
  spans: sketches.map((sketch): Span => ({
    traceId: 'a'.repeat(32) as TraceId, spanId: hex(sketch.id), parentSpanId: sketch.parent === undefined ? '' : hex(sketch.parent), name: `span ${sketch.id}`, kind: 'internal', status: sketch.status ?? 'unset', statusMessage: '',
    startNs: BigInt(sketch.at ?? sketch.id), durationNs: sketch.ns ?? 10, serviceName: `service ${sketch.id % 3}`, resource: {}, scopeName: '', attributes: {}, events: [], links: [], traceState: '', weight: 1,
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

test('a chain of 20,000 spans neither exhausts the stack nor the page', () => {
  const fall = waterfall(traceOf(Array.from({ length: 20_000 }, (_, index) => ({ id: index + 1, ...(index === 0 ? {} : { parent: index }) }))));
  expect(fall.rows).toHaveLength(WATERFALL_ROW_LIMIT);
  expect(fall.notShown).toBe(20_000 - WATERFALL_ROW_LIMIT);
});
