import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { benjaminiHochberg, fisherGreater, mannWhitneyGreater } from './exact-tests.js';
import { randomOf } from './random-source.js';

describe('tests of two groups', () => {
  test('Fisher: the lady tasting tea', () => {
    expect(fisherGreater({ k1: 4, n1: 4, k2: 0, n2: 4 })).toBeCloseTo(1 / 70, 12);
    expect(fisherGreater({ k1: 3, n1: 4, k2: 1, n2: 4 })).toBeCloseTo(17 / 70, 12);
    expect(fisherGreater({ k1: 0, n1: 4, k2: 4, n2: 4 })).toBe(1);
    expect(fisherGreater({ k1: 900, n1: 1_000, k2: 100, n2: 1_000 })).toBeLessThan(1e-100);
  });

  test('Fisher: far below what is expected shows nothing, and nor do counts that are no table', () => {
    expect(fisherGreater({ k1: 1, n1: 5_000, k2: 1_500, n2: 5_000 })).toBe(1);
    for (const counts of [{ k1: 5, n1: 4, k2: 1, n2: 9 }, { k1: 2, n1: 4, k2: 10, n2: 9 }, { k1: 1, n1: 1, k2: 0, n2: 0 }, { k1: Number.NaN, n1: 4, k2: 1, n2: 9 }]) expect(fisherGreater(counts)).toBe(1);
  });

  test('Fisher: of every table a probability, smaller the more have it, and of small ones the sum of what is as rare or rarer', () => {
    const choose = (of: number, take: number): number => (take < 0 || take > of ? 0 : Array.from({ length: take }, (_, index) => (of - index) / (index + 1)).reduce((product, each) => product * each, 1));
    fc.assert(fc.property(fc.integer({ min: 1, max: 25 }), fc.integer({ min: 1, max: 25 }), fc.nat(25), fc.nat(25), (n1, n2, some, others) => {
      const [k1, k2] = [Math.min(n1, some), Math.min(n2, others)];
      const have = k1 + k2;
      const exact = Array.from({ length: n1 - k1 + 1 }, (_, more) => choose(n1, k1 + more) * choose(n2, have - k1 - more)).reduce((sum, each) => sum + each, 0) / choose(n1 + n2, have);
      expect(fisherGreater({ k1, n1, k2, n2 })).toBeCloseTo(exact, 9);
    }));
    fc.assert(fc.property(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 20_000 }), fc.nat(20_000), fc.nat(20_000), (n1, n2, some, others) => {
      const [k1, k2] = [some % (n1 + 1), others % (n2 + 1)];
      const [one, next] = [k1, Math.min(n1, k1 + 1)].map((count) => fisherGreater({ k1: count, n1, k2, n2 })) as [number, number];
      expect(one >= 0 && one <= 1).toBe(true);
      expect(next).toBeLessThanOrEqual(one + 1e-6);
    }));
  });

  test('Mann-Whitney: as R gives it for a textbook sample', () => {
    // wilcox.test(c(7.1,8,9.5,6.4,8.8), c(5,6.1,4.9,6.4,5.5), alternative = "greater", exact = FALSE): p = 0.0079
    const { pValue, probability } = mannWhitneyGreater([7.1, 8, 9.5, 6.4, 8.8], [5, 6.1, 4.9, 6.4, 5.5]);
    expect(probability).toBe(0.98);
    expect(pValue).toBeGreaterThan(0.007);
    expect(pValue).toBeLessThan(0.009);
    expect(mannWhitneyGreater([1, 1], [1, 1])).toEqual({ pValue: 1, probability: 0.5 });
    expect(mannWhitneyGreater([], [1]).pValue).toBe(1);
  });

  test('Mann-Whitney: of equal samples one in twenty is called different', () => {
    const random = randomOf(7);
    const draw = (): number[] => Array.from({ length: 40 }, () => Math.exp(2 * random.next()));
    const called = Array.from({ length: 1_000 }, () => mannWhitneyGreater(draw(), draw()).pValue < 0.05).filter(Boolean).length;
    expect(called).toBeGreaterThan(25);
    expect(called).toBeLessThan(75);
  });

  test('Benjamini-Hochberg: the example of 1995', () => {
    const p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528, 0.759, 1];
    expect(benjaminiHochberg(p).filter((q) => q <= 0.05)).toHaveLength(4);
    expect(benjaminiHochberg([...p].reverse()).at(-1)).toBeCloseTo(0.0015, 12);
  });
});
