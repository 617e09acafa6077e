import type { Calendar } from '../config/calendar.js';
import { DAY_MS } from '../lib/duration.js';
import { momentOfWall, wallOf } from '../lib/time-zone.js';

export interface Period {
  readonly startMs: number;
  /** Start of the next one. */
  readonly endMs: number;
}

const MONTHS: Readonly<Record<'month' | 'quarter' | 'year', number>> = { month: 1, quarter: 3, year: 12 };

/** The last answer for each calendar: a tick asks the same as the tick before it. */
const LAST = new WeakMap<Calendar, Period>();

/** The period that a moment lies in: [start, end), both as clocks in the calendar's zone show them, so a day may have 23 or 25 hours. */
export function periodAt(calendar: Calendar, timeMs: number): Period {
  const last = LAST.get(calendar);
  if (last !== undefined && last.startMs <= timeMs && timeMs < last.endMs) return last;
  const period = findPeriod(calendar, timeMs);
  LAST.set(calendar, period);
  return period;
}

function findPeriod(calendar: Calendar, timeMs: number): Period {
  let index = estimate(calendar, wallOf(timeMs, calendar.timeZone));
  while (startOf(calendar, index) > timeMs) index -= 1;
  while (startOf(calendar, index + 1) <= timeMs) index += 1;
  return { startMs: startOf(calendar, index), endMs: startOf(calendar, index + 1) };
}

/** Periods since the first one, by the mean length of the unit: at most one off. */
function estimate({ unit, count, startWallMs }: Calendar, wall: number): number {
  if (unit === 'day' || unit === 'week') return Math.floor((wall - startWallMs) / (count * (unit === 'week' ? 7 : 1) * DAY_MS));
  const [now, start] = [new Date(wall), new Date(startWallMs)];
  const months = (now.getUTCFullYear() - start.getUTCFullYear()) * 12 + now.getUTCMonth() - start.getUTCMonth();
  return Math.floor(months / (count * MONTHS[unit]));
}

function startOf({ unit, count, startWallMs, timeZone }: Calendar, index: number): number {
  if (unit === 'day' || unit === 'week') return momentOfWall(startWallMs + index * count * (unit === 'week' ? 7 : 1) * DAY_MS, timeZone);
  return momentOfWall(addMonths(startWallMs, index * count * MONTHS[unit]), timeZone);
}

/** A start on the 31st is on the last day of shorter months. */
function addMonths(wall: number, months: number): number {
  const start = new Date(wall);
  const first = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + months, 1));
  const lastDay = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  const timeOfDay = wall - Date.UTC(start.getUTCFullYear(), start.getUTCMonth(), start.getUTCDate());
  return Date.UTC(first.getUTCFullYear(), first.getUTCMonth(), Math.min(start.getUTCDate(), lastDay)) + timeOfDay;
}

/** No period of this calendar is longer: months have up to 31 days, and clocks that go back add to them. */
export function periodLimitMs({ unit, count }: Calendar): number {
  return (count * { day: 1, week: 7, month: 31, quarter: 92, year: 366 }[unit] + 1) * DAY_MS;
}
