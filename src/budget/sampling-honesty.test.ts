import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { budgetInterval, samplingWarning } from './sampling-honesty.js';

const counted = (parts: { good: number; goodWeight?: number; bad: number; badWeight?: number; unknown?: number }): Parameters<typeof samplingWarning>[0] => {
  const { good, goodWeight = 1, bad, badWeight = 1, unknown = 0 } = parts;
  return { good: good * goodWeight, bad: bad * badWeight, goodSquared: good * goodWeight ** 2, badSquared: bad * badWeight ** 2, events: good + bad, unknownWeight: unknown };
};

describe('a warning about sampling', () => {
  test('is not given for weights that are known, however different: a sampler that says so is not biased', () => {
    expect(samplingWarning(counted({ good: 100, bad: 5 }))).toBeUndefined();
    expect(samplingWarning(counted({ good: 100, goodWeight: 20, bad: 5 }))).toBeUndefined();
    expect(samplingWarning(counted({ good: 0, bad: 0 }))).toBeUndefined();
  });

  test('names the share that is not known, and what it would do', () => {
    expect(samplingWarning(counted({ good: 95, bad: 5, unknown: 12 }))).toBe(
      '12 % of the events come from senders that sample and do not say how; they count as one each. If errors are kept more often than successes, the SLI is too low');
  });

  test('says that it is biased where errors also weigh differently', () => {
    // 5 % true errors, all of them kept; of the successes 1 in 20, with their weight on most: hypertrace/hypertrace#206 reported 55 %.
    expect(samplingWarning(counted({ good: 95, goodWeight: 20, bad: 100, unknown: 100 }))).toBe(
      '51.3 % of the events come from senders that sample and do not say how, and errors count for 1 each where successes count for 20: the sampling is biased, and the SLI with it');
  });
});

describe('the interval of the budget', () => {
  test('is the interval of the SLI on the budget\'s scale', () => {
    const interval = budgetInterval({ low: 0.9985, high: 0.9995 }, 0.999);
    expect(interval?.low).toBeCloseTo(-0.5, 9);
    expect(interval?.high).toBeCloseTo(0.5, 9);
    expect(budgetInterval(undefined, 0.999)).toBeUndefined();
  });

  test('holds the budget that is reported, and 1 at most', () => {
    fc.assert(fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0.5, max: 0.9999, noNaN: true }), (left, right, target) => {
      const [low, high] = [Math.min(left, right), Math.max(left, right)];
      const interval = budgetInterval({ low, high }, target)!;
      const middle = 1 - (1 - (low + high) / 2) / (1 - target);
      expect(interval.low).toBeLessThanOrEqual(middle + 1e-6);
      expect(interval.high).toBeGreaterThanOrEqual(middle - 1e-6);
      expect(interval.high).toBeLessThanOrEqual(1);
    }));
  });
});
