import type { MetricFamily } from '../pipeline/exposition.js';
import { slothIdLabels, type SlothInput } from './sloth-metrics.js';

/** Groups of SLOs that count them apart, beside the metrics of the whole. What has no events has no series. */
export function groupFamilies(inputs: readonly SlothInput[]): MetricFamily[] {
  const gauge = ({ name, help }: Pick<MetricFamily, 'name' | 'help'>, valueOf: (status: NonNullable<SlothInput['status']>) => number | undefined): MetricFamily => ({
    name, help, type: 'gauge',
    samples: inputs.flatMap(({ slo, status }) => (status?.groups ?? []).flatMap((group) => {
      const value = valueOf(group);
      return value === undefined ? [] : [{ suffix: '', labels: { ...slothIdLabels(slo), group: group.group?.text ?? '' }, value }];
    })),
  });
  return [
    gauge({ name: 'tocsin_slo_group_sli_ratio', help: 'Share of good events of a group over the window of its SLO.' }, ({ sli }) => sli),
    gauge({ name: 'tocsin_slo_group_error_budget_remaining_ratio', help: 'Budget left of a group over the window of its SLO: 1 is untouched, below 0 is overspent.' }, ({ errorBudgetRemaining }) => errorBudgetRemaining),
    gauge({ name: 'tocsin_slo_group_firing', help: 'Severity that a tier of the group fires with: 2 page, 1 ticket, 0 none.' }, ({ state }) => ({ page: 2, ticket: 1, ok: 0, 'no-data': undefined })[state]),
  ].filter(({ samples }) => samples.length > 0);
}
