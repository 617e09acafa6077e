import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { SliceRule } from '../budget/slice-index.js';
import { buildSlo } from '../budget/slo-builder.js';
import type { Slo } from '../config/slo.js';
import { DAY_MS, MINUTE_MS } from '../lib/duration.js';
import { openDatabase, type DuckdbDatabase } from '../store/duckdb-database.js';
import { DuckdbQualitySurroundings } from './duckdb-quality-surroundings.js';
import type { ObjectiveAttainment } from './objective-attainment.js';

const MONDAY = Date.parse('2026-11-16T00:00:00Z');
const WEEK = { fromMs: MONDAY, toMs: MONDAY + 7 * DAY_MS };
const WEEK_MINUTES = (7 * DAY_MS) / MINUTE_MS;

let database: DuckdbDatabase;
beforeEach(async () => { database = await openDatabase(':memory:'); });
afterEach(() => database.close());

const rule = (sliceKey: string, changes: Partial<Slo> = {}): SliceRule => ({ sliceKey, slo: buildSlo({ name: sliceKey, target: 0.99, windowMs: 28 * DAY_MS, ...changes }) });

/** So many of each minute from a minute of the week on (below 0: before it). */
async function count(sliceKey: string, { from, minutes, good, bad }: { readonly from: number; readonly minutes: number; readonly good: number; readonly bad: number }): Promise<void> {
  const first = MONDAY / MINUTE_MS + from;
  await database.transaction([{
    sql: `INSERT INTO slo_slices (slice_key, event_minute, arrival_minute, good, bad, good_squared, bad_squared, events, unknown_weight, imported)
      SELECT $key, m, m, $good, $bad, $good, $bad, $good + $bad, 0, FALSE FROM range($first::BIGINT, $last::BIGINT) r(m)`,
    params: { key: sliceKey, good, bad, first, last: first + minutes },
  }]);
}

async function attainment(...rules: readonly SliceRule[]): Promise<readonly ObjectiveAttainment[]> {
  const around = new DuckdbQualitySurroundings({ database, slos: () => rules, signatures: () => [], reads: { read: () => Promise.resolve([]) } });
  return (await around.of(WEEK)).objectives;
}

describe('what SLOs attained in a week', () => {
  test('of events is good of all; spent is bad of what the budget of the own window allows', async () => {
    await count('events', { from: -3 * WEEK_MINUTES, minutes: 3 * WEEK_MINUTES, good: 10, bad: 0 });
    await count('events', { from: 0, minutes: 100, good: 5, bad: 5 });
    await count('events', { from: 100, minutes: WEEK_MINUTES - 100, good: 10, bad: 0 });
    const [of] = await attainment(rule('events'));
    expect(of).toMatchObject({ counts: 'events', events: 10 * WEEK_MINUTES, partOf: undefined, group: undefined });
    expect(of!.attained).toBeCloseTo(1 - 500 / (10 * WEEK_MINUTES), 9);
    // 500 of 1 % of four weeks of ten a minute.
    expect(of!.budgetSpent).toBeCloseTo(500 / (0.01 * 4 * 10 * WEEK_MINUTES), 9);
    expect(await attainment(rule('nobody'))).toMatchObject([{ events: 0, attained: undefined, budgetSpent: undefined }]);
  });

  test('of slices counts slices, however many events are in them', async () => {
    await count('slices', { from: 0, minutes: 1_000, good: 10, bad: 0 });
    await count('slices', { from: 1_000, minutes: 50, good: 1_000, bad: 1_000 });
    const [of] = await attainment(rule('slices', { method: { kind: 'timeslices', sliceMinutes: 5, sliceTarget: 0.95 } }));
    expect(of).toMatchObject({ counts: 'slices', events: 210 });
    expect(of!.attained).toBeCloseTo(200 / 210, 9);
    expect(of!.budgetSpent).toBeCloseTo(10 / (0.01 * 210), 9);
  });

  test('of parts is theirs under one budget: each spends it at its weight', async () => {
    await count('one', { from: 0, minutes: 1_000, good: 99, bad: 1 });
    await count('two', { from: 0, minutes: 1_000, good: 10, bad: 0 });
    const [one, two] = [rule('one', { partOf: 'both' }), rule('two', { partOf: 'both' })];
    const both: SliceRule = { ...rule('both', { composite: [{ slo: one.slo, weight: 1 }, { slo: two.slo, weight: 1 }], target: 0.995 }), parts: [{ ...one, weight: 1 }, { ...two, weight: 1 }] };
    const [whole, first, second] = await attainment(both, one, two);
    expect(whole).toMatchObject({ counts: 'parts', events: 110_000 });
    // Half of the common error ratio of 1 %, against a budget of 0.5 %.
    expect(whole!.attained).toBeCloseTo(0.995, 9);
    expect(whole!.budgetSpent).toBeCloseTo(1, 9);
    expect([first, second]).toMatchObject([{ partOf: 'both', attained: 0.99 }, { partOf: 'both', attained: 1, budgetSpent: 0 }]);
  });

  test('leaves out the minutes that the rules exclude', async () => {
    await count('excluded', { from: 0, minutes: 60, good: 0, bad: 100 });
    await count('excluded', { from: 60, minutes: 940, good: 100, bad: 0 });
    const upgrade = { name: 'upgrade', by: 'ann', reason: 'database', window: { kind: 'once' as const, fromMs: MONDAY, toMs: MONDAY + 60 * MINUTE_MS } };
    expect(await attainment(rule('excluded', { exclusions: [upgrade] }))).toMatchObject([{ events: 94_000, attained: 1, budgetSpent: 0 }]);
  });

  test('has the groups that did worst beside the whole', async () => {
    const at = { file: 'rules/test.yaml', line: 1, column: 1 };
    await count('grouped', { from: 0, minutes: 100, good: 90, bad: 10 });
    for (let region = 0; region < 7; region += 1) await count(`grouped {"resource.region":"eu-${region}"}`, { from: 0, minutes: 100, good: 20 - region, bad: region });
    const [whole, ...groups] = await attainment(rule('grouped', { indicator: { ...buildSlo().indicator, groupBy: [{ text: 'resource.region', at }] } }));
    expect(whole).toMatchObject({ group: undefined, attained: 0.9 });
    expect(groups.map(({ group, attained }) => [group, attained])).toEqual([6, 5, 4, 3, 2].map((region) => [`resource.region=eu-${region}`, (20 - region) / 20]));
  });
});
