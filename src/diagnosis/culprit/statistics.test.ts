import { expect, test } from 'vitest';
import { belief } from './statistics.js';

test('a change is believed the more the less likely it is by chance, down to the least number there is', () => {
  const pValues = [0.3, 0.05, 1e-3, 1e-9, 1e-100, 1e-300, 1e-312, 5e-324, 0];
  const beliefs = pValues.map((pValue) => belief(pValue));
  expect(beliefs).toEqual(beliefs.toSorted((left, right) => left - right));
  expect(beliefs.slice(-4)).toEqual([1, 1, 1, 1]);
});
