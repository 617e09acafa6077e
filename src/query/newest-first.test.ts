import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../lib/duration.js';
import { FIRST_SLICE_AROUND_MS, slicesOf } from './newest-first.js';

const NOON = 1_800_000_000_000 - (1_800_000_000_000 % HOUR_MS);
const file = (hour: number): { readonly fromMs: number; readonly toMs: number } => ({ fromMs: NOON + hour * HOUR_MS, toMs: NOON + (hour + 1) * HOUR_MS + 5 });

test('looks at the newest four seconds first, then ever further back; in the archive at one file, then at three more, and so on', () => {
  const files = Array.from({ length: 20 }, (_, index) => file(-20 + index));
  const slices = slicesOf({ fromMs: NOON - 24 * HOUR_MS, toMs: NOON + 2 * HOUR_MS }, { firstMs: 0, lastMs: NOON + 20 * MINUTE_MS - 1, hotFromMs: NOON, files });
  expect(slices.map(({ fromMs, toMs }) => [(fromMs - NOON) / SECOND_MS, (toMs - NOON) / SECOND_MS])).toEqual([[1_196, 1_200], [1_132, 1_196], [108, 1_132], [-3_600, 108], [-14_400, -3_600], [-46_800, -14_400], [-86_400, -46_800]]);
  expect(slicesOf({ fromMs: NOON, toMs: NOON + HOUR_MS }, { firstMs: 0, lastMs: NOON + 20 * MINUTE_MS - 1, hotFromMs: NOON, files }, FIRST_SLICE_AROUND_MS).map(({ fromMs }) => (fromMs - NOON) / SECOND_MS)).toEqual([1_185, 945, 0]);
});

test('where few files can hold what is looked for, the time between them costs nothing', () => {
  const slices = slicesOf({ fromMs: NOON - 90 * HOUR_MS, toMs: NOON }, { firstMs: 0, lastMs: NOON, hotFromMs: NOON, files: [file(-80), file(-2)] });
  expect(slices.map(({ fromMs, toMs }) => [(fromMs - NOON) / HOUR_MS, (toMs - NOON) / HOUR_MS])).toEqual([[-2, 0], [-90, -2]]);
  expect(slicesOf({ fromMs: NOON - 90 * HOUR_MS, toMs: NOON }, { firstMs: 0, lastMs: NOON, hotFromMs: NOON, files: [] })).toHaveLength(1);
});

test('cuts every window into slices that meet, and leaves out only what nobody has stored', () => {
  const time = fc.integer({ min: NOON - 100 * HOUR_MS, max: NOON + 100 * HOUR_MS });
  const files = fc.array(fc.record({ fromMs: time, toMs: time }), { maxLength: 12 });
  fc.assert(fc.property(fc.record({ fromMs: time, toMs: time }), fc.record({ firstMs: time, lastMs: time, hotFromMs: time, files }), (window, extent) => {
    const slices = slicesOf(window, extent);
    const [since, until] = [Math.max(window.fromMs, extent.firstMs), Math.min(window.toMs, extent.lastMs + 1)];
    if (since >= until) return slices.length === 0;
    return slices[0]?.toMs === until && slices.at(-1)?.fromMs === since && slices.every(({ fromMs, toMs }, index) => fromMs < toMs && (index === 0 || slices[index - 1]?.fromMs === toMs));
  }));
});
