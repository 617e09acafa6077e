import { expect, test } from 'vitest';
import { buildSlo } from '../budget/slo-builder.js';
import type { SloStatus } from '../budget/slo-status.js';
import type { CauseLink, CauseShare } from '../incident/cause.js';
import { sampleAlert, sampleIncident, sampleReading } from '../incident/sample-incident.js';
import { MINUTE_MS } from '../lib/duration.js';
import type { IncidentId } from '../lib/ids.js';
import { incidentPage } from './incident-page.js';

const TOLD_MS = Date.UTC(2026, 10, 20, 3, 4, 5);
const SLO = buildSlo({ name: 'checkout-availability' });

/** The status of the last tick, ten minutes after the alert was told: the long window remembers, the short one knows better. */
function live(shortBurn: number | undefined, sinceLastBad?: SloStatus['sinceLastBad']): SloStatus {
  const window = (windowMs: number, burnRate: number | undefined): SloStatus['tiers'][number]['long'] => ({ windowMs, bad: 1, total: 100, effectiveTotal: 100, errorRatio: 0, burnRate });
  const tiers = SLO.policy.tiers.map((tier) => ({ tier, long: window(tier.longMs, 21), short: window(tier.shortMs, tier.shortMs === 5 * MINUTE_MS ? shortBurn : 21), exceeded: false, firing: false, evidence: { passed: false, pValue: 1, words: '' } }));
  return sampleReading({ slo: SLO.name, atMs: TOLD_MS + 10 * MINUTE_MS, tiers, ...(sinceLastBad === undefined ? {} : { sinceLastBad }) });
}

function linesOf(status: SloStatus, changes: Parameters<typeof sampleIncident>[0] = {}): unknown {
  const reading = sampleReading({ slo: SLO.name, atMs: TOLD_MS });
  const incident = sampleIncident({ alerts: [sampleAlert({ incidentId: 'inc-1' as IncidentId, reading })], ...changes });
  return incidentPage(incident, { statuses: () => [status], slo: (name) => (name === SLO.name ? SLO : undefined) })['arithmetic'];
}

test.each([
  ['still failing', live(52), 'burning 52x in the last 5 min (page above 14.4x)'],
  ['just repaired', live(0, { total: 40, durationMs: 4 * MINUTE_MS }), 'nothing failed in the last 5 min'],
  ['repaired a while ago', live(0, { total: 900, durationMs: 14 * MINUTE_MS }), 'nothing has failed for 14 min'],
  ['without requests', live(undefined), 'no requests in the last 5 min'],
])('the page of an incident says what is true right now: %s', (_case, status, now) => {
  expect(linesOf(status)).toEqual([expect.objectContaining({ slo: SLO.name, title: SLO.displayName, atMs: TOLD_MS, now })]);
});

test('an incident that is over has no right now', () => {
  expect(linesOf(live(52), { status: 'resolved' })).toEqual([expect.objectContaining({ now: undefined })]);
});

test('of the minutes before it opened only services that sent something have a row', () => {
  const row = { samplingRate: 1, unknownWeightShare: 0, partialRatio: undefined, orphanRatio: undefined, lagP99Ms: undefined };
  const traceHealth = { takenAtMs: TOLD_MS, fromMs: TOLD_MS - 5 * MINUTE_MS, toMs: TOLD_MS, findings: [], services: [{ ...row, service: 'checkout', spans: 0 }, { ...row, service: 'payment', spans: 12 }, { ...row, service: '', spans: 12 }] };
  const { health } = incidentPage(sampleIncident({ traceHealth }), { statuses: () => [], slo: () => undefined });
  expect(health).toMatchObject({ rows: [{ service: 'payment', spans: '12' }, { service: 'all services' }] });
});

test('alerts of SLOs have their titles, and say by which label they are routed', () => {
  const alerts = [sampleAlert({ incidentId: 'inc-1' as IncidentId, sloTitle: 'Checkout works (region=eu)' }), sampleAlert({ incidentId: 'inc-1' as IncidentId }), sampleAlert({ incidentId: 'inc-1' as IncidentId, labels: { alertname: 'DiskFull', instance: 'db-1' } })];
  const page = incidentPage(sampleIncident({ alerts }), { statuses: () => [], slo: (name) => (name === SLO.name ? SLO : undefined) });
  expect(page['alerts']).toMatchObject([{ name: 'Checkout works (region=eu)' }, { name: SLO.displayName, shownLabels: expect.arrayContaining([{ label: 'alertname', value: 'ErrorBudgetBurn' }]) }, { name: 'DiskFull', shownLabels: [{ label: 'instance', value: 'db-1' }] }]);
});

test('how sure a common cause is: a share with its confidence, or that there was nothing but it', () => {
  const share = (low: number, more: object = {}): CauseShare => ({ slo: 'front-availability', title: 'Shop front works', explained: 57, examined: 60, low, ...more });
  const cause: CauseLink = { rule: 'same-origin', place: undefined, words: 'both', atMs: TOLD_MS, alertIds: [], from: undefined, subject: undefined, traces: [], shares: [share(0.86), { ...share(0.44, { all: true, explained: 3, examined: 3 }), slo: 'checkout-availability', title: 'Checkout works' }] };
  expect(incidentPage(sampleIncident({ causes: [cause] }), { statuses: () => [], slo: () => undefined })['causes']).toMatchObject([{ sure: 'all 3 failures that "Checkout works" had had; with 95 % confidence at least 86 % of "Shop front works"' }]);
});
