import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { leadingBudget } from '../budget/error-budget.js';
import { SliceIndex, type SliceRule } from '../budget/slice-index.js';
import { buildSlo } from '../budget/slo-builder.js';
import { evaluateSlo } from '../budget/slo-status.js';
import { fullCoverage } from '../budget/window-reading.js';
import type { Slo } from '../config/slo.js';
import { DAY_MS, MINUTE_MS } from '../lib/duration.js';
import { openDatabase, type DuckdbDatabase } from '../store/duckdb-database.js';
import { DuckdbQualitySurroundings } from './duckdb-quality-surroundings.js';
import type { ObjectiveAttainment } from './objective-attainment.js';
import type { ReportWindow } from './quality-reader.js';

const MONDAY = Date.parse('2026-11-16T00:00:00Z');
const WEEK = { fromMs: MONDAY, toMs: MONDAY + 7 * DAY_MS };
const WEEK_MINUTES = (7 * DAY_MS) / MINUTE_MS;

let database: DuckdbDatabase;
beforeEach(async () => { database = await openDatabase(':memory:'); });
afterEach(() => database.close());

const rule = (sliceKey: string, changes: Partial<Slo> = {}): SliceRule => ({ sliceKey, slo: buildSlo({ name: sliceKey, target: 0.99, windowMs: 28 * DAY_MS, ...changes }) });

interface Minutes {
  readonly from: number;
  readonly minutes: number;
  readonly good: number;
  readonly bad: number;
}

/** So many of each minute from a minute of the week on (below 0: before it). */
async function count(sliceKey: string, { from, minutes, good, bad }: Minutes): Promise<void> {
  const first = MONDAY / MINUTE_MS + from;
  await database.transaction([{
    sql: `INSERT INTO slo_slices (slice_key, event_minute, arrival_minute, good, bad, good_squared, bad_squared, events, unknown_weight, imported)
      SELECT $key, m, m, $good, $bad, $good, $bad, $good + $bad, 0, FALSE FROM range($first::BIGINT, $last::BIGINT) r(m)`,
    params: { key: sliceKey, good, bad, first, last: first + minutes },
  }]);
}

const attainment = (...rules: readonly SliceRule[]): Promise<readonly ObjectiveAttainment[]> => attainmentIn(WEEK, ...rules);

async function attainmentIn(window: ReportWindow, ...rules: readonly SliceRule[]): Promise<readonly ObjectiveAttainment[]> {
  const around = new DuckdbQualitySurroundings({ database, slos: () => rules, signatures: () => [], reads: { read: () => Promise.resolve([]) } });
  return (await around.of(window)).objectives;
}

/** What the SLO page, messages and gates say at that moment. */
function spentOnPage(slo: Slo, { from, minutes, good, bad }: Minutes, nowMs: number): number {
  const index = new SliceIndex();
  const only = { sliceKey: 'page', slo };
  index.track(only);
  index.add(Array.from({ length: minutes }, (_, minute) => ({ sliceKey: 'page', eventMinute: MONDAY / MINUTE_MS + from + minute, good, bad, goodSquared: good, badSquared: bad, events: good + bad, unknownWeight: 0 })));
  return 1 - leadingBudget(evaluateSlo(slo, index.judged(only), { nowMs: nowMs - 1, coverage: fullCoverage }))!;
}

describe('a young service has spent what its SLO page says', () => {
  const at = { file: 'rules/test.yaml', line: 1, column: 1 };
  const minutes = { from: 3 * 24 * 60, minutes: 10, good: 90, bad: 10 };
  const now = MONDAY + 3 * DAY_MS + 10 * MINUTE_MS;
  const soFar = { fromMs: now - 7 * DAY_MS, toMs: now };

  test.each<[string, Partial<Slo>, number]>([
    // A hundred a minute, ten of them bad, for ten minutes of 28 days.
    ['of events', {}, 10 * (10 / (28 * 24 * 60))],
    // Both slices are bad; the last began in the sixth minute.
    ['of slices', { method: { kind: 'timeslices', sliceMinutes: 5, sliceTarget: 0.95 } }, 100 * (6 / (28 * 24 * 60))],
    ['of a calendar month, which has thirty days', { windowMs: 30 * DAY_MS, calendar: { unit: 'month', count: 1, startWallMs: Date.UTC(2026, 0, 1), timeZone: 'UTC' } }, 10 * (10 / (30 * 24 * 60))],
  ])('%s', async (_, changes, spent) => {
    await count('young', minutes);
    const young = rule('young', changes);
    const [of] = await attainmentIn(soFar, young);
    expect(of).toMatchObject({ isProjected: true, attained: changes.method === undefined ? 0.9 : 0 });
    expect(of!.budgetSpent).toBeCloseTo(spent, 3);
    expect(of!.budgetSpent).toBeCloseTo(spentOnPage(young.slo, minutes, now), 6);
  });

  test('also after it fell silent, as a group, and as parts of a composite objective', async () => {
    await count('young', minutes);
    await count('young {"resource.region":"eu"}', minutes);
    const later = { fromMs: soFar.fromMs, toMs: now + 5 * 60 * MINUTE_MS };
    const spent = 10 * (10 / (28 * 24 * 60));
    const young = rule('young', { indicator: { ...buildSlo().indicator, groupBy: [{ text: 'resource.region', at }] } });
    const both: SliceRule = { ...rule('both', { composite: [{ slo: young.slo, weight: 1 }] }), parts: [{ ...young, weight: 1 }] };
    const all = await attainmentIn(later, young, both);
    expect(all.map(({ isProjected, group, counts }) => [isProjected, group, counts])).toEqual([[true, undefined, 'events'], [true, 'resource.region=eu', 'events'], [true, undefined, 'parts']]);
    for (const { budgetSpent } of all) expect(budgetSpent).toBeCloseTo(spent, 3);
  });

  test('and nothing is projected after a day', async () => {
    await count('grown', { from: 0, minutes: 1_500, good: 99, bad: 1 });
    const [of] = await attainmentIn({ fromMs: MONDAY, toMs: MONDAY + 1_500 * MINUTE_MS }, rule('grown'));
    expect(of).toMatchObject({ isProjected: false });
    expect(of!.budgetSpent).toBeCloseTo(1, 9);
  });
});

test('a calendar has a budget for each of its windows: a week over the turn of a month spends from both', async () => {
  const sunday = Date.parse('2026-11-30T00:00:00Z');
  const toMinute = (sunday - MONDAY) / MINUTE_MS;
  // From the 16th until the 6th of the next month; of November 1 % was bad all the time, of December nothing.
  await count('month', { from: 0, minutes: toMinute + 24 * 60, good: 99, bad: 1 });
  await count('month', { from: toMinute + 24 * 60, minutes: 5 * 24 * 60, good: 100, bad: 0 });
  const calendar = { unit: 'month' as const, count: 1, startWallMs: Date.UTC(2026, 0, 1), timeZone: 'UTC' };
  const month = rule('month', { windowMs: 30 * DAY_MS, calendar });
  const [of] = await attainmentIn({ fromMs: sunday, toMs: sunday + 6 * DAY_MS }, month);
  // One day of fifteen, each with a fifteenth of the budget.
  expect(of).toMatchObject({ isProjected: false, attained: 599 / 600 });
  expect(of!.budgetSpent).toBeCloseTo(1 / 15, 6);
  const [december] = await attainmentIn({ fromMs: sunday + DAY_MS, toMs: sunday + 6 * DAY_MS }, month);
  expect(december).toMatchObject({ budgetSpent: 0 });
});

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
