import { describe, expect, test } from 'vitest';
import { isLocation, isWithin, parseDaysOfMonth, parseMonths, parseTimeOfDay, parseWeekdays, parseYears, type NumberRange, type TimeInterval } from './time-interval.js';
import type { Result } from './result.js';

interface Written {
  readonly times?: readonly (readonly [string, string])[];
  readonly weekdays?: readonly string[];
  readonly days?: readonly string[];
  readonly months?: readonly string[];
  readonly years?: readonly string[];
  readonly location?: string;
}

const value = (parsed: Result<NumberRange, string>): NumberRange => {
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
};

function interval({ times, weekdays, days, months, years, location = 'UTC' }: Written): TimeInterval {
  return {
    times: times?.map(([start, end]) => value(parseTimeOfDay(start, end))), weekdays: weekdays?.map((text) => value(parseWeekdays(text))),
    daysOfMonth: days?.map((text) => value(parseDaysOfMonth(text))), months: months?.map((text) => value(parseMonths(text))), years: years?.map((text) => value(parseYears(text))), location,
  };
}

const within = (written: Written, at: string): boolean => isWithin(interval(written), Date.parse(at));

describe('as Alertmanager has it', () => {
  test.each<[string, Written, readonly string[], readonly string[]]>([
    ['nothing said is always', {}, ['2026-11-20T03:04:05Z'], []],
    ['times: from, inclusive, to, exclusive', { times: [['09:00', '17:00']] }, ['2026-11-20T09:00:00Z', '2026-11-20T16:59:59Z'], ['2026-11-20T08:59:59Z', '2026-11-20T17:00:00Z']],
    ['24:00 is the end of the day', { times: [['22:00', '24:00']] }, ['2026-11-20T23:59:59Z'], ['2026-11-21T00:00:00Z']],
    ['weekdays, both ends inclusive', { weekdays: ['Monday:friday'] }, ['2026-11-16T00:00:00Z', '2026-11-20T23:59:59Z'], ['2026-11-21T00:00:00Z', '2026-11-22T12:00:00Z']],
    ['days of the month', { days: ['1:5', '20'] }, ['2026-11-01T00:00:00Z', '2026-11-05T12:00:00Z', '2026-11-20T12:00:00Z'], ['2026-11-06T00:00:00Z']],
    ['days from the end, in a month of 30', { days: ['-3:-1'] }, ['2026-11-28T00:00:00Z', '2026-11-30T12:00:00Z'], ['2026-11-27T23:59:59Z']],
    ['days from the end, in February', { days: ['-1'] }, ['2026-02-28T12:00:00Z', '2028-02-29T12:00:00Z'], ['2028-02-28T12:00:00Z']],
    ['a range over the end is cut off at it', { days: ['25:31'] }, ['2026-02-28T12:00:00Z'], ['2026-03-01T00:00:00Z']],
    ['a day that the month does not have', { days: ['31'] }, ['2026-10-31T12:00:00Z'], ['2026-11-30T12:00:00Z']],
    ['months by name and number', { months: ['january:march', '11'] }, ['2026-02-01T00:00:00Z', '2026-11-20T00:00:00Z'], ['2026-04-01T00:00:00Z']],
    ['years', { years: ['2026:2027'] }, ['2027-12-31T23:59:59Z'], ['2028-01-01T00:00:00Z']],
    ['all fields together', { weekdays: ['friday'], times: [['00:00', '01:00']] }, ['2026-11-20T00:30:00Z'], ['2026-11-20T01:30:00Z', '2026-11-19T00:30:00Z']],
    ['an empty list holds never', { weekdays: [] }, [], ['2026-11-20T00:30:00Z']],
  ])('%s', (_, written, inside, outside) => {
    for (const at of inside) expect([at, within(written, at)]).toEqual([at, true]);
    for (const at of outside) expect([at, within(written, at)]).toEqual([at, false]);
  });
});

describe('daylight saving', () => {
  test('office hours move with the clocks on the wall', () => {
    const office: Written = { times: [['09:00', '17:00']], location: 'Europe/Berlin' };
    expect([within(office, '2026-10-23T07:00:00Z'), within(office, '2026-10-23T06:59:59Z')]).toEqual([true, false]);
    expect([within(office, '2026-10-26T08:00:00Z'), within(office, '2026-10-26T07:59:59Z')]).toEqual([true, false]);
  });

  test('the hour that comes twice is twice inside, the one that is left out never', () => {
    const night: Written = { times: [['02:00', '03:00']], location: 'Europe/Berlin' };
    expect([within(night, '2026-10-25T00:30:00Z'), within(night, '2026-10-25T01:30:00Z'), within(night, '2026-10-25T02:00:00Z')]).toEqual([true, true, false]);
    expect([within(night, '2026-03-29T00:59:59Z'), within(night, '2026-03-29T01:00:00Z')]).toEqual([false, false]);
  });

  test('the last day of the month is the last one there, not in UTC', () => {
    expect(within({ days: ['-1'], location: 'Australia/Sydney' }, '2026-11-30T12:59:59Z')).toBe(true);
    expect(within({ days: ['-1'], location: 'Australia/Sydney' }, '2026-11-30T13:00:00Z')).toBe(false);
    expect(within({ days: ['1'], weekdays: ['tuesday'], location: 'Australia/Sydney' }, '2026-11-30T13:00:00Z')).toBe(true);
  });
});

test.each([
  ['weekday', parseWeekdays('funday')], ['range of weekdays', parseWeekdays('friday:monday')], ['day 0', parseDaysOfMonth('0')], ['day 32', parseDaysOfMonth('32')],
  ['mixed days', parseDaysOfMonth('-3:5')], ['days backwards', parseDaysOfMonth('5:-31')], ['month', parseMonths('13')], ['year', parseYears('soon')], ['three parts', parseMonths('1:2:3')],
  ['time', parseTimeOfDay('9:00', '17:00')], ['minute', parseTimeOfDay('09:60', '17:00')], ['after midnight', parseTimeOfDay('22:00', '06:00')], ['25:00', parseTimeOfDay('22:00', '25:00')],
])('a %s that is none says so', (_, parsed) => {
  expect(parsed.ok).toBe(false);
});

test('places are those of the IANA database, UTC and Local', () => {
  expect(['Europe/Berlin', 'UTC', 'Local', 'Berlin'].map(isLocation)).toEqual([true, true, true, false]);
});
