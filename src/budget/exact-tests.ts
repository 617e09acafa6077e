import { logGamma, normalTail } from './binomial.js';

/** A fourfold table: of `n1` and of `n2` so many have it. */
export interface Fourfold {
  readonly k1: number;
  readonly n1: number;
  readonly k2: number;
  readonly n2: number;
}

/** More steps than this are summed only until the rest is nothing. */
const NOTHING = 1e-12;

/** Fisher's exact test, one-sided: how likely `k1` or more would be were both groups alike. Counts are rounded to whole ones. */
export function fisherGreater({ k1, n1, k2, n2 }: Fourfold): number {
  const [a, n, c, m] = [k1, n1, k2, n2].map(Math.round) as [number, number, number, number];
  const have = a + c;
  if (a <= 0 || n <= 0 || m <= 0) return 1;
  const logChoose = (of: number, take: number): number => logGamma(of + 1) - logGamma(take + 1) - logGamma(of - take + 1);
  let term = Math.exp(logChoose(n, a) + logChoose(m, c) - logChoose(n + m, have));
  let sum = term;
  for (let x = a; x < Math.min(n, have) && term > sum * NOTHING; x += 1) {
    term *= ((n - x) * (have - x)) / ((x + 1) * (m - have + x + 1));
    sum += term;
  }
  return Math.min(1, sum);
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
