import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { DuckdbLogArchive } from '../store/archive/duckdb-log-archive.js';
import { FsArchiveStorage } from '../store/archive/fs-archive-storage.js';
import type { Database } from '../store/database.js';
import { openDatabase, type DuckdbDatabase } from '../store/duckdb-database.js';
import { DEFAULT_START_MS } from '../trace/batch-builder.js';
import { leaveLogs } from './archive-logs.js';

const START = DEFAULT_START_MS;
const NOW = START + 12 * HOUR_MS;

let directory = '';
let database: DuckdbDatabase;
let storage: FsArchiveStorage;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tocsin-archive-logs-'));
  database = await openDatabase(join(directory, 'tocsin.duckdb'));
  storage = new FsArchiveStorage(join(directory, 'archive'));
  await storage.clearStage();
});
afterEach(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

/** So many records, one every `everyMs`, each of so many bytes. */
async function store(records: number, everyMs: number, bytes = 10): Promise<void> {
  await database.transaction([{ sql: `INSERT INTO logs SELECT 0, 0, 0, (${START} + i * ${everyMs}) * 1000000, 9, 'INFO', repeat('x', ${bytes}), 'front', 0, '', '{}', ${START} + i * ${everyMs}, FALSE FROM range(${records}) t(i)` }]);
}

/** Rounds until nothing is left to leave; and the most rows that a statement of theirs gave back. */
async function leaveAll(): Promise<{ readonly rounds: number; readonly mostRows: number; readonly hot: number; readonly archived: number }> {
  let mostRows = 0;
  const watched: Database = {
    query: async (statement) => {
      const rows = await database.query(statement);
      mostRows = Math.max(mostRows, rows.length);
      return rows;
    },
    transaction: (statements) => database.transaction(statements),
  };
  const logs = new DuckdbLogArchive(watched);
  let rounds = 1;
  while (await leaveLogs({ logs, storage }, { nowMs: NOW, untilMs: NOW - HOUR_MS })) rounds += 1;
  const [row] = await database.query({ sql: 'SELECT (SELECT count(*) FROM logs) AS hot, (SELECT coalesce(sum(records), 0) FROM archive_log_files) AS archived' });
  return { rounds, mostRows, hot: Number(row?.['hot']), archived: Number(row?.['archived']) };
}

test('a round reads one row for a minute of records, and of an hour at most', async () => {
  await store(20_000, 500);
  const { rounds, mostRows, hot, archived } = await leaveAll();
  expect([hot, archived]).toEqual([0, 20_000]);
  expect(mostRows).toBeLessThanOrEqual(HOUR_MS / MINUTE_MS + 1);
  // 20,000 records half a second apart are 2.8 hours; the last round finds nothing.
  expect(rounds).toBe(4);
});

test('of a minute that does not fit into a round a part leaves, by the millisecond', async () => {
  await store(90, 10, 1 << 20);
  expect(await leaveAll()).toMatchObject({ rounds: 4, hot: 0, archived: 90 });
});

test('what came after the time stays, also within its minute', async () => {
  await store(100, MINUTE_MS * 10);
  const { hot, archived } = await leaveAll();
  // One every ten minutes; eleven hours of them leave.
  expect([hot, archived]).toEqual([34, 66]);
});
