import { DAY_MS } from '../lib/duration.js';
import { err, ok, type Result } from '../lib/result.js';
import type { WallMs } from '../lib/time-zone.js';

const WEEKDAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'] as const;
const DAYS_A_WEEK = 7;
/** 1970-01-01 was a Thursday. */
const FIRST_WEEKDAY = 3;

/** `1SU` is the first Sunday of the month, `-1FR` its last Friday, `SU` every one. Monday is 0. */
export interface RecurringWeekday {
  readonly weekday: number;
  readonly nth: number | undefined;
}

/** The days on which something begins again (RFC 5545, section 3.3.10, as far as maintenance windows need it). Days count from 1970-01-01. */
export interface Recurrence {
  readonly frequency: 'daily' | 'weekly' | 'monthly';
  readonly interval: number;
  readonly weekdays: readonly RecurringWeekday[];
  /** 1 … 31, or from the end of the month: -1 is its last day. */
  readonly monthDays: readonly number[];
  readonly startDay: number;
  /** The last day, included. */
  readonly untilDay: number | undefined;
}

/** `FREQ=WEEKLY;BYDAY=SU;UNTIL=20271231`. What is not said comes from the start, as RFC 5545 has it. */
export function parseRecurrence(text: string, startWallMs: WallMs): Result<Recurrence, string> {
  const parts = new Map<string, string>();
  for (const part of text.replace(/^RRULE:/i, '').split(';')) {
    const [, key = '', value = ''] = /^([A-Za-z]+)=(.+)$/.exec(part.trim()) ?? [];
    if (key === '') return err(`"${part}" is not KEY=VALUE`);
    parts.set(key.toUpperCase(), value.toUpperCase());
  }
  const unknown = [...parts.keys()].find((key) => !['FREQ', 'INTERVAL', 'BYDAY', 'BYMONTHDAY', 'UNTIL', 'WKST'].includes(key));
  if (unknown !== undefined) return err(`${unknown} is not supported: FREQ, INTERVAL, BYDAY, BYMONTHDAY and UNTIL are`);
  if ((parts.get('WKST') ?? 'MO') !== 'MO') return err('WKST is not supported other than MO');
  const frequency = ({ DAILY: 'daily', WEEKLY: 'weekly', MONTHLY: 'monthly' } as const)[parts.get('FREQ') ?? ''];
  if (frequency === undefined) return err('FREQ must be DAILY, WEEKLY or MONTHLY');
  const interval = Number(parts.get('INTERVAL') ?? 1);
  if (!Number.isInteger(interval) || interval < 1 || interval > 1_000) return err('INTERVAL must be a whole number from 1 to 1,000');
  const weekdays = readWeekdays(parts.get('BYDAY'), frequency);
  if (!weekdays.ok) return weekdays;
  const monthDays = readMonthDays(parts.get('BYMONTHDAY'), frequency);
  if (!monthDays.ok) return monthDays;
  const untilDay = readUntil(parts.get('UNTIL'));
  if (!untilDay.ok) return untilDay;
  const startDay = Math.floor(startWallMs / DAY_MS);
  return ok({ frequency, interval, ...withDefaults({ frequency, weekdays: weekdays.value, monthDays: monthDays.value, startDay }), startDay, untilDay: untilDay.value });
}

/** Does the rule begin on this day? */
export function beginsOn(day: number, rule: Recurrence): boolean {
  if (day < rule.startDay || (rule.untilDay !== undefined && day > rule.untilDay)) return false;
  const isWeekday = rule.weekdays.length === 0 || rule.weekdays.some((wanted) => matchesWeekday(day, wanted));
  switch (rule.frequency) {
    case 'daily':
      return isWeekday && (day - rule.startDay) % rule.interval === 0;
    case 'weekly':
      return isWeekday && ((mondayOf(day) - mondayOf(rule.startDay)) / DAYS_A_WEEK) % rule.interval === 0;
    case 'monthly': {
      const { month, date, length } = dateOf(day);
      const isDate = rule.monthDays.length === 0 || rule.monthDays.some((wanted) => date === (wanted > 0 ? wanted : length + 1 + wanted));
      return isWeekday && isDate && (month - dateOf(rule.startDay).month) % rule.interval === 0;
    }
  }
}

function withDefaults(rule: { readonly frequency: Recurrence['frequency']; readonly weekdays: readonly RecurringWeekday[]; readonly monthDays: readonly number[]; readonly startDay: number }): Pick<Recurrence, 'weekdays' | 'monthDays'> {
  const { frequency, weekdays, monthDays, startDay } = rule;
  if (frequency === 'weekly' && weekdays.length === 0) return { weekdays: [{ weekday: weekdayOf(startDay), nth: undefined }], monthDays };
  if (frequency === 'monthly' && weekdays.length === 0 && monthDays.length === 0) return { weekdays, monthDays: [dateOf(startDay).date] };
  return { weekdays, monthDays };
}

function readWeekdays(text: string | undefined, frequency: Recurrence['frequency']): Result<readonly RecurringWeekday[], string> {
  const days: RecurringWeekday[] = [];
  for (const part of text?.split(',') ?? []) {
    const [, nth = '', name = ''] = /^([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)$/.exec(part.trim()) ?? [];
    if (name === '') return err(`BYDAY=${part} is not a weekday: MO, TU, WE, TH, FR, SA, SU, in FREQ=MONTHLY also 1SU or -1FR`);
    if (nth !== '' && frequency !== 'monthly') return err(`BYDAY=${part}: a number before the weekday has a meaning in FREQ=MONTHLY only`);
    days.push({ weekday: WEEKDAYS.findIndex((each) => each === name), nth: nth === '' ? undefined : Number(nth) });
  }
  return ok(days);
}

function readMonthDays(text: string | undefined, frequency: Recurrence['frequency']): Result<readonly number[], string> {
  const days = (text?.split(',') ?? []).map(Number);
  if (days.length > 0 && frequency !== 'monthly') return err('BYMONTHDAY has a meaning in FREQ=MONTHLY only');
  const wrong = days.find((day) => !Number.isInteger(day) || day === 0 || Math.abs(day) > 31);
  return wrong === undefined ? ok(days) : err(`BYMONTHDAY=${text ?? ''} is not a day of the month: 1 to 31, or -1 for the last`);
}

function readUntil(text: string | undefined): Result<number | undefined, string> {
  if (text === undefined) return ok(undefined);
  const [, year = '', month = '', day = ''] = /^(\d{4})(\d{2})(\d{2})(?:T\d{6}Z?)?$/.exec(text) ?? [];
  const untilMs = Date.UTC(Number(year), Number(month) - 1, Number(day));
  if (year === '' || new Date(untilMs).getUTCDate() !== Number(day)) return err(`UNTIL=${text} is not a day: write it like 20271231`);
  return ok(untilMs / DAY_MS);
}

function matchesWeekday(day: number, { weekday, nth }: RecurringWeekday): boolean {
  if (weekdayOf(day) !== weekday) return false;
  if (nth === undefined) return true;
  const { date, length } = dateOf(day);
  return nth > 0 ? Math.ceil(date / DAYS_A_WEEK) === nth : Math.ceil((length + 1 - date) / DAYS_A_WEEK) === -nth;
}

function weekdayOf(day: number): number {
  return (day + FIRST_WEEKDAY) % DAYS_A_WEEK;
}

function mondayOf(day: number): number {
  return day - weekdayOf(day);
}

/** Months count from year 0. */
function dateOf(day: number): { readonly month: number; readonly date: number; readonly length: number } {
  const at = new Date(day * DAY_MS);
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth()];
  return { month: year * 12 + month, date: at.getUTCDate(), length: new Date(Date.UTC(year, month + 1, 0)).getUTCDate() };
}
