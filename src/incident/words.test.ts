import { expect, test } from 'vitest';
import type { IncidentId } from '../lib/ids.js';
import { sampleAlert, sampleReading } from './sample-incident.js';
import { alertName } from './words.js';

const alert = (changes: Partial<Parameters<typeof sampleAlert>[0]>): ReturnType<typeof sampleAlert> => sampleAlert({ incidentId: 'inc-1' as IncidentId, ...changes });

test.each([
  ['that burns its budget, by the title alone', alert({ sloTitle: 'Checkout works' }), '"Checkout works"'],
  ['whose traces stopped, with what is wrong', alert({ sloTitle: 'Checkout works', labels: { alertname: 'TracesStopped', slo: 'checkout-availability' } }), 'TracesStopped "Checkout works"'],
  ['that an older version stored, by its labels', alert({ reading: sampleReading({ group: { names: ['span.region'], values: { 'span.region': 'eu' }, text: 'span.region=eu' } }) }), 'ErrorBudgetBurn checkout-availability (span.region=eu)'],
])('an alert of an SLO %s', (_, named, words) => {
  expect(alertName(named)).toBe(words);
});

test('an alert that others posted is called by its labels', () => {
  expect(alertName(alert({ labels: { alertname: 'DiskFull', instance: 'db-1' }, reading: undefined }))).toBe('DiskFull db-1');
});
