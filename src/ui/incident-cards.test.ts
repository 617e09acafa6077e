import { expect, test } from 'vitest';
import { buildSlo } from '../budget/slo-builder.js';
import type { Origin } from '../diagnosis/evidence.js';
import type { Incident } from '../incident/incident.js';
import { sampleAlert, sampleIncident, sampleReading, SAMPLE_START_MS } from '../incident/sample-incident.js';
import { MINUTE_MS, SECOND_MS } from '../lib/duration.js';
import type { IncidentId } from '../lib/ids.js';
import { incidentCard, openCards } from './incident-cards.js';

const SLO = buildSlo({ name: 'checkout-availability' });
const NOTHING_LIVE = { statuses: () => [], slo: () => undefined };

/** Live figures ten minutes after it was told. */
const live = { statuses: () => [sampleReading({ atMs: SAMPLE_START_MS + 10 * MINUTE_MS, errorBudgetRemaining: 0.4 })], slo: (name: string) => (name === SLO.name ? SLO : undefined) };

test('the card of an open incident has the figures of now, that of one that is over those that were told', () => {
  const open = incidentCard(sampleIncident(), live);
  expect(open).toMatchObject({ arithmetic: expect.stringContaining('with 40 % of the 30-day budget left'), now: undefined, lookedAtMs: SAMPLE_START_MS });
  const over = incidentCard(sampleIncident({ status: 'resolved', endedAtMs: SAMPLE_START_MS + MINUTE_MS }), live);
  expect(over).toMatchObject({ arithmetic: expect.stringContaining('with 71 % of the 30-day budget left'), now: undefined, lookedAtMs: undefined });
});

test('the card says that nothing fails any more', () => {
  const reading = sampleReading();
  const tiers = reading.tiers.map((tier) => ({ ...tier, short: { ...tier.short, bad: 0, errorRatio: 0, burnRate: 0 } }));
  expect(incidentCard(sampleIncident(), { ...live, statuses: () => [{ ...reading, tiers }] })['now']).toBe('nothing failed in the last 5 min');
});

test('an SLO that left the rules has no live figures: what was told stays', () => {
  expect(incidentCard(sampleIncident(), NOTHING_LIVE)['arithmetic']).toBe('Checkout works: burning 21x with 71 % of the 30-day budget left: gone in 24 h');
});

/** An open incident about a service, with where most of its bad events begin. */
function about(service: string, begins: Partial<Origin> | undefined, changes: Partial<Incident> = {}): Incident {
  const id = `inc-${service}` as IncidentId;
  const origin = { key: 'k', service: '', operation: 'POST /payments', kind: 'failed' as const, count: 10, ...begins };
  const { evidence } = sampleIncident();
  return sampleIncident({ id, title: service, alerts: [sampleAlert({ incidentId: id, labels: { service, severity: 'page' } })], ...(evidence === undefined ? {} : { evidence: { ...evidence, origins: begins === undefined ? [] : [origin] } }), ...changes });
}

test('of open incidents the one that others come from is first, and each says so', () => {
  const front = about('front', { service: 'payment' }, { startedAtMs: SAMPLE_START_MS + 20 * SECOND_MS });
  const checkout = about('checkout', { service: 'payment' }, { startedAtMs: SAMPLE_START_MS + 10 * SECOND_MS });
  const payment = about('payment', { service: 'payment' });
  const cards = openCards([front, checkout, payment], NOTHING_LIVE);
  expect(cards.map(({ title, comesFrom, causes }) => [title, comesFrom, causes])).toEqual([
    ['payment', undefined, [{ id: 'inc-front', title: 'front' }, { id: 'inc-checkout', title: 'checkout' }]],
    ['front', { id: 'inc-payment', title: 'payment' }, []], ['checkout', { id: 'inc-payment', title: 'payment' }, []],
  ]);
});

test('what sends no spans is told by who calls it', () => {
  const cards = openCards([about('checkout', { service: 'redis', caller: 'catalogue' }), about('catalogue', { service: 'redis', caller: 'catalogue' })], NOTHING_LIVE);
  expect(cards.map(({ title }) => title)).toEqual(['catalogue', 'checkout']);
});

test('pages come before tickets, and without a cause the newest comes first', () => {
  const [old, young] = [about('old', undefined), about('young', undefined, { startedAtMs: SAMPLE_START_MS + MINUTE_MS })];
  const ticket = about('payment', { service: 'payment' }, { severity: 'ticket', startedAtMs: SAMPLE_START_MS + 2 * MINUTE_MS });
  const effect = about('front', { service: 'payment' }, { severity: 'ticket', startedAtMs: SAMPLE_START_MS + 3 * MINUTE_MS });
  expect(openCards([effect, ticket, young, old], NOTHING_LIVE).map(({ title }) => title)).toEqual(['young', 'old', 'payment', 'front']);
});
