import { DAY_MS, HOUR_MS, MINUTE_MS, parseDuration } from '../lib/duration.js';
import { err, ok, type Result } from '../lib/result.js';

const SHORTHAND_MS: Readonly<Record<string, number>> = { m: MINUTE_MS, h: HOUR_MS, d: DAY_MS, w: 7 * DAY_MS };
const CALENDAR_UNITS: Readonly<Record<string, string>> = { M: 'months', Q: 'quarters', Y: 'years' };

/**
 * OpenSLO's duration-shorthand: one positive whole number and one case-sensitive letter. `m` is minutes, `M` months:
 * the trap that the format is known for, so each mix-up gets a sentence of its own.
 */
export function parseShorthand(text: string): Result<number, string> {
  const match = /^([1-9]\d{0,5})([a-zA-Z])$/.exec(text);
  const [, amount = '', unit = ''] = match ?? [];
  const calendarUnit = CALENDAR_UNITS[unit];
  if (calendarUnit !== undefined) return err(`"${text}" means ${amount} ${calendarUnit}, which have no fixed length: write days (30d)${unit === 'M' ? `, or ${amount}m for minutes` : ''}`);
  const unitMs = SHORTHAND_MS[unit];
  if (match === null || unitMs === undefined) return err(`"${text}" is not a duration: write a whole number and one letter, like 5m, 6h, 30d or 4w`);
  return ok(Number(amount) * unitMs);
}

/** A window of a burn-rate tier: slices are minutes, so a window is whole minutes. */
export function parseWindow(text: string): Result<number, string> {
  if (/\d[MQY]/.test(text)) return err(`"${text}" is not a window: m is minutes, M (months) has no fixed length; write it like 5m, 6h or 3d`);
  const parsed = parseDuration(text);
  if (!parsed.ok) return parsed;
  if (parsed.value < MINUTE_MS || parsed.value % MINUTE_MS !== 0) return err(`"${text}" is not a window: events are counted per minute, so write whole minutes, like 5m`);
  return parsed;
}
