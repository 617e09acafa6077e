import type { SliceIndex, SliceRule } from './slice-index.js';
import { evaluateSlo, SEVERITY_RANK, type EvaluationInput, type SloStatus } from './slo-status.js';

/** Each group of an SLO judged like the SLO itself; those that burn fastest first. Empty where it counts none apart. */
export function groupStatuses(rule: SliceRule, slices: SliceIndex, input: EvaluationInput): readonly SloStatus[] {
  return slices.groups(rule)
    .map(({ group, series }) => ({ ...evaluateSlo(rule.slo, series, input), group }))
    .sort((left, right) => rankOf(right) - rankOf(left) || spentBy(right) - spentBy(left) || left.group.text.localeCompare(right.group.text));
}

function rankOf({ firing }: SloStatus): number {
  return firing === undefined ? 0 : SEVERITY_RANK[firing.tier.severity];
}

function spentBy({ errorBudgetRemaining = 1 }: SloStatus): number {
  return 1 - errorBudgetRemaining;
}
