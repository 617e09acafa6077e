import type { Exclusion, ExclusionWindow } from '../config/exclusion.js';
import { beginsOn } from '../config/recurrence.js';
import { DAY_MS, MINUTE_MS } from '../lib/duration.js';
import { momentOfWall, wallOf } from '../lib/time-zone.js';

/** Unix minutes [from, to). */
export interface MinuteRange {
  readonly from: number;
  readonly to: number;
}

/** One stretch that an exclusion takes out. */
export interface ExcludedStretch extends MinuteRange {
  readonly exclusion: Exclusion;
}

const DAY = DAY_MS / MINUTE_MS;
/** Days whose stretches are remembered: more than any window has. */
const MAX_DAYS = 2_000;

const KNOWN = new WeakMap<readonly Exclusion[], ExcludedMinutes>();

/** One for each list of exclusions, so that what was worked out is worked out once. */
export function excludedMinutesOf(exclusions: readonly Exclusion[]): ExcludedMinutes {
  const known = KNOWN.get(exclusions) ?? new ExcludedMinutes(exclusions);
  KNOWN.set(exclusions, known);
  return known;
}

/** Which minutes count for nothing. */
export class ExcludedMinutes {
  readonly #exclusions: readonly Exclusion[];
  readonly #byDay = new Map<number, readonly ExcludedStretch[]>();

  constructor(exclusions: readonly Exclusion[]) {
    this.#exclusions = exclusions;
  }

  has(minute: number): boolean {
    return this.at(minute) !== undefined;
  }

  /** The stretch that a minute lies in. */
  at(minute: number): ExcludedStretch | undefined {
    return this.#ofDay(Math.floor(minute / DAY)).find(({ from, to }) => from <= minute && minute < to);
  }

  /** How many minutes of [fromMinute, toMinute) are excluded. */
  count(fromMinute: number, toMinute: number): number {
    let count = 0;
    for (let at = fromMinute; at < toMinute; ) {
      const dayEnd = Math.min(toMinute, (Math.floor(at / DAY) + 1) * DAY);
      for (const { from, to } of this.#ofDay(Math.floor(at / DAY))) {
        const begin = Math.max(at, from);
        const end = Math.min(dayEnd, to);
        // In order of their start: what lies before `at` is counted already.
        if (end <= begin) continue;
        count += end - begin;
        at = end;
      }
      at = dayEnd;
    }
    return count;
  }

  /** The first minute at or after `minute` that counts, looking no further than `endMinute`. */
  firstCounted(minute: number, endMinute: number): number {
    let at = minute;
    while (at < endMinute) {
      const stretch = this.at(at);
      if (stretch === undefined) return at;
      at = stretch.to;
    }
    return endMinute;
  }

  /** Stretches that touch [fromMinute, toMinute), in order of their start, uncut; those of different exclusions may overlap. */
  stretches(fromMinute: number, toMinute: number): ExcludedStretch[] {
    return this.#exclusions
      .flatMap((exclusion) => stretchesOf(exclusion.window, { from: fromMinute, to: toMinute }).map((range) => ({ ...range, exclusion })))
      .sort((left, right) => left.from - right.from || left.to - right.to);
  }

  #ofDay(day: number): readonly ExcludedStretch[] {
    const known = this.#byDay.get(day);
    if (known !== undefined) return known;
    if (this.#byDay.size >= MAX_DAYS) this.#byDay.clear();
    const found = this.stretches(day * DAY, (day + 1) * DAY);
    this.#byDay.set(day, found);
    return found;
  }
}

function stretchesOf(window: ExclusionWindow, { from, to }: MinuteRange): MinuteRange[] {
  if (window.kind === 'once') {
    const range = { from: window.fromMs / MINUTE_MS, to: window.toMs / MINUTE_MS };
    return range.from < to && range.to > from ? [range] : [];
  }
  const { recurrence, durationMs, startWallMs, timeZone } = window;
  const timeOfDay = startWallMs - Math.floor(startWallMs / DAY_MS) * DAY_MS;
  // A day more on either side: a window may begin the day before, and clocks differ by hours.
  const firstDay = Math.floor((wallOf(from * MINUTE_MS, timeZone) - durationMs) / DAY_MS) - 1;
  const lastDay = Math.floor(wallOf(to * MINUTE_MS, timeZone) / DAY_MS) + 1;
  const ranges: MinuteRange[] = [];
  for (let day = firstDay; day <= lastDay; day += 1) {
    if (!beginsOn(day, recurrence)) continue;
    const start = Math.floor(momentOfWall(day * DAY_MS + timeOfDay, timeZone) / MINUTE_MS);
    const range = { from: start, to: start + durationMs / MINUTE_MS };
    if (range.from < to && range.to > from) ranges.push(range);
  }
  return ranges;
}
