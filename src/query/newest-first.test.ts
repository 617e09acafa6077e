import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HOUR_MS } from '../lib/duration.js';
import { slicesOf } from './newest-first.js';

const NOON = 1_800_000_000_000 - (1_800_000_000_000 % HOUR_MS);

test('looks at the newest quarter of a minute first, then ever further back, and in the archive at whole hours', () => {
  const slices = slicesOf({ fromMs: NOON - 24 * HOUR_MS, toMs: NOON + HOUR_MS }, { firstMs: 0, lastMs: NOON, hotFromMs: NOON - HOUR_MS / 2 });
  expect(slices.map(({ fromMs, toMs }) => [(NOON + 1 - fromMs) / 60_000, (NOON + 1 - toMs) / 60_000].map((minutes) => Math.round(minutes * 100) / 100))).toEqual([[0.25, 0], [2.25, 0.25], [18.25, 2.25], [180, 18.25], [1_260, 180], [1_440, 1_260]]);
});

test('cuts every window into slices that meet, and leaves out only what nobody has stored', () => {
  const time = fc.integer({ min: NOON - 100 * HOUR_MS, max: NOON + 100 * HOUR_MS });
  fc.assert(fc.property(time, time, time, time, time, (fromMs, toMs, firstMs, lastMs, hotFromMs) => {
    const slices = slicesOf({ fromMs, toMs }, { firstMs, lastMs, hotFromMs });
    const [since, until] = [Math.max(fromMs, firstMs), Math.min(toMs, lastMs + 1)];
    if (since >= until) return slices.length === 0;
    return slices[0]?.toMs === until && slices.at(-1)?.fromMs === since && slices.every(({ fromMs: from, toMs: to }, index) => from < to && (index === 0 || slices[index - 1]?.fromMs === to));
  }));
});
