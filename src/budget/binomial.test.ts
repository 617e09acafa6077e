import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuMsOf } from '../../test/support/cpu-time.js';
import { binomialTail, logGamma, normalTail, regularisedBeta } from './binomial.js';
import { wilsonInterval } from './wilson.js';

/** Σ of exact terms, from the small end. */
function tailBySum(k: number, n: number, p: number): number {
  let sum = 0;
  for (let i = n; i >= k; i -= 1) sum += binomialCoefficient(n, i) * p ** i * (1 - p) ** (n - i);
  return sum;
}

function binomialCoefficient(n: number, k: number): number {
  let value = 1;
  for (let i = 1; i <= k; i += 1) value *= (n - k + i) / i;
  return value;
}

describe('the exact binomial test', () => {
  test('equals the sum of its terms', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 120 }), fc.nat(120), fc.double({ min: 0.0005, max: 0.9, noNaN: true }), (n, k, p) => {
      const expected = tailBySum(Math.min(k, n), n, p);
      expect(Math.abs(binomialTail(Math.min(k, n), n, p) - expected)).toBeLessThan(1e-11 + 1e-9 * expected);
    }));
  });

  test.each([
    // 1 - (1 - p)^n for one failure, and p^n for all of them.
    [1, 10, 0.002, 1 - 0.998 ** 10],
    [10, 10, 0.002, 0.002 ** 10],
    [2, 10, 0.002, 1 - 0.998 ** 10 - 10 * 0.002 * 0.998 ** 9],
    [0, 10, 0.002, 1],
    [11, 10, 0.002, 0],
  ])('P(X >= %d of %d at %d)', (k, n, p, expected) => {
    expect(binomialTail(k, n, p)).toBeCloseTo(expected, 13);
  });

  test('keeps its digits far out in the tail', () => {
    expect(binomialTail(3, 3, 1e-60) / 1e-180).toBeCloseTo(1, 9);
    expect(binomialTail(100, 1_000, 0.002)).toBeGreaterThan(0);
    expect(binomialTail(100, 1_000, 0.002)).toBeLessThan(1e-100);
  });

  test('falls with every failure and rises with the tolerated ratio, also between whole numbers', () => {
    fc.assert(fc.property(fc.double({ min: 1, max: 500, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0.001, max: 0.5, noNaN: true }), (n, share, p) => {
      const k = share * n;
      expect(binomialTail(k + 0.1, n + 0.1, p)).toBeLessThanOrEqual(binomialTail(k, n + 0.1, p) + 1e-12);
      expect(binomialTail(k, n, p)).toBeLessThanOrEqual(binomialTail(k, n, Math.min(1, p * 1.1)) + 1e-12);
    }));
  });

  test('at its edges says what is certain', () => {
    expect([binomialTail(1, 10, 0), binomialTail(1, 10, -0.1), binomialTail(10.5, 10, 0.5), binomialTail(10.5, 10, 1), binomialTail(3, 10, 1), binomialTail(3, 10, 1.5), binomialTail(1e-10, 10, 0), binomialTail(1e-9, 10, 0)]).toEqual([0, 0, 0, 0, 1, 1, 1, 0]);
    expect([regularisedBeta(0, 2, 3), regularisedBeta(-1, 2, 3), regularisedBeta(1, 2, 3), regularisedBeta(1.5, 2, 3)]).toEqual([0, 0, 1, 1]);
    expect(normalTail(0)).toBeCloseTo(0.5, 7);
  });

  test('is the normal approximation with its correction for whole numbers where the variance is above a hundred thousand', () => {
    const [n, p] = [1_000_000, 0.2];
    const deviation = Math.sqrt(n * p * (1 - p));
    for (const k of [199_000, 200_000, 201_000]) expect(binomialTail(k, n, p)).toBe(normalTail((k - 0.5 - n * p) / deviation));
    // Below it is exact: P(X ≥ n/2) of a fair coin is a half and half the middle term.
    const half = 2 ** 17;
    const middle = Math.exp(logGamma(2 * half + 1) - 2 * logGamma(half + 1) - 2 * half * Math.LN2);
    expect(Math.abs(binomialTail(half, 2 * half, 0.5) - (0.5 + middle / 2))).toBeLessThan(1e-9);
  });

  test('goes over into the normal approximation without a step', () => {
    const p = 0.002;
    const n = 100_000 / (p * (1 - p));
    for (const z of [-3, 0, 3]) {
      const k = Math.round(n * p + z * Math.sqrt(100_000));
      const [exact, normal] = [binomialTail(k, n * 0.9999999, p), binomialTail(k, n * 1.0000001, p)];
      expect(Math.abs(normal / exact - 1)).toBeLessThan(0.05);
    }
  });

  test('costs little at any size', () => {
    expect(cpuMsOf(() => {
      for (let each = 0; each < 1_000; each += 1) binomialTail(40_000 + each, 20_000_000, 0.002);
    })).toBeLessThan(2_000);
  });
});

describe('its parts', () => {
  test('ln Γ agrees with factorials', () => {
    let factorial = 0;
    for (let n = 1; n < 150; n += 1) {
      expect(logGamma(n)).toBeCloseTo(factorial, 9);
      factorial += Math.log(n);
    }
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 12);
  });

  test('the incomplete beta function is symmetric and ends at 0 and 1', () => {
    expect(regularisedBeta(0, 2, 3)).toBe(0);
    expect(regularisedBeta(1, 2, 3)).toBe(1);
    expect(regularisedBeta(0.3, 2, 5) + regularisedBeta(0.7, 5, 2)).toBeCloseTo(1, 13);
  });

  test('the normal tail has its textbook values', () => {
    expect(normalTail(0)).toBeCloseTo(0.5, 6);
    expect(normalTail(1.959964)).toBeCloseTo(0.025, 6);
    expect(normalTail(-3.090232)).toBeCloseTo(0.999, 6);
  });

  test("Wilson's interval has its textbook values and stays within 0 and 1", () => {
    // Newcombe 1998, table 1: 81 of 263 and 0 of 20.
    expect(wilsonInterval(81 / 263, 263).low).toBeCloseTo(0.2553, 4);
    expect(wilsonInterval(81 / 263, 263).high).toBeCloseTo(0.3662, 4);
    expect(wilsonInterval(0, 20)).toMatchObject({ low: 0 });
    expect(wilsonInterval(0, 20).high).toBeCloseTo(0.1611, 4);
    expect(wilsonInterval(1, 0)).toEqual({ low: 0, high: 1 });
  });
});

test('the logarithm of the gamma function is that of factorials, and of the square root of pi', () => {
  const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1));
  for (const n of [1, 2, 3, 5, 10, 20]) expect(logGamma(n + 1)).toBeCloseTo(Math.log(factorial(n)), 10);
  expect(logGamma(0.5)).toBeCloseTo(0.5 * Math.log(Math.PI), 12);
  // Γ(1/4)·Γ(3/4) = π·√2, Γ(1/3)·Γ(2/3) = 2π/√3: below a half it is reflected.
  expect(logGamma(0.25) + logGamma(0.75)).toBeCloseTo(Math.log(Math.PI * Math.SQRT2), 12);
  expect(logGamma(0.25)).toBeCloseTo(1.2880225246980774, 12);
  expect(logGamma(1 / 3)).toBeCloseTo(0.9854206469277671, 12);
});
