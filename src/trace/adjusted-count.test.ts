import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { adjustedCountOfRate, adjustedCountOfTraceState } from './adjusted-count.js';

const ALL_ONES = new Uint8Array(16).fill(0xff);

function count(traceState: string, traceId: Uint8Array = ALL_ONES): number | string {
  const adjusted = adjustedCountOfTraceState(traceState, traceId, 0);
  return adjusted.kind === 'known' ? adjusted.count : adjusted.kind;
}

describe('the adjusted count of a tracestate', () => {
  // opentelemetry-specification, specification/trace/tracestate-probability-sampling.md, table of thresholds at precision 4.
  test.each([
    [1, '0', 1],
    [2, '8', 2],
    [3, 'aaab', 3.00004577706569],
    [4, 'c', 4],
    [5, 'cccd', 5.0000762951094835],
    [10, 'e666', 9.99938968568813],
    [16, 'f', 16],
    [100, 'fd70a', 99.99771123402633],
    [1_000, 'ffbe77', 1000.012874769029],
    [1_000_000, 'ffffef39', 999992.38556461],
  ])('of 1 in %d is as the specification has it', (_rate, threshold, expected) => {
    expect(count(`ot=th:${threshold}`)).toBeCloseTo(expected, 8);
  });

  test('keeps leading zeros: 0.99 is th:028f5c28f5c28f', () => {
    expect(count('ot=th:028f5c28f5c28f')).toBeCloseTo(1 / 0.99, 12);
    expect(count('ot=th:28f5c28f5c28f')).toBeCloseTo(1 / 0.84, 3);
  });

  test('may have its trailing zeros written', () => {
    expect(count('ot=th:80000000000000')).toBe(2);
  });

  test('of the smallest probability is 2^56', () => {
    expect(count('ot=th:ffffffffffffff')).toBe(2 ** 56);
  });

  test.each([
    ['ot=th:8;rv:80000000000000', 2],
    ['ot=rv:80000000000000;th:8', 2],
    ['vendor=x, ot=th:c;rv:ffffffffffffff ,other=ot=th:8', 4],
    ['ot=p:8;th:8', 2],
  ])('is found wherever it stands: %s', (traceState, expected) => {
    expect(count(traceState)).toBe(expected);
  });

  test.each(['', 'vendor=1', 'vendor=ot=th:8', 'ot=p:8', 'robot=th:8'])('says nothing without th and rv: "%s"', (traceState) => {
    expect(count(traceState)).toBe('unsampled');
  });

  test.each([
    'ot=rv:80000000000000', 'ot=th:', 'ot=th:8G', 'ot=th:F', 'ot=th:000000000000001', 'ot=th:8;rv:1', 'ot=th:8;rv:8000000000000g',
    'ot=th:8;rv:7fffffffffffff', 'ot=th:80000000000001;rv:80000000000000',
  ])('is unknown where it is incomplete, malformed or inconsistent: %s', (traceState) => {
    expect(count(traceState)).toBe('unknown');
  });

  test('compares with the low 56 bits of the trace id where rv is absent', () => {
    const id = Uint8Array.from(Buffer.from('ffffffffffffffffff7fffffffffffff', 'hex'));
    expect(count('ot=th:8', id)).toBe('unknown');
    expect(count('ot=th:7fffffffffffff', id)).toBeCloseTo(2, 10);
    expect(count('ot=th:8', Uint8Array.from(Buffer.from('00000000000000000080000000000000', 'hex')))).toBe(2);
  });

  test('agrees with whole-number arithmetic for every threshold', () => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 56n - 1n }), (threshold) => {
      const digits = threshold.toString(16).padStart(14, '0');
      const expected = Number((2n ** 56n * 2n ** 60n) / (2n ** 56n - threshold)) / 2 ** 60;
      const trimmed = digits.replace(/0+$/, '');
      expect(count(`ot=th:${trimmed === '' ? '0' : trimmed};rv:ffffffffffffff`)).toBeCloseTo(expected, -Math.floor(Math.log10(expected)) + 10);
    }));
  });

  test('never falls when the threshold rises', () => {
    const threshold = fc.nat(2 ** 28).map((high) => high.toString(16).padStart(7, '0'));
    fc.assert(fc.property(threshold, threshold, (left, right) => {
      const [low, high] = left < right ? [left, right] : [right, left];
      const known = (digits: string): number => Number(count(`ot=th:${digits.slice(0, 14)}`));
      if (low.length === 7 && high.length === 7) expect(known(low)).toBeLessThanOrEqual(known(high));
    }));
  });
});

describe('the adjusted count of a rate attribute', () => {
  test.each([[1, 1], [20, 20], ['20', 20], [2.5, 2.5], [100n, 100]])('of %s is %d', (value, expected) => {
    expect(adjustedCountOfRate(value)).toEqual({ kind: 'known', count: expected });
  });

  test.each([0, -1, 0.5, 'many', '', ' ', null, true, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 57])('of %s is unknown', (value) => {
    expect(adjustedCountOfRate(value).kind).toBe('unknown');
  });
});
