import { expect, test } from 'vitest';
import type { Attributes } from '../../trace/span.js';
import { rankSuspects, type Diagnosis } from './rank-suspects.js';
import { SHOP, tell, type FaultStory, type TrafficStory } from '../../../test/support/story-traffic.js';

/** Three pods of each service, one on each of three nodes; the last has the newer version. */
const about = (pod: string): Attributes => ({ 'k8s.node.name': `node-${pod.at(-1)}`, 'service.version': pod.endsWith('c') ? '2.0' : '1.0', 'container.id': `container-${pod}` });
const shop = { services: SHOP, root: 'front', requests: 90, pods: 3, about };

function diagnose(fault: FaultStory | undefined, changes: Partial<TrafficStory> = {}, before: Partial<TrafficStory> = {}): Diagnosis {
  return rankSuspects(tell({ ...shop, ...changes, ...before, seed: 1 }), tell({ ...shop, ...changes, seed: 2, ...(fault === undefined ? {} : { fault }) }));
}

test('a bad pod of three is the first resource, under one name, before the node that also serves others', () => {
  const [pod, ...others] = diagnose({ service: 'price', fails: true, onPods: ['price-a'] }).resources;
  expect(pod).toMatchObject({ attribute: 'k8s.pod.name', value: 'price-a', services: ['price'], strength: 'strong', same: [{ attribute: 'container.id', value: 'container-price-a' }] });
  expect(pod?.reason).toMatch(/^(\d+) of \1 affected requests of price were served by k8s\.pod\.name=price-a, which is also container\.id=container-price-a \(0 of \d+ others of the same operations\): \1 of 90 requests of price GET \/price\/\{id\} failed/);
  for (const { score } of others) expect(score).toBeLessThanOrEqual(pod!.score);
});

test('a bad version is the first resource where some pods have it, before each of them', () => {
  const [version] = diagnose({ service: 'price', fails: true, onPods: ['price-a', 'price-b'] }).resources;
  expect(version).toMatchObject({ attribute: 'service.version', value: '1.0', services: ['price'], strength: 'strong' });
});

test('after a rollout to all pods the version is told by the baseline, and the pods explain nothing', () => {
  const version = (value: string): Partial<TrafficStory> => ({ about: () => ({ 'service.version': value }) });
  const { resources } = diagnose({ service: 'price', fails: true, share: 0.4 }, version('2.0'), version('1.0'));
  expect(resources[0]).toMatchObject({ attribute: 'service.version', value: '2.0', strength: 'strong' });
  expect(resources[0]?.reason).toContain('(0 of 90 in the baseline)');
  expect(resources.slice(1).filter(({ strength }) => strength === 'strong')).toEqual([]);
});

test('what is wrong everywhere keeps to no resource', () => {
  expect(diagnose({ service: 'price', fails: true, share: 0.5 }).resources.filter(({ strength }) => strength === 'strong')).toEqual([]);
});

test('one bad operation of several is the first, and the operations add up to their service', () => {
  const services = [...SHOP.map((service) => (service.name === 'cart' ? { ...service, calls: [...service.calls, 'price-list'] } : service)), { name: 'price-list', operation: 'GET /prices', workMs: 2, calls: [], says: [] }];
  const { suspects, operations } = diagnose({ service: 'price-list', fails: true, share: 0.5 }, { services });
  expect(operations[0]).toMatchObject({ service: 'price-list', operation: 'GET /prices', strength: 'strong' });
  expect(operations[0]?.score).toBeCloseTo(suspects[0]!.score, 9);
});

test('a healthy system has no strong operation and no resource', () => {
  const { operations, resources } = diagnose(undefined);
  expect(operations.filter(({ strength }) => strength === 'strong')).toEqual([]);
  expect(resources).toEqual([]);
});

test('healthy requests of the same time stand for the others where all requests of one side are bad', () => {
  const bad = tell({ ...shop, seed: 2, fault: { service: 'price', fails: true, onPods: ['price-a'] } });
  const failing = new Set(bad.spans.filter((span) => span.serviceName === 'price' && span.status === 'error').map((span) => span.traceId));
  const { resources } = rankSuspects(tell({ ...shop, seed: 1 }), { spans: bad.spans.filter((span) => failing.has(span.traceId)), logs: [] }, { sameTime: true });
  expect(resources[0]).toMatchObject({ attribute: 'k8s.pod.name', value: 'price-a', strength: 'strong' });
});

test('the order of spans does not matter', () => {
  const [before, after] = [tell({ ...shop, seed: 1 }), tell({ ...shop, seed: 2, fault: { service: 'price', fails: true, onPods: ['price-a'] } })];
  const backwards = rankSuspects({ ...before, spans: [...before.spans].reverse() }, { ...after, spans: [...after.spans].reverse() });
  const { operations, resources } = rankSuspects(before, after);
  const names = (diagnosis: Pick<Diagnosis, 'operations' | 'resources'>): unknown => [diagnosis.operations.map(({ service, operation }) => [service, operation]), diagnosis.resources.map(({ attribute, value, same }) => [attribute, value, same])];
  expect(names(backwards)).toEqual(names({ operations, resources }));
});
