import { startMsOf, type StratumCount } from './change.js';

/** Into so many stretches of equal length a period is cut to see whether what is counted comes in bursts. */
const BURST_STRETCHES = 10;

/**
 * How much more the requests that have an aspect bunch together in time than independent ones would: Pearson's chi-squared over the
 * stretches by its degrees of freedom, at least 1. Forty slow requests in one bad second are one thing that happened, not forty.
 */
export function burstsOf(counts: readonly Pick<StratumCount, 'asked' | 'traceIds'>[]): number {
  const events = counts.flatMap(({ asked, traceIds }) => {
    const having = new Set(traceIds);
    return asked.map((unit) => ({ atMs: startMsOf(unit), has: having.has(unit.traceId) }));
  });
  const share = events.filter(({ has }) => has).length / Math.max(1, events.length);
  if (share === 0 || share === 1) return 1;
  const stretches = [...stretchesOf(events).values()];
  if (stretches.length < 2) return 1;
  const chiSquared = stretches.reduce((sum, { all, having }) => sum + (having - all * share) ** 2 / (all * share * (1 - share)), 0);
  return Math.max(1, chiSquared / (stretches.length - 1));
}

function stretchesOf(events: readonly { readonly atMs: number; readonly has: boolean }[]): ReadonlyMap<number, { readonly all: number; readonly having: number }> {
  let [firstMs, lastMs] = [events[0]!.atMs, events[0]!.atMs];
  for (const { atMs } of events) {
    if (atMs < firstMs) firstMs = atMs;
    if (atMs > lastMs) lastMs = atMs;
  }
  const stretches = new Map<number, { all: number; having: number }>();
  for (const { atMs, has } of events) {
    const index = Math.min(BURST_STRETCHES - 1, Math.floor(((atMs - firstMs) * BURST_STRETCHES) / Math.max(1, lastMs - firstMs)));
    const stretch = stretches.get(index) ?? { all: 0, having: 0 };
    stretches.set(index, stretch);
    stretch.all += 1;
    if (has) stretch.having += 1;
  }
  return stretches;
}
