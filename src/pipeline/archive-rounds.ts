/** What arrived together, with how much of a round it takes: 1 is a whole one. */
export interface Arrival {
  readonly atMs: number;
  readonly share: number;
}

/** Until which arrival things leave in one round: as many as fit, and at least those of one arrival. Oldest first. */
export function roundBoundary(arrivals: readonly Arrival[], untilMs: number): number {
  let taken = 0;
  for (const [index, { atMs, share }] of arrivals.entries()) {
    taken += share;
    if (index > 0 && taken > 1) return Math.min(untilMs, atMs);
  }
  return untilMs;
}
