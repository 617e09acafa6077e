import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RedSlice, SloSlice } from '../sli/slice.js';
import { mergeRedSlices, mergeSloSlices } from './merge-slices.js';

const count = fc.integer({ min: 0, max: 1000 });
const minute = fc.integer({ min: 29_000_000, max: 29_000_003 });
const slo = fc.record({ sliceKey: fc.constantFrom('a@1', 'b@1'), eventMinute: minute, arrivalMinute: minute, good: count, bad: count, goodSquared: count, badSquared: count, events: count, unknownWeight: count });
const red = fc.record({
  service: fc.constantFrom('a', 'b'), operation: fc.constantFrom('x', 'y'), kind: fc.integer({ min: 0, max: 5 }), eventMinute: minute, arrivalMinute: minute,
  bucket: fc.constantFrom(-32_768, 0, 1, 32_767), spans: count, errors: count, durationNs: count, spansSquared: count, errorsSquared: count,
});

/** The slow and obvious way: a text for the key, one sum after the other. */
function obvious<Slice extends object>(lists: readonly (readonly Slice[])[], keys: readonly (keyof Slice)[]): Slice[] {
  const sums = new Map<string, Slice>();
  for (const slice of lists.flat()) {
    const key = JSON.stringify(keys.map((name) => slice[name]));
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { ...slice });
    else for (const name of Object.keys(slice) as (keyof Slice)[]) if (!keys.includes(name)) (sum[name] as number) += slice[name] as number;
  }
  return [...sums.values()];
}

test('one slice per key, with the sum of all, whatever comes in', () => {
  fc.assert(fc.property(fc.array(fc.array(slo, { maxLength: 8 }), { maxLength: 6 }), (lists) => {
    const before = structuredClone(lists);
    expect(mergeSloSlices(lists)).toEqual(obvious<SloSlice>(lists, ['sliceKey', 'eventMinute', 'arrivalMinute']));
    expect(lists).toEqual(before);
  }));
  fc.assert(fc.property(fc.array(fc.array(red, { maxLength: 8 }), { maxLength: 6 }), (lists) => {
    const before = structuredClone(lists);
    expect(mergeRedSlices(lists)).toEqual(obvious<RedSlice>(lists, ['service', 'operation', 'kind', 'eventMinute', 'arrivalMinute', 'bucket']));
    expect(lists).toEqual(before);
  }));
});
