import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from './duration.js';

describe('duration', () => {
  test.each([['5m', 300_000], ['1h30m', 5_400_000], ['250ms', 250], ['30d', 2_592_000_000], ['4w', 2_419_200_000], ['1.5s', 1_500]])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toEqual({ ok: true, value: ms });
  });

  test.each(['', '5', '5x', 'm5', '-5m', '5 m', '1h30'])('refuses "%s" and says what would be right', (text) => {
    const parsed = parseDuration(text);
    expect(parsed.ok ? '' : parsed.error).toContain('write a number and a unit');
  });

  test('reads back what it writes', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 400 * 86_400_000 }), (ms) => {
      expect(parseDuration(formatDuration(ms))).toEqual({ ok: true, value: ms });
    }));
  });
});
