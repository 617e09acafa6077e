import { expect, test } from 'vitest';
import { EvidenceBudget } from './evidence-budget.js';

test('all proofs of one tick share one budget, and the next tick has its own', () => {
  const budget = new EvidenceBudget(2_000);
  expect([budget.leftMs(1, 10_000), budget.leftMs(1, 11_500), budget.leftMs(1, 12_000), budget.leftMs(1, 15_000)]).toEqual([2_000, 500, 0, 0]);
  expect(budget.leftMs(2, 15_000)).toBe(2_000);
});
