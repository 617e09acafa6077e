import type { Slo } from '../config/slo.js';
import { excludedMinutesOf } from './excluded-minutes.js';
import { minuteOf } from './minute-series.js';
import type { SliceIndex } from './slice-index.js';
import { windowMinutes, type ExcludedBudget } from './slo-status.js';

/** What the exclusions of an SLO take out, and the budget as it would be without them; undefined where it has none. */
export function excludedBudget(slo: Slo, sliceKey: string, { slices, nowMs }: { readonly slices: SliceIndex; readonly nowMs: number }): ExcludedBudget | undefined {
  const { exclusions, ...everything } = slo;
  if (exclusions === undefined) return undefined;
  const excluded = excludedMinutesOf(exclusions);
  const { fromMinute, toMinute } = windowMinutes(slo, nowMs);
  const { good, bad } = slices.judged(sliceKey, everything).sum(fromMinute, toMinute);
  const errorRatio = good + bad > 0 ? bad / (good + bad) : undefined;
  return {
    minutes: excluded.count(fromMinute, toMinute),
    budgetWithout: errorRatio === undefined ? undefined : 1 - errorRatio / (1 - slo.target),
    now: excluded.at(minuteOf(nowMs))?.exclusion.name,
  };
}
