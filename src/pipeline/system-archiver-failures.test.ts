import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../lib/clock.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { DuckdbArchive } from '../store/archive/duckdb-archive.js';
import { DuckdbLogArchive } from '../store/archive/duckdb-log-archive.js';
import type { FileContents } from '../store/archive/archive-catalogue.js';
import { FsArchiveStorage } from '../store/archive/fs-archive-storage.js';
import type { Database } from '../store/database.js';
import { openDatabase, type DuckdbDatabase } from '../store/duckdb-database.js';
import { DuckdbSpanSink } from '../store/duckdb-span-sink.js';
import { DEFAULT_START_MS, spanBatch, type SpanDescription } from '../trace/batch-builder.js';
import { Archiver, type ArchiverOptions } from './system-archiver.js';

// What the archiver does where something goes wrong: with the disk, with a file, with a statement.
const START = DEFAULT_START_MS;
const HOT_MS = 6 * HOUR_MS;

let directory = '';
let database: DuckdbDatabase;
let storage: FsArchiveStorage;
let stored = 0;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tocsin-archive-failures-'));
  database = await openDatabase(join(directory, 'tocsin.duckdb'));
  storage = new FsArchiveStorage(join(directory, 'archive'));
});
afterEach(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

/** One trace of one span, which failed or did not. */
async function store(id: number, startMs: number, { receivedAtMs = startMs, status = 'ok' }: { readonly receivedAtMs?: number; readonly status?: SpanDescription['status'] } = {}): Promise<void> {
  const sink = await DuckdbSpanSink.open(database, { clock: new FakeClock(receivedAtMs), limits: { maxWaitMs: 0, maxRows: 1 } });
  stored += 1;
  const spans = spanBatch([{ traceId: String(id).padStart(32, '0'), spanId: '1', name: 'GET /', service: 'front', startMs, durationMs: 5, status }]);
  const outcome = await sink.store({ signal: 'traces', protocol: 'grpc', receivedAtMs, digest: stored.toString(16).padStart(32, '0'), rejected: 0, deduplicated: 0, message: '', spans, sloSlices: [], redSlices: [] });
  expect(outcome.kind).toBe('stored');
}

function parts(port: Database = database): Omit<ArchiverOptions, 'keep' | 'limits' | 'hotRetentionMs'> {
  return { archive: new DuckdbArchive(port), logs: new DuckdbLogArchive(port), storage, generation: { current: 0 } };
}

function archiver(options: Partial<ArchiverOptions> = {}): Archiver {
  return new Archiver({
    ...parts(), hotRetentionMs: HOT_MS, limits: limits(), keep: async () => {
      await database.transaction([{ sql: `INSERT INTO leaving_kept SELECT trace_id_high, trace_id_low, hour, service, CASE WHEN errors > 0 THEN 'error' ELSE 'baseline' END, 1 FROM leaving_traces` }]);
      return [];
    },
    ...options,
  });
}

function limits(changes: Partial<ReturnType<ArchiverOptions['limits']>> = {}): ArchiverOptions['limits'] {
  return () => ({ rules: [], maxAgeMs: 30 * DAY_MS, maxBytes: undefined, minFreeBytes: 0, ...changes });
}

async function count(table: string): Promise<number> {
  return Number((await database.query({ sql: `SELECT count(*) AS n FROM ${table}` }))[0]?.['n']);
}

/** The storage of this test with something changed. */
function storageWith(changes: Partial<FsArchiveStorage>): FsArchiveStorage {
  return Object.assign(new FsArchiveStorage(join(directory, 'archive')), changes);
}

test('a step that fails keeps none of the others from running, and every failure is told', async () => {
  await store(1, START);
  await archiver().run(START + HOT_MS + MINUTE_MS);
  await store(2, START + 31 * DAY_MS);
  await database.transaction([{ sql: `INSERT INTO logs VALUES (0, 0, 0, $time::BIGINT, 0, '', 'started', 'catalogue', 0, '', '{}', $at_ms, FALSE)`, params: { time: BigInt(START + 31 * DAY_MS) * 1_000_000n, at_ms: START + 31 * DAY_MS } }]);
  const steps: string[] = [];
  const eraser: ArchiverOptions['eraser'] = {
    run: () => Promise.reject(new Error('nothing can be erased')), isAsked: () => Promise.resolve(true),
    finish: () => {
      steps.push('finished');
      return Promise.resolve();
    },
  };
  const failing = archiver({ keep: () => Promise.reject(new Error('nothing can be decided')), eraser });
  await expect(failing.run(START + 31 * DAY_MS + HOT_MS + MINUTE_MS)).rejects.toThrow(/nothing can be decided; nothing can be erased/);
  // What is over is gone, log records have left, and the receipts are looked at.
  expect([await count('archive_files'), await count('archive_retired'), await count('archive_log_files'), await count('spans'), steps]).toEqual([0, 1, 1, 1, ['finished']]);
  await expect(archiver({ keep: () => Promise.reject(new Error('nothing can be decided')) }).run(START + 31 * DAY_MS + HOT_MS + 12 * MINUTE_MS)).rejects.toThrow('nothing can be decided');
  expect([await count('archive_retired'), (await storage.list()).filter((path) => !path.startsWith('logs/'))]).toEqual([0, []]);
});

test('room is made before new files are written', async () => {
  await store(1, START);
  await archiver().run(START + HOT_MS + MINUTE_MS);
  await store(2, START + 31 * DAY_MS);
  const files: number[] = [];
  const watched = storageWith({ publish: async (name, path) => {
    files.push(await count('archive_files'));
    return storage.publish(name, path);
  } });
  await archiver({ storage: watched }).run(START + 31 * DAY_MS + HOT_MS + MINUTE_MS);
  expect(files).toEqual([0]);
});

test('a file that cannot be read does not hold up the others', async () => {
  for (const [hour, id] of [[0, 1], [1, 3]] as const) {
    await store(id, START + hour * HOUR_MS);
    await store(id + 1, START + hour * HOUR_MS, { status: 'error' });
  }
  await archiver().run(START + HOUR_MS + HOT_MS + MINUTE_MS);
  const [first = ''] = (await storage.list()).toSorted();
  writeFileSync(join(directory, 'archive', first), 'PAR1');
  const withoutBaseline = archiver({ limits: limits({ rules: [{ reason: 'baseline', maxAgeMs: DAY_MS }] }) });
  await expect(withoutBaseline.run(START + 3 * DAY_MS)).rejects.toThrow(`the archive's file ${first} has 4 bytes instead of`);
  expect(await database.query({ sql: 'SELECT reason, spans::INTEGER AS spans FROM archive_groups ORDER BY ALL' })).toEqual([{ reason: 'baseline', spans: 1 }, { reason: 'error', spans: 1 }, { reason: 'error', spans: 1 }]);
});

test('while replaced files wait to be deleted, what they hold counts as free, and no more', async () => {
  for (let hour = 0; hour < 4; hour += 1) await store(hour + 1, START + hour * HOUR_MS);
  await archiver().run(START + 3 * HOUR_MS + HOT_MS + MINUTE_MS);
  const [sizes] = await database.query({ sql: 'SELECT max(bytes) AS bytes, count(*) AS files FROM archive_files' });
  const bytes = Number(sizes?.['bytes']);
  expect(Number(sizes?.['files'])).toBe(4);
  // Two files more than are free have to be free.
  const room = { limits: limits({ minFreeBytes: 1e9 }), storage: storageWith({ freeBytes: () => Promise.resolve(1e9 - 1.5 * bytes) }) };
  const later = START + DAY_MS;
  await archiver(room).run(later);
  expect([await count('archive_files'), await count('archive_retired')]).toEqual([2, 2]);
  await archiver(room).run(later + MINUTE_MS);
  expect(await count('archive_files')).toBe(2);
  // The disk fills up before they are gone: as much more as it takes.
  await archiver({ ...room, storage: storageWith({ freeBytes: () => Promise.resolve(1e9 - 2.5 * bytes) }) }).run(later + 2 * MINUTE_MS);
  expect(await count('archive_files')).toBe(1);
});

test('a rewrite that has lost something changes nothing', async () => {
  await store(1, START);
  await store(2, START, { status: 'error' });
  await archiver().run(START + HOT_MS + MINUTE_MS);
  class Losing extends DuckdbArchive {
    override rewrite(sources: readonly string[], dropped: readonly string[], file: string): Promise<FileContents> {
      return super.rewrite(sources, [...dropped, 'front\u001ferror'], file);
    }
  }
  const losing = archiver({ archive: new Losing(database), limits: limits({ rules: [{ reason: 'baseline', maxAgeMs: DAY_MS }] }) });
  await expect(losing.run(START + 3 * DAY_MS)).rejects.toThrow(/has 0 rows instead of 1/);
  expect(await count('archived_traces')).toBe(2);
});

test('what a failed round has written goes with the next one', async () => {
  await store(1, START);
  const refusing: Database = {
    query: (statement) => database.query(statement),
    transaction: (statements) => (statements.some(({ sql }) => sql.includes('INSERT INTO archive_files')) ? Promise.reject(new Error('the disk is full')) : database.transaction(statements)),
  };
  let isFull = true;
  const port: Database = { query: (statement) => database.query(statement), transaction: (statements) => (isFull ? refusing : database).transaction(statements) };
  const one = archiver(parts(port));
  await expect(one.run(START + HOT_MS + MINUTE_MS)).rejects.toThrow('the disk is full');
  expect(await storage.list()).toHaveLength(1);
  const [orphan] = await storage.list();
  isFull = false;
  await one.run(START + HOT_MS + 2 * MINUTE_MS);
  expect(await storage.list()).toHaveLength(1);
  expect(await storage.list()).not.toContain(orphan);
});

test('where the files are another database\'s, none is removed, and no span leaves the hot store', async () => {
  await store(1, START);
  await storage.clearStage();
  const strange = join(directory, 'archive', 'of-another-database.parquet');
  writeFileSync(strange, 'x');
  await expect(archiver({ name: 'bucket' }).run(START + 7 * HOUR_MS)).rejects.toThrow('knows nothing of');
  expect([existsSync(strange), await count('spans')]).toEqual([true, 1]);
  rmSync(strange);
  await archiver({ name: 'bucket' }).run(START + 7 * HOUR_MS);
  expect(await count('spans')).toBe(0);
});

test('a clock that was a year ahead for a while keeps no span in the hot store and no replaced file on the disk', async () => {
  const yearAheadMs = START + 365 * DAY_MS;
  await store(1, yearAheadMs);
  await store(2, yearAheadMs);
  await archiver({ limits: limits({ maxAgeMs: 900 * DAY_MS }) }).run(yearAheadMs + 7 * HOUR_MS);
  await database.transaction([{ sql: `INSERT INTO archive_retired VALUES ('date=2027-11-26/hour=11/merged.parquet', $at_ms, 1)`, params: { at_ms: yearAheadMs + 7 * HOUR_MS } }]);
  await store(3, START);
  await archiver().run(START + 7 * HOUR_MS);
  expect([await count('spans'), await count('archive_retired')]).toEqual([0, 0]);
});

test('where the disk runs full, spans and log records leave the hot store before their time', async () => {
  await store(1, START);
  await database.transaction([{ sql: `INSERT INTO logs VALUES (0, 0, 0, $time::BIGINT, 0, '', 'started', 'catalogue', 0, '', '{}', $at_ms, FALSE)`, params: { time: BigInt(START) * 1_000_000n, at_ms: START } }]);
  const left = async (freeBytes: number): Promise<unknown> => {
    await archiver({ freeBytes: () => freeBytes, limits: limits({ minFreeBytes: 100 }), storage: storageWith({ freeBytes: () => Promise.resolve(freeBytes) }) }).run(START + HOUR_MS);
    return [await count('spans'), await count('logs')];
  };
  expect(await left(100)).toEqual([1, 1]);
  expect(await left(5)).toEqual([0, 0]);
});
