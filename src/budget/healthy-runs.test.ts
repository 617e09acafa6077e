import { describe, expect, test } from 'vitest';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { MinuteSeries, minuteOf } from './minute-series.js';
import { randomOf, type RandomSource } from './random-source.js';
import { seriesLimits } from './slice-index.js';
import { WORKBOOK_POLICY, buildSlo, minuteOfEvents } from './slo-builder.js';
import { evaluateSlo } from './slo-status.js';
import { fullCoverage } from './window-reading.js';

/**
 * The simulation of docs: per-minute evaluation of the page tiers at 99.9 %, seeded. Healthy services fail at half or nine
 * tenths of what their budget allows; sick ones at 100, 10 or 3 %. Every figure is printed, so that a change shows its price.
 */
const RATES = [6, 30, 120, 600] as const;
const START = minuteOf(Date.UTC(2026, 0, 5));
const GATED = buildSlo({ policy: { ...WORKBOOK_POLICY, tiers: WORKBOOK_POLICY.tiers.slice(0, 2) } });
const MONTH = (30 * DAY_MS) / MINUTE_MS;
const SLOW_SHORT_MINUTES = 30;

interface Healthy {
  readonly perHour: number;
  readonly burn: number;
  readonly seed: number;
  /** Errors come in clusters of this size. */
  readonly cluster?: number;
  /** Traffic swings over the day between nearly nothing and twice the mean. */
  readonly daily?: boolean;
}

/** Pages within thirty days of one healthy service, with and without the gate. A page lasts while the tier fires, plus an hour. */
function falsePages({ perHour, burn, seed, cluster = 1, daily = false }: Healthy): { readonly gated: number; readonly plain: number } {
  const random = randomOf(seed * 7_919 + perHour);
  const series = new MinuteSeries(seriesLimits(GATED));
  const pages = { gated: 0, plain: 0 };
  const quietUntil = { gated: 0, plain: 0 };
  let lastBad = -Infinity;
  for (let offset = 0; offset < MONTH; offset += 1) {
    const minute = START + offset;
    const swing = daily ? 1 + 0.95 * Math.sin((2 * Math.PI * offset) / 1_440) : 1;
    const total = random.poisson((perHour / 60) * swing);
    const bad = Math.min(total, clustered(random, { total, ratio: burn * 0.001, cluster }));
    if (total > 0) series.add(minuteOfEvents(minute, { good: total - bad, bad }));
    if (bad > 0) lastBad = minute;
    if (offset % 1_440 === 0) series.trim(minute);
    // A page needs a failure within its short window: all other minutes cannot page and are not worth evaluating.
    if (minute - lastBad >= SLOW_SHORT_MINUTES) continue;
    const { tiers, firing } = evaluateSlo(GATED, series, { nowMs: (minute + 1) * MINUTE_MS - 1, coverage: fullCoverage });
    for (const [name, fires] of [['gated', firing !== undefined], ['plain', tiers.some((tier) => tier.exceeded)]] as const) {
      if (!fires || minute < quietUntil[name]) continue;
      pages[name] += 1;
      quietUntil[name] = minute + 60;
    }
  }
  return pages;
}

/** With clusters, one cause makes `cluster` requests of its minute fail; the mean ratio stays. */
function clustered(random: RandomSource, { total, ratio, cluster }: { readonly total: number; readonly ratio: number; readonly cluster: number }): number {
  return random.binomial(total, ratio / cluster) * cluster;
}

/** Minutes from the start of an incident to the page; undefined when there is none within the hour. */
function minutesToPage(perHour: number, errorRatio: number, seed: number): number | undefined {
  const random = randomOf(seed * 104_729 + perHour);
  const series = new MinuteSeries(seriesLimits(GATED));
  const history = DAY_MS / MINUTE_MS;
  for (let offset = 0; offset < history; offset += 1) series.add(minuteOfEvents(START + offset, { good: random.poisson(perHour / 60) }));
  for (let offset = 0; offset < 60; offset += 1) {
    const minute = START + history + offset;
    const total = random.poisson(perHour / 60);
    const bad = random.binomial(total, errorRatio);
    series.add(minuteOfEvents(minute, { good: total - bad, bad }));
    if (bad > 0 && evaluateSlo(GATED, series, { nowMs: (minute + 1) * MINUTE_MS - 1, coverage: fullCoverage }).firing !== undefined) return offset + 1;
  }
  return undefined;
}

function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? NaN;
}

function meanPages(runs: number, healthy: Omit<Healthy, 'seed'>): { readonly gated: number; readonly plain: number } {
  const sum = { gated: 0, plain: 0 };
  for (let seed = 1; seed <= runs; seed += 1) {
    const pages = falsePages({ ...healthy, seed });
    sum.gated += pages.gated / runs;
    sum.plain += pages.plain / runs;
  }
  return sum;
}

describe('a service that keeps its promise', () => {
  test('is paged at most once in ten months, at every rate of traffic', () => {
    const lines = ['false pages in 30 days   req/h   burn 0.5 (plain)   burn 0.9 (plain)'];
    for (const perHour of RATES) {
      const runs = perHour === 600 ? 6 : 12;
      const [half, nearly] = [meanPages(runs, { perHour, burn: 0.5 }), meanPages(runs, { perHour, burn: 0.9 })];
      lines.push(`${String(perHour).padStart(30)}   ${half.gated.toFixed(2)} (${half.plain.toFixed(1)})        ${nearly.gated.toFixed(2)} (${nearly.plain.toFixed(1)})`);
      expect(half.gated, `${perHour}/h at burn 0.5`).toBeLessThanOrEqual(0.1);
      expect(nearly.gated, `${perHour}/h at burn 0.9`).toBeLessThanOrEqual(0.1);
    }
    console.log(lines.join('\n'));
  });

  test('with bursty errors or a daily cycle: reported, and far below the plain rule', () => {
    const lines = ['false pages in 30 days at burn 0.5: gated (plain)'];
    for (const perHour of [30, 120, 600]) {
      const bursty = meanPages(3, { perHour, burn: 0.5, cluster: 3 });
      const daily = meanPages(3, { perHour, burn: 0.5, daily: true });
      lines.push(`${String(perHour).padStart(5)} req/h   clusters of 3: ${bursty.gated.toFixed(2)} (${bursty.plain.toFixed(1)})   daily cycle: ${daily.gated.toFixed(2)} (${daily.plain.toFixed(1)})`);
      expect(daily.gated).toBeLessThanOrEqual(0.25);
      expect(bursty.gated).toBeLessThanOrEqual(bursty.plain);
    }
    console.log(lines.join('\n'));
  });
});

describe('a service that broke', () => {
  test('is paged in time', () => {
    const lines = ['minutes to page, median (share within the hour)   req/h   100 %   10 %   3 %'];
    const found = new Map<string, { readonly median: number; readonly share: number }>();
    for (const perHour of RATES) {
      const cells = [1, 0.1, 0.03].map((ratio) => {
        const runs = Array.from({ length: 40 }, (_, seed) => minutesToPage(perHour, ratio, seed + 1));
        const paged = runs.filter((minutes) => minutes !== undefined);
        const cell = { median: median(paged), share: paged.length / runs.length };
        found.set(`${perHour} ${ratio}`, cell);
        return `${cell.median} (${(cell.share * 100).toFixed(0)} %)`;
      });
      lines.push(`${String(perHour).padStart(54)}   ${cells.join('   ')}`);
    }
    console.log(lines.join('\n'));
    // slo.md §7: 16, 6, 2, 1 minutes for a total outage; 18 and 9 at 10 %; 30 at 3 %. Some minutes of slack for few runs.
    for (const [cell, most] of [['6 1', 22], ['30 1', 8], ['120 1', 3], ['600 1', 1], ['120 0.1', 22], ['600 0.1', 11], ['600 0.03', 34]] as const) {
      expect(found.get(cell)!.median, cell).toBeLessThanOrEqual(most);
    }
    for (const perHour of RATES) expect(found.get(`${perHour} 1`)!.share, `${perHour}/h`).toBeGreaterThan(0.95);
  });
});

test('a page is not repeated by the clock: the tiers need failures within their short windows', () => {
  const series = new MinuteSeries(seriesLimits(GATED));
  for (let offset = 0; offset < 120; offset += 1) series.add(minuteOfEvents(START + offset, offset < 10 ? { bad: 100 } : { good: 100 }));
  const after = evaluateSlo(GATED, series, { nowMs: START * MINUTE_MS + 2 * HOUR_MS, coverage: fullCoverage });
  expect(after.tiers.map((tier) => tier.exceeded)).toEqual([false, false]);
});
