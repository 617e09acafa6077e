import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildSlo } from '../budget/slo-builder.js';
import { MINUTE_MS } from '../lib/duration.js';
import { compileSlo, type CompiledSlo } from '../sli/compile-slo.js';
import { openDatabase, type DuckdbDatabase } from '../store/duckdb-database.js';
import { keepSloRevisions } from '../store/duckdb-slo-revisions.js';
import { DuckdbSloRevisionReader } from './duckdb-slo-revision-reader.js';
import { revisionsJson } from './revisions-view.js';

const NOW = Date.UTC(2026, 10, 20, 12);
const at = { file: 'rules/x.yaml', line: 1, column: 1 };

let database: DuckdbDatabase;
beforeEach(async () => {
  database = await openDatabase(':memory:');
});
afterEach(() => database.close());

function compiled(name: string, total: string): CompiledSlo {
  const slo = compileSlo(buildSlo({ name, indicator: { total: { text: total, at }, bad: { text: "{ name = \"it's\" }", at }, weight: 'auto' } }));
  if (!slo.ok) throw new Error('does not compile');
  return slo.value;
}

function count(sliceKey: string, minute: number, good: number, bad: number): Promise<void> {
  return database.transaction([{ sql: 'INSERT INTO slo_slices VALUES ($key, $minute, $minute, $good, $bad, $good, $bad, $events, 0, false)', params: { key: sliceKey, minute, good, bad, events: good + bad } }]);
}

test('an SLO that was changed keeps what it counted before readable, with what it counted then', async () => {
  const [before, after, other] = [compiled('checkout', '{ }'), compiled('checkout', '{ kind = server }'), compiled('checkout-2', '{ }')];
  await keepSloRevisions(database, [], NOW);
  await keepSloRevisions(database, [before, other], NOW);
  await keepSloRevisions(database, [after, other], NOW + 5 * MINUTE_MS);
  await keepSloRevisions(database, [before, after], NOW + 9 * MINUTE_MS);
  const minute = NOW / MINUTE_MS;
  await count(before.sliceKey, minute, 90, 10);
  await count(before.sliceKey, minute + 4, 100, 0);
  await count('checkout@01234567', minute - 100, 7, 1);
  await count(other.sliceKey, minute, 1, 1);
  await count(`${before.sliceKey} {"region":"eu"}`, minute, 90, 10);
  await count(`${before.sliceKey} -probes`, minute, 1, 0);

  const read = revisionsJson(after.slo, await new DuckdbSloRevisionReader(database).revisions('checkout'));
  const inForce = { bad: '{ name = "it\'s" }', inForceSince: new Date(NOW).toISOString() };
  expect(read).toEqual({ name: 'checkout', revisions: [
    { ...inForce, revision: after.sliceKey.slice(-8), current: true, inForceSince: new Date(NOW + 5 * MINUTE_MS).toISOString(), total: '{ kind = server }', countedFrom: null, countedFromStoredSpansSince: null, countedTo: null, goodEvents: 0, badEvents: 0, sli: null },
    { ...inForce, revision: before.sliceKey.slice(-8), current: false, total: '{ }', countedFrom: new Date(NOW).toISOString(), countedFromStoredSpansSince: null, countedTo: new Date(NOW + 5 * MINUTE_MS).toISOString(), goodEvents: 190, badEvents: 10, sli: 0.95 },
    { revision: '01234567', current: false, inForceSince: null, total: null, bad: null, countedFrom: new Date(NOW - 100 * MINUTE_MS).toISOString(), countedFromStoredSpansSince: null, countedTo: new Date(NOW - 99 * MINUTE_MS).toISOString(), goodEvents: 7, badEvents: 1, sli: 0.875 },
  ] });
});

test('says how far back a new one was counted from stored spans, which late spans are not', async () => {
  const slo = compiled('checkout', '{ }');
  const minute = NOW / MINUTE_MS;
  await keepSloRevisions(database, [slo], NOW);
  const storedFrom = async (): Promise<number | undefined> => (await new DuckdbSloRevisionReader(database).revisions('checkout'))[0]?.counted?.storedFromMs;
  await database.transaction([{ sql: 'INSERT INTO slo_slices VALUES ($key, $minute, $arrival, 1, 0, 1, 0, 1, 0, false)', params: { key: slo.sliceKey, minute: minute - 50, arrival: minute + 1 } }]);
  expect(await storedFrom()).toBeUndefined();
  await count(slo.sliceKey, minute - 30, 5, 0);
  expect(await storedFrom()).toBe(NOW - 30 * MINUTE_MS);
});

test('a composite objective has no definition of its own: its parts have', async () => {
  const [part, whole] = [compiled('checkout-a', '{ }'), compiled('checkout', '{ }')];
  await keepSloRevisions(database, [part, { ...whole, parts: [{ slo: part.slo, sliceKey: part.sliceKey, weight: 1 }] }], NOW);
  const reader = new DuckdbSloRevisionReader(database);
  expect([await reader.revisions('checkout'), (await reader.revisions('checkout-a')).length]).toEqual([[], 1]);
});
