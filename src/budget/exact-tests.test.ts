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
