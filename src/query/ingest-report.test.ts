import { expect, test } from 'vitest';
import { balances, quantileBound, shareBeyond } from './ingest-report.js';

const BOUNDS = [1, 10, 100, Infinity];

test('a quantile is the bound of the bucket that holds it', () => {
  expect([0.5, 0.9, 0.99].map((q) => quantileBound([5, 4, 1, 0], BOUNDS, q))).toEqual([1, 10, 100]);
  expect(quantileBound([0, 0, 0, 1], BOUNDS, 0.5)).toBeUndefined();
  expect(quantileBound([0, 0, 0, 0], BOUNDS, 0.5)).toBeUndefined();
});

test('what lies beyond a bound is a share of all', () => {
  expect(shareBeyond([5, 3, 1, 1], BOUNDS, 10)).toBe(0.2);
  expect(shareBeyond([0, 0, 0, 0], BOUNDS, 10)).toBe(0);
});

test('a ledger balances when nothing is missing and nothing too much', () => {
  const sum = { signal: 'traces', received: 10, hot: 7, rejected: 1, deduplicated: 2 };
  expect(balances([sum])).toBe(true);
  expect(balances([sum, { ...sum, hot: 8 }])).toBe(false);
});
