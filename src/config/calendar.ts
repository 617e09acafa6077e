import { formatDuration } from '../lib/duration.js';

/** A window that begins with the calendar: every `count` units from `start` on, as clocks in the zone show it. */
export interface Calendar {
  readonly unit: 'day' | 'week' | 'month' | 'quarter' | 'year';
  readonly count: number;
  /** IANA name. */
  readonly timeZone: string;
  /** The first window's start on the wall, in milliseconds as if it were UTC (lib/time-zone.ts). */
  readonly startWallMs: number;
}

/** `1M`, `2w`: as OpenSLO writes it. */
export function calendarText({ unit, count }: Pick<Calendar, 'unit' | 'count'>): string {
  return `${count}${{ day: 'd', week: 'w', month: 'M', quarter: 'Q', year: 'Y' }[unit]}`;
}

/** The SLO's window in a word: `30d`, `1M`. */
export function windowText({ windowMs, calendar }: { readonly windowMs: number; readonly calendar?: Calendar }): string {
  return calendar === undefined ? formatDuration(windowMs) : calendarText(calendar);
}
