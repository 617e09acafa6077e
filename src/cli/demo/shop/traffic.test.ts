import { expect, test } from 'vitest';
import { nextRequest, seededRandom } from './traffic.js';

const MANY = 20_000;

test('visitors are skewed as the shop needs them: a region that hurts without being obvious, checkouts often enough to be evidence', () => {
  const random = seededRandom(7);
  const requests = Array.from({ length: MANY }, () => nextRequest(random, ['order-1']));
  const share = (matches: (request: (typeof requests)[number]) => boolean): number => requests.filter(matches).length / MANY;
  expect(share(({ region }) => region === 'eu-2')).toBeCloseTo(0.28, 1);
  expect(share(({ path }) => path === '/checkout')).toBeCloseTo(0.28, 1);
  expect(share(({ tenant }) => tenant === 'acme')).toBeCloseTo(0.5, 1);
  expect(new Set(requests.map(({ path }) => path.split(/[/?]/)[1]))).toEqual(new Set(['', 'products', 'search', 'orders', 'checkout']));
});

test('the same seed brings the same visitors', () => {
  const visitors = (): unknown[] => {
    const random = seededRandom(42);
    return Array.from({ length: 50 }, () => nextRequest(random, []));
  };
  expect(visitors()).toEqual(visitors());
});

test('without orders nobody looks at one', () => {
  const random = seededRandom(1);
  expect(Array.from({ length: MANY }, () => nextRequest(random, [])).some(({ path }) => path.startsWith('/orders'))).toBe(false);
});
