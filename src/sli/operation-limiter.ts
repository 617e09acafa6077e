/** Operations of one service that are kept apart; span names with ids in them would otherwise grow without end. */
export const MAX_OPERATIONS_PER_SERVICE = 500;
/** What operations beyond the limit are counted under. */
export const OTHER_OPERATION = 'other';

const MINUTES_PER_DAY = 1_440;

/**
 * Which operations of which service are counted under their own name: first come, first served. It forgets at midnight (UTC, by arrival), so
 * that names that were flooded out yesterday have a chance today.
 */
export class OperationLimiter {
  readonly #limit: number;
  #day = -1;
  readonly #operations = new Map<string, Set<string>>();

  constructor(limit = MAX_OPERATIONS_PER_SERVICE) {
    this.#limit = limit;
  }

  startBatch(arrivalMinute: number): void {
    const day = Math.floor(arrivalMinute / MINUTES_PER_DAY);
    if (day === this.#day) return;
    this.#day = day;
    this.#operations.clear();
  }

  admits(service: string, operation: string): boolean {
    let known = this.#operations.get(service);
    if (known === undefined) {
      known = new Set();
      this.#operations.set(service, known);
    }
    if (known.has(operation)) return true;
    if (known.size >= this.#limit) return false;
    known.add(operation);
    return true;
  }
}
