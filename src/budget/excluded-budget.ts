import type { Exclusion } from '../config/exclusion.js';
import { excludedMinutesOf } from './excluded-minutes.js';
import { minuteOf } from './minute-series.js';
import { withoutExclusions, type SliceIndex, type SliceRule } from './slice-index.js';
import { windowMinutes, type ExcludedBudget } from './slo-status.js';

/** The budget of an SLO by its rules and the slices there are; undefined without events. */
export function errorBudgetRemaining(rule: SliceRule, slices: SliceIndex, nowMs: number): number | undefined {
  const { fromMinute, toMinute } = windowMinutes(rule.slo, nowMs);
  const { good, bad } = slices.judged(rule).sum(fromMinute, toMinute);
  return good + bad > 0 ? 1 - bad / (good + bad) / (1 - rule.slo.target) : undefined;
}

const NO_MINUTES: readonly Exclusion[] = [];

/** What the exclusions of an SLO take out, and the budget as it would be without them; undefined where it has none. */
export function excludedBudget(rule: SliceRule, { slices, nowMs }: { readonly slices: SliceIndex; readonly nowMs: number }): ExcludedBudget | undefined {
  const { slo } = rule;
  const { exclusions, excludedEvents } = slo;
  if (exclusions === undefined && excludedEvents === undefined) return undefined;
  const excluded = excludedMinutesOf(exclusions ?? NO_MINUTES);
  const { fromMinute, toMinute } = windowMinutes(slo, nowMs);
  const counted = slices.judged(withoutExclusions(rule)).sum(fromMinute, toMinute);
  const events = slices.excludedEvents(rule).map(({ name, series }) => {
    const { good, bad } = series.sum(fromMinute, toMinute);
    return { name, good, bad };
  });
  const beside = slo.method === undefined ? events : [];
  const bad = beside.reduce((sum, each) => sum + each.bad, counted.bad);
  const total = beside.reduce((sum, each) => sum + each.good, counted.good) + bad;
  const errorRatio = total > 0 ? bad / total : undefined;
  return {
    events,
    minutes: excluded.count(fromMinute, toMinute),
    budgetWithout: errorRatio === undefined ? undefined : 1 - errorRatio / (1 - slo.target),
    now: excluded.at(minuteOf(nowMs))?.exclusion.name,
  };
}
