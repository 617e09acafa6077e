import { expect, test } from 'vitest';
import { coarseBucketOf } from '../sli/latency-bucket.js';
import type { CallCount } from './graph-metrics.js';
import { MAX_MAP_NODES, serviceMap } from './service-map.js';
import type { ServiceSummary } from './service-reader.js';

const call = (client: string, server: string, changes: Partial<CallCount> = {}): CallCount => ({ client, server, kind: 'call', bucket: coarseBucketOf(10e6), calls: 100, failed: 0, durationNs: 1, ...changes });
const service = (name: string): ServiceSummary => ({ service: name, requests: 60, errors: 6, perSecond: 1, errorRatio: 0.1, p50Ns: 1, p95Ns: 5, p99Ns: 9, seenMs: 60_000, sparkline: [] });
const mapOf = (calls: readonly CallCount[], around?: string): ReturnType<typeof serviceMap> => serviceMap({ calls, services: [service('front')], windowMs: 60_000, around });

test('buckets of one edge are one edge, failing ones come first', () => {
  const { edges } = mapOf([call('front', 'catalogue', { calls: 900 }), call('front', 'pay', { calls: 60, failed: 6 }), call('front', 'pay', { calls: 40, bucket: coarseBucketOf(400e6) })]);
  expect(edges.map(({ server, calls, errorRatio, isFailing }) => [server, calls, errorRatio, isFailing])).toEqual([['pay', 100, 0.06, true], ['catalogue', 900, 0, false]]);
  expect(edges[0]!.perSecond).toBeCloseTo(100 / 60);
  expect(edges[0]!.p50Ns! / 10e6).toBeCloseTo(1, 0);
  expect(edges[0]!.p95Ns! / 400e6).toBeCloseTo(1, 0);
});

test('durations of an edge are the middle of what its bucket may hold, not its end', () => {
  const [edge] = mapOf([call('front', 'pay', { bucket: coarseBucketOf(36e6) })]).edges;
  expect(edge!.p95Ns! / 1e6).toBeCloseTo(37.1, 1);
});

test('a service says what it answered, a database what it was asked', () => {
  const { nodes } = mapOf([call('front', 'orders', { kind: 'database', calls: 120, failed: 60 }), call('worker', 'front')]);
  expect(nodes.map(({ name, kind, perSecond, errorRatio, isFailing }) => [name, kind, perSecond, errorRatio, isFailing])).toEqual([['front', 'service', 1, 0.1, true], ['orders', 'database', 2, 0.5, true], ['worker', 'service', undefined, undefined, false]]);
});

test('rates of calls are of the time in which the caller was there', () => {
  const { edges } = serviceMap({ calls: [call('front', 'pay'), call('load', 'front'), call('load', 'other')], services: [{ ...service('front'), seenMs: 20_000 }], windowMs: 100_000, around: undefined });
  expect(edges.map(({ perSecond }) => perSecond)).toEqual([5, 5, 1]);
});

test('around one service are its own edges only', () => {
  const { nodes, edges } = mapOf([call('front', 'checkout'), call('checkout', 'pay'), call('pay', 'bank')], 'checkout');
  expect(edges).toHaveLength(2);
  expect(nodes.map(({ name }) => name).sort()).toEqual(['checkout', 'front', 'pay']);
});

test('of too many services the quiet edges are left out, and counted', () => {
  const { nodes, leftOut } = mapOf(Array.from({ length: 100 }, (_, index) => call('front', `s${index}`, { calls: 1_000 - index })));
  expect(nodes).toHaveLength(MAX_MAP_NODES);
  expect(leftOut).toBe(100 - (MAX_MAP_NODES - 1));
});
