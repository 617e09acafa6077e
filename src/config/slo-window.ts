import { DAY_MS, MINUTE_MS, formatDuration } from '../lib/duration.js';
import { err, ok, type Result } from '../lib/result.js';
import { isTimeZone } from '../lib/time-zone.js';
import type { Calendar } from './calendar.js';
import { parseShorthand } from './rule-duration.js';

const UNITS: Readonly<Record<string, Calendar['unit']>> = { d: 'day', w: 'week', M: 'month', Q: 'quarter', Y: 'year' };
/** By which factors are computed: the workbook's month has 30 days. */
const USUAL_DAYS: Readonly<Record<Calendar['unit'], number>> = { day: 1, week: 7, month: 30, quarter: 90, year: 365 };
/** A year: longer windows have no budget that anybody acts on. */
export const MAX_WINDOW_MS = 366 * DAY_MS;
const START_TIME = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2})(?::(\d{2}))?$/;

/** The length of a calendar window: `1M`, `2w`, `1Q`. Minutes and hours are no calendar. */
export function parseCalendarSpan(text: string): Result<Pick<Calendar, 'unit' | 'count'> & { readonly usualMs: number }, string> {
  const match = /^([1-9]\d{0,2})([a-zA-Z])$/.exec(text);
  const unit = UNITS[match?.[2] ?? ''];
  if (match === null || unit === undefined) {
    return err(`"${text}" is no calendar window: write days (1d), weeks (1w), months (1M), quarters (1Q) or years (1Y)${/^\d+m$/.test(text) ? '; m is minutes, M is months' : ''}`);
  }
  const count = Number(match[1]);
  const usualMs = count * USUAL_DAYS[unit] * DAY_MS;
  return usualMs > MAX_WINDOW_MS ? err(`a window of ${text} is longer than a year`) : ok({ unit, count, usualMs });
}

/** `2026-01-01 00:00:00` on the wall, as if it were UTC. */
export function parseStartTime(text: string): Result<number, string> {
  const match = START_TIME.exec(text);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = (match ?? []).slice(1).map((part) => Number(part ?? 0));
  const wall = Date.UTC(year, month - 1, day, hour, minute, second);
  if (match === null || new Date(wall).getUTCDate() !== day || hour > 23 || minute > 59 || second > 0) {
    return err(`"${text}" is not a start: write a date and a time in whole minutes, without a zone, like 2026-01-01 00:00:00`);
  }
  return ok(wall);
}

export function parseTimeZone(text: string): Result<string, string> {
  return isTimeZone(text) ? ok(text) : err(`"${text}" is not a time zone: write its IANA name, like Europe/Berlin or UTC`);
}

/** OpenSLO's timeSliceWindow: a number of minutes or a shorthand. Slices must fit into a day, so that they begin at the same times every day. */
export function parseSliceWindow(value: number | string): Result<number, string> {
  const parsed = typeof value === 'number' ? ok(value * MINUTE_MS) : parseShorthand(value);
  if (!parsed.ok) return parsed;
  const minutes = parsed.value / MINUTE_MS;
  const hint = 'write whole minutes that divide a day, like 1m, 5m or 1h';
  return Number.isInteger(minutes) && minutes >= 1 && (DAY_MS / MINUTE_MS) % minutes === 0 ? ok(minutes) : err(`a slice of ${typeof value === 'number' ? `${value} minutes` : formatDuration(parsed.value)} does not divide a day: ${hint}`);
}
