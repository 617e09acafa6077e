import { adjusted } from './statistics.js';
import type { CulpritSuspect } from './suspect.js';

/** Share of chance among the findings that are called strong. */
const FALSE_DISCOVERY_RATE = 0.05;

/** Less than a hundredth of a nat speaks against nobody. */
export const LEAST_SCORE = 0.01;

/** Twenty times more likely in the incident: what Kass and Raftery (1995) call strong evidence. */
export const STRONG_SCORE = Math.log(20);

/** Which of all that was tested are more than chance. */
export function strongOnes(changes: readonly { readonly pValue: number }[]): (change: { readonly pValue: number }) => boolean {
  const rates = adjusted(changes.map((change) => change.pValue));
  const strong = new Set(changes.filter((_, index) => (rates[index] ?? 1) <= FALSE_DISCOVERY_RATE));
  return (change) => strong.has(change);
}

export function strengthOf(score: number, isCredible: boolean): CulpritSuspect['strength'] {
  return isCredible && score >= STRONG_SCORE ? 'strong' : 'weak';
}
