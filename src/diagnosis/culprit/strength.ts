import { CUTS } from './onset.js';
import { adjusted } from './statistics.js';
import type { CulpritSuspect } from './suspect.js';

/** Share of chance among the findings that are called strong. */
const FALSE_DISCOVERY_RATE = 0.05;

/** Less than a hundredth of a nat speaks against nobody. */
export const LEAST_SCORE = 0.01;

/** Twenty times more likely in the incident: what Kass and Raftery (1995) call strong evidence. */
export const STRONG_SCORE = Math.log(20);

interface Tested {
  readonly pValue: number;
}

/**
 * Probability of chance, whether a change was there all the time or began at the onset: over the whole incident what begins within it looks like
 * a burst. The smaller of the two counts, twice, and for one of the moments at which it may have begun as often as there are (Bonferroni).
 */
export function chanceOf(change: Tested, since: Tested | undefined): number {
  return since === undefined ? change.pValue : Math.min(1, 2 * Math.min(change.pValue, CUTS.length * since.pValue));
}

/** Which of all that was tested are more than chance. */
export function strongOnes<T extends Tested>(changes: readonly T[], chance: (change: T) => number = ({ pValue }) => pValue): (change: T) => boolean {
  const rates = adjusted(changes.map(chance));
  const strong = new Set(changes.filter((_, index) => (rates[index] ?? 1) <= FALSE_DISCOVERY_RATE));
  return (change) => strong.has(change);
}

export function strengthOf(score: number, isCredible: boolean): CulpritSuspect['strength'] {
  return isCredible && score >= STRONG_SCORE ? 'strong' : 'weak';
}
