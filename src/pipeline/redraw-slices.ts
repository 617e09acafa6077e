import type { RandomSource } from '../budget/random-source.js';
import type { ArrivedSlice } from './replay.js';

/**
 * The slice as another sample of the same spans might have shown it: good and bad counts with the variance that weighted counting
 * has, Σw(w - 1) (Horvitz and Thompson 1952), and never below zero. Spans that were all kept weigh 1 and have none.
 */
export function redraw(slice: ArrivedSlice, random: RandomSource): ArrivedSlice {
  const good = moved(slice.good, slice.goodSquared, random);
  const bad = moved(slice.bad, slice.badSquared, random);
  return { ...slice, good, bad, goodSquared: scaled(slice.goodSquared, good, slice.good), badSquared: scaled(slice.badSquared, bad, slice.bad) };
}

/** Whether another sample could have shown anything else. */
export function isSampled(slice: ArrivedSlice): boolean {
  return slice.goodSquared > slice.good + ROUNDING || slice.badSquared > slice.bad + ROUNDING;
}

const ROUNDING = 1e-9;

/** Gamma distributed: the mean stays, as a normal distribution cut at zero would not keep it. */
function moved(sum: number, squared: number, random: RandomSource): number {
  const variance = squared - sum;
  return variance <= ROUNDING ? sum : (gamma((sum * sum) / variance, random) * variance) / sum;
}

function scaled(squared: number, now: number, before: number): number {
  return before > 0 ? (squared * now) / before : squared;
}

/** Marsaglia and Tsang 2000, with their remark for shapes below 1. */
function gamma(shape: number, random: RandomSource): number {
  if (shape < 1) return gamma(shape + 1, random) * random.next() ** (1 / shape);
  const d = shape - 1 / 3;
  for (;;) {
    const z = normal(random);
    const v = (1 + z / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - random.next()) < (z * z) / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** Box and Muller 1958. */
function normal(random: RandomSource): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}
