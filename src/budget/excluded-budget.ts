import { excludedMinutesOf } from './excluded-minutes.js';
import { minuteOf } from './minute-series.js';
import { withoutExclusions, type SliceIndex, type SliceRule } from './slice-index.js';
import { windowMinutes, type ExcludedBudget } from './slo-status.js';

/** What the exclusions of an SLO take out, and the budget as it would be without them; undefined where it has none. */
export function excludedBudget(rule: SliceRule, { slices, nowMs }: { readonly slices: SliceIndex; readonly nowMs: number }): ExcludedBudget | undefined {
  const { slo } = rule;
  const { exclusions } = slo;
  if (exclusions === undefined) return undefined;
  const excluded = excludedMinutesOf(exclusions);
  const { fromMinute, toMinute } = windowMinutes(slo, nowMs);
  const { good, bad } = slices.judged(withoutExclusions(rule)).sum(fromMinute, toMinute);
  const errorRatio = good + bad > 0 ? bad / (good + bad) : undefined;
  return {
    minutes: excluded.count(fromMinute, toMinute),
    budgetWithout: errorRatio === undefined ? undefined : 1 - errorRatio / (1 - slo.target),
    now: excluded.at(minuteOf(nowMs))?.exclusion.name,
  };
}
