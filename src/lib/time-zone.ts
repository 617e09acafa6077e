import { HOUR_MS } from './duration.js';

/** A moment as clocks on the wall show it, as if it were UTC: `Date.UTC(2026, 2, 29, 2, 30)` is half past two, whatever the zone. */
export type WallMs = number;

const FORMATS = new Map<string, Intl.DateTimeFormat>();

/** Is it a name of the IANA time zone database that this runtime knows? */
export function isTimeZone(name: string): boolean {
  try {
    return formatOf(name) !== undefined;
  } catch {
    return false;
  }
}

/** What clocks in the zone show at a moment. */
export function wallOf(timeMs: number, timeZone: string): WallMs {
  const parts: Record<string, number> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(timeMs)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/**
 * The moment at which clocks in the zone show `wall`. In the hour that is skipped in spring it is the moment at which they jump
 * over it, as far behind as `wall` is (02:30 is 03:30); in the hour that comes twice in autumn it is the first time.
 */
export function momentOfWall(wall: WallMs, timeZone: string): number {
  // Offsets before and after any change: zones change by at most a few hours, and never twice in a day.
  const offsets = [wall - 26 * HOUR_MS, wall + 26 * HOUR_MS].map((near) => wallOf(near, timeZone) - near);
  const candidates = offsets.map((offset) => wall - offset);
  const exact = candidates.filter((moment) => wallOf(moment, timeZone) === wall);
  // Nobody's clock shows a skipped time: the offset from before the jump puts it as far behind the jump.
  return exact.length > 0 ? Math.min(...exact) : wall - (offsets[0] ?? 0);
}

/** Made once for each zone: a formatter costs more than a hundred uses of it. */
function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = FORMATS.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
  });
  FORMATS.set(timeZone, made);
  return made;
}
