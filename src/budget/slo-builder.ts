import type { BurnRatePolicy, Slo } from '../config/slo.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import type { SliceDelta } from './minute-series.js';

/** The workbook's policy for 30 days (table 5-8 and the listing below it): for tests and simulations; rules bring their own. */
export const WORKBOOK_POLICY: BurnRatePolicy = {
  name: 'workbook-30d',
  tiers: [
    { severity: 'page', longMs: HOUR_MS, shortMs: 5 * MINUTE_MS, factor: 14.4 },
    { severity: 'page', longMs: 6 * HOUR_MS, shortMs: 30 * MINUTE_MS, factor: 6 },
    { severity: 'ticket', longMs: DAY_MS, shortMs: 2 * HOUR_MS, factor: 3 },
    { severity: 'ticket', longMs: 3 * DAY_MS, shortMs: 6 * HOUR_MS, factor: 1 },
  ],
  evidence: { enabled: true, burn: 2, significance: 0.001 },
};

/** An SLO as a test or a simulation writes it down: 99.9 % over 30 days unless said otherwise. */
export function buildSlo(parts: Partial<Slo> = {}): Slo {
  const at = { file: 'rules/test.yaml', line: 1, column: 1 };
  return {
    name: 'checkout-availability', displayName: 'Checkout works', description: '', service: 'checkout',
    target: 0.999, windowMs: 30 * DAY_MS,
    indicator: { total: { text: '{ }', at }, bad: { text: '{ status = error }', at }, weight: 'auto' },
    policy: WORKBOOK_POLICY, labels: {}, at, ...parts,
  };
}

/** One minute's events, each standing for `weight` events. */
export function minuteOfEvents(eventMinute: number, counts: { readonly good?: number; readonly bad?: number; readonly weight?: number }): SliceDelta {
  const { good = 0, bad = 0, weight = 1 } = counts;
  return {
    eventMinute, good: good * weight, bad: bad * weight, goodSquared: good * weight * weight, badSquared: bad * weight * weight,
    events: good + bad, unknownWeight: 0,
  };
}
