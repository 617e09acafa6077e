import { MINUTE_MS, SECOND_MS } from '../../lib/duration.js';
import { NO_FAULTS, type Faults } from './shop/messages.js';

/** One act of the story. `pages` says that a page must arrive because of it. */
export interface Act {
  readonly startMs: number;
  readonly endMs: number;
  /** As the terminal tells it. */
  readonly title: string;
  readonly faults: Faults;
  readonly pages: boolean;
}

/** Below this a fault has no time to be seen, found and paged before the curtain falls. */
export const SHORTEST_RUN_MS = 90 * SECOND_MS;

export const PAYMENT_FAULT: Faults = { paymentFailsIn: ['eu-2'], cacheDelayMs: 0 };
export const CACHE_FAULT: Faults = { paymentFailsIn: [], cacheDelayMs: 1_200 };

const HEALTHY = { title: 'healthy: nothing is broken', faults: NO_FAULTS, pages: false };
const PAYMENT = { title: 'fault: payment fails for region eu-2', faults: PAYMENT_FAULT, pages: true };
const HEALED = { title: 'healed: payment works again', faults: NO_FAULTS, pages: false };
const CACHE = { title: "fault: the catalogue's cache is slow", faults: CACHE_FAULT, pages: true };
const QUICK = { title: 'healed: the cache is quick again', faults: NO_FAULTS, pages: false };

const HEALTHY_MS = 30 * SECOND_MS;

/** Shares of the time after the first healthy phase: a fault is short enough to be followed, and long enough to page in. */
const SHORT_RUN = [[PAYMENT, 0.36], [HEALED, 0.12], [CACHE, 0.42], [QUICK, 0.1]] as const;

/** Without an end: the pauses are long enough for the five-minute windows to empty. Those of the slower tiers hold the fault for longer, and keep the incidents open. */
const ENDLESS_RUN = [[PAYMENT, 2 * MINUTE_MS], [HEALED, 8 * MINUTE_MS], [CACHE, 2 * MINUTE_MS], [QUICK, 8 * MINUTE_MS]] as const;

/** The acts of a run that lasts `lengthMs`; both faults are in it. */
export function scriptFor(lengthMs: number): readonly Act[] {
  const healthyMs = Math.min(HEALTHY_MS, lengthMs / 4);
  const rest = lengthMs - healthyMs;
  return chain([[HEALTHY, healthyMs], ...SHORT_RUN.map(([act, share]) => [act, share * rest] as const)]);
}

/** One round of the endless run; the next begins with its first fault. */
export function endlessRound(first: boolean): readonly Act[] {
  return chain(first ? [[HEALTHY, HEALTHY_MS], ...ENDLESS_RUN] : ENDLESS_RUN);
}

function chain(parts: readonly (readonly [Omit<Act, 'startMs' | 'endMs'>, number])[]): readonly Act[] {
  let startMs = 0;
  return parts.map(([act, lengthMs]) => {
    const endMs = startMs + Math.round(lengthMs);
    const placed = { ...act, startMs, endMs };
    startMs = endMs;
    return placed;
  });
}
