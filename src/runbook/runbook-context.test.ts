import { expect, test } from 'vitest';
import { buildSlo } from '../budget/slo-builder.js';
import type { SloStatus } from '../budget/slo-status.js';
import { sampleAlert, sampleIncident, sampleReading } from '../incident/sample-incident.js';
import type { IncidentId } from '../lib/ids.js';
import { runbookContextOf } from './runbook-context.js';

function budgetOf(reading: Partial<SloStatus>): string | undefined {
  const incident = sampleIncident({ alerts: [sampleAlert({ incidentId: 'inc-1' as IncidentId, reading: sampleReading(reading) })] });
  return runbookContextOf({ incident, slo: buildSlo(), publicUrl: 'http://127.0.0.1:4400' }).slo?.budgetRemaining;
}

test.each([
  ['nearly whole, for nobody is woken over an untouched one', { young: false, errorBudgetRemaining: 0.9974 }, '99.74 %'],
  ['in whole percents otherwise', { young: false, errorBudgetRemaining: 0.7149 }, '71 %'],
  ['of a young service as its message says it', { young: true, errorBudgetRemaining: -58, projectedBudgetRemaining: 0.993 }, '99.3 %'],
  ['overspent', { young: false, errorBudgetRemaining: -0.3 }, '0 %'],
])('a runbook may print the budget that is left: %s', (_case, reading, printed) => {
  expect(budgetOf(reading)).toBe(printed);
});
