import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../lib/clock.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import type { TraceId } from '../lib/ids.js';
import { DuckdbErasureBook } from '../query/duckdb-erasure-book.js';
import { DuckdbTraceReader } from '../query/duckdb-trace-reader.js';
import { DuckdbArchive } from '../store/archive/duckdb-archive.js';
import { ArchivedSpans } from '../store/archive/duckdb-archived-spans.js';
import { DuckdbLogArchive } from '../store/archive/duckdb-log-archive.js';
import { FsArchiveStorage } from '../store/archive/fs-archive-storage.js';
import type { Database, Row, Statement } from '../store/database.js';
import { openDatabase, type DuckdbDatabase } from '../store/duckdb-database.js';
import { DuckdbSpanSink } from '../store/duckdb-span-sink.js';
import { DEFAULT_START_MS, spanBatch, type SpanDescription } from '../trace/batch-builder.js';
import { Archiver } from './system-archiver.js';
import { Eraser, type EraserOptions } from './system-eraser.js';

const START = DEFAULT_START_MS;
const HOT_MS = 6 * HOUR_MS;
const idOf = (digit: string): TraceId => digit.repeat(32) as TraceId;
const LATE = START + HOT_MS + MINUTE_MS;

/** Traces 1 to 5 hold u1 in five places, and two spans each; 6 and 7 do not. */
const HOLDING: readonly Partial<SpanDescription>[] = [
  { attributes: { 'user.id': 'u1' } }, { attributes: { 'user.id': ['u0', 'u1'] } }, { resource: { 'user.id': 'u1' } }, { events: [{ name: 'login', timeMs: START, attributes: { 'user.id': 'u1' } }] },
  { links: [{ traceId: idOf('9'), spanId: '0000000000000009', attributes: { 'user.id': 'u1' } }] }, { attributes: { 'user.id': 'u11', other: 'u1' } }, {},
];
const spansAt = (startMs: number, from: number): SpanDescription[] => HOLDING.flatMap((holding, index) => {
  const traceId = idOf(String(index + from));
  return [{ traceId, spanId: '1', name: 'GET /', service: 'front', startMs, durationMs: 5, ...holding }, { traceId, spanId: '2', parentSpanId: '1', name: 'SELECT', service: 'front', startMs, durationMs: 1 }];
});

let directory = '';
let database: DuckdbDatabase;
let storage: FsArchiveStorage;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tocsin-eraser-'));
  database = await openDatabase(join(directory, 'tocsin.duckdb'));
  storage = new FsArchiveStorage(join(directory, 'archive'));
});
afterEach(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

let stored = 0;
async function store(spans: readonly SpanDescription[], receivedAtMs: number): Promise<void> {
  const sink = await DuckdbSpanSink.open(database, { clock: new FakeClock(receivedAtMs), limits: { maxWaitMs: 0, maxRows: 1 } });
  stored += 1;
  await sink.store({ signal: 'traces', protocol: 'grpc', receivedAtMs, digest: stored.toString(16).padStart(32, '0'), rejected: 0, deduplicated: 0, message: '', spans: spanBatch(spans), sloSlices: [], redSlices: [] });
}

function archiverOver(port: Database, signatures?: EraserOptions['signatures']): Archiver {
  const parts = { archive: new DuckdbArchive(port), logs: new DuckdbLogArchive(port), storage, generation: { current: 0 } };
  return new Archiver({
    ...parts, eraser: new Eraser({ ...parts, database: port, ...(signatures === undefined ? {} : { signatures }) }), hotRetentionMs: HOT_MS, limits: () => ({ rules: [], maxAgeMs: 30 * DAY_MS, maxBytes: undefined, minFreeBytes: 0 }),
    keep: async () => {
      await database.transaction([{ sql: `INSERT INTO leaving_kept SELECT trace_id_high, trace_id_low, hour, service, 'baseline', 1 FROM leaving_traces` }]);
      return [];
    },
  });
}

/** Traces of which something can still be read. */
async function left(): Promise<string[]> {
  const reader = new DuckdbTraceReader(new ArchivedSpans(database, { storage, generation: { current: 0 } }));
  const found: string[] = [];
  for (const digit of '12345678abcdef') if (await reader.traceById(idOf(digit)) !== undefined) found.push(digit);
  return found;
}

/** Fourteen traces, seven of them archived, the others hot; log records; and the wish to forget u1. */
async function prepare(): Promise<void> {
  await store(spansAt(START, 1), START);
  const log = (high: bigint, attributes: string, { resource = 1, atMs = LATE } = {}): Statement => ({ sql: `INSERT INTO logs SELECT $high::UBIGINT, $high::UBIGINT, 1, 0, 9, 'INFO', 'x', 'front', ${String(resource)}, '', $attributes, $at_ms, FALSE`, params: { high, attributes, at_ms: atMs } });
  // The same five among archived records, and one that alone says whom its trace is about.
  const archived = { atMs: START };
  await database.transaction([
    { sql: `INSERT INTO resources VALUES (990001, 'front', '{"user.id":"u1"}')` },
    log(0x1111111111111111n, '{}', archived), log(0x6666666666666666n, '{}', archived), log(0n, '{"user.id":["u1",7]}', archived), log(0n, '{}', { ...archived, resource: 990_001 }), log(0n, '{"user.id":"u2"}', archived), log(0x7777777777777777n, '{"user.id":"u1"}', archived),
  ]);
  await archiverOver(database).run(LATE);
  const hot = spansAt(LATE, 1).map((span) => ({ ...span, traceId: idOf('abcdefg'[Number(span.traceId?.[0]) - 1] === 'g' ? '8' : 'abcdefg'[Number(span.traceId?.[0]) - 1] ?? '') }));
  await store(hot, LATE);
  // Of an archived trace that goes, of one that stays, of no trace but about the person (by itself, by its resource), and of nobody.
  await database.transaction([log(0x1111111111111111n, '{}'), log(0x6666666666666666n, '{}'), log(0n, '{"user.id":"u1"}'), log(0n, '{}', { resource: 990_001 }), log(0n, '{"user.id":"u2"}')]);
  await new DuckdbErasureBook(database).ask({ id: 'e1', attribute: 'user.id', value: 'u1', reason: 'asked for', askedBy: 'marta', askedAtMs: LATE });
}

const RECEIPT = { id: 'e1', attribute: 'user.id', reason: 'asked for', askedBy: 'marta', askedAtMs: LATE, traces: 11, hotSpans: 10, archivedSpans: 12, logs: 7, files: 2 };

async function expectErased(): Promise<void> {
  expect(await left()).toEqual(['6', '8', 'f']);
  const number = async (sql: string): Promise<number> => Number((await database.query({ sql }))[0]?.['n']);
  expect(await number('SELECT count(*) AS n FROM logs')).toBe(2);
  expect(await number(`SELECT sum(hot) - (SELECT count(*) FROM spans) - (SELECT sum(kept + sampled_out) FROM left_hot) AS n FROM ledger WHERE signal = 'traces'`)).toBe(0);
  expect(await number('SELECT count(*) AS n FROM erasing_traces')).toBe(0);
  const files = (await storage.list()).toSorted().map((path) => `'${join(directory, 'archive', path)}'`);
  expect(files).toHaveLength(2);
  expect(await number(`SELECT count(*) AS n FROM read_parquet(${files[0] ?? ''})`)).toBe(2);
  expect(await number(`SELECT count(*) AS n FROM read_parquet(${files[1] ?? ''})`)).toBe(2);
}

test('every trace with the value goes, hot and archived, whole, with its log records; the receipt says so without the value', async () => {
  await prepare();
  const forgotten: string[] = [];
  const archiver = archiverOver(database, { erase: ({ id, value }) => Promise.resolve(forgotten.push(`${id} ${value}`)).then(() => undefined) });
  expect(await archiver.isAsked()).toBe(true);
  await archiver.run(LATE + MINUTE_MS);
  const book = new DuckdbErasureBook(database);
  expect(await book.one('e1')).toMatchObject({ ...RECEIPT, state: 'removing', doneAtMs: undefined });
  expect(forgotten).toEqual(['e1 u1']);
  // It waits for time to pass, not for work.
  expect(await archiver.isAsked()).toBe(false);
  await archiver.run(LATE + 20 * MINUTE_MS);
  await expectErased();
  expect(await book.list()).toEqual([{ ...RECEIPT, valueSha256: createHash('sha256').update('u1').digest('hex'), state: 'done', doneAtMs: LATE + 20 * MINUTE_MS }]);
  expect((await database.query({ sql: 'SELECT value FROM erasures' }))[0]?.['value']).toBe('');
  expect(await archiver.isAsked()).toBe(false);
});

test('a crash at any step is gone on from, and counts nothing twice', async () => {
  await prepare();
  // The n-th transaction fails, once before and once after it was committed.
  let isDone = false;
  for (let step = 1; !isDone; step += 1) {
    for (const afterCommit of [false, true]) {
      let count = 0;
      const failing: Database = {
        query: (statement): Promise<Row[]> => database.query(statement),
        async transaction(statements) {
          count += 1;
          if (count === step && !afterCommit) throw new Error('killed');
          await database.transaction(statements);
          if (count === step) throw new Error('killed');
        },
      };
      isDone = await archiverOver(failing).run(LATE + MINUTE_MS).then(() => true, (error: unknown) => {
        expect(String(error)).toContain('killed');
        return false;
      });
      if (isDone) break;
    }
  }
  await archiverOver(database).run(LATE + 20 * MINUTE_MS);
  await expectErased();
  expect(await new DuckdbErasureBook(database).one('e1')).toMatchObject({ ...RECEIPT, state: 'done' });
});

test('hot log records are looked through once, however many days are archived', async () => {
  await prepare();
  for (let day = 1; day <= 3; day += 1) await store(spansAt(START + day * DAY_MS, 1).map((span) => ({ ...span, attributes: {} })), LATE);
  await archiverOver(database).run(LATE + DAY_MS);
  await new DuckdbErasureBook(database).ask({ id: 'e2', attribute: 'user.id', value: 'u2', reason: 'asked for', askedBy: 'marta', askedAtMs: LATE + DAY_MS });
  const looks: string[] = [];
  const watched: Database = {
    query: (statement): Promise<Row[]> => {
      if (/\blogs l\b/.test(statement.sql)) looks.push(statement.sql);
      return database.query(statement);
    },
    transaction: (statements) => database.transaction(statements),
  };
  await archiverOver(watched).run(LATE + DAY_MS + MINUTE_MS);
  expect(await new DuckdbErasureBook(database).one('e2')).toMatchObject({ state: 'removing' });
  expect(looks).toHaveLength(1);
});
