import { WEEKDAYS, type Weekday } from '../config/settings.js';
import { DAY_MS, HOUR_MS } from '../lib/duration.js';
import { err, ok, type Result } from '../lib/result.js';
import { wallOf } from '../lib/time-zone.js';
import type { ReportWindow } from './quality-reader.js';

export const WEEK_MS = 7 * DAY_MS;
const WEEK = /^(\d{4})-W(\d{2})$/;

/** `2026-W47` as ISO 8601 counts weeks: from Monday, 00:00 UTC. */
export function windowOfWeek(text: string): Result<ReportWindow, string> {
  const [, year, week] = WEEK.exec(text) ?? [];
  if (year === undefined || week === undefined) return err(`"${text}" is not a week: write it like 2026-W47`);
  const fromMs = mondayOfFirstWeek(Number(year)) + (Number(week) - 1) * WEEK_MS;
  if (weekOf(fromMs) !== text) return err(`${year} has no week ${week}`);
  return ok({ fromMs, toMs: fromMs + WEEK_MS });
}

/** The week that a time belongs to. */
export function weekOf(atMs: number): string {
  const monday = startOfWeek(atMs);
  const year = new Date(monday + 3 * DAY_MS).getUTCFullYear();
  return `${year}-W${String(Math.round((monday - mondayOfFirstWeek(year)) / WEEK_MS) + 1).padStart(2, '0')}`;
}

/** Monday 00:00 UTC of the week that a time belongs to. */
export function startOfWeek(atMs: number): number {
  const day = Math.floor(atMs / DAY_MS);
  // 1970-01-01 was a Thursday.
  return (day - ((day + 3) % 7)) * DAY_MS;
}

export interface WeeklySchedule {
  readonly day: Weekday;
  readonly hour: number;
  readonly timeZone: string;
}

/** How long after Monday 00:00 UTC the report of the week before is due, by the offset that the zone has now. */
export function dueAfterMs({ day, hour, timeZone }: WeeklySchedule, nowMs: number): number {
  const offsetMs = Math.round((wallOf(nowMs, timeZone) - nowMs) / 60_000) * 60_000;
  // East of Greenwich Monday morning comes before the week is over in UTC: it is due when it is.
  return Math.max(0, WEEKDAYS.indexOf(day) * DAY_MS + hour * HOUR_MS - offsetMs);
}

/** The first week of a year is the one with 4 January in it. */
function mondayOfFirstWeek(year: number): number {
  return startOfWeek(Date.UTC(year, 0, 4));
}
