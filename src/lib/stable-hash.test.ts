import { expect, test } from 'vitest';
import { stableHash } from './stable-hash.js';

test('the same parts give the same hash for ever', () => {
  expect(stableHash(['alertname', 'Burn', 'slo', 'checkout'])).toBe('1c6399290186dba9');
});

test('parts that join to the same text differ', () => {
  expect(stableHash(['ab', 'c'])).not.toBe(stableHash(['a', 'bc']));
});
