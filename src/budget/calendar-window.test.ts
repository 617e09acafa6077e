import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Calendar } from '../config/calendar.js';
import { DAY_MS, HOUR_MS } from '../lib/duration.js';
import { isTimeZone, momentOfWall, wallOf } from '../lib/time-zone.js';
import { periodAt } from './calendar-window.js';

const calendar = (unit: Calendar['unit'], timeZone: string, parts: { start?: string; count?: number } = {}): Calendar =>
  ({ unit, timeZone, count: parts.count ?? 1, startWallMs: Date.parse(`${parts.start ?? '2026-01-01T00:00:00'}Z`) });
const iso = (timeMs: number): string => new Date(timeMs).toISOString().replace('.000Z', 'Z');
const hours = ({ startMs, endMs }: { startMs: number; endMs: number }): number => (endMs - startMs) / HOUR_MS;

describe('calendar periods, by the published changes of clocks', () => {
  // Europe/Berlin: 2026-03-29 02:00 → 03:00 and 2026-10-25 03:00 → 02:00 (EU directive 2000/84/EC: at 01:00 UTC).
  // America/New_York: 2026-03-08 and 2026-11-01 (Energy Policy Act of 2005: at 02:00 local). Australia/Lord_Howe changes by half an hour.
  test.each([
    ['day', 'Europe/Berlin', '2026-03-29T12:00:00Z', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z', 23],
    ['day', 'Europe/Berlin', '2026-10-25T12:00:00Z', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z', 25],
    ['day', 'America/New_York', '2026-03-08T12:00:00Z', '2026-03-08T05:00:00Z', '2026-03-09T04:00:00Z', 23],
    ['day', 'America/New_York', '2026-11-01T12:00:00Z', '2026-11-01T04:00:00Z', '2026-11-02T05:00:00Z', 25],
    ['day', 'Australia/Lord_Howe', '2026-04-04T20:00:00Z', '2026-04-04T13:00:00Z', '2026-04-05T13:30:00Z', 24.5],
    ['month', 'Europe/Berlin', '2026-03-15T00:00:00Z', '2026-02-28T23:00:00Z', '2026-03-31T22:00:00Z', 743],
    ['month', 'Europe/Berlin', '2026-10-15T00:00:00Z', '2026-09-30T22:00:00Z', '2026-10-31T23:00:00Z', 745],
    ['month', 'America/New_York', '2026-03-15T00:00:00Z', '2026-03-01T05:00:00Z', '2026-04-01T04:00:00Z', 743],
    ['month', 'Asia/Kolkata', '2026-02-15T00:00:00Z', '2026-01-31T18:30:00Z', '2026-02-28T18:30:00Z', 672],
    ['month', 'UTC', '2028-02-15T00:00:00Z', '2028-02-01T00:00:00Z', '2028-03-01T00:00:00Z', 696],
    ['quarter', 'Europe/Berlin', '2026-05-01T00:00:00Z', '2026-03-31T22:00:00Z', '2026-06-30T22:00:00Z', 2_184],
    ['quarter', 'Europe/Berlin', '2026-02-01T00:00:00Z', '2025-12-31T23:00:00Z', '2026-03-31T22:00:00Z', 2_159],
    ['year', 'Europe/Berlin', '2026-07-01T00:00:00Z', '2025-12-31T23:00:00Z', '2026-12-31T23:00:00Z', 8_760],
    ['year', 'Asia/Tokyo', '2028-07-01T00:00:00Z', '2027-12-31T15:00:00Z', '2028-12-31T15:00:00Z', 8_784],
  ] as const)('%s in %s at %s', (unit, zone, at, start, end, length) => {
    const period = periodAt(calendar(unit, zone), Date.parse(at));
    expect([iso(period.startMs), iso(period.endMs), hours(period)]).toEqual([start, end, length]);
  });

  test('weeks begin on the day of the start', () => {
    const weeks = calendar('week', 'Europe/Berlin', { start: '2026-01-05T00:00:00' });
    const period = periodAt(weeks, Date.parse('2026-03-29T12:00:00Z'));
    expect([iso(period.startMs), iso(period.endMs), hours(period)]).toEqual(['2026-03-22T23:00:00Z', '2026-03-29T22:00:00Z', 167]);
  });

  test('the start of OpenSLO\'s own example: half past noon on the 21st in New York', () => {
    const months = calendar('month', 'America/New_York', { start: '2020-01-21T12:30:00' });
    const period = periodAt(months, Date.parse('2026-03-20T00:00:00Z'));
    expect([iso(period.startMs), iso(period.endMs)]).toEqual(['2026-02-21T17:30:00Z', '2026-03-21T16:30:00Z']);
  });

  test('a start on the 31st is the last day of shorter months, and the 31st again after them', () => {
    const months = calendar('month', 'UTC', { start: '2026-01-31T00:00:00' });
    const starts = ['2026-02-01', '2026-03-01', '2026-04-15', '2026-05-15'].map((day) => iso(periodAt(months, Date.parse(`${day}T00:00:00Z`)).startMs));
    expect(starts).toEqual(['2026-01-31T00:00:00Z', '2026-02-28T00:00:00Z', '2026-03-31T00:00:00Z', '2026-04-30T00:00:00Z']);
  });

  test('two weeks, two quarters; and times before the first start', () => {
    const fortnights = calendar('week', 'UTC', { count: 2, start: '2026-01-05T00:00:00' });
    expect(iso(periodAt(fortnights, Date.parse('2026-01-20T00:00:00Z')).startMs)).toBe('2026-01-19T00:00:00Z');
    expect(iso(periodAt(fortnights, Date.parse('2026-01-04T23:59:59Z')).startMs)).toBe('2025-12-22T00:00:00Z');
    expect(iso(periodAt(calendar('quarter', 'UTC', { count: 2 }), Date.parse('2026-08-01T00:00:00Z')).startMs)).toBe('2026-07-01T00:00:00Z');
  });
});

describe('clocks on the wall', () => {
  test('skip an hour in spring and show one twice in autumn', () => {
    const at = (wall: string): string => iso(momentOfWall(Date.parse(`${wall}Z`), 'Europe/Berlin'));
    expect(at('2026-03-29T01:59:59')).toBe('2026-03-29T00:59:59Z');
    expect(at('2026-03-29T02:30:00')).toBe('2026-03-29T01:30:00Z');
    expect(at('2026-03-29T03:00:00')).toBe('2026-03-29T01:00:00Z');
    expect(at('2026-10-25T02:30:00')).toBe('2026-10-25T00:30:00Z');
    expect(at('2026-10-25T03:00:00')).toBe('2026-10-25T02:00:00Z');
  });

  test('are known by their IANA names', () => {
    expect(['Europe/Berlin', 'UTC', 'America/Argentina/Ushuaia'].map(isTimeZone)).toEqual([true, true, true]);
    expect(['Europe/Atlantis', 'Berlin', ''].map(isTimeZone)).toEqual([false, false, false]);
  });
});

const anyCalendar = fc.record({
  unit: fc.constantFrom('day', 'week', 'month', 'quarter', 'year'), count: fc.integer({ min: 1, max: 3 }),
  timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Pacific/Apia', 'America/Sao_Paulo'),
  startWallMs: fc.integer({ min: 0, max: 3_000 }).map((days) => Date.UTC(2018, 0, 1) + days * DAY_MS + 9 * HOUR_MS),
}) satisfies fc.Arbitrary<Calendar>;

describe('periods, whatever the calendar', () => {
  test('hold their moment, and follow each other without gap or overlap', () => {
    fc.assert(fc.property(anyCalendar, fc.integer({ min: Date.UTC(2019, 0, 1), max: Date.UTC(2030, 0, 1) }), (any, timeMs) => {
      const period = periodAt(any, timeMs);
      expect(period.startMs).toBeLessThanOrEqual(timeMs);
      expect(period.endMs).toBeGreaterThan(timeMs);
      expect(periodAt(any, period.endMs - 1)).toEqual(period);
      expect(periodAt(any, period.endMs).startMs).toBe(period.endMs);
    }), { numRuns: 150 });
  });

  test('begin at the same time on the wall, but for hours that the wall skips', () => {
    fc.assert(fc.property(anyCalendar, fc.integer({ min: Date.UTC(2019, 0, 1), max: Date.UTC(2030, 0, 1) }), (any, timeMs) => {
      const wall = wallOf(periodAt(any, timeMs).startMs, any.timeZone);
      // Pacific/Apia skipped a whole day in 2011, before all of these; nine in the morning is skipped nowhere.
      expect(wall % DAY_MS).toBe(9 * HOUR_MS);
    }), { numRuns: 150 });
  });
});
