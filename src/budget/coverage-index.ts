const DAY = 1_440;

/**
 * Minutes in which Tocsin was up and no sender reported loss. Coverage is liveness, never traffic:
 * a service that is silent while Tocsin listens is covered.
 */
export class CoverageIndex {
  readonly #days = new Map<number, Uint8Array>();
  #firstMinute: number | undefined;

  /** The minute Tocsin first ran. */
  get firstMinute(): number | undefined {
    return this.#firstMinute;
  }

  /** Called by each tick for its own minute, and at start for the minutes in table `uptime`. */
  markCovered(minute: number): void {
    this.#firstMinute = Math.min(this.#firstMinute ?? minute, minute);
    this.#dayOf(minute)[minute % DAY] = 1;
  }

  /** A sender reported loss for this minute: what was counted in it is incomplete. */
  markUncovered(minute: number): void {
    this.#dayOf(minute)[minute % DAY] = 0;
  }

  /** Share of covered minutes in [fromMinute, toMinute), of those since Tocsin first ran; 0 before that. */
  share(fromMinute: number, toMinute: number): number {
    if (this.#firstMinute === undefined || toMinute <= this.#firstMinute) return 0;
    const from = Math.max(fromMinute, this.#firstMinute);
    let covered = 0;
    for (let minute = from; minute < toMinute; minute += 1) covered += this.#days.get(Math.floor(minute / DAY))?.[minute % DAY] ?? 0;
    return covered / (toMinute - from);
  }

  /** Forgets whole days before `minute`. */
  trim(minute: number): void {
    for (const day of this.#days.keys()) if ((day + 1) * DAY <= minute) this.#days.delete(day);
  }

  #dayOf(minute: number): Uint8Array {
    const day = Math.floor(minute / DAY);
    const minutes = this.#days.get(day) ?? new Uint8Array(DAY);
    this.#days.set(day, minutes);
    return minutes;
  }
}
