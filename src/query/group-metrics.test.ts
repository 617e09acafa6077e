import { expect, test } from 'vitest';
import { buildSlo } from '../budget/slo-builder.js';
import { sampleReading } from '../incident/sample-incident.js';
import { groupFamilies } from './group-metrics.js';

test('each group with events has an SLI, a budget and a state', () => {
  const group = (region: string, changes: Parameters<typeof sampleReading>[0]) => ({ ...sampleReading(changes), group: { names: ['region'], values: { region }, text: `region=${region}` } });
  const status = { ...sampleReading({}), groups: [group('eu', { sli: 0.5, errorBudgetRemaining: -3, state: 'page' }), group('us', { sli: undefined, errorBudgetRemaining: undefined, state: 'no-data' })] };
  const families = groupFamilies([{ slo: buildSlo({ name: 'search' }), status }, { slo: buildSlo(), status: sampleReading({}) }, { slo: buildSlo(), status: undefined }]);
  const labels = { sloth_id: 'checkout-search', sloth_service: 'checkout', sloth_slo: 'search', group: 'region=eu' };
  expect(families.map(({ name, samples }) => [name, samples.map((sample) => [sample.labels, sample.value])])).toEqual([
    ['tocsin_slo_group_sli_ratio', [[labels, 0.5]]], ['tocsin_slo_group_error_budget_remaining_ratio', [[labels, -3]]], ['tocsin_slo_group_firing', [[labels, 2]]],
  ]);
  expect(groupFamilies([])).toEqual([]);
});
