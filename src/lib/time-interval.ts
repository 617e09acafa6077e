import { MINUTE_MS } from './duration.js';
import { err, ok, type Result } from './result.js';

/** Both ends inclusive. */
export interface NumberRange {
  readonly begin: number;
  readonly end: number;
}

/** Alertmanager's time interval: all fields that are there must hold; of a field's ranges any. */
export interface TimeInterval {
  /** Minutes since midnight; the end is exclusive. */
  readonly times: readonly NumberRange[] | undefined;
  /** 0 is Sunday. */
  readonly weekdays: readonly NumberRange[] | undefined;
  /** Negative ones count from the month's end: -1 is the last day. */
  readonly daysOfMonth: readonly NumberRange[] | undefined;
  readonly months: readonly NumberRange[] | undefined;
  readonly years: readonly NumberRange[] | undefined;
  /** IANA name, `UTC`, or `Local`: where this process runs. */
  readonly location: string;
}

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const MONTHS = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september', 'october', 'november', 'december'];

/** `monday:friday`, `saturday`. */
export function parseWeekdays(text: string): Result<NumberRange, string> {
  return parseRange(text, (name) => {
    const index = WEEKDAYS.indexOf(name);
    return index === -1 ? err(`"${name}" is not a weekday: write monday, tuesday … or a range like monday:friday`) : ok(index);
  });
}

/** `1`, `1:5`, `-3:-1`. */
export function parseDaysOfMonth(text: string): Result<NumberRange, string> {
  const range = parseRange(text, (day) => {
    const number = /^-?\d+$/.test(day) ? Number(day) : 0;
    return number === 0 || Math.abs(number) > 31 ? err(`"${day}" is not a day of the month: 1 to 31, or -31 to -1 counted from its end`) : ok(number);
  }, fromMonthStart);
  if (!range.ok) return range;
  return range.value.begin < 0 && range.value.end > 0 ? err(`"${text}": where the first day counts from the month's end, the last one must too`) : range;
}

/** `january`, `1:3`, `may:august`. */
export function parseMonths(text: string): Result<NumberRange, string> {
  return parseRange(text, (name) => {
    const number = /^\d+$/.test(name) ? Number(name) : MONTHS.indexOf(name) + 1;
    return number < 1 || number > 12 ? err(`"${name}" is not a month: write january, february … or 1 to 12`) : ok(number);
  });
}

/** `2026`, `2026:2028`. */
export function parseYears(text: string): Result<NumberRange, string> {
  return parseRange(text, (year) => (/^\d{1,4}$/.test(year) ? ok(Number(year)) : err(`"${year}" is not a year`)));
}

/** `09:00` and `17:00`; `24:00` is the end of the day. */
export function parseTimeOfDay(start: string, end: string): Result<NumberRange, string> {
  const begin = minutesOf(start);
  const until = minutesOf(end);
  if (begin === undefined || until === undefined) return err(`"${begin === undefined ? start : end}" is not a time of day: write HH:MM, from 00:00 to 24:00`);
  return begin < until ? ok({ begin, end: until }) : err(`${start} is not before ${end}: over midnight takes two times, one up to 24:00 and one from 00:00`);
}

export function isLocation(name: string): boolean {
  if (name === 'Local' || name === 'UTC') return true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** Whether the moment lies within any of the intervals. */
export function isWithinAny(intervals: readonly TimeInterval[], atMs: number): boolean {
  return intervals.some((interval) => isWithin(interval, atMs));
}

export function isWithin(interval: TimeInterval, atMs: number): boolean {
  const local = localTime(atMs, interval.location);
  return holds(interval.times, ({ begin, end }) => local.minute >= begin && local.minute < end)
    && holds(interval.daysOfMonth, (range) => isDayWithin(range, local))
    && holds(interval.months, ({ begin, end }) => local.month >= begin && local.month <= end)
    && holds(interval.weekdays, ({ begin, end }) => local.weekday >= begin && local.weekday <= end)
    && holds(interval.years, ({ begin, end }) => local.year >= begin && local.year <= end);
}

function holds(ranges: readonly NumberRange[] | undefined, test: (range: NumberRange) => boolean): boolean {
  return ranges === undefined || ranges.some(test);
}

/** Days beyond the month's end are cut off at it; a range that begins after it holds for no day. */
function isDayWithin(range: NumberRange, { year, month, day }: LocalTime): boolean {
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
  const begin = range.begin < 0 ? last + range.begin + 1 : range.begin;
  const end = range.end < 0 ? last + range.end + 1 : range.end;
  return begin <= last && day >= begin && day <= Math.min(end, last);
}

interface LocalTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly weekday: number;
  /** Since midnight, by the clock on the wall. */
  readonly minute: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();
let last: { readonly minute: number; readonly location: string; readonly local: LocalTime } | undefined;

/** Wall time, daylight saving included. Asked for every alert of a tick, so the last answer is kept. */
function localTime(atMs: number, location: string): LocalTime {
  const minute = Math.floor(atMs / MINUTE_MS);
  if (last?.minute !== minute || last.location !== location) last = { minute, location, local: readLocalTime(minute * MINUTE_MS, location) };
  return last.local;
}

function readLocalTime(atMs: number, location: string): LocalTime {
  let format = formats.get(location);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      ...(location === 'Local' ? {} : { timeZone: location }), calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23',
      year: 'numeric', month: 'numeric', day: 'numeric', weekday: 'long', hour: 'numeric', minute: 'numeric',
    });
    formats.set(location, format);
  }
  const parts = new Map(format.formatToParts(new Date(atMs)).map(({ type, value }) => [type, value]));
  const number = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
  return {
    year: number('year'), month: number('month'), day: number('day'), minute: number('hour') * 60 + number('minute'),
    weekday: WEEKDAYS.indexOf((parts.get('weekday') ?? '').toLowerCase()),
  };
}

function parseRange(text: string, parse: (text: string) => Result<number, string>, order: (value: number) => number = (value) => value): Result<NumberRange, string> {
  const [first = '', second, surplus] = text.toLowerCase().split(':').map((part) => part.trim());
  if (surplus !== undefined) return err(`"${text}" is not a range: write one value, or two with a colon between`);
  const begin = parse(first);
  const end = second === undefined ? begin : parse(second);
  if (!begin.ok) return begin;
  if (!end.ok) return end;
  return order(begin.value) > order(end.value) ? err(`"${text}" ends before it begins`) : ok({ begin: begin.value, end: end.value });
}

/** Comparable, for a month of 31 days: shorter ones are cut off. */
function fromMonthStart(day: number): number {
  return day < 0 ? 31 + day + 1 : day;
}

function minutesOf(text: string): number | undefined {
  const match = /^(\d{2}):(\d{2})$/.exec(text);
  const [hours, minutes] = [Number(match?.[1] ?? 99), Number(match?.[2] ?? 99)];
  return (hours < 24 && minutes < 60) || (hours === 24 && minutes === 0) ? hours * 60 + minutes : undefined;
}
