import { formatPercent } from '../lib/format.js';
import { allowedRatio } from './error-budget.js';
import type { SliceTotals } from './minute-series.js';
import type { Interval } from './wilson.js';

/** Mean weights of errors and successes that differ by less than this are chance. */
const NOTABLE_WEIGHT_RATIO = 1.5;

/** The interval of the budget that is left: the SLI's, on the budget's scale. */
export function budgetInterval(sli: Interval | undefined, target: number): Interval | undefined {
  if (sli === undefined) return undefined;
  const allowed = allowedRatio(target);
  return { low: 1 - (1 - sli.low) / allowed, high: 1 - (1 - sli.high) / allowed };
}

/**
 * What is wrong with the weights, in a sentence; undefined where all of them are known. Errors and successes of different
 * weight are no fault by themselves (a sampler that says so keeps what is worth keeping); they are where weights are missing
 * or contradict the randomness that the sampler claims (semantics.md).
 */
export function samplingWarning(totals: Readonly<SliceTotals>): string | undefined {
  if (totals.unknownWeight <= 0 || totals.events <= 0) return undefined;
  const share = formatPercent(totals.unknownWeight / totals.events, 1);
  const [bad, good] = [meanWeight(totals.bad, totals.badSquared), meanWeight(totals.good, totals.goodSquared)];
  const start = `${share} of the events come from senders that sample and do not say how`;
  if (bad !== undefined && good !== undefined && Math.max(bad / good, good / bad) > NOTABLE_WEIGHT_RATIO) {
    return `${start}, and errors count for ${round(bad)} each where successes count for ${round(good)}: the sampling is biased, and the SLI with it`;
  }
  return `${start}; they count as one each. If errors are kept more often than successes, the SLI is too low`;
}

/** Σw²/Σw: what an event stands for, as most of the sum has it. */
function meanWeight(sum: number, squared: number): number | undefined {
  return sum > 0 ? squared / sum : undefined;
}

function round(weight: number): string {
  return String(Number(weight.toPrecision(2)));
}
