import { expect, test } from 'vitest';
import { DEFAULT_START_MS, spanBatch } from '../trace/batch-builder.js';
import { LAG_BOUNDS_MS, SERVICES_TALLIED, ServiceTally } from './service-tally.js';

const END_MS = DEFAULT_START_MS + 10;

test('counts spans, what their senders dropped of them, and how late they became readable', () => {
  const tally = new ServiceTally();
  tally.committed(spanBatch([{ service: 'cart', droppedCount: 3 }, { service: 'cart' }, { service: 'mail' }]), END_MS + 700);
  tally.committed(spanBatch([{ service: 'cart' }]), END_MS + 90_000);
  const [cart, mail] = tally.report();
  expect(cart).toMatchObject({ service: 'cart', spans: 3, dropped: 3, lagSumMs: 700 * 2 + 90_000 });
  expect(cart?.lag.map((count, index) => [LAG_BOUNDS_MS[index], count]).filter(([, count]) => count !== 0)).toEqual([[1_000, 2], [300_000, 1]]);
  expect(mail).toMatchObject({ service: 'mail', spans: 1, dropped: 0 });
});

test('a clock that is ahead is no negative lag', () => {
  const tally = new ServiceTally();
  tally.committed(spanBatch([{}]), END_MS - 5_000);
  expect(tally.report()).toMatchObject([{ lagSumMs: 0, lag: [1, ...LAG_BOUNDS_MS.slice(1).map(() => 0)] }]);
});

test('services beyond the limit are counted together', () => {
  const tally = new ServiceTally();
  tally.committed(spanBatch(Array.from({ length: SERVICES_TALLIED + 20 }, (_, index) => ({ service: `s${index}` }))), END_MS);
  expect(tally.report()).toHaveLength(SERVICES_TALLIED + 1);
  expect(tally.report().at(-1)).toMatchObject({ service: 'other', spans: 20 });
});
