import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ARRIVED, arrivedConditions, whereArrived } from './arrived-sql.js';
import { TraceArrivals } from './trace-arrivals.js';
import type { TraceKey } from './trace-key.js';

const START = 1_790_000_000_000;
/** One after the other, as a sender without random ids gives them. */
const keyOf = (id: number): TraceKey => ({ high: 1n, low: BigInt(id) << 20n });

function add(arrivals: TraceArrivals, { low }: TraceKey, arrivalMs: number): void {
  arrivals.add(Number(low >> 32n) | 0, Number(low & 0xffff_ffffn) | 0, arrivalMs);
}

function isWithin(arrivals: TraceArrivals, key: TraceKey, ms: number): boolean {
  const { knownFromMs, ranges } = arrivals.of([key]);
  return ms < knownFromMs || ranges.some(({ fromMs, toMs }) => fromMs <= ms && ms <= toMs);
}

describe('when the rows of traces came', () => {
  test('every row is within what is told of its trace, in whatever order rows come and clocks go', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(300), fc.integer({ min: -5_000, max: 5_000 })), { maxLength: 200 }), fc.integer({ min: -5_000, max: 5_000 }), (rows, knownFrom) => {
      const arrivals = new TraceArrivals(START + knownFrom);
      for (const [id, ms] of rows) add(arrivals, keyOf(id), START + ms);
      expect(rows.every(([id, ms]) => isWithin(arrivals, keyOf(id), START + ms))).toBe(true);
    }));
  });

  test('of many traces each is found in what came around it, and hardly any where it did not come', () => {
    const arrivals = new TraceArrivals(START);
    const traces = 400_000;
    for (let id = 0; id < traces; id += 1) for (let span = 0; span < 2; span += 1) add(arrivals, keyOf(id), START + id);
    const told = Array.from({ length: 2_000 }, (_, index) => ({ id: index * 200, ...arrivals.of([keyOf(index * 200)]) }));
    expect(told.filter(({ id, ranges }) => !ranges.some(({ fromMs, toMs }) => fromMs <= START + id && START + id <= toMs))).toEqual([]);
    expect(Math.max(...told.map(({ ranges }) => ranges.length))).toBeLessThanOrEqual(2);
    expect(told.filter(({ ranges }) => ranges.length > 1).length).toBeLessThan(40);
    expect(Array.from({ length: 10_000 }, (_, id) => arrivals.of([keyOf(traces + id)]).ranges.length).filter((length) => length > 0).length).toBeLessThan(60);
  });

  test('ranges that meet are one, the oldest first', () => {
    const arrivals = new TraceArrivals(START);
    for (let id = 0; id < 600_000; id += 1) add(arrivals, keyOf(id), START + Math.floor(id / 10));
    const of = (...ids: readonly number[]): number => arrivals.of(ids.map(keyOf)).ranges.length;
    expect([of(0), of(0, 599_999), of(...Array.from({ length: 2_000 }, (_, index) => index * 300))]).toEqual([1, 2, 1]);
    const { ranges } = arrivals.of([keyOf(599_999), keyOf(0)]);
    expect(ranges.map(({ fromMs }) => fromMs)).toEqual([...ranges.map(({ fromMs }) => fromMs)].sort((left, right) => left - right));
    expect(ranges[0]?.fromMs).toBe(START);
  });

  test('what it has no room for any more is not known, as if it had begun later', () => {
    const arrivals = new TraceArrivals(START, 2);
    for (let id = 0; id < 200_000; id += 1) add(arrivals, keyOf(id), START + id);
    const { knownFromMs, ranges } = arrivals.of([keyOf(0)]);
    expect(ranges).toEqual([]);
    expect(knownFromMs).toBeGreaterThan(START + 80_000);
    expect([0, 40_000, 100_000, 199_999].map((id) => isWithin(arrivals, keyOf(id), START + id))).toEqual([true, true, true, true]);
    expect(arrivals.bytes).toBe(2 * 32 * 1_024);
  });

  test('what came before precedes it, is not stretched by what comes, and makes room first', () => {
    const [older, arrivals] = [new TraceArrivals(START - 1_000_000), new TraceArrivals(START, 3)];
    add(older, keyOf(1), START - 900_000);
    arrivals.precede(older);
    expect(arrivals.knownFromMs).toBe(START - 1_000_000);
    add(arrivals, keyOf(2), START);
    expect(arrivals.of([keyOf(1)]).ranges).toEqual([{ fromMs: START - 900_000, toMs: START - 900_000 }]);
    expect(arrivals.of([keyOf(2)]).ranges).toEqual([{ fromMs: START, toMs: START }]);
    for (let id = 3; id < 30_000; id += 1) add(arrivals, keyOf(id), START + id);
    expect(arrivals.knownFromMs).toBe(START - 899_999);
    expect(isWithin(arrivals, keyOf(1), START - 900_000)).toBe(true);
    expect(arrivals.bytes).toBe(3 * 32 * 1_024);
  });

  test('what it forgets does not make known what it never knew', () => {
    const arrivals = new TraceArrivals(Infinity, 1);
    for (let id = 0; id < 100_000; id += 1) add(arrivals, keyOf(id), START + id);
    expect(arrivals.knownFromMs).toBe(Infinity);
  });
});

describe('as SQL', () => {
  const range = (fromMs: number, toMs: number): { readonly fromMs: number; readonly toMs: number } => ({ fromMs, toMs });

  test.each([
    [[], false, ['FALSE']],
    [[], true, ['arrival_ms < 100']],
    [[range(110, 120)], false, ['arrival_ms BETWEEN 110 AND 120']],
    [[range(110, 120)], true, ['arrival_ms < 100', 'arrival_ms BETWEEN 110 AND 120']],
    [[range(110, 120), range(130, 140)], false, ['arrival_ms BETWEEN 110 AND 120', 'arrival_ms BETWEEN 130 AND 140']],
    // The clock was set back: some came before what is known since.
    [[range(50, 60), range(90, 120)], true, ['arrival_ms < 100', 'arrival_ms BETWEEN 100 AND 120']],
  ])('%j, older ones: %s', (ranges, hasOlder, conditions) => {
    expect(arrivedConditions({ knownFromMs: 100, ranges }, hasOlder)).toEqual(conditions);
  });

  test('many ranges are joined where they are nearest', () => {
    const ranges = Array.from({ length: 40 }, (_, index) => range(1_000 * index + (index % 5) * 100, 1_000 * index + 500));
    const conditions = arrivedConditions({ knownFromMs: 0, ranges: [...ranges, range(90_000, 90_001)] }, false);
    expect(conditions).toHaveLength(8);
    expect(conditions.at(-1)).toBe('arrival_ms BETWEEN 90000 AND 90001');
    expect(conditions[0]).toMatch(/^arrival_ms BETWEEN 0 AND /);
  });

  test('every row that may be of the traces is in one scan and in no other', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 }), fc.integer({ min: 0, max: 900 }), fc.boolean(), (steps, knownFromMs, hasOlder) => {
      let at = 0;
      const ranges = steps.flatMap((step, index) => {
        at += step;
        return index % 2 === 0 ? [] : [range(at - step, at - 1)];
      });
      const conditions = arrivedConditions({ knownFromMs, ranges }, hasOlder);
      const timesMet = (ms: number): number => conditions.filter((condition) => {
        const [, from, to] = /^arrival_ms BETWEEN (\d+) AND (\d+)$/.exec(condition) ?? [];
        return condition === `arrival_ms < ${knownFromMs}` ? ms < knownFromMs : Number(from) <= ms && ms <= Number(to);
      }).length;
      for (let ms = 0; ms < 1_300; ms += 1) {
        const isWanted = (hasOlder && ms < knownFromMs) || ranges.some(({ fromMs, toMs }) => fromMs <= ms && ms <= toMs);
        expect(timesMet(ms)).toBeLessThanOrEqual(1);
        if (isWanted) expect(timesMet(ms)).toBe(1);
      }
    }));
  });

  test('what is read takes the place of the mark, and of nothing that somebody searches for', () => {
    const arrivals = new TraceArrivals(START);
    add(arrivals, keyOf(1), START + 5);
    const [hot, read] = [`${ARRIVED} main.a`, `(SELECT * FROM main.a WHERE arrival_ms BETWEEN ${START + 5} AND ${START + 5})`];
    const sqlWith = (relation: string): string => `SELECT '${hot}', 'it''s ${hot}' FROM ${relation} b UNION ALL SELECT "${hot}" FROM ${relation}`;
    const sql = sqlWith(hot);
    expect(whereArrived({ sql, params: { a: 1 }, ofTraces: [keyOf(1)] }, arrivals, false)).toEqual({ params: { a: 1 }, sql: sqlWith(read) });
    expect(whereArrived({ sql }, arrivals, false)).toEqual({ sql });
  });
});
