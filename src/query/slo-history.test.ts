import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import type { MinuteCount } from './slo-history-reader.js';
import { historyStepMinutes, lumpOf, sloHistory } from './slo-history.js';

const NOON = Date.UTC(2026, 10, 20, 12);
const minute = (timeMs: number): number => Math.floor(timeMs / MINUTE_MS);
const OPTIONS = { fromMs: NOON - HOUR_MS, toMs: NOON, target: 0.99, windowMs: 30 * DAY_MS, burnWindowsMs: [5 * MINUTE_MS, HOUR_MS], stepMinutes: 1 };

describe('the history of an SLO', () => {
  test('is undefined, never perfect, where there were no events', () => {
    const points = sloHistory([], OPTIONS);
    expect(points).toHaveLength(61);
    expect(points.every((point) => point.budgetRemaining === undefined && point.errorRatio === undefined && point.burnRates.every((burn) => burn === undefined))).toBe(true);
  });

  test('follows a burn: the short window first, the budget for good', () => {
    const counts = Array.from({ length: 60 }, (_, index): MinuteCount => ({ minute: minute(NOON - HOUR_MS) + index, good: index >= 30 && index < 35 ? 80 : 100, bad: index >= 30 && index < 35 ? 20 : 0 }));
    const at = (minutes: number): ReturnType<typeof sloHistory>[number] | undefined => sloHistory(counts, OPTIONS)[minutes];
    expect(at(30)).toMatchObject({ bad: 0, burnRates: [0, 0], budgetRemaining: 1 });
    expect(at(35)?.burnRates[0]).toBeCloseTo(20);
    expect(at(35)?.burnRates[1]).toBeCloseTo(100 / 3_500 / 0.01);
    expect(at(40)?.burnRates[0]).toBe(0);
    expect(at(60)?.budgetRemaining).toBeCloseTo(1 - 100 / 6_000 / 0.01);
  });

  test('reads the same from summed-up counts as from single minutes', () => {
    const arbitraryCounts = fc.array(fc.record({ age: fc.integer({ min: 0, max: 31 * 24 * 60 }), good: fc.integer({ min: 0, max: 100 }), bad: fc.integer({ min: 0, max: 5 }) }), { maxLength: 200 });
    fc.assert(fc.property(arbitraryCounts, fc.constantFrom(HOUR_MS, 6 * HOUR_MS, DAY_MS), (events, range) => {
      const window = { fromMs: NOON - range, toMs: NOON };
      const stepMinutes = historyStepMinutes(window);
      const options = { ...OPTIONS, ...window, stepMinutes };
      const single = [...events].sort((left, right) => right.age - left.age).map(({ age, good, bad }): MinuteCount => ({ minute: minute(NOON) - age - ((minute(NOON) - age) % stepMinutes), good, bad }));
      const lump = lumpOf(window, options.windowMs, HOUR_MS);
      const inLump = (count: MinuteCount): boolean => count.minute >= lump.firstMinute && count.minute < lump.endMinute;
      const total = single.filter(inLump).reduce((sum, count) => ({ minute: lump.firstMinute, good: sum.good + count.good, bad: sum.bad + count.bad }), { minute: lump.firstMinute, good: 0, bad: 0 });
      const summed = [...single.filter((count) => count.minute < lump.firstMinute), total, ...single.filter((count) => count.minute >= lump.firstMinute && !inLump(count))];
      expect(sloHistory(summed, options)).toEqual(sloHistory(single, options));
    }), { numRuns: 50 });
  });

  test('has steps that divide hours and days, and no more points than a screen shows', () => {
    for (const range of [HOUR_MS, 6 * HOUR_MS, DAY_MS, 7 * DAY_MS, 30 * DAY_MS, 90 * DAY_MS]) {
      const step = historyStepMinutes({ fromMs: NOON - range, toMs: NOON });
      expect((24 * 60) % step).toBe(0);
      expect(range / MINUTE_MS / step).toBeLessThanOrEqual(360);
    }
  });
});
