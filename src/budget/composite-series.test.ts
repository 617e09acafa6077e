import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Slo } from '../config/slo.js';
import { DAY_MS, HOUR_MS } from '../lib/duration.js';
import { compositeSlice, CompositeSeries, CompositeSlices } from './composite-series.js';
import { excludedBudget } from './excluded-budget.js';
import { MinuteSeries, minuteOf } from './minute-series.js';
import { SliceIndex, type SliceRule } from './slice-index.js';
import { buildSlo, minuteOfEvents } from './slo-builder.js';
import { evaluateSlo, type SloStatus } from './slo-status.js';
import { effectiveTotal, fullCoverage } from './window-reading.js';

const NOW = Date.UTC(2026, 10, 26, 12) - 1;
const LIMITS = { windowMinutes: 43_200, detailMinutes: 4_500 };

interface Counts {
  readonly minute: number;
  readonly good: number;
  readonly bad: number;
}

function seriesOf(counts: readonly Counts[]): MinuteSeries {
  const series = new MinuteSeries(LIMITS);
  for (const { minute, good, bad } of counts) series.add(minuteOfEvents(minute, { good, bad }));
  return series;
}

const anyCounts = fc.array(fc.record({ minute: fc.integer({ min: 1_000, max: 1_300 }), good: fc.nat(1_000), bad: fc.nat(50) }), { maxLength: 20 });
const anyPart = fc.record({ counts: anyCounts, target: fc.constantFrom(0.9, 0.99, 0.999), weight: fc.double({ min: 0.1, max: 5, noNaN: true }) });

describe('objectives of events under one budget', () => {
  test('burn at the rate of each part times its weight', () => {
    fc.assert(fc.property(fc.array(anyPart, { minLength: 1, maxLength: 4 }), (parts) => {
      const series = parts.map(({ counts, target, weight }) => ({ slo: { target }, weight, series: seriesOf(counts) }));
      const { good, bad } = new CompositeSeries(series).sum(1_000, 1_301);
      const expected = series.reduce((sum, { series: own, slo, weight }) => {
        const totals = own.sum(1_000, 1_301);
        return totals.good + totals.bad === 0 ? sum : sum + (weight * totals.bad) / (totals.good + totals.bad) / (1 - slo.target);
      }, 0);
      const budget = 1 / parts.reduce((sum, { target, weight }) => sum + weight / (1 - target), 0);
      if (good + bad > 0) expect(bad / (good + bad) / budget).toBeCloseTo(expected, 6);
      else expect(expected).toBe(0);
    }));
  });

  test('one part is what it would be alone, whatever its weight', () => {
    fc.assert(fc.property(anyPart, ({ counts, target, weight }) => {
      const alone = seriesOf(counts).sum(1_000, 1_301);
      const { good, bad, events } = new CompositeSeries([{ slo: { target }, weight, series: seriesOf(counts) }]).sum(1_000, 1_301);
      expect([good, bad]).toEqual([expect.closeTo(alone.good, 6), expect.closeTo(alone.bad, 6)]);
      expect(events).toBe(alone.events);
    }));
  });

  test('a part that fails alone counts its own failures, however much the others have to say', () => {
    for (const others of [0, 100, 1_000_000]) {
      const sum = new CompositeSeries([
        { slo: { target: 0.999 }, weight: 1, series: seriesOf([{ minute: 1_000, good: 990, bad: 10 }]) },
        { slo: { target: 0.99 }, weight: 3, series: seriesOf([{ minute: 1_000, good: others, bad: 0 }]) },
      ]).sum(1_000, 1_001);
      expect(sum.bad).toBeCloseTo(10, 9);
    }
  });

  test('knows as much of quiet parts as their events say', () => {
    const quiet = new CompositeSeries([1_000, 1_000].map((good) => ({ slo: { target: 0.999 }, weight: 1, series: seriesOf([{ minute: 1_000, good, bad: 0 }]) }))).sum(1_000, 1_001);
    expect(effectiveTotal(quiet)).toBeCloseTo(2_000, 6);
    expect(new CompositeSeries([{ slo: { target: 0.99 }, weight: 1, series: seriesOf([]) }]).sum(1_000, 1_001)).toMatchObject({ good: 0, bad: 0, events: 0 });
  });
});

function rule(parts: readonly { readonly slo: Slo; readonly weight: number }[], target: number): SliceRule {
  const [first] = parts;
  const { slo } = first ?? { slo: buildSlo() };
  return { slo: { ...slo, name: 'whole', target, composite: parts }, sliceKey: 'whole@1', parts: parts.map((part) => ({ ...part, sliceKey: `${part.slo.name}@1` })) };
}

function status(index: SliceIndex, whole: SliceRule, nowMs = NOW): SloStatus {
  return evaluateSlo(whole.slo, index.judged(whole), { nowMs, coverage: fullCoverage });
}

describe('a composite objective', () => {
  const day = Array.from({ length: 1_440 }, (_, back) => minuteOf(NOW) - back);

  test('pages for a part that fails, spends its budget with both, and says how far back it knows', () => {
    const whole = rule([{ slo: buildSlo({ name: 'a', target: 0.999 }), weight: 1 }, { slo: buildSlo({ name: 'b', target: 0.999 }), weight: 1 }], 0.9995);
    const index = new SliceIndex();
    index.track(whole);
    for (const sliceKey of ['a@1', 'b@1']) index.add(day.map((minute) => ({ sliceKey, ...minuteOfEvents(minute, { good: 100 }) })));
    expect(status(index, whole)).toMatchObject({ state: 'ok', errorBudgetRemaining: 1, historyMs: DAY_MS - 1 });
    index.add(day.slice(0, 10).map((minute) => ({ sliceKey: 'a@1', ...minuteOfEvents(minute, { bad: 20 }) })));
    const failing = status(index, whole);
    expect(failing.state).toBe('page');
    // 200 of 144,200 bad at 0.1 % have spent 139 % of the budget of a, and all of that of the whole.
    expect(failing.errorBudgetRemaining).toBeCloseTo(1 - 200 / 144_200 / 0.001, 9);
    index.add([{ sliceKey: 'b@1', ...minuteOfEvents(day[700] ?? 0, { bad: 100 }) }]);
    expect(status(index, whole).errorBudgetRemaining).toBeCloseTo(1 - (200 / 144_200 + 100 / 144_100) / 0.001, 9);
  });

  test('of Timeslices: a slice that is bad for one part is bad, also when the bad event comes late', () => {
    const method = { kind: 'timeslices', sliceMinutes: 1, sliceTarget: 0.9 } as const;
    const whole = rule(['a', 'b'].map((name) => ({ slo: buildSlo({ name, target: 0.99, method }), weight: 1 })), 0.99);
    const index = new SliceIndex();
    index.track(whole);
    const minutes = day.slice(0, 100);
    for (const sliceKey of ['a@1', 'b@1']) index.add(minutes.map((minute) => ({ sliceKey, ...minuteOfEvents(minute, { good: 10 }) })));
    expect(status(index, whole).sli).toBe(1);
    index.add([{ sliceKey: 'a@1', ...minuteOfEvents(minutes[5] ?? 0, { bad: 10 }) }, { sliceKey: 'b@1', ...minuteOfEvents(minutes[5] ?? 0, { bad: 10 }) }, { sliceKey: 'b@1', ...minuteOfEvents(minutes[50] ?? 0, { bad: 10 }) }]);
    expect(status(index, whole).sli).toBeCloseTo(98 / 100, 12);
    expect(status(index, whole)).toMatchObject({ events: 100 });
  });

  test('of RatioTimeslices: 95 % and 95 % make 90 %', () => {
    const method = { kind: 'ratio-timeslices', sliceMinutes: 5 } as const;
    const whole = rule(['a', 'b'].map((name) => ({ slo: buildSlo({ name, target: 0.9, method }), weight: 1 })), 0.9);
    const index = new SliceIndex();
    // Slices that were there before the rule.
    for (const sliceKey of ['a@1', 'b@1']) index.add(day.map((minute) => ({ sliceKey, ...minuteOfEvents(minute, { good: 95, bad: 5 }) })));
    index.track(whole);
    expect(status(index, whole).sli).toBeCloseTo(0.9, 12);
  });

  test('is not asked about minutes that are excluded, and says what they spare', () => {
    const exclusions = [{ name: 'drill', by: 'ann', reason: 'drill', window: { kind: 'once', fromMs: NOW + 1 - HOUR_MS, toMs: NOW + 1 } }] as const;
    const whole = rule(['a', 'b'].map((name) => ({ slo: buildSlo({ name, target: 0.9, exclusions }), weight: 1 })), 0.95);
    const index = new SliceIndex();
    index.track(whole);
    for (const sliceKey of ['a@1', 'b@1']) index.add(day.map((minute, back) => ({ sliceKey, ...minuteOfEvents(minute, back < 60 ? { bad: 100 } : { good: 100 }) })));
    expect(status(index, whole).errorBudgetRemaining).toBe(1);
    index.retain([whole, ...whole.slo.composite?.map(({ slo }) => ({ slo, sliceKey: `${slo.name}@1` })) ?? []]);
    expect(status(index, whole).errorBudgetRemaining).toBe(1);
  });
});

describe('events that are excluded', () => {
  test('spend nothing, and what they would have spent is said', () => {
    const at = { file: 'rules/a.yaml', line: 1, column: 1 };
    const slo = buildSlo({ target: 0.9, excludedEvents: [{ name: 'probes', by: 'ann', reason: 'no user', match: { text: '{ name = "probe" }', at }, fromMs: undefined, toMs: undefined }] });
    const whole: SliceRule = { slo, sliceKey: 'a@1' };
    const index = new SliceIndex();
    index.track(whole);
    index.add([{ sliceKey: 'a@1', ...minuteOfEvents(minuteOf(NOW) - 5, { good: 900 }) }, { sliceKey: 'a@1 -probes', ...minuteOfEvents(minuteOf(NOW) - 5, { good: 50, bad: 50 }) }]);
    index.retain([whole]);
    expect(status(index, whole).errorBudgetRemaining).toBe(1);
    expect(excludedBudget(whole, { slices: index, nowMs: NOW })).toEqual({ minutes: 0, events: [{ name: 'probes', good: 50, bad: 50 }], budgetWithout: expect.closeTo(0.5, 9) as number, now: undefined });
  });
});

describe('what a composite series says of its parts', () => {
  const early = seriesOf([{ minute: 1_000, good: 9, bad: 1 }, { minute: 1_010, good: 9, bad: 1 }]);
  const late = seriesOf([{ minute: 1_005, good: 10, bad: 0 }, { minute: 1_200, good: 9, bad: 1 }]);
  const empty = seriesOf([]);
  const of = (...series: MinuteSeries[]): CompositeSeries => new CompositeSeries(series.map((each) => ({ slo: { target: 0.9 }, weight: 1, series: each })));

  test('it begins with the first event of any and ends with the last', () => {
    expect([of(early, late).firstMinute, of(late, early).firstMinute, of(late, early).lastMinute, of(early, late).lastMinute]).toEqual([1_000, 1_000, 1_200, 1_200]);
    expect([of(empty, late).firstMinute, of(empty, late).lastMinute]).toEqual([1_005, 1_200]);
    expect([of(empty).firstMinute, of(empty).lastMinute]).toEqual([undefined, undefined]);
  });

  test('its last bad minute is that of any', () => {
    expect(of(early, late).lastBadMinute(0, 1_300)).toBe(1_200);
    expect(of(late, early).lastBadMinute(0, 1_200)).toBe(1_010);
    expect(of(empty, late).lastBadMinute(0, 1_200)).toBeUndefined();
  });

  test('it looks as far back as the part that looks furthest, and is as exact as the one that is least', () => {
    const [short, long] = [new MinuteSeries({ windowMinutes: 100_000, detailMinutes: 60 }), new MinuteSeries({ windowMinutes: 50_000, detailMinutes: 6_000 })];
    for (const series of [short, long]) series.add(minuteOfEvents(1_000, { good: 1 }));
    for (const series of [short, long]) series.trim(20_000);
    expect(of(short, long).limits).toEqual({ windowMinutes: 100_000, detailMinutes: 6_000 });
    expect(of(short, long).exactFromMinute).toBe(short.exactFromMinute);
    expect(short.exactFromMinute).toBeGreaterThan(long.exactFromMinute);
  });

  test('errors come together as in the part where they do most', () => {
    const asked: MinuteSeries[] = [];
    const found = of(early, late).remember(5, (series) => {
      asked.push(series);
      return series === early ? 3 : 2;
    });
    expect([found, asked]).toEqual([3, [early, late]]);
  });

  test('events whose weight is not known are those of all', () => {
    const unknown = new MinuteSeries(LIMITS);
    unknown.add({ ...minuteOfEvents(1_000, { good: 10 }), unknownWeight: 4 });
    expect(of(unknown, unknown).sum(1_000, 1_001)).toMatchObject({ events: 20, unknownWeight: 8 });
  });
});

describe('slices laid on each other', () => {
  test('are bad where any is, missing what all miss by their weights, and nothing where there was nothing', () => {
    const [good, bad, half, none] = [{ good: 1, bad: 0, weight: 1 }, { good: 0, bad: 1, weight: 1 }, { good: 3, bad: 1, weight: 2 }, { good: 0, bad: 0, weight: 1 }];
    expect([[good, good], [good, bad], [none, good], [none, none]].map((parts) => compositeSlice(parts, false))).toEqual([0, 1, 0, undefined]);
    expect([[good, half], [half, half], [bad, half], [none, half], [none]].map((parts) => compositeSlice(parts, true))).toEqual([0.5, 1, 1, 0.5, undefined]);
  });

  const slices = (counts: readonly Counts[]): MinuteSeries => seriesOf(counts);

  test('count from the first slice of any part to the last, also those of one part alone', () => {
    const [left, right] = [slices([{ minute: 1_000, good: 1, bad: 0 }, { minute: 1_010, good: 0, bad: 1 }]), slices([{ minute: 1_010, good: 1, bad: 0 }, { minute: 1_020, good: 1, bad: 0 }])];
    const { series } = new CompositeSlices([left, right].map((each) => ({ weight: 1, series: each })), { sliceMinutes: 5, isRatio: false }, LIMITS);
    expect([1_000, 1_005, 1_010, 1_015, 1_020].map((minute) => series.sum(minute, minute + 1)).map(({ good, bad, events }) => [good, bad, events])).toEqual([[1, 0, 1], [0, 0, 0], [0, 1, 1], [0, 0, 0], [1, 0, 1]]);
    expect(new CompositeSlices([{ weight: 1, series: slices([]) }], { sliceMinutes: 5, isRatio: false }, LIMITS).series.firstMinute).toBeUndefined();
  });

  test('are judged again by any minute of theirs, once, with the share of unknown weights of the part that knows least', () => {
    const [left, right] = [slices([{ minute: 1_000, good: 3, bad: 1 }]), slices([])];
    const composite = new CompositeSlices([{ weight: 1, series: left }, { weight: 2, series: right }], { sliceMinutes: 5, isRatio: true }, LIMITS);
    const sum = (): unknown => composite.series.sum(1_000, 1_005);
    expect(sum()).toEqual({ good: 0.75, bad: 0.25, goodSquared: 0.75, badSquared: 0.25, events: 1, unknownWeight: 0 });
    right.add({ ...minuteOfEvents(1_000, { good: 7, bad: 1 }), unknownWeight: 0.5 });
    composite.add({ eventMinute: 1_003 });
    composite.add({ eventMinute: 1_004 });
    expect(sum()).toEqual({ good: 0.5, bad: 0.5, goodSquared: 0.5, badSquared: 0.5, events: 1, unknownWeight: 0.5 });
    composite.add({ eventMinute: 1_005 });
    expect(composite.series.lastMinute).toBe(1_000);
  });
});

describe('a composite objective whose rule changes', () => {
  test('of slices reads again what its parts keep as hours only', () => {
    const method = { kind: 'timeslices', sliceMinutes: 5, sliceTarget: 0.9 } as const;
    const parts = ['a', 'b'].map((name) => ({ slo: buildSlo({ name, target: 0.9, method }), weight: 1 }));
    const whole = rule(parts, 0.9);
    const rows = ['a@1', 'b@1'].flatMap((sliceKey) => Array.from({ length: 10 * 288 }, (_, back) => ({ sliceKey, ...minuteOfEvents(minuteOf(NOW) - 5 * back, back % 50 === 0 ? { bad: 10 } : { good: 10 }) })));
    const index = new SliceIndex();
    const known = new Set(['a@1', 'b@1']);
    for (const sliceKey of known) index.track({ sliceKey, slo: parts[0]!.slo });
    index.add(rows);
    index.trim(NOW);
    expect(index.deepened([whole], known).map(({ sliceKey }) => sliceKey)).toEqual(['a@1', 'b@1']);
    for (const { sliceKey, slo } of index.deepened([whole], known)) index.restore(sliceKey, slo, rows.filter((row) => row.sliceKey === sliceKey));
    const fresh = new SliceIndex();
    fresh.track(whole);
    fresh.add(rows);
    index.track(whole);
    expect(status(index, whole).events).toBe(status(fresh, whole).events);
    expect(status(index, whole).sli).toBe(status(fresh, whole).sli);
    expect(index.deepened([whole], new Set([...known, 'whole@1']))).toEqual([]);
  });

  test('excluded events are those of its parts', () => {
    const at = { file: 'rules/a.yaml', line: 1, column: 1 };
    const excludedEvents = [{ name: 'probes', by: 'ann', reason: 'no user', match: { text: '{ name = "probe" }', at }, fromMs: undefined, toMs: undefined }];
    const whole = rule(['a', 'b'].map((name) => ({ slo: buildSlo({ name, target: 0.9, excludedEvents }), weight: 1 })), 0.95);
    const index = new SliceIndex();
    index.track(whole);
    index.add(['a@1', 'b@1', 'a@1 -probes', 'b@1 -probes'].map((sliceKey, place) => ({ sliceKey, ...minuteOfEvents(minuteOf(NOW) - 5, place < 2 ? { good: 95 } : { bad: 5 }) })));
    expect(excludedBudget({ ...whole, slo: { ...whole.slo, excludedEvents } }, { slices: index, nowMs: NOW })).toMatchObject({ events: [{ name: 'probes', good: 0, bad: 10 }], budgetWithout: expect.closeTo(0, 9) as number });
  });
});

test('a rule that comes back has what is stored of it, once, whatever came for it while it was away', () => {
  const back: SliceRule = { slo: buildSlo({ target: 0.9 }), sliceKey: 'a@1' };
  const index = new SliceIndex();
  index.track({ slo: buildSlo(), sliceKey: 'other@1' });
  const delta = (sliceKey: string, good: number) => ({ sliceKey, ...minuteOfEvents(minuteOf(NOW) - 5, { good }) });
  index.add([delta('a@1', 7), delta('a@1 {"region":"eu"}', 7), delta('other@1', 3)]);
  index.begin([back], [delta('a@1', 20), delta('a@1 {"region":"eu"}', 20), delta('other@1', 3)]);
  expect(['a@1', 'a@1 {"region":"eu"}', 'other@1'].map((key) => index.series(key).sum(0, minuteOf(NOW)).good)).toEqual([20, 20, 3]);
});
