import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Exclusion } from '../config/exclusion.js';
import type { SliceMethod, Slo } from '../config/slo.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { excludedBudget } from './excluded-budget.js';
import { minuteOf } from './minute-series.js';
import { SliceIndex } from './slice-index.js';
import { judgeSlice } from './judged-series.js';
import { buildSlo, minuteOfEvents } from './slo-builder.js';
import { evaluateSlo, type SloStatus } from './slo-status.js';
import { fullCoverage } from './window-reading.js';

const NOW = Date.UTC(2026, 10, 20, 12);
const TIMESLICES: SliceMethod = { kind: 'timeslices', sliceMinutes: 5, sliceTarget: 0.95 };
const RATIOS: SliceMethod = { kind: 'ratio-timeslices', sliceMinutes: 5 };
const KEY = 'checkout@1';

interface Minute {
  readonly minute: number;
  readonly good: number;
  readonly bad: number;
}

function status(method: SliceMethod, minutes: readonly Minute[], parts: Parameters<typeof buildSlo>[0] = {}): SloStatus {
  const slo = buildSlo({ target: 0.99, method, ...parts });
  const index = new SliceIndex();
  index.track({ sliceKey: KEY, slo });
  index.add(minutes.map(({ minute, good, bad }) => ({ sliceKey: KEY, ...minuteOfEvents(minute, { good, bad }) })));
  return evaluateSlo(slo, index.judged({ sliceKey: KEY, slo }), { nowMs: NOW, coverage: fullCoverage });
}

const lastDay = (counts: (slice: number) => Omit<Minute, 'minute'>): Minute[] =>
  Array.from({ length: 1_440 }, (_, index) => ({ minute: minuteOf(NOW) - 1_440 + index, ...counts(Math.floor(index / 5)) }));

describe('a slice', () => {
  test.each([
    [{ good: 19, bad: 1 }, { good: 1, bad: 0 }, { good: 0.95, bad: 0.05 }],
    [{ good: 18, bad: 2 }, { good: 0, bad: 1 }, { good: 0.9, bad: 0.1 }],
    [{ good: 0, bad: 3 }, { good: 0, bad: 1 }, { good: 0, bad: 1 }],
    [{ good: 0, bad: 0 }, { good: 0, bad: 0 }, { good: 0, bad: 0 }],
  ])('of %j is %j by its target and %j by its ratio', (events, byTarget, byRatio) => {
    expect(judgeSlice(events, TIMESLICES)).toEqual(byTarget);
    expect(judgeSlice(events, RATIOS)).toEqual(byRatio);
  });
});

test('a slice of means is good where Σ w·duration/limit is at most Σw', () => {
  const means: SliceMethod = { kind: 'mean-timeslices', sliceMinutes: 5 };
  expect([{ good: 3, bad: 3 }, { good: 3, bad: 3.001 }, { good: 3, bad: 0 }, { good: 0, bad: 0 }].map((events) => judgeSlice(events, means).good)).toEqual([1, 0, 1, 0]);
});

describe('an SLO of slices', () => {
  test('counts slices, not the events in them: a busy slice weighs no more than a quiet one', () => {
    // One slice of 288 is bad, and it holds most of the day's requests.
    const day = lastDay((slice) => (slice === 100 ? { good: 0, bad: 10_000 } : { good: 10, bad: 0 }));
    expect(status(TIMESLICES, day).sli).toBeCloseTo(287 / 288, 12);
    expect(status(RATIOS, day).sli).toBeCloseTo(287 / 288, 12);
  });

  test('takes the mean of the ratios for RatioTimeslices', () => {
    const day = lastDay((slice) => (slice % 2 === 0 ? { good: 90, bad: 10 } : { good: 1, bad: 0 }));
    expect(status(RATIOS, day).sli).toBeCloseTo(0.95, 12);
    expect(status(TIMESLICES, day).sli).toBeCloseTo(0.5, 12);
  });

  test('does not count the slice under way, nor slices without events', () => {
    const minutes = [{ minute: minuteOf(NOW), good: 0, bad: 5 }, { minute: minuteOf(NOW) - 5, good: 5, bad: 0 }];
    expect(status(TIMESLICES, minutes)).toMatchObject({ sli: 1, burnRates: { '30d': 0 } });
    expect(status(TIMESLICES, [minutes[0]!]).state).toBe('no-data');
  });

  test('pages on a total outage after as many slices as are evidence', () => {
    const before = lastDay(() => ({ good: 50, bad: 0 }));
    const down = before.map((each, index) => (index >= 1_425 ? { ...each, good: 0, bad: 50 } : each));
    expect(status(TIMESLICES, before, { target: 0.999 }).state).toBe('ok');
    expect(status(TIMESLICES, down, { target: 0.999 })).toMatchObject({ state: 'page', firing: { long: { bad: 3, total: 12 } } });
  });
});

const anyMinutes = fc.array(fc.record({ minute: fc.integer({ min: 1, max: 600 }), good: fc.integer({ min: 0, max: 9 }), bad: fc.integer({ min: 0, max: 3 }) }), { maxLength: 60 })
  .map((list) => list.map((each) => ({ ...each, minute: minuteOf(NOW) - each.minute })));

describe('slices of any events', () => {
  test.each([TIMESLICES, RATIOS, { ...TIMESLICES, sliceMinutes: 1 }])('are what a recount from scratch finds, in any order of arrival: %j', (method) => {
    fc.assert(fc.property(anyMinutes, fc.nat(), (minutes, seed) => {
      const shuffled = [...minutes].map((each, index) => ({ each, key: (index * 7_919 + seed) % 101 })).sort((left, right) => left.key - right.key).map(({ each }) => each);
      const bySlice = new Map<number, { good: number; bad: number }>();
      for (const { minute, good, bad } of minutes) {
        const start = minute - (minute % method.sliceMinutes);
        const sum = bySlice.get(start) ?? { good: 0, bad: 0 };
        bySlice.set(start, { good: sum.good + good, bad: sum.bad + bad });
      }
      const verdicts = [...bySlice].filter(([start]) => start < minuteOf(NOW) + 1 - ((minuteOf(NOW) + 1) % method.sliceMinutes)).map(([, events]) => judgeSlice(events, method));
      const [good, bad] = [verdicts.reduce((sum, each) => sum + each.good, 0), verdicts.reduce((sum, each) => sum + each.bad, 0)];
      for (const order of [minutes, shuffled]) {
        const { sli } = status(method, order);
        if (good + bad === 0) expect(sli).toBeUndefined();
        else expect(sli).toBeCloseTo(good / (good + bad), 9);
      }
    }), { numRuns: 60 });
  });
});

describe('a rule that changes while Tocsin runs', () => {
  const day = lastDay((slice) => (slice % 7 === 0 ? { good: 5, bad: 5 } : { good: 10, bad: 0 }));
  const rows = Array.from({ length: 9 }, (_, back) => day.map((each) => ({ ...minuteOfEvents(each.minute - back * 1_440, each), sliceKey: KEY }))).flat();
  const before = buildSlo({ target: 0.9, windowMs: 10 * DAY_MS });

  function aged(): SliceIndex {
    const index = new SliceIndex();
    index.track({ sliceKey: KEY, slo: before });
    index.add(rows);
    index.trim(NOW);
    return index;
  }

  const sli = (index: SliceIndex, slo: ReturnType<typeof buildSlo>): number | undefined => evaluateSlo(slo, index.judged({ sliceKey: KEY, slo }), { nowMs: NOW, coverage: fullCoverage }).sli;

  test('needs its history only where it looks at it in another way', () => {
    const index = aged();
    expect(index.needsHistory(KEY, before)).toBe(false);
    expect(index.needsHistory(KEY, { ...before, target: 0.99 })).toBe(false);
    expect(index.needsHistory(KEY, { ...before, method: TIMESLICES })).toBe(true);
    expect(index.needsHistory(KEY, { ...before, windowMs: 30 * DAY_MS })).toBe(true);
    expect(index.needsHistory('other@1', before)).toBe(false);
  });

  test('reads as if it had always been so, with what was committed meanwhile', () => {
    const changed = { ...before, method: TIMESLICES };
    const index = aged();
    const news = { ...minuteOfEvents(minuteOf(NOW) - 3, { bad: 100 }), sliceKey: KEY };
    index.add([news]);
    index.restore(KEY, changed, rows);
    const anew = new SliceIndex();
    anew.track({ sliceKey: KEY, slo: changed });
    anew.add([...rows, news]);
    expect(sli(index, changed)).toBeCloseTo(sli(anew, changed)!, 12);
    expect(sli(index, before)).toBeCloseTo(sli(anew, before)!, 12);
    expect(index.needsHistory(KEY, changed)).toBe(false);
  });
});

describe('a calendar window', () => {
  const calendar = { unit: 'month', count: 1, timeZone: 'Europe/Berlin', startWallMs: Date.UTC(2026, 0, 1) } as const;
  const at = (nowMs: number, minutes: readonly Minute[]): SloStatus => {
    const slo = buildSlo({ target: 0.99, calendar });
    const index = new SliceIndex();
    index.track({ sliceKey: KEY, slo });
    index.add(minutes.map(({ minute, good, bad }) => ({ sliceKey: KEY, ...minuteOfEvents(minute, { good, bad }) })));
    return evaluateSlo(slo, index.judged({ sliceKey: KEY, slo }), { nowMs, coverage: fullCoverage });
  };
  // 00:00 on the first of November in Berlin.
  const NOVEMBER = Date.UTC(2026, 9, 31, 23);

  test('begins anew at midnight of its zone; burn rates look back over it', () => {
    const minutes = [{ minute: minuteOf(NOVEMBER) - 1, good: 0, bad: 100 }, { minute: minuteOf(NOVEMBER), good: 100, bad: 0 }];
    expect(at(NOVEMBER - 1, minutes).errorBudgetRemaining).toBeLessThan(-90);
    const after = at(NOVEMBER + 30_000, minutes);
    expect(after.errorBudgetRemaining).toBe(1);
    expect(after.burnRates['1h']).toBeCloseTo(50, 6);
  });

  test('is projected while it is less than a day old, however old the service is', () => {
    const minutes = Array.from({ length: 3 * 1_440 }, (_, index) => ({ minute: minuteOf(NOVEMBER) - 2 * 1_440 + index, good: 98, bad: 2 }));
    const young = at(NOVEMBER + HOUR_MS, minutes);
    expect(young).toMatchObject({ young: true, historyMs: HOUR_MS });
    expect(young.errorBudgetRemaining).toBeCloseTo(-1, 6);
    expect(young.projectedBudgetRemaining).toBeCloseTo(1 - (2 * HOUR_MS) / (30 * DAY_MS), 3);
    expect(at(NOVEMBER + DAY_MS, minutes).young).toBe(false);
  });

  test('says when its budget is gone only where that is before its end', () => {
    const steady = (bad: number): Minute[] => Array.from({ length: 15 * 1_440 }, (_, index) => ({ minute: minuteOf(NOVEMBER) + index, good: 1_000 - bad, bad }));
    // Half of the month at a burn of 0.5: enough is left for the other half.
    expect(at(NOVEMBER + 15 * DAY_MS, steady(5)).exhaustionMs).toBeUndefined();
    const twice = [...steady(4), ...Array.from({ length: 60 }, (_, index) => ({ minute: minuteOf(NOVEMBER) + 15 * 1_440 + index, good: 950, bad: 50 }))];
    const burning = at(NOVEMBER + 15 * DAY_MS + HOUR_MS - MINUTE_MS, twice);
    expect(burning.exhaustionMs).toBeGreaterThan(0);
    expect(burning.exhaustionMs).toBeLessThan(15 * DAY_MS);
  });
});

const EXCLUSIONS: readonly Exclusion[] = [{ name: 'upgrade', by: 'ann', reason: 'database', window: { kind: 'once', fromMs: NOW - 3 * HOUR_MS, toMs: NOW - 2 * HOUR_MS - 2 * MINUTE_MS } }];
const isExcluded = (minute: number): boolean => minute >= minuteOf(NOW - 3 * HOUR_MS) && minute < minuteOf(NOW - 2 * HOUR_MS) - 2;

describe('excluded minutes', () => {
  const minutes = fc.array(fc.record({ minute: fc.integer({ min: minuteOf(NOW) - 400, max: minuteOf(NOW) }), good: fc.nat(9), bad: fc.nat(3) }), { maxLength: 60 });

  test.each([['events', undefined], ['slices by target', TIMESLICES], ['slices by ratio', RATIOS]])('count for nothing among %s, whenever their events come', (_, method) => {
    fc.assert(fc.property(minutes, minutes, (before, after) => {
      const slo = buildSlo({ target: 0.99, exclusions: EXCLUSIONS, ...(method === undefined ? {} : { method }) });
      const slices = (rows: readonly Minute[]) => rows.map(({ minute, good, bad }) => ({ sliceKey: KEY, ...minuteOfEvents(minute, { good, bad }) }));
      const [excluding, without] = [new SliceIndex(), new SliceIndex()];
      excluding.add(slices(before));
      excluding.track({ sliceKey: KEY, slo });
      excluding.add(slices(after));
      without.add(slices([...before, ...after].filter(({ minute }) => !isExcluded(minute))));
      const { exclusions: _none, ...plain } = slo;
      const at = { nowMs: NOW, coverage: fullCoverage };
      const figures = (asked: Slo, index: SliceIndex): readonly number[] => {
        const { state, events = 0, errorBudgetRemaining = 0, burnRates } = evaluateSlo(asked, index.judged({ sliceKey: KEY, slo: asked }), at);
        // Shares of slices add up in another order, which shows in the last bit.
        return [state.length, events, errorBudgetRemaining, ...Object.values(burnRates).map((burn = -1) => burn)].map((value) => Number(value.toFixed(9)));
      };
      expect(figures(slo, excluding)).toEqual(figures(plain, without));
    }), { numRuns: 60 });
  });

  test('are kept beside what happened in them: the budget with and without, and what is in force', () => {
    const slo = buildSlo({ target: 0.99, exclusions: EXCLUSIONS });
    const index = new SliceIndex();
    index.track({ sliceKey: KEY, slo });
    index.add([{ sliceKey: KEY, ...minuteOfEvents(minuteOf(NOW) - 150, { bad: 50 }) }, { sliceKey: KEY, ...minuteOfEvents(minuteOf(NOW) - 30, { good: 9_950 }) }]);
    expect(evaluateSlo(slo, index.judged({ sliceKey: KEY, slo }), { nowMs: NOW, coverage: fullCoverage }).errorBudgetRemaining).toBe(1);
    expect(excludedBudget({ sliceKey: KEY, slo }, { slices: index, nowMs: NOW })).toEqual({ minutes: 58, events: [], budgetWithout: expect.closeTo(0.5, 9) as number, now: undefined });
    expect(excludedBudget({ sliceKey: KEY, slo }, { slices: index, nowMs: NOW - 150 * MINUTE_MS })?.now).toBe('upgrade');
    expect(excludedBudget({ sliceKey: KEY, slo: buildSlo() }, { slices: index, nowMs: NOW })).toBeUndefined();
  });

  test('are taken from the store where memory has only hours of them', () => {
    const index = new SliceIndex();
    index.track({ sliceKey: KEY, slo: buildSlo() });
    const slo = buildSlo({ exclusions: EXCLUSIONS });
    expect(index.needsHistory(KEY, slo)).toBe(false);
    index.add([{ sliceKey: KEY, ...minuteOfEvents(minuteOf(NOW), { good: 1 }) }]);
    index.trim(NOW);
    expect(index.needsHistory(KEY, slo)).toBe(true);
    index.restore(KEY, slo, []);
    expect(index.needsHistory(KEY, slo)).toBe(false);
    index.retain([{ sliceKey: KEY, slo: buildSlo() }]);
    index.trim(NOW);
    expect(index.needsHistory(KEY, slo)).toBe(true);
  });

  test('are no silence: one is counted from their end', () => {
    const slo = buildSlo({ exclusions: EXCLUSIONS });
    const index = new SliceIndex();
    index.track({ sliceKey: KEY, slo });
    index.add(Array.from({ length: 200 }, (_, ago) => ({ sliceKey: KEY, ...minuteOfEvents(minuteOf(NOW) - 181 - ago, { good: 50 }) })));
    const silentAt = (atMs: number): number | undefined => evaluateSlo(slo, index.judged({ sliceKey: KEY, slo }), { nowMs: atMs, coverage: fullCoverage }).silence?.forMs;
    expect(silentAt(NOW - 150 * MINUTE_MS)).toBeUndefined();
    expect(silentAt(NOW - 2 * HOUR_MS + 20 * MINUTE_MS)).toBe(22 * MINUTE_MS);
  });
});
