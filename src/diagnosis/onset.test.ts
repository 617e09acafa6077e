import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { onsetOfMinutes, type CountedMinute } from './onset.js';

/** Counts of stored events, as what they stand for. */
const weighted = (minute: number, bad: number, good: number, [ofBad, ofGood] = [1, 1]): CountedMinute => ({ minute, bad: bad * ofBad, good: good * ofGood, badSquared: bad * ofBad ** 2, goodSquared: good * ofGood ** 2 });
const minutes = (shares: readonly number[], events = 100): readonly CountedMinute[] => shares.map((share, index) => weighted(500 + index, Math.round(share * events), events - Math.round(share * events)));
const flat = (length: number, share: number): readonly number[] => new Array<number>(length).fill(share);

describe('the onset', () => {
  test('is the minute from which on more events are bad, with its interval', () => {
    expect(onsetOfMinutes(minutes([...flat(60, 0.01), ...flat(8, 0.3)]))).toEqual({ minute: 560, earliest: 560, latest: 560, before: 0.01, after: 0.3 });
    const vague = onsetOfMinutes(minutes([...flat(60, 0.1), 0.12, 0.13, ...flat(20, 0.2)], 50));
    expect(vague!.earliest).toBeLessThan(vague!.minute);
    expect(vague!.latest).toBeGreaterThanOrEqual(vague!.minute);
  });

  test('is none where nothing rises, where it fell, or where it was so from the start', () => {
    expect(onsetOfMinutes(minutes(flat(60, 0.02)))).toBeUndefined();
    expect(onsetOfMinutes(minutes([...flat(30, 0.3), ...flat(30, 0)]))).toBeUndefined();
    expect(onsetOfMinutes([])).toBeUndefined();
    expect(onsetOfMinutes(minutes([0.5]))).toBeUndefined();
  });

  test('is not found in chance: in at most one of twenty hours of a steady share', () => {
    const draws = fc.sample(fc.array(fc.array(fc.integer({ min: 0, max: 49 }), { minLength: 20, maxLength: 20 }), { minLength: 60, maxLength: 60 }), { numRuns: 200, seed: 3 });
    const hours = draws.map((hour) => hour.map((events, index) => [index, events.filter((draw) => draw === 0).length, events.filter((draw) => draw !== 0).length] as const));
    for (const weight of [1, 100]) expect(hours.filter((hour) => onsetOfMinutes(hour.map((counts) => weighted(...counts, [weight, weight]))) !== undefined).length).toBeLessThanOrEqual(10);
  });

  test('of sampled events is seen as well as the stored ones show it', () => {
    const hour = (bad: number, weights: [number, number]): readonly CountedMinute[] => Array.from({ length: 60 }, (_, index) => weighted(index, index < 40 ? 1 : bad, 50, weights));
    expect(onsetOfMinutes(hour(20, [100, 100]))).toMatchObject({ minute: 40, after: 20 / 70 });
    expect(onsetOfMinutes(hour(5, [1, 100]))?.minute).toBe(40);
    expect(onsetOfMinutes(hour(2, [100, 100]))).toBeUndefined();
  });

  test('is found wherever it is', () => {
    fc.assert(fc.property(fc.integer({ min: 5, max: 55 }), fc.double({ min: 0.1, max: 0.9, noNaN: true }), (at, share) => {
      expect(onsetOfMinutes(minutes([...flat(at, 0), ...flat(60 - at, share)]))?.minute).toBe(500 + at);
    }));
  });
});
