import { expect, test } from 'vitest';
import type { SpanId, TraceId } from '../lib/ids.js';
import type { Span } from '../trace/span.js';
import { compareTraces } from './compare-traces.js';

const spanOf = (id: number, parent: number, changes: Partial<Span>): Span => ({
  traceId: 'a'.repeat(32) as TraceId, spanId: hex(id), parentSpanId: parent === 0 ? '' : hex(parent), name: 'GET', kind: 'internal', status: 'unset', statusMessage: '', startNs: 0n, durationNs: 100, serviceName: 'shop', resource: {}, scopeName: '',
  attributes: {}, events: [], links: [], traceState: '', weight: 1, ...changes,
});
const hex = (id: number): SpanId => id.toString(16).padStart(16, '0') as SpanId;

const HEALTHY = [
  spanOf(1, 0, { name: 'checkout', durationNs: 1_000, resource: { 'service.version': '1' }, attributes: { 'shop.region': 'us', 'request.id': 'x' } }),
  spanOf(2, 1, { name: 'query', startNs: 100n, durationNs: 100 }), spanOf(3, 1, { name: 'query', startNs: 300n, durationNs: 200 }), spanOf(4, 1, { name: 'cache', startNs: 600n, durationNs: 50 }),
];
const FAILED = [
  spanOf(1, 0, { name: 'checkout', durationNs: 3_000, status: 'error', resource: { 'service.version': '2' }, attributes: { 'shop.region': 'eu', 'request.id': 'y' } }),
  spanOf(2, 1, { name: 'query', startNs: 100n, durationNs: 2_000 }), spanOf(5, 1, { name: 'fallback', startNs: 2_200n, durationNs: 400, status: 'error' }), spanOf(6, 5, { name: 'retry', startNs: 2_250n, durationNs: 100 }),
];

test('places of two traces are laid on each other, and what only one has is said', () => {
  const { places, leftNs, rightNs } = compareTraces(HEALTHY, FAILED);
  expect([leftNs, rightNs]).toEqual([1_000, 3_000]);
  expect(places.map(({ depth, name, left, right }) => [depth, name, left?.spans, right?.spans])).toEqual([[0, 'checkout', 1, 1], [1, 'query', 2, 1], [1, 'cache', 1, undefined], [1, 'fallback', undefined, 1], [2, 'retry', undefined, 1]]);
  expect(places[1]).toMatchObject({ left: { durationNs: 300, waitedNs: 300, spanId: hex(3) }, right: { durationNs: 2_000, waitedNs: 2_000 } });
  expect(places[3]?.right).toMatchObject({ errors: 1, waitedNs: 300 });
});

test('the changes that matter come first', () => {
  expect(compareTraces(HEALTHY, FAILED).changes.map(({ name }) => name)).toEqual(['query', 'fallback', 'retry']);
});

test('attributes that differ are listed, those that differ in any two requests are not', () => {
  expect(compareTraces(HEALTHY, FAILED).attributes).toEqual([
    { service: '', key: 'shop.region', left: ['us'], right: ['eu'] }, { service: 'shop', key: 'service.version', left: ['1'], right: ['2'] },
  ]);
});

test('a trace compared with itself has no changes', () => {
  const { changes, attributes, places } = compareTraces(FAILED, FAILED);
  expect([changes, attributes]).toEqual([[], []]);
  expect(places.every(({ left, right }) => JSON.stringify(left) === JSON.stringify(right))).toBe(true);
});
