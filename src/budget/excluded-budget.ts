import type { Exclusion } from '../config/exclusion.js';
import { allowedRatio } from './error-budget.js';
import { excludedMinutesOf } from './excluded-minutes.js';
import { minuteOf } from './minute-series.js';
import { withoutExclusions, type SliceIndex, type SliceRule } from './slice-index.js';
import { windowMinutes, type ExcludedBudget } from './slo-status.js';

interface Counts {
  readonly good: number;
  readonly bad: number;
}

type NamedCounts = Counts & { readonly name: string };

function countsOf({ good, bad }: Counts): Counts {
  return { good, bad };
}

function byName(counts: readonly NamedCounts[]): NamedCounts[] {
  const sums = new Map<string, NamedCounts>();
  for (const { name, good, bad } of counts) {
    const sum = sums.get(name) ?? { name, good: 0, bad: 0 };
    sums.set(name, { name, good: sum.good + good, bad: sum.bad + bad });
  }
  return [...sums.values()];
}

/** What is left when each part has spent what its counts say, times its weight; undefined without events. */
function budgetOf(parts: readonly { readonly slo: { readonly target: number }; readonly weight: number; readonly counts: readonly Counts[] }[]): number | undefined {
  const spent = parts.flatMap(({ slo, weight, counts }) => {
    const bad = counts.reduce((sum, each) => sum + each.bad, 0);
    const total = counts.reduce((sum, each) => sum + each.good, bad);
    return total > 0 ? [(weight * bad) / total / allowedRatio(slo.target)] : [];
  });
  return spent.length === 0 ? undefined : 1 - spent.reduce((sum, each) => sum + each, 0);
}

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
  const of = (each: SliceRule): NamedCounts[] => slices.excludedEvents(each).map(({ name, series }) => ({ name, ...countsOf(series.sum(fromMinute, toMinute)) }));
  const parts = rule.parts ?? [{ slo, sliceKey: rule.sliceKey, weight: 1 }];
  const events = byName(parts.flatMap(of));
  const spent = slo.method === undefined
    ? parts.map((part) => ({ ...part, counts: [slices.judged(withoutExclusions(part)).sum(fromMinute, toMinute), ...of(part)] }))
    : [{ slo, weight: 1, counts: [slices.judged(withoutExclusions(rule)).sum(fromMinute, toMinute)] }];
  return {
    events,
    minutes: excluded.count(fromMinute, toMinute),
    budgetWithout: budgetOf(spent),
    now: excluded.at(minuteOf(nowMs))?.exclusion.name,
  };
}
