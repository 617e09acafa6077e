import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Exclusion, ExclusionWindow } from '../config/exclusion.js';
import { parseRecurrence } from '../config/recurrence.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { ExcludedMinutes } from './excluded-minutes.js';
import { minuteOf } from './minute-series.js';

function recurring(rrule: string, startWallMs: number, durationMs: number, timeZone: string): ExclusionWindow {
  const recurrence = parseRecurrence(rrule, startWallMs);
  if (!recurrence.ok) throw new Error(recurrence.error);
  return { kind: 'recurring', recurrence: recurrence.value, startWallMs, durationMs, timeZone };
}

const named = (window: ExclusionWindow, name = 'x'): Exclusion => ({ name, by: 'ann', reason: 'upgrade', window });

function stretches(window: ExclusionWindow, fromMs: number, toMs: number): string[] {
  return new ExcludedMinutes([named(window)]).stretches(minuteOf(fromMs), minuteOf(toMs)).map(({ from, to }) => `${new Date(from * MINUTE_MS).toISOString().slice(5, 16)} ${to - from}`);
}

describe('recurring windows', () => {
  test('keep their time on the wall when clocks change, and their length', () => {
    const window = recurring('FREQ=WEEKLY;BYDAY=SU', Date.UTC(2026, 9, 18, 2), 2 * HOUR_MS, 'Europe/Berlin');
    // Summer time until the 25th at 03:00, which comes twice; the window begins at the first 02:00.
    expect(stretches(window, Date.UTC(2026, 9, 12), Date.UTC(2026, 10, 9))).toEqual(['10-18T00:00 120', '10-25T00:00 120', '11-01T01:00 120', '11-08T01:00 120']);
    // 02:30 does not exist on the night to summer time: it is 03:30.
    expect(stretches(recurring('FREQ=DAILY', Date.UTC(2027, 2, 27, 2, 30), HOUR_MS, 'Europe/Berlin'), Date.UTC(2027, 2, 27), Date.UTC(2027, 2, 29, 12))).toEqual(['03-27T01:30 60', '03-28T01:30 60', '03-29T00:30 60']);
  });

  test('reach over midnight, and into what was asked for from the day before', () => {
    const window = recurring('FREQ=DAILY', Date.UTC(2026, 10, 1, 23), 3 * HOUR_MS, 'America/Los_Angeles');
    expect(stretches(window, Date.UTC(2026, 10, 3, 9), Date.UTC(2026, 10, 3, 9, 1))).toEqual(['11-03T07:00 180']);
    expect(stretches(window, Date.UTC(2026, 10, 3, 10), Date.UTC(2026, 10, 3, 11))).toEqual([]);
  });
});

const FROM = minuteOf(Date.UTC(2026, 9, 24));
const windowArbitrary: fc.Arbitrary<ExclusionWindow> = fc.oneof(
  fc.tuple(fc.nat(4_000), fc.integer({ min: 1, max: 3_000 })).map(([at, length]): ExclusionWindow => ({ kind: 'once', fromMs: (FROM + at) * MINUTE_MS, toMs: (FROM + at + length) * MINUTE_MS })),
  fc.tuple(fc.constantFrom('FREQ=DAILY', 'FREQ=WEEKLY;BYDAY=SU,MO'), fc.nat(1_439), fc.integer({ min: 1, max: 2_000 }), fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kolkata'))
    .map(([rule, at, length, zone]) => recurring(rule, FROM * MINUTE_MS - DAY_MS + at * MINUTE_MS, length * MINUTE_MS, zone)),
);

test('counting, asking minute by minute and listing stretches agree, however they overlap', () => {
  fc.assert(fc.property(fc.array(windowArbitrary, { maxLength: 4 }), fc.nat(4_000), fc.nat(3_000), (windows, offset, length) => {
    const excluded = new ExcludedMinutes(windows.map((window, index) => named(window, `x${index}`)));
    const [from, to] = [FROM + offset, FROM + offset + length];
    const listed = excluded.stretches(from, to);
    const minutes = Array.from({ length }, (_, index) => from + index);
    const isListed = (minute: number): boolean => listed.some((stretch) => stretch.from <= minute && minute < stretch.to);
    expect(excluded.count(from, to)).toBe(minutes.filter((minute) => excluded.has(minute)).length);
    expect(minutes.filter((minute) => excluded.has(minute) !== isListed(minute))).toEqual([]);
    expect(excluded.firstCounted(from, to)).toBe(minutes.find((minute) => !excluded.has(minute)) ?? to);
  }), { numRuns: 60 });
});
