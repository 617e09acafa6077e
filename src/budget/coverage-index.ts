const HOUR = 60;
const DAY = 1_440;

/** A day of minutes, with the sums of its hours and of itself: every SLO asks for several windows at every tick, the longest of weeks. */
interface CoveredDay {
  readonly minutes: Uint8Array;
  readonly hours: Uint8Array;
  total: number;
}

/**
 * Minutes in which Tocsin was up and took what it was sent. Coverage is liveness, never traffic:
 * a service that is silent while Tocsin listens is covered.
 */
export class CoverageIndex {
  readonly #days = new Map<number, CoveredDay>();
  #firstMinute: number | undefined;

  /** The minute Tocsin first ran. */
  get firstMinute(): number | undefined {
    return this.#firstMinute;
  }

  /** Called by each tick for its own minute, and at start for the minutes in table `uptime`. */
  markCovered(minute: number): void {
    this.#firstMinute = Math.min(this.#firstMinute ?? minute, minute);
    this.#mark(minute, 1);
  }

  /** Exports were refused in this minute: what was counted in it may be incomplete until they come again. */
  markUncovered(minute: number): void {
    this.#mark(minute, 0);
  }

  /** Share of covered minutes in [fromMinute, toMinute), of those since Tocsin first ran; 0 before that. */
  share(fromMinute: number, toMinute: number): number {
    if (this.#firstMinute === undefined || toMinute <= this.#firstMinute) return 0;
    const from = Math.max(fromMinute, this.#firstMinute);
    let covered = 0;
    for (let minute = from; minute < toMinute; ) {
      const day = this.#days.get(Math.floor(minute / DAY));
      const step = stepFrom(minute, toMinute);
      if (day !== undefined) covered += coveredIn(day, minute % DAY, step);
      minute += step;
    }
    return covered / (toMinute - from);
  }

  /** Forgets whole days before `minute`. */
  trim(minute: number): void {
    for (const day of this.#days.keys()) if ((day + 1) * DAY <= minute) this.#days.delete(day);
  }

  #mark(minute: number, covered: 0 | 1): void {
    const day = this.#dayOf(minute);
    const change = covered - (day.minutes[minute % DAY] ?? 0);
    const hour = Math.floor((minute % DAY) / HOUR);
    day.minutes[minute % DAY] = covered;
    day.hours[hour] = (day.hours[hour] ?? 0) + change;
    day.total += change;
  }

  #dayOf(minute: number): CoveredDay {
    const index = Math.floor(minute / DAY);
    const day = this.#days.get(index) ?? { minutes: new Uint8Array(DAY), hours: new Uint8Array(DAY / HOUR), total: 0 };
    this.#days.set(index, day);
    return day;
  }
}

/** The largest of day, hour and minute that begins at `minute` and ends by `toMinute`. */
function stepFrom(minute: number, toMinute: number): number {
  const rest = toMinute - minute;
  if (minute % DAY === 0 && rest >= DAY) return DAY;
  return minute % HOUR === 0 && rest >= HOUR ? HOUR : 1;
}

function coveredIn(day: CoveredDay, minute: number, length: number): number {
  if (length === DAY) return day.total;
  return (length === HOUR ? day.hours[minute / HOUR] : day.minutes[minute]) ?? 0;
}
