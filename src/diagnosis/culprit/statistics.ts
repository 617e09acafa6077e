import { binomialTail, normalTail } from '../../budget/binomial.js';
import type { Count, StratumCount } from './change.js';

/** Share with half a request of either kind added (Jeffreys' prior): what was never seen is rare, not impossible. */
export function shareOf(count: number, of: number): number {
  return (count + 0.5) / (of + 1);
}

/**
 * How much likelier what was seen is at the share that it shows than at the one expected (a log likelihood ratio, nats), for each
 * request that has the aspect: those that do not have it speak against a change, and take their part off.
 */
export function surpriseOf({ incident, incidentOf }: Pick<Count, 'incident' | 'incidentOf'>, expected: number): number {
  const share = shareOf(incident, incidentOf);
  if (incident === 0 || share <= expected) return 0;
  return Math.max(0, Math.log(share / expected) + ((incidentOf - incident) / incident) * Math.log((1 - share) / (1 - expected)));
}

/**
 * One-sided Mantel-Haenszel test with continuity correction (Cochran 1954; Mantel and Haenszel 1959): is the aspect more frequent in
 * the incident than in the baseline, each stratum compared with itself? The variance is multiplied by `bursts`.
 */
export function mantelHaenszel(counts: readonly Count[], bursts = 1): number {
  let [excess, variance] = [0, 0];
  for (const { baseline, baselineOf, incident, incidentOf } of counts) {
    const all = baselineOf + incidentOf;
    if (baselineOf === 0 || incidentOf === 0) continue;
    const having = baseline + incident;
    excess += incident - (incidentOf * having) / all;
    variance += (incidentOf * baselineOf * having * (all - having)) / (all * all * (all - 1));
  }
  return variance === 0 ? 1 : normalTail((excess - 0.5) / Math.sqrt(variance * bursts));
}

/** Exact binomial test of all requests against the share that is expected of them; both counts are divided by `bursts`. */
export function excessTest(counts: readonly Pick<StratumCount, 'incident' | 'incidentOf' | 'expected'>[], bursts = 1): number {
  const requests = counts.reduce((sum, count) => sum + count.incidentOf, 0);
  const expected = counts.reduce((sum, count) => sum + count.incidentOf * count.expected, 0);
  return requests === 0 ? 1 : binomialTail(counts.reduce((sum, count) => sum + count.incident, 0) / bursts, requests / bursts, expected / requests);
}

/** Before anything was seen, one aspect in so many is taken to have changed. */
export const PRIOR_ODDS = 0.1;

/**
 * How far a change can be believed, between 0 and 1. The largest Bayes factor that a p-value can stand for is 1/(-e p ln p)
 * (Sellke, Bayarri, Berger 2001); with the prior odds it gives the probability that the change is none of chance.
 */
export function belief(pValue: number, priorOdds = PRIOR_ODDS): number {
  if (pValue >= 1 / Math.E) return 0;
  if (pValue === 0) return 1;
  // Odds over one and the odds, without the division that runs over where p is next to nothing.
  return priorOdds / (priorOdds - Math.E * pValue * Math.log(pValue));
}

/** Adjusted p-values (Benjamini and Hochberg 1995): the share of chance among all that are at least as unlikely. */
export function adjusted(pValues: readonly number[]): readonly number[] {
  const order = pValues.map((_, index) => index).sort((left, right) => pValues[left]! - pValues[right]!);
  const result = new Array<number>(pValues.length).fill(1);
  let least = 1;
  for (let rank = order.length; rank >= 1; rank -= 1) {
    const index = order[rank - 1]!;
    least = Math.min(least, (pValues[index]! * order.length) / rank);
    result[index] = least;
  }
  return result;
}
