import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Slo } from '../config/slo.js';
import { DAY_MS, HOUR_MS } from '../lib/duration.js';
import { CompositeSeries } from './composite-series.js';
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
