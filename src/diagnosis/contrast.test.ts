import { expect, test } from 'vitest';
import { contrast, type ValueCount } from './contrast.js';

const count = (side: ValueCount['side'], value: string, stored: number, weighted = stored): ValueCount => ({ field: 'resource.region', value, side, stored, weighted });
const TOTALS = { selection: { stored: 100, weighted: 100 }, baseline: { stored: 1_000, weighted: 1_000 } };

test('a value that the selection has more often is named with both shares', () => {
  const [found, ...others] = contrast([count('selection', '"eu"', 92), count('selection', '"us"', 8), count('baseline', '"eu"', 30), count('baseline', '"us"', 970)], TOTALS);
  expect(found).toMatchObject({ field: 'resource.region', value: '"eu"', selectionShare: 0.92, baselineShare: 0.03 });
  expect(found?.qValue).toBeLessThan(1e-6);
  expect(others).toEqual([]);
});

test('a value that the rest never has is found too', () => {
  expect(contrast([count('selection', '"new"', 40), count('baseline', '"old"', 1_000)], TOTALS)).toMatchObject([{ value: '"new"', baselineShare: 0 }]);
});

test('equal shares, chance, few bearers and small sides say nothing', () => {
  expect(contrast([count('selection', '"eu"', 30), count('baseline', '"eu"', 300)], TOTALS)).toEqual([]);
  expect(contrast([count('selection', '"eu"', 36), count('baseline', '"eu"', 300)], TOTALS)).toEqual([]);
  expect(contrast([count('selection', '"eu"', 4), count('baseline', '"us"', 1_000)], TOTALS)).toEqual([]);
  expect(contrast([count('selection', '"eu"', 9)], { ...TOTALS, selection: { stored: 9, weighted: 900 } })).toEqual([]);
});

test('shares are by weight, chance is by what was stored', () => {
  const counts = [count('selection', '"eu"', 10, 900), count('baseline', '"eu"', 500)];
  expect(contrast(counts, { selection: { stored: 20, weighted: 1_000 }, baseline: { stored: 1_000, weighted: 1_000 } })).toEqual([]);
});

test('values with the same counts are one', () => {
  const [found, ...others] = contrast([count('selection', '"eu"', 92), { ...count('selection', '"e"', 92), field: 'span.zone' }, count('baseline', '"eu"', 30), { ...count('baseline', '"e"', 30), field: 'span.zone' }], TOTALS);
  expect(found).toMatchObject({ value: '"eu"', alike: [{ field: 'span.zone', value: '"e"' }] });
  expect(others).toEqual([]);
});

test('the largest difference comes first', () => {
  const values = [count('selection', '"a"', 40), count('selection', '"b"', 60), count('baseline', '"c"', 1_000)];
  expect(contrast(values, TOTALS).map(({ value }) => value)).toEqual(['"b"', '"a"']);
});
