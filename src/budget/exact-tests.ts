import { logGamma, normalTail } from './binomial.js';

/** A fourfold table: of `n1` and of `n2` so many have it. */
export interface Fourfold {
  readonly k1: number;
  readonly n1: number;
  readonly k2: number;
  readonly n2: number;
}

/** What is smaller than this part of a sum is left out of it. */
const NOTHING = 1e-12;

/**
 * Fisher's exact test, one-sided: how likely `k1` or more would be were both groups alike. Counts are rounded to whole ones; those that are no fourfold table
 * (a group that is empty, or more than all of one) show nothing: 1. At or below the mean it is what the tail below leaves, which may be nothing at all.
 */
export function fisherGreater(counts: Fourfold): number {
  const table = { k1: Math.round(counts.k1), n1: Math.round(counts.n1), k2: Math.round(counts.k2), n2: Math.round(counts.n2) };
  const { k1, n1, k2, n2 } = table;
  const isTable = k1 > 0 && k1 <= n1 && k2 >= 0 && k2 <= n2 && n2 > 0 && Number.isFinite(n1 + n2);
  if (!isTable) return 1;
  const isAboveMean = k1 * (n1 + n2) > n1 * (k1 + k2);
  return Math.max(0, Math.min(1, isAboveMean ? tailFrom(table) : 1 - tailBelow(table)));
}

/** The chance of `k1` or more. */
function tailFrom({ k1, n1, k2, n2 }: Fourfold): number {
  const have = k1 + k2;
  let term = chanceOf({ k1, n1, k2, n2 });
  let sum = term;
  for (let x = k1; x < Math.min(n1, have) && term > sum * NOTHING; x += 1) {
    term *= ((n1 - x) * (have - x)) / ((x + 1) * (n2 - have + x + 1));
    sum += term;
  }
  return sum;
}

/** The chance of fewer than `k1`. */
function tailBelow({ k1, n1, k2, n2 }: Fourfold): number {
  const have = k1 + k2;
  let term = chanceOf({ k1, n1, k2, n2 });
  let sum = 0;
  for (let x = k1; x > Math.max(0, have - n2) && term > sum * NOTHING; x -= 1) {
    term *= (x * (n2 - have + x)) / ((n1 - x + 1) * (have - x + 1));
    sum += term;
  }
  return sum;
}

/** Of exactly this table, of all with its margins. */
function chanceOf({ k1, n1, k2, n2 }: Fourfold): number {
  const logChoose = (of: number, take: number): number => logGamma(of + 1) - logGamma(take + 1) - logGamma(of - take + 1);
  return Math.exp(logChoose(n1, k1) + logChoose(n2, k2) - logChoose(n1 + n2, k1 + k2));
}

/**
 * Which of these p-values are believed so that of those believed at most the share `rate` is false in the long run (Benjamini and Hochberg 1995).
 * Returns the q-value of each: the lowest rate at which it would be believed.
 */
export function benjaminiHochberg(pValues: readonly number[]): readonly number[] {
  const order = pValues.map((_, index) => index).sort((left, right) => (pValues[left] ?? 1) - (pValues[right] ?? 1));
  const q = new Array<number>(pValues.length).fill(1);
  let lowest = 1;
  for (let rank = order.length; rank > 0; rank -= 1) {
    const index = order[rank - 1] ?? 0;
    lowest = Math.min(lowest, ((pValues[index] ?? 1) * pValues.length) / rank);
    q[index] = lowest;
  }
  return q;
}

/** The Mann-Whitney test, one-sided: how likely ranks of `xs` this high would be were they drawn as `ys` are. Normal approximation with ties and continuity. */
export function mannWhitneyGreater(xs: readonly number[], ys: readonly number[]): { readonly pValue: number; readonly probability: number } {
  const [n, m] = [xs.length, ys.length];
  if (n === 0 || m === 0) return { pValue: 1, probability: 0.5 };
  const all = [...xs.map((value) => ({ value, own: true })), ...ys.map((value) => ({ value, own: false }))].sort((left, right) => left.value - right.value);
  let [rankSum, ties] = [0, 0];
  for (let start = 0; start < all.length;) {
    let end = start;
    while (end < all.length && all[end]?.value === all[start]?.value) end += 1;
    const size = end - start;
    for (let index = start; index < end; index += 1) if (all[index]?.own === true) rankSum += (start + end + 1) / 2;
    ties += size ** 3 - size;
    start = end;
  }
  const u = rankSum - (n * (n + 1)) / 2;
  const total = n + m;
  const variance = ((n * m) / 12) * (total + 1 - ties / (total * (total - 1)));
  return { pValue: variance <= 0 ? 1 : normalTail((u - (n * m) / 2 - 0.5) / Math.sqrt(variance)), probability: u / (n * m) };
}
