import { describe, expect, test } from 'vitest';
import { minuteOf } from '../budget/minute-series.js';
import { SliceIndex, type SliceRule } from '../budget/slice-index.js';
import { buildSlo, minuteOfEvents } from '../budget/slo-builder.js';
import { evaluateSlo } from '../budget/slo-status.js';
import { fullCoverage } from '../budget/window-reading.js';
import type { SliceMethod, Slo } from '../config/slo.js';
import { DAY_MS } from '../lib/duration.js';
import { readHistory, sliceKeyOf } from './history-view.js';
import type { SloHistoryReader } from './slo-history-reader.js';

const NOW = Date.UTC(2026, 10, 26, 12);

function partNamed(name: string, parts: Partial<Slo>): Slo {
  const at = { file: 'rules/a.yaml', line: 1, column: 1 };
  return buildSlo({ name, indicator: { total: { text: `{ name = "${name}" }`, at }, bad: { text: '{ status = error }', at }, weight: 'auto' }, ...parts });
}

describe('the history of a composite objective', () => {
  test.each<[string, SliceMethod | undefined, number, number]>([
    ['events', undefined, 0.99, 1 - 1 / 300],
    ['slices that are good or bad', { kind: 'timeslices', sliceMinutes: 5, sliceTarget: 0.95 }, 0.9, 0.9],
    ['slices that count in part', { kind: 'ratio-timeslices', sliceMinutes: 5 }, 0.9, 0.9],
  ])('of %s ends where its status is', async (_, method, target, wholeTarget) => {
    const counted = method === undefined ? {} : { method };
    const composite = ['a', 'b'].map((name, index) => ({ slo: partNamed(name, { target, ...counted }), weight: method === undefined ? index + 1 : 1 }));
    const whole = partNamed('whole', { target: wholeTarget, composite, ...counted });
    const rule: SliceRule = { slo: whole, sliceKey: sliceKeyOf(whole), parts: composite.map((part) => ({ ...part, sliceKey: sliceKeyOf(part.slo) })) };
    const index = new SliceIndex();
    index.track(rule);
    const minutes = Array.from({ length: 300 }, (_, back) => minuteOf(NOW) - 300 + back);
    const rows = minutes.flatMap((minute) => composite.map(({ slo }, part) => ({ sliceKey: sliceKeyOf(slo), ...minuteOfEvents(minute, { good: 100, bad: (minute + part * 7) % 13 }) })));
    index.add(rows);
    const history: SloHistoryReader = {
      counts({ sliceKey, stepMinutes }) {
        const sums = new Map<number, { good: number; bad: number }>();
        for (const row of rows.filter((each) => each.sliceKey === sliceKey)) {
          const minute = row.eventMinute - (row.eventMinute % stepMinutes);
          const sum = sums.get(minute) ?? { good: 0, bad: 0 };
          sums.set(minute, { good: sum.good + row.good, bad: sum.bad + row.bad });
        }
        return Promise.resolve([...sums].map(([minute, sum]) => ({ minute, ...sum })));
      },
    };
    const { points } = await readHistory({ history }, whole, { fromMs: NOW - DAY_MS, toMs: NOW });
    const status = evaluateSlo(whole, index.judged(rule), { nowMs: NOW - 1, coverage: fullCoverage });
    const last = points.at(-1);
    expect(status.errorBudgetRemaining).toBeLessThan(0);
    expect(last?.budgetRemaining).toBeCloseTo(status.errorBudgetRemaining ?? NaN, 6);
    expect(last?.burnRates[0]).toBeCloseTo(status.tiers[0]?.long.burnRate ?? NaN, 6);
  });
});
