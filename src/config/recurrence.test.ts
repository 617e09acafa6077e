import { describe, expect, test } from 'vitest';
import { DAY_MS } from '../lib/duration.js';
import { beginsOn, parseRecurrence } from './recurrence.js';

const START = Date.UTC(2026, 10, 5, 2);

/** Days of the first `days` days from the start on which the rule begins, as dates. */
function datesOf(rule: string, days = 90): string[] {
  const parsed = parseRecurrence(rule, START);
  if (!parsed.ok) throw new Error(parsed.error);
  const startDay = Math.floor(START / DAY_MS);
  return Array.from({ length: days + 10 }, (_, index) => startDay - 10 + index).filter((day) => beginsOn(day, parsed.value)).map((day) => new Date(day * DAY_MS).toISOString().slice(5, 10));
}

describe('a recurrence', () => {
  test.each([
    ['FREQ=DAILY;UNTIL=20261108', ['11-05', '11-06', '11-07', '11-08']],
    ['FREQ=DAILY;INTERVAL=10;UNTIL=20261206T235959Z', ['11-05', '11-15', '11-25', '12-05']],
    ['FREQ=DAILY;BYDAY=SA,SU;UNTIL=20261115', ['11-07', '11-08', '11-14', '11-15']],
    ['FREQ=WEEKLY;UNTIL=20261126', ['11-05', '11-12', '11-19', '11-26']],
    // Weeks begin on Monday: the first one of every second holds the start.
    ['RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,SU;UNTIL=20261206', ['11-08', '11-16', '11-22', '11-30', '12-06']],
    ['FREQ=MONTHLY;UNTIL=20270201', ['11-05', '12-05', '01-05']],
    ['FREQ=MONTHLY;BYDAY=1SU;UNTIL=20270201', ['12-06', '01-03']],
    ['FREQ=MONTHLY;BYDAY=-1FR;UNTIL=20270131', ['11-27', '12-25', '01-29']],
    ['FREQ=MONTHLY;BYMONTHDAY=-1;UNTIL=20270201', ['11-30', '12-31', '01-31']],
    ['FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=15;UNTIL=20270201', ['11-15', '01-15']],
    ['freq=monthly;bymonthday=13;byday=fr;until=20270201', ['11-13']],
  ])('%s', (rule, dates) => {
    expect(datesOf(rule)).toEqual(dates);
  });

  test.each([
    ['FREQ=YEARLY', 'FREQ must be DAILY, WEEKLY or MONTHLY'],
    ['FREQ=WEEKLY;COUNT=3', 'COUNT is not supported: FREQ, INTERVAL, BYDAY, BYMONTHDAY and UNTIL are'],
    ['FREQ=WEEKLY;BYDAY=1SU', 'a number before the weekday has a meaning in FREQ=MONTHLY only'],
    ['FREQ=WEEKLY;BYDAY=SUN', 'BYDAY=SUN is not a weekday'],
    ['FREQ=DAILY;BYMONTHDAY=1', 'BYMONTHDAY has a meaning in FREQ=MONTHLY only'],
    ['FREQ=MONTHLY;BYMONTHDAY=32', 'BYMONTHDAY=32 is not a day of the month'],
    ['FREQ=DAILY;INTERVAL=0', 'INTERVAL must be'],
    ['FREQ=DAILY;UNTIL=20260230', 'UNTIL=20260230 is not a day'],
    ['every sunday', '"every sunday" is not KEY=VALUE'],
  ])('%s is refused', (rule, message) => {
    const parsed = parseRecurrence(rule, START);
    expect(parsed.ok ? '' : parsed.error).toContain(message);
  });
});
