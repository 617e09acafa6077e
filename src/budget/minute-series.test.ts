import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MinuteSeries, noSlices, type SliceDelta, type SliceTotals } from './minute-series.js';
import { SliceIndex, seriesLimits } from './slice-index.js';
import { buildSlo, minuteOfEvents } from './slo-builder.js';

const LIMITS = { windowMinutes: 30 * 1_440, detailMinutes: 3 * 1_440 + 60 };
const START = 28_000_000 - (28_000_000 % 1_440) + 700;

const deltas = fc.array(
  fc.record({ minute: fc.integer({ min: 0, max: 4_000 }), good: fc.nat(50), bad: fc.nat(5), weight: fc.constantFrom(1, 1, 1, 10, 2.5) }),
  { maxLength: 60 },
).map((rows) => rows.map((row) => minuteOfEvents(START + row.minute, row)));

function seriesOf(rows: readonly SliceDelta[]): MinuteSeries {
  const series = new MinuteSeries(LIMITS);
  for (const row of rows) series.add(row);
  return series;
}

function sumByHand(rows: readonly SliceDelta[], from: number, to: number): SliceTotals {
  const totals = noSlices();
  for (const row of rows) {
    if (row.eventMinute < from || row.eventMinute >= to) continue;
    for (const key of Object.keys(totals) as (keyof SliceTotals)[]) totals[key] += row[key];
  }
  return totals;
}

function expectSame(actual: SliceTotals, expected: SliceTotals): void {
  for (const key of Object.keys(expected) as (keyof SliceTotals)[]) expect(actual[key]).toBeCloseTo(expected[key], 6);
}

describe('the minutes of one SLO', () => {
  test('sum over any window what a recount of all slices gives', () => {
    fc.assert(fc.property(deltas, fc.nat(4_200), fc.nat(4_200), (rows, from, length) => {
      expectSame(seriesOf(rows).sum(START + from - 60, START + from - 60 + length), sumByHand(rows, START + from - 60, START + from - 60 + length));
    }));
  });

  test('do not care in which order slices come, nor how late', () => {
    fc.assert(fc.property(deltas, fc.integer(), (rows, seed) => {
      const shuffled = [...rows].sort((left, right) => ((left.eventMinute * 31 + seed) % 97) - ((right.eventMinute * 31 + seed) % 97));
      expectSame(seriesOf(shuffled).sum(START, START + 2_000), seriesOf(rows).sum(START, START + 2_000));
      const [first, last] = [Math.floor(START / 60), Math.floor(START / 60) + 80];
      expect(seriesOf(shuffled).pairs(first, last).bad).toBeCloseTo(seriesOf(rows).pairs(first, last).bad, 4);
    }));
  });

  test('add up: the sums of two adjacent windows are the sum of both, also where only hours are left', () => {
    fc.assert(fc.property(deltas, fc.tuple(fc.nat(4_000), fc.nat(4_000), fc.nat(4_000)), fc.nat(9_000), (rows, edges, age) => {
      const series = seriesOf(rows);
      series.trim(START + age);
      const [from, middle, to] = [...edges].sort((left, right) => left - right).map((edge) => START + edge) as [number, number, number];
      const [left, right] = [series.sum(from, middle), series.sum(middle, to)];
      const whole = series.sum(from, to);
      for (const key of Object.keys(whole) as (keyof SliceTotals)[]) expect(left[key] + right[key]).toBeCloseTo(whole[key], 6);
    }));
  });

  test('older than the longest tier are kept by the hour: a window is at most 59 minutes too long', () => {
    const series = seriesOf([minuteOfEvents(START, { good: 7 }), minuteOfEvents(START + 10, { good: 5 })]);
    const now = START + 5 * 1_440;
    series.trim(now);
    expect(series.sum(START + 5, now).good).toBe(12);
    expect(series.sum(START + 60, now).good).toBe(0);
    expect(series.add(minuteOfEvents(START + 3, { good: 1 }))).toBe(true);
    expect(series.sum(START, now).good).toBe(13);
  });

  test('older than the window are dropped, and late slices for them change nothing', () => {
    const series = seriesOf([minuteOfEvents(START, { good: 7 })]);
    series.trim(START + 32 * 1_440);
    expect(series.add(minuteOfEvents(START, { good: 1 }))).toBe(false);
    expect(series.sum(START - 10, START + 32 * 1_440).events).toBe(0);
    expect(series.firstMinute).toBe(START);
  });

  test('know the last minute with a failure', () => {
    const series = seriesOf([minuteOfEvents(START, { bad: 1 }), minuteOfEvents(START + 200, { good: 1 })]);
    expect(series.lastBadMinute(START - 100, START + 201)).toBe(START);
    expect(series.lastBadMinute(START + 1, START + 201)).toBeUndefined();
  });

  test('of weighted and unweighted slices live in one hour', () => {
    const series = seriesOf([minuteOfEvents(START, { good: 3, bad: 1 }), minuteOfEvents(START + 1, { good: 2, weight: 10 })]);
    expect(series.sum(START, START + 2)).toEqual({ good: 23, bad: 1, goodSquared: 203, badSquared: 1, events: 6, unknownWeight: 0 });
  });
});

describe('the slice index', () => {
  test('keeps the minutes that the policy of an SLO asks for', () => {
    expect(seriesLimits(buildSlo())).toEqual({ windowMinutes: 43_200, detailMinutes: 4_380 });
  });

  test('finds slices by key and forgets the keys of rules that are gone', () => {
    const index = new SliceIndex();
    index.track({ sliceKey: 'a@1', slo: buildSlo() });
    index.add([{ sliceKey: 'a@1', ...minuteOfEvents(START, { bad: 2 }) }, { sliceKey: 'b@1', ...minuteOfEvents(START, { good: 1 }) }]);
    expect(index.series('a@1').sum(START, START + 1).bad).toBe(2);
    index.retain([{ sliceKey: 'b@1', slo: buildSlo() }]);
    expect(index.size).toBe(1);
    expect(index.series('a@1').sum(START, START + 1).bad).toBe(0);
  });
});
