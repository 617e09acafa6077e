import { expect, test } from 'vitest';
import { DAY_MS, HOUR_MS } from '../lib/duration.js';
import { budgetBurned } from './error-budget.js';

test.each([
  ['an hour at 14.4', 14.4, HOUR_MS, 0.5, 0.02],
  ['the whole window at 1', 1, 30 * DAY_MS, 0, 1],
  ['of which it is not known what is left', 9.17, 3 * DAY_MS, undefined, 0.917],
  ['of a service that is a minute old: what it has spent', 9.17, 3 * DAY_MS, 0.9989, 0.0011],
  ['of a budget that counts more than there was', 9.17, 3 * DAY_MS, 1.2, 0],
  ['of a budget that is overspent', 20, 3 * DAY_MS, -1.5, 2],
] as const)('%s', (_what, burnRate, overMs, remaining, burned) => {
  expect(budgetBurned({ burnRate, overMs }, 30 * DAY_MS, remaining)).toBeCloseTo(burned, 9);
});
