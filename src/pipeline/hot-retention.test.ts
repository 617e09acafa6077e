import { expect, test } from 'vitest';
import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { hotRetentionFor } from './hot-retention.js';

const GIB = 2 ** 30;
const hours = (freeGib: number | undefined, wantedHours = 6): number => hotRetentionFor(wantedHours * HOUR_MS, { freeBytes: freeGib === undefined ? undefined : freeGib * GIB, minFreeBytes: GIB }) / HOUR_MS;

test('spans stay as long as is wanted while there is room, then less, and a quarter of an hour at least', () => {
  expect([hours(undefined), hours(2), hours(1), hours(0.5), hours(0.01), hours(0)]).toEqual([6, 6, 6, 3, 0.25, 0.25]);
  // What is shorter already does not become longer.
  expect(hotRetentionFor(5 * MINUTE_MS, { freeBytes: 0, minFreeBytes: GIB })).toBe(5 * MINUTE_MS);
});
