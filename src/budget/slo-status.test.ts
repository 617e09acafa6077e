import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuMsOf } from '../../test/support/cpu-time.js';
import type { Slo, Tier } from '../config/slo.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { waitingInWords } from './firing.js';
import { minuteOf, type MinuteSeries, MinuteSeries as Series } from './minute-series.js';
import { seriesLimits } from './slice-index.js';
import { WORKBOOK_POLICY, buildSlo, minuteOfEvents } from './slo-builder.js';
import { evaluateSlo, type SloStatus } from './slo-status.js';
import { fullCoverage } from './window-reading.js';

const NOW = Date.UTC(2026, 10, 20, 12, 0, 0);

function emptySeries(slo: Slo = buildSlo()): MinuteSeries {
  return new Series(seriesLimits(slo));
}

/** Fills every minute of the last `minutes` before `nowMs`, the current one included. */
function steady(series: MinuteSeries, window: { readonly nowMs: number; readonly minutes: number }, counts: { good?: number; bad?: number; weight?: number }): void {
  const last = minuteOf(window.nowMs);
  for (let minute = last - window.minutes + 1; minute <= last; minute += 1) series.add(minuteOfEvents(minute, counts));
}

function evaluate(slo: Slo, series: MinuteSeries, nowMs = NOW): SloStatus {
  return evaluateSlo(slo, series, { nowMs, coverage: fullCoverage });
}

/** Minutes from the start of an incident of `errorRatio` until the tier fires; undefined when it never does within four days. */
function detectionMinutes(target: number, tier: Tier, errorRatio: number): number | undefined {
  const slo = buildSlo({ target, policy: { ...WORKBOOK_POLICY, tiers: [tier] } });
  const series = emptySeries(slo);
  const perMinute = 60_000;
  steady(series, { nowMs: NOW - MINUTE_MS, minutes: 4 * 1_440 }, { good: perMinute });
  for (let second = 6; second <= 4 * 86_400; second += second < 600 ? 6 : 60) {
    const nowMs = NOW + second * 1_000;
    const step = second <= 600 ? perMinute / 10 : perMinute;
    // Events of the step that just ended lie in the minute they ended in.
    series.add(minuteOfEvents(minuteOf(nowMs - 1), { bad: step * errorRatio, good: step * (1 - errorRatio) }));
    if (evaluate(slo, series, nowMs - 1).firing !== undefined) return second / 60;
  }
  return undefined;
}

describe('the SRE workbook, chapter 5, 30 days, from a clean history', () => {
  const NEVER = undefined;
  test.each([
    // target, error ratio, minutes until each tier fires (slo.md §4: detection = (1-SLO)/ratio × window × burn).
    [0.999, 1, [0.9, 2.2, 4.3, 4.3]],
    [0.999, 0.1, [8.6, 21.6, 43.2, 43.2]],
    [0.999, 0.05, [17.3, 43.2, 86.4, 86.4]],
    [0.999, 0.02, [43.2, 108, 216, 216]],
    [0.999, 0.005, [NEVER, NEVER, 864, 864]],
    [0.999, 0.002, [NEVER, NEVER, NEVER, 2160]],
    [0.99, 1, [8.6, 21.6, 43.2, 43.2]],
    [0.99, 0.1, [NEVER, 216, 432, 432]],
    [0.99, 0.05, [NEVER, NEVER, 864, 864]],
    [0.99, 0.02, [NEVER, NEVER, NEVER, 2160]],
    [0.9, 1, [NEVER, 216, 432, 432]],
  ] as const)('at %d and %d errors fires after %j minutes', (target, ratio, expected) => {
    for (const [index, minutes] of expected.entries()) {
      const tier = WORKBOOK_POLICY.tiers[index]!;
      const found = detectionMinutes(target, tier, ratio);
      if (minutes === undefined) expect(found, `tier ${index}`).toBeUndefined();
      else expect(Math.abs((found ?? Infinity) - minutes), `tier ${index}: ${found} for ${minutes}`).toBeLessThanOrEqual(1);
    }
  });

  test.each([[0, 0.02], [1, 0.05], [2, 0.1], [3, 0.1]])('tier %d fires when about %d of the budget is consumed', (index, share) => {
    const tier = WORKBOOK_POLICY.tiers[index]!;
    const slo = buildSlo({ policy: { ...WORKBOOK_POLICY, tiers: [tier] } });
    const series = emptySeries(slo);
    steady(series, { nowMs: NOW - MINUTE_MS, minutes: 30 * 1_440 }, { good: 60_000 });
    for (let minute = 0; minute < 1_440; minute += 1) {
      series.add(minuteOfEvents(minuteOf(NOW) + minute, { good: 57_000, bad: 3_000 }));
      const status = evaluate(slo, series, NOW + (minute + 1) * MINUTE_MS - 1);
      if (status.firing === undefined) continue;
      expect(1 - (status.errorBudgetRemaining ?? 1)).toBeGreaterThan(share * 0.97);
      expect(1 - (status.errorBudgetRemaining ?? 1)).toBeLessThan(share * 1.06);
      return;
    }
    expect.unreachable();
  });

  test('stops firing when the short window has passed: 5 minutes after a total outage ends', () => {
    const slo = buildSlo();
    const series = emptySeries(slo);
    steady(series, { nowMs: NOW - 10 * MINUTE_MS, minutes: 3 * 1_440 }, { good: 1_000 });
    steady(series, { nowMs: NOW, minutes: 10 }, { bad: 1_000 });
    expect(evaluate(slo, series).firing?.tier.factor).toBe(14.4);
    const firing: number[] = [];
    for (let minute = 1; minute <= 10; minute += 1) {
      const nowMs = NOW + minute * MINUTE_MS;
      series.add(minuteOfEvents(minuteOf(nowMs), { good: 1_000 }));
      if (evaluate(slo, series, nowMs).tiers[0]?.exceeded === true) firing.push(minute);
    }
    expect(firing).toEqual([1, 2, 3, 4]);
  });

  test.each([[1, 30 * DAY_MS], [2, 15 * DAY_MS], [10, 3 * DAY_MS], [1_000, 43.2 * MINUTE_MS]])('an untouched budget is gone at burn %d in its time', (burn, expectedMs) => {
    const slo = buildSlo();
    const series = emptySeries(slo);
    // One hour of burn, weighed against thirty days of much more traffic: the budget is all but untouched.
    steady(series, { nowMs: NOW - HOUR_MS, minutes: 29 * 1_440 }, { good: 1e9 });
    steady(series, { nowMs: NOW, minutes: 60 }, { good: 1e6 - burn * 1_000, bad: burn * 1_000 });
    const { exhaustionMs } = evaluate(slo, series);
    if (burn === 1) expect(exhaustionMs).toBeUndefined();
    else expect(exhaustionMs! / expectedMs).toBeCloseTo(1, 2);
  });
});

describe('one SLO at one moment', () => {
  test('reads budget, burn rates by window, confidence and state', () => {
    const slo = buildSlo();
    const series = emptySeries(slo);
    steady(series, { nowMs: NOW, minutes: 10 * 1_440 }, { good: 999, bad: 1 });
    const status = evaluate(slo, series);
    expect(Object.keys(status.burnRates)).toEqual(['5m', '30m', '1h', '2h', '6h', '1d', '3d', '30d']);
    for (const burn of Object.values(status.burnRates)) expect(burn).toBeCloseTo(1, 6);
    expect(status.sli).toBeCloseTo(0.999, 9);
    expect(status.errorBudgetRemaining).toBeCloseTo(0, 6);
    expect(status.confidence!.low).toBeLessThan(0.999);
    expect(status.confidence!.high).toBeGreaterThan(0.999);
    expect(status).toMatchObject({ state: 'ok', young: false, projectedBudgetRemaining: undefined, unknownWeightShare: 0, firing: undefined });
  });

  test('has no SLI, no burn and no budget without events: zero events is not 100 %', () => {
    const status = evaluate(buildSlo(), emptySeries());
    expect(status).toMatchObject({ sli: undefined, errorBudgetRemaining: undefined, exhaustionMs: undefined, state: 'no-data', confidence: undefined });
    expect(Object.values(status.burnRates)).toEqual(new Array(8).fill(undefined));
  });

  test('fires the most urgent tier and names it, whatever else is exceeded', () => {
    const slo = buildSlo();
    const series = emptySeries(slo);
    steady(series, { nowMs: NOW, minutes: 5 * 1_440 }, { good: 90, bad: 10 });
    const status = evaluate(slo, series);
    expect(status.tiers.map((tier) => tier.firing)).toEqual([true, true, true, true]);
    expect(status).toMatchObject({ state: 'page', firing: { tier: { factor: 14.4 } } });
  });

  test('needs both windows: a burst that is over does not fire, nor does one that only began', () => {
    const slo = buildSlo();
    const over = emptySeries(slo);
    steady(over, { nowMs: NOW - 40 * MINUTE_MS, minutes: 5 }, { bad: 1_000 });
    steady(over, { nowMs: NOW, minutes: 40 }, { good: 1_000 });
    expect(evaluate(slo, over).tiers.slice(0, 2).map((tier) => tier.exceeded)).toEqual([false, false]);
    const begun = emptySeries(slo);
    steady(begun, { nowMs: NOW - MINUTE_MS, minutes: 3 * 1_440 }, { good: 1_000 });
    steady(begun, { nowMs: NOW, minutes: 1 }, { good: 900, bad: 100 });
    expect(evaluate(slo, begun).tiers[0]).toMatchObject({ exceeded: false });
    expect(evaluate(slo, begun).tiers[0]!.short.burnRate).toBeGreaterThan(14.4);
  });

  test('projects the budget of a young service over the whole window', () => {
    const slo = buildSlo();
    const series = emptySeries(slo);
    steady(series, { nowMs: NOW, minutes: 40 }, { good: 98, bad: 2 });
    const status = evaluate(slo, series);
    // 40 minutes at burn 20 spend 20 × 40 / 43,200 of a month's budget.
    expect(status).toMatchObject({ young: true, historyMs: 39 * MINUTE_MS });
    expect(status.errorBudgetRemaining).toBeCloseTo(1 - 20, 6);
    expect(status.projectedBudgetRemaining).toBeCloseTo(1 - (20 * 39) / 43_200, 6);
    expect(status.exhaustionMs! / (30 * DAY_MS)).toBeCloseTo(status.projectedBudgetRemaining! / 20, 6);
  });

  test('a young service that falls silent spends no more of its projected budget', () => {
    const slo = buildSlo();
    const series = emptySeries(slo);
    steady(series, { nowMs: NOW, minutes: 40 }, { good: 98, bad: 2 });
    const after = (hours: number): number => evaluateSlo(slo, series, { nowMs: NOW + hours * HOUR_MS, coverage: () => 1 }).projectedBudgetRemaining!;
    expect(after(1)).toBeCloseTo(1 - (20 * 40) / 43_200, 6);
    expect(after(20)).toBe(after(1));
  });

  test('reports coverage window by window and as it was given', () => {
    const status = evaluateSlo(buildSlo(), emptySeries(), { nowMs: NOW, coverage: (from, to) => (to - from) / 43_200 });
    expect(status.coverage).toBe(1);
    expect(status.tiers[0]!.short.coverage).toBeCloseTo(5 / 43_200, 9);
  });

  test('counts events whose weight is unknown', () => {
    const series = emptySeries();
    series.add({ ...minuteOfEvents(minuteOf(NOW), { good: 4 }), unknownWeight: 1 });
    expect(evaluate(buildSlo(), series).unknownWeightShare).toBe(0.25);
  });

  test('knows how much was good since the last failure', () => {
    const series = emptySeries();
    steady(series, { nowMs: NOW - 10 * MINUTE_MS, minutes: 60 }, { good: 8, bad: 2 });
    steady(series, { nowMs: NOW, minutes: 10 }, { good: 10 });
    expect(evaluate(buildSlo(), series).sinceLastBad).toEqual({ total: 100, durationMs: 9 * MINUTE_MS });
  });
});

describe('whatever the traffic', () => {
  const minutes = fc.array(fc.record({ ago: fc.integer({ min: 0, max: 4_000 }), good: fc.nat(200), bad: fc.nat(20) }), { minLength: 1, maxLength: 40 });
  type Minute = { readonly ago: number; readonly good: number; readonly bad: number };
  const fill = (rows: readonly Minute[], scale = 1, weight = 1): SloStatus => {
    const series = emptySeries();
    for (const row of rows) series.add(minuteOfEvents(minuteOf(NOW) - row.ago, { good: row.good * scale, bad: row.bad * scale, weight }));
    return evaluate(buildSlo(), series);
  };

  test('burn rates do not depend on scale', () => {
    fc.assert(fc.property(minutes, fc.integer({ min: 2, max: 1_000 }), (rows, scale) => {
      const [one, many] = [fill(rows), fill(rows, scale)];
      for (const [window, burn] of Object.entries(one.burnRates)) {
        if (burn === undefined) expect(many.burnRates[window]).toBeUndefined();
        else expect(many.burnRates[window]! - burn).toBeCloseTo(0, 8);
      }
    }));
  });

  test('one more failure never lowers a burn rate, the budget spent or the evidence', () => {
    fc.assert(fc.property(minutes, fc.nat(60), (rows, ago) => {
      const [before, after] = [fill(rows), fill([...rows, { ago, good: 0, bad: 1 }])];
      for (const [window, burn] of Object.entries(before.burnRates)) expect(after.burnRates[window] ?? 0).toBeGreaterThanOrEqual((burn ?? 0) - 1e-9);
      for (const [index, tier] of before.tiers.entries()) {
        expect(after.tiers[index]!.evidence.pValue).toBeLessThanOrEqual(tier.evidence.pValue + 1e-9);
        if (tier.exceeded) expect(after.tiers[index]!.exceeded).toBe(true);
      }
      if (before.errorBudgetRemaining !== undefined) expect(after.errorBudgetRemaining).toBeLessThanOrEqual(before.errorBudgetRemaining + 1e-9);
    }));
  });

  test('consumed and remaining budget are one', () => {
    fc.assert(fc.property(minutes, (rows) => {
      const status = fill(rows);
      if (status.sli === undefined) return;
      expect((1 - status.sli) / (1 - 0.999) + status.errorBudgetRemaining!).toBeCloseTo(1, 9);
    }));
  });

  test('an event of weight w changes ratios like w copies of it', () => {
    fc.assert(fc.property(minutes, fc.integer({ min: 1, max: 100 }), (rows, weight) => {
      const [weighted, copied] = [fill(rows, 1, weight), fill(rows, weight)];
      expect(weighted.sli).toEqual(copied.sli === undefined ? undefined : expect.closeTo(copied.sli, 9));
      expect(weighted.tiers[0]!.long.total).toBeCloseTo(copied.tiers[0]!.long.total, 6);
      // But it is one piece of evidence, not w.
      const independent = (status: SloStatus): number => status.tiers[3]!.long.effectiveTotal * status.dispersion!;
      expect(independent(weighted) * weight).toBeCloseTo(independent(copied), 4);
    }));
  });
});

test('a thousand SLOs of four tiers over thirty days are evaluated within a tick', () => {
  const slo = buildSlo();
  const series = emptySeries(slo);
  steady(series, { nowMs: NOW, minutes: 30 * 1_440 }, { good: 100, bad: 1 });
  series.trim(minuteOf(NOW));
  evaluate(slo, series);
  const tookMs = cpuMsOf(() => {
    for (let each = 0; each < 1_000; each += 1) evaluate(slo, series, NOW + each);
  });
  console.log(`evaluated 1,000 SLOs in ${tookMs.toFixed(0)} ms`);
  // The budget is 250 ms; a slow machine may take its time, a wrong complexity takes seconds.
  expect(tookMs).toBeLessThan(2_000);
});

describe('what a status says of its own numbers', () => {
  test('an interval on the budget, the traffic, and nothing on sampling where nobody samples', () => {
    const series = emptySeries();
    steady(series, { nowMs: NOW, minutes: 2 * 1_440 }, { good: 9, bad: 1 });
    const status = evaluate(buildSlo({ target: 0.9 }), series);
    expect(status.errorBudgetRemaining).toBeCloseTo(0, 9);
    expect(status.budgetConfidence!.low).toBeLessThan(0);
    expect(status.budgetConfidence!.high).toBeGreaterThan(0);
    expect(status.eventsPerHour).toBeCloseTo(600, -1);
    expect(status.samplingWarning).toBeUndefined();
  });

  test('a warning where weights are missing', () => {
    const series = emptySeries();
    series.add({ ...minuteOfEvents(minuteOf(NOW), { good: 9, bad: 1 }), unknownWeight: 5 });
    expect(evaluate(buildSlo(), series).samplingWarning).toMatch(/^50 % of the events come from senders that sample and do not say how/);
  });

  test('an event of weight w is w events to the SLI and the budget, and one to the interval', () => {
    const [plain, weighted] = [1, 20].map((weight) => {
      const series = emptySeries();
      steady(series, { nowMs: NOW, minutes: 1_440 }, { good: 99 * (weight === 1 ? 20 : 1), bad: weight === 1 ? 20 : 1, weight });
      return evaluate(buildSlo(), series);
    });
    expect(weighted!.sli).toBeCloseTo(plain!.sli!, 12);
    expect(weighted!.errorBudgetRemaining).toBeCloseTo(plain!.errorBudgetRemaining!, 9);
    expect(weighted!.confidence!.high - weighted!.confidence!.low).toBeGreaterThan(4 * (plain!.confidence!.high - plain!.confidence!.low));
  });
});

describe('a tier that waits (alertAfter)', () => {
  const [fastest] = WORKBOOK_POLICY.tiers as [Tier];
  const waiting = (afterMs: number): Slo => buildSlo({ policy: { ...WORKBOOK_POLICY, tiers: [{ ...fastest, afterMs }] } });

  test('fires once the burn has lasted, from slices alone, and says how long it has', () => {
    const slo = waiting(5 * MINUTE_MS);
    const series = emptySeries(slo);
    steady(series, { nowMs: NOW, minutes: 1_440 }, { good: 600 });
    const told: (string | number)[] = [];
    for (let minute = 1; minute <= 9; minute += 1) {
      const nowMs = NOW + minute * MINUTE_MS;
      series.add(minuteOfEvents(minuteOf(nowMs), { bad: 600 }));
      const status = evaluate(slo, series, nowMs);
      told.push(status.firing === undefined ? `${status.tiers[0]?.exceeded === true ? 'exceeded' : 'quiet'} ${(status.tiers[0]?.waitedMs ?? -MINUTE_MS) / MINUTE_MS}` : 'fires');
    }
    expect(told).toEqual(['exceeded 0', 'exceeded 1', 'exceeded 2', 'exceeded 3', 'exceeded 4', 'fires', 'fires', 'fires', 'fires']);
    const [reading] = evaluate(slo, series, NOW + 3 * MINUTE_MS).tiers;
    expect(reading === undefined ? '' : waitingInWords(reading)).toBe('it has lasted 2 min of the 5m that are asked for');
  });

  test('forgets what it waited when the burn pauses, and a tier that does not wait is as before', () => {
    const series = emptySeries(waiting(5 * MINUTE_MS));
    steady(series, { nowMs: NOW, minutes: 1_440 }, { good: 600 });
    for (const [ago, counts] of [[20, { bad: 600 }], [1, { bad: 600 }], [0, { bad: 600 }]] as const) series.add(minuteOfEvents(minuteOf(NOW) - ago, counts));
    expect(evaluate(waiting(5 * MINUTE_MS), series)).toMatchObject({ firing: undefined, tiers: [{ exceeded: true, waitedMs: MINUTE_MS }] });
    expect(evaluate(buildSlo({ policy: { ...WORKBOOK_POLICY, tiers: [fastest] } }), series).firing).toBeDefined();
  });
});
