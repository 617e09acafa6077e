import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FailingStatements, type FailureMode } from '../../test/support/failing-statements.js';
import { DEFAULT_SAMPLING } from '../config/sampling.js';
import { FakeClock } from '../lib/clock.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { DuckdbErasureBook } from '../query/duckdb-erasure-book.js';
import { DuckdbArchive } from '../store/archive/duckdb-archive.js';
import { DuckdbLogArchive } from '../store/archive/duckdb-log-archive.js';
import { FsArchiveStorage } from '../store/archive/fs-archive-storage.js';
import type { Database } from '../store/database.js';
import { openDatabase, type DuckdbDatabase } from '../store/duckdb-database.js';
import { compactSlices, deleteExpiredDigests } from '../store/duckdb-maintenance.js';
import { DuckdbSpanSink } from '../store/duckdb-span-sink.js';
import { DuckdbUptime } from '../store/duckdb-uptime.js';
import { quoted } from '../store/literal-sql.js';
import { DEFAULT_START_MS, spanBatch, type SpanDescription } from '../trace/batch-builder.js';
import { keepBySampling } from './duckdb-sampling.js';
import { Archiver } from './system-archiver.js';
import { Eraser } from './system-eraser.js';

// Crashes are in system-archiver-crash.integration.test.ts: there the process ends. Here it lives on, and a statement has failed.
const START = DEFAULT_START_MS;
const HOT_MS = 6 * HOUR_MS;
const TRACES = 60;
const MOST_TRIES = 200;

let directory = '';
let database: DuckdbDatabase;
let storage: FsArchiveStorage;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tocsin-failing-statements-'));
  database = await openDatabase(join(directory, 'tocsin.duckdb'));
  await database.transaction([{ sql: 'UPDATE sampling_progress SET salt = 20261126' }]);
  storage = new FsArchiveStorage(join(directory, 'archive'));
});
afterEach(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Traces of two spans, with a log record each; every tenth failed, every fifth of person u1. */
async function store(from: number, atMs: number): Promise<void> {
  const sink = await DuckdbSpanSink.open(database, { clock: new FakeClock(atMs), limits: { maxWaitMs: 0, maxRows: 1 } });
  const spans = Array.from({ length: TRACES }, (_, index): SpanDescription[] => {
    const root = { traceId: String(from + index).padStart(32, '0'), spanId: '1', name: 'GET /', service: 'front', startMs: atMs, durationMs: 5, status: index % 10 === 0 ? 'error' as const : 'unset' as const, ...(index % 5 === 1 ? { attributes: { 'user.id': 'u1' } } : {}) };
    return [root, { ...root, spanId: '2', parentSpanId: '1', name: 'read', service: 'back', status: 'unset', attributes: {} }];
  }).flat();
  await sink.store({ digest: String(from).padStart(32, '0'), signal: 'traces', protocol: 'grpc', receivedAtMs: atMs, rejected: 0, deduplicated: 0, message: '', spans: spanBatch(spans), sloSlices: [], redSlices: [] });
  await sink.drain();
  await database.transaction([{ sql: `INSERT INTO logs SELECT trace_id_high, trace_id_low, span_id, start_ns, 9, '', name, service, resource_id, '', '{}', arrival_ms, FALSE FROM spans WHERE arrival_ms = $at_ms`, params: { at_ms: atMs } }]);
}

function archiverOver(port: Database, maxAgeMs = 30 * DAY_MS): Archiver {
  const parts = { archive: new DuckdbArchive(port), logs: new DuckdbLogArchive(port), storage, generation: { current: 0 } };
  return new Archiver({
    ...parts, eraser: new Eraser({ ...parts, database: port }), hotRetentionMs: HOT_MS, limits: () => ({ rules: ['baseline', 'new'].map((reason) => ({ reason, maxAgeMs })), maxAgeMs: 30 * DAY_MS, maxBytes: undefined, minFreeBytes: 0 }),
    keep: keepBySampling({ database: port, rules: () => ({ ...DEFAULT_SAMPLING, newForMs: 1, budget: { unit: 'spans', perSecond: 0.02 } }), burning: () => [] }),
  });
}

async function numberOf(sql: string): Promise<number> {
  return Number((await database.query({ sql }))[0]?.['n']);
}

/** Rows in the files that the catalogue names, counted in the files; each must be there once. */
async function archived(table: 'archive_files' | 'archive_log_files'): Promise<number> {
  const files = await database.query({ sql: `SELECT path FROM ${table}` });
  if (files.length === 0) return 0;
  const paths = files.map((row) => quoted(join(directory, 'archive', String(row['path'])))).join(', ');
  const [row] = await database.query({ sql: `SELECT count(*) AS n, count(DISTINCT ("TraceId", "SpanId")) AS ids FROM read_parquet([${paths}], union_by_name = true)` });
  expect(Number(row?.['n'])).toBe(Number(row?.['ids']));
  return Number(row?.['n']);
}

interface Held {
  readonly hot: number;
  readonly kept: number;
  readonly archived: number;
  readonly logs: number;
}

async function look(): Promise<Held> {
  return {
    hot: await numberOf('SELECT count(*) AS n FROM spans'), kept: await numberOf('SELECT coalesce(sum(kept), 0) AS n FROM left_hot'),
    archived: await archived('archive_files'), logs: await numberOf('SELECT count(*) AS n FROM logs') + await archived('archive_log_files'),
  };
}

test.each<FailureMode>(['undone', 'done'])('whatever statement of moving, merging, erasing or dropping fails (%s), nothing is lost or doubled, and trying again comes to the end', async (mode) => {
  await store(1, START);
  await store(1_001, START + 15 * MINUTE_MS);
  const failing = new FailingStatements(database, mode);
  /** Until nothing fails any more. */
  const settle = async (archiver: Archiver, nowMs: number, check: (held: Held) => void): Promise<void> => {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const failedBefore = failing.failed.length;
      await archiver.run(nowMs + tries).catch(() => undefined);
      const during = failing.failed.slice(failedBefore).join(' | ');
      expect(await numberOf(`SELECT sum(hot) - (SELECT count(*) FROM spans) - (SELECT coalesce(sum(kept + sampled_out), 0) FROM left_hot) AS n FROM ledger WHERE signal = 'traces'`), during).toBe(0);
      check(await look());
      if (during === '') return;
    }
    throw new Error(`still failing: ${failing.failed.at(-1) ?? ''}`);
  };
  const archiver = archiverOver(failing);
  const whole = ({ kept, archived: rows, logs }: Held): void => expect([rows, logs]).toEqual([kept, 4 * TRACES]);
  await settle(archiver, START + HOT_MS + 2 * MINUTE_MS, whole);
  await settle(archiver, START + HOT_MS + 30 * MINUTE_MS, whole);
  expect((await look()).hot).toBe(0);
  await settle(archiver, START + 12 * HOUR_MS, whole);
  expect(await numberOf('SELECT count(*) AS n FROM archive_files')).toBe(1);

  const book = new DuckdbErasureBook(database);
  await book.ask({ id: 'e1', attribute: 'user.id', value: 'u1', reason: 'asked for', askedBy: 'marta', askedAtMs: START + 13 * HOUR_MS });
  const before = await look();
  await settle(archiver, START + 13 * HOUR_MS, () => undefined);
  await settle(archiver, START + 14 * HOUR_MS, () => undefined);
  const [receipt, after] = [await book.one('e1'), await look()];
  expect(receipt).toMatchObject({ state: 'done', hotSpans: 0, archivedSpans: before.archived - after.archived, logs: before.logs - after.logs });
  expect(receipt?.archivedSpans).toBe(2 * (receipt?.traces ?? 0));
  expect(receipt?.traces).toBeGreaterThan(0);

  // The errors are all kept, and stay.
  const errors = await numberOf(`SELECT sum(spans) AS n FROM archive_groups WHERE reason = 'error'`);
  expect(errors).toBe(2 * 2 * TRACES / 10);
  await settle(archiverOver(failing, DAY_MS), START + 3 * DAY_MS, ({ archived: rows, logs }) => {
    expect(rows).toBeGreaterThanOrEqual(errors);
    expect(logs).toBe(after.logs);
  });
  await settle(archiver, START + 3 * DAY_MS + HOUR_MS, () => undefined);
  expect((await look()).archived).toBe(errors);
  // Nothing is left behind: no file that nobody knows, no row of work that is done.
  expect((await storage.list()).length).toBe(await numberOf('SELECT (SELECT count(*) FROM archive_files) + (SELECT count(*) FROM archive_log_files) AS n'));
  for (const table of ['leaving_traces', 'leaving_matches', 'leaving_classes', 'leaving_kept', 'erasing_traces', 'sorting_traces', 'archive_retired']) expect(await numberOf(`SELECT count(*) AS n FROM ${table}`), table).toBe(0);
  expect(failing.failed.length).toBeGreaterThan(40);
}, 240_000);

test.each<FailureMode>(['undone', 'done'])('whatever statement of the minutely maintenance fails (%s), slices sum up to what they were, and uptime is what it was', async (mode) => {
  const minute = Math.floor(START / MINUTE_MS);
  await database.transaction([0, 1, 2].map((index) => ({ sql: `INSERT INTO slo_slices BY NAME (SELECT 'pay@1' AS slice_key, ${minute} AS event_minute, ${minute} AS arrival_minute, ${10 + index}::DOUBLE AS good, 1::DOUBLE AS bad, 1::DOUBLE AS good_squared, 1::DOUBLE AS bad_squared, 11::DOUBLE AS events, 0::DOUBLE AS unknown_weight, FALSE AS imported)` })));
  const failing = new FailingStatements(database, mode);
  const uptime = new DuckdbUptime(failing);
  let since = 0;
  for (let tries = 0, during = -1; during !== failing.failed.length && tries < MOST_TRIES; tries += 1) {
    during = failing.failed.length;
    await uptime.record(minute).catch(() => undefined);
    since = await compactSlices(failing, since, START + HOUR_MS).catch(() => since);
    await deleteExpiredDigests(failing, START + HOUR_MS).catch(() => undefined);
    expect(await database.query({ sql: 'SELECT sum(good) AS good, sum(bad) AS bad FROM slo_slices' })).toEqual([{ good: 33, bad: 3 }]);
  }
  expect(await numberOf('SELECT count(*) AS n FROM slo_slices')).toBe(1);
  expect(failing.failed.length).toBeGreaterThanOrEqual(5);
});
