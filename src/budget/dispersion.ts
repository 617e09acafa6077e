import { effectiveCount, type CountSeries, type MinuteSeries } from './minute-series.js';

/** Bursty history may ask for at most this many times the evidence: a total outage at ten requests a minute still pages in minutes. */
export const MAX_DISPERSION = 10;

/** History is judged in blocks of a day, each against its own error ratio. */
const BLOCK_HOURS = 24;
const MAX_BLOCKS = 30;

/** Independence is believed until three bursty days more than quiet ones say otherwise: the median counts this many blocks of exactly 1. */
const PRIOR_BLOCKS = 2;

/** A block that failed through and through says nothing about how errors cluster when things are well. */
const MAX_BLOCK_RATIO = 0.5;

/**
 * How many errors come together when one comes: the variance-to-mean ratio of bad counts, ≥ 1, from hours before `toHour`.
 *
 * For independent errors E[b(b-1)] = p²·n(n-1) in every cell, whatever the traffic; what exceeds it is (φ-1)·np(1-p).
 * Each day gives its own φ, and the median over days is taken: an earlier outage is one day and moves nothing,
 * an error pattern of every day moves it fully. `toHour` lies before the burst that is being judged
 * (the longest page window ago), so that a burst can never veto its own page.
 */
export function overDispersion(series: CountSeries, toHour: number): number {
  return series.remember(toHour, (each) => medianDispersion(each, toHour));
}

function medianDispersion(series: MinuteSeries, toHour: number): number {
  const blocks: number[] = [];
  const firstHour = Math.floor((series.firstMinute ?? toHour * 60) / 60);
  for (let block = 0; block < MAX_BLOCKS; block += 1) {
    const end = toHour - block * BLOCK_HOURS;
    if (end <= firstHour) break;
    const dispersion = blockDispersion(series, end - BLOCK_HOURS, end);
    if (dispersion !== undefined) blocks.push(dispersion);
  }
  if (blocks.length <= PRIOR_BLOCKS) return 1;
  const ordered = [...blocks, ...new Array<number>(PRIOR_BLOCKS).fill(1)].sort((left, right) => left - right);
  return Math.min(MAX_DISPERSION, Math.max(1, median(ordered)));
}

/** Undefined where the block holds no error: silence says nothing about clusters. */
function blockDispersion(series: MinuteSeries, fromHour: number, toHour: number): number | undefined {
  const sums = series.sum(fromHour * 60, toHour * 60);
  const bad = effectiveCount(sums.bad, sums.badSquared);
  const all = effectiveCount(sums.good + sums.bad, sums.goodSquared + sums.badSquared);
  const ratio = all > 0 ? sums.bad / (sums.good + sums.bad) : 0;
  if (bad === 0 || ratio > MAX_BLOCK_RATIO) return undefined;
  const pairs = series.pairs(fromHour, toHour);
  return 1 + (pairs.bad - ratio * ratio * pairs.all) / (bad * (1 - ratio));
}

function median(ordered: readonly number[]): number {
  const middle = Math.floor(ordered.length / 2);
  const upper = ordered[middle] ?? 1;
  return ordered.length % 2 === 1 ? upper : ((ordered[middle - 1] ?? 1) + upper) / 2;
}
