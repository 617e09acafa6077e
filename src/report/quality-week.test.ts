import fc from 'fast-check';
import { expect, test } from 'vitest';
import { startOfWeek, WEEK_MS, weekOf, windowOfWeek } from './quality-week.js';

test.each([
  // ISO 8601: the week belongs to the year of its Thursday.
  ['2026-W47', '2026-11-16T00:00:00.000Z'], ['2026-W01', '2025-12-29T00:00:00.000Z'], ['2020-W53', '2020-12-28T00:00:00.000Z'], ['2021-W01', '2021-01-04T00:00:00.000Z'],
])('week %s begins on %s', (week, monday) => {
  const window = windowOfWeek(week);
  expect(window.ok && new Date(window.value.fromMs).toISOString()).toBe(monday);
});

test.each(['2026-W54', '2021-W53', '2026-W00', '2026-47', 'W47', ''])('%j is no week', (text) => {
  expect(windowOfWeek(text)).toMatchObject({ ok: false });
});

test('every moment lies in the week that is named after it', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 4e12 }), (atMs) => {
    const window = windowOfWeek(weekOf(atMs));
    expect(window).toEqual({ ok: true, value: { fromMs: startOfWeek(atMs), toMs: startOfWeek(atMs) + WEEK_MS } });
    expect(atMs - startOfWeek(atMs)).toBeLessThan(WEEK_MS);
  }));
});
