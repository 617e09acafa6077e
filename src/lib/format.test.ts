import { describe, expect, test } from 'vitest';
import { formatBurn, formatLatency, formatPercent, formatSpan, formatTime } from './format.js';

describe('numbers for people', () => {
  test.each([[0.9995, '99.95 %'], [0.001, '0.1 %'], [1, '100 %'], [-0.25, '-25 %'], [0.71, '71 %']])('%d as a percentage is %s', (ratio, text) => {
    expect(formatPercent(ratio)).toBe(text);
  });

  test.each([[830, '830 ns'], [830_000, '830 µs'], [12_000_000, '12 ms'], [1_250_000_000, '1.25 s'], [100_000_000, '100 ms'], [999_900_000, '1000 ms'], [75_000_000_000, '75 s'], [450e9, '7.5 min'], [5 * 3_600e9, '5 h'], [72 * 3_600e9, '3 days']])('%d ns is %s', (durationNs, text) => {
    expect(formatLatency(durationNs)).toBe(text);
  });

  test.each([[45_000, '45 s'], [12 * 60_000, '12 min'], [3.5 * 3_600_000, '3.5 h'], [24 * 3_600_000, '24 h'], [3 * 86_400_000, '3 days'], [30 * 86_400_000, '30 days']])('%d ms is %s', (durationMs, text) => {
    expect(formatSpan(durationMs)).toBe(text);
  });

  test.each([[14.4, '14.4x'], [21, '21x'], [0.333, '0.33x'], [1000, '1000x']])('a burn rate of %d is %s', (burn, text) => {
    expect(formatBurn(burn)).toBe(text);
  });

  test('times are UTC and say so', () => {
    expect(formatTime(Date.UTC(2026, 10, 20, 3, 4, 5))).toBe('2026-11-20 03:04:05 UTC');
  });
});
