import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../lib/clock.js';
import { openDatabase, type DuckdbDatabase } from './duckdb-database.js';
import { compactSlices, deleteExpiredDigests } from './duckdb-maintenance.js';
import { loadSloSlices } from './duckdb-slo-slices.js';
import { DuckdbSpanSink } from './duckdb-span-sink.js';
import { DuckdbUptime } from './duckdb-uptime.js';
import { sloMinutes } from './slo-slice-columns.js';
import { admitted, NOW_MS, redSlice, request, sloSlice } from './span-sink.contract.js';

const MINUTE = Math.floor(NOW_MS / 60_000);
const HOUR_MS = 3_600_000;
let database: DuckdbDatabase;
let sink: DuckdbSpanSink;
beforeEach(async () => {
  database = await openDatabase(':memory:');
  sink = await DuckdbSpanSink.open(database, { clock: new FakeClock(NOW_MS), limits: { maxWaitMs: 1, maxRows: 10_000 } });
});
afterEach(() => database.close());

const count = async (table: string): Promise<number> => (await database.query({ sql: `SELECT count(*)::INTEGER AS rows FROM ${table}` }))[0]?.['rows'] as number;
const totals = (): Promise<unknown> => database.query({ sql: 'SELECT (SELECT sum(good) FROM slo_slices) AS good, (SELECT sum(bad) FROM slo_slices) AS bad, (SELECT sum(spans) FROM red_slices) AS spans, (SELECT sum(duration_ns) FROM red_slices) AS duration' });

describe('slices for the tick', () => {
  test('come summed per SLO and minute, without imported ones and without older ones', async () => {
    await sink.store(admitted(request('a'), [], { sloSlices: [sloSlice(3, 1), sloSlice(1, 0, MINUTE - 10), { ...sloSlice(7, 7), sliceKey: 'cart@2' }] }));
    await sink.store(admitted(request('b'), [], { sloSlices: [sloSlice(2, 0), sloSlice(9, 9, MINUTE - 61)] }));
    await sink.store(admitted(request('c', 'import'), [], { sloSlices: [sloSlice(100, 100)] }));
    const minutes = [...sloMinutes(await loadSloSlices(database, MINUTE - 5))].sort((left, right) => right.sliceKey.localeCompare(left.sliceKey));
    expect(minutes).toEqual([
      { sliceKey: 'checkout@1', eventMinute: MINUTE, good: 5, bad: 1, goodSquared: 5, badSquared: 1, events: 6, unknownWeight: 0 },
      { sliceKey: 'cart@2', eventMinute: MINUTE, good: 7, bad: 7, goodSquared: 7, badSquared: 7, events: 14, unknownWeight: 0 },
    ]);
    expect([...sloMinutes(await loadSloSlices(database, MINUTE + 1))]).toEqual([]);
  });
});

describe('compaction', () => {
  test('makes one row of many per key and changes no sum; the open minutes are left alone', async () => {
    for (let index = 0; index < 5; index += 1) {
      await sink.store(admitted(request(`r${index}`), [], { sloSlices: [sloSlice(1, 1), sloSlice(1, 0, MINUTE - 1), sloSlice(5, 0, MINUTE - 90)], redSlices: [redSlice(2)] }));
    }
    const before = await totals();
    expect(await compactSlices(database, 0, NOW_MS)).toBe(MINUTE - 2);
    expect(await count('slo_slices')).toBe(15);
    const later = NOW_MS + 3 * 60_000;
    expect(await compactSlices(database, MINUTE - 2, later)).toBe(MINUTE + 1);
    expect(await count('slo_slices')).toBe(3);
    expect(await count('red_slices')).toBe(1);
    expect(await totals()).toEqual(before);
    expect(await compactSlices(database, MINUTE + 1, later)).toBe(MINUTE + 1);
    expect([...sloMinutes(await loadSloSlices(database, 0))]).toHaveLength(2);
  });
});

test('digests go when nobody sends their batch again; spans and log records stay for the archiver', async () => {
  await sink.store(admitted(request('old'), [{ name: 'old' }]));
  await database.transaction([{ sql: `INSERT INTO logs SELECT 0, 10, 3, 0, 17, 'ERROR', 'declined', 'payment', 1, '', '{}', $arrival_ms, FALSE`, params: { arrival_ms: NOW_MS } }]);
  await deleteExpiredDigests(database, NOW_MS + 6 * HOUR_MS + 1);
  expect([await count('batches'), await count('spans'), await count('logs')]).toEqual([0, 1, 1]);
});

test('uptime is a row a minute', async () => {
  const uptime = new DuckdbUptime(database);
  for (const minute of [MINUTE, MINUTE, MINUTE + 2]) await uptime.record(minute);
  await new DuckdbUptime(database).record(MINUTE + 2);
  expect(await uptime.load(0)).toEqual([MINUTE, MINUTE + 2]);
  expect(await uptime.load(MINUTE + 1)).toEqual([MINUTE + 2]);
  await uptime.erase(MINUTE + 2);
  await uptime.erase(MINUTE + 7);
  expect(await uptime.load(0)).toEqual([MINUTE]);
});
