import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../lib/clock.js';
import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { FsArchiveStorage } from '../store/archive/fs-archive-storage.js';
import { DuckdbLogArchive } from '../store/archive/duckdb-log-archive.js';
import { ARCHIVE_MARK, ArchivedSpans } from '../store/archive/duckdb-archived-spans.js';
import { openDatabase } from '../store/duckdb-database.js';
import { DuckdbSpanSink } from '../store/duckdb-span-sink.js';
import { DEFAULT_START_MS, spanBatch } from '../trace/batch-builder.js';

const START = DEFAULT_START_MS;
const HOT_MS = 6 * HOUR_MS;
const TRACES = 40;
const SPANS = TRACES * 2;
/** Of the two batches' records those of spans whose hexadecimal id is a multiple of four. */
const ERROR_LOGS = 2 * Array.from({ length: TRACES }, (_, index) => Number(`0x${String(index + 1)}`)).filter((id) => id % 4 === 0).length;
const dist = (path: string): string => JSON.stringify(fileURLToPath(new URL(`../../dist/${path}`, import.meta.url)));

/** The archiver in a process that kills itself before its n-th effect on disk or database, which is after the one before; without n it says how many there were. */
const CHILD = `
  const { openDatabase } = await import(${dist('store/duckdb-database.js')});
  const { DuckdbArchive } = await import(${dist('store/archive/duckdb-archive.js')});
  const { DuckdbLogArchive } = await import(${dist('store/archive/duckdb-log-archive.js')});
  const { FsArchiveStorage } = await import(${dist('store/archive/fs-archive-storage.js')});
  const { Archiver } = await import(${dist('pipeline/system-archiver.js')});
  const [directory, nowMs, dropBaseline, at] = JSON.parse(process.argv[2]);
  let moment = 0;
  const die = () => { if (++moment === at) process.kill(process.pid, 'SIGKILL'); };
  const deadly = (target, names) => new Proxy(target, { get: (of, name) => {
    const value = of[name];
    if (typeof value !== 'function') return value;
    if (!names.includes(name)) return value.bind(of);
    return async (...input) => {
      if (name !== 'query' || input[0].sql.startsWith('COPY')) die();
      return value.apply(of, input);
    };
  } });
  const opened = await openDatabase(directory + '/tocsin.duckdb');
  const database = deadly(opened, ['query', 'transaction']);
  const storage = deadly(new FsArchiveStorage(directory + '/archive'), ['publish', 'remove', 'clearStage']);
  const limits = { rules: dropBaseline ? [{ reason: 'baseline', maxAgeMs: 1 }, { reason: 'log', maxAgeMs: 1 }] : [], maxAgeMs: 1e12, maxBytes: undefined, minFreeBytes: 0 };
  const archiver = new Archiver({ archive: new DuckdbArchive(database), logs: new DuckdbLogArchive(database), storage, generation: { current: 0 }, hotRetentionMs: ${HOT_MS}, limits: () => limits, keep: async () => {
    await database.transaction([{ sql: "INSERT INTO leaving_kept SELECT trace_id_high, trace_id_low, hour, service, CASE WHEN errors > 0 THEN 'error' ELSE 'baseline' END, 1 FROM leaving_traces" }]);
    return [];
  } });
  await archiver.run(nowMs);
  await opened.close();
  process.stdout.write(String(moment));
`;

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tocsin-archive-crash-'));
  writeFileSync(join(directory, 'child.mjs'), CHILD);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Effects that the run had; undefined where it was killed. */
function run(data: string, nowMs: number, { at, drops = false }: { readonly at?: number; readonly drops?: boolean } = {}): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(directory, 'child.mjs'), JSON.stringify([data, nowMs, drops, at ?? 0])], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => { text += chunk.toString(); });
    child.once('exit', (code, signal) => {
      if (signal === 'SIGKILL') resolve(undefined);
      else if (code === 0) resolve(Number(text));
      else reject(new Error(`the child ended with ${String(code)}`));
    });
  });
}

/** Two batches of traces in one hour, one a quarter of an hour after the other. */
async function fill(data: string): Promise<void> {
  const database = await openDatabase(join(data, 'tocsin.duckdb'));
  for (const batch of [0, 1]) {
    const atMs = START + batch * 15 * MINUTE_MS;
    const sink = await DuckdbSpanSink.open(database, { clock: new FakeClock(atMs), limits: { maxWaitMs: 0, maxRows: 1 } });
    const spans = Array.from({ length: SPANS / 2 }, (_, index) => ({
      traceId: String(batch * 1_000 + (index >> 1) + 1).padStart(32, '0'), spanId: String(index + 1), parentSpanId: index % 2 === 0 ? '' : String(index), name: `span ${String(index)}`,
      startMs: atMs, durationMs: 5, status: index % 8 === 0 ? 'error' as const : 'unset' as const,
    }));
    await sink.store({ digest: String(batch).padStart(32, '0'), signal: 'traces', protocol: 'grpc', receivedAtMs: atMs, rejected: 0, deduplicated: 0, message: '', spans: spanBatch(spans), sloSlices: [], redSlices: [] });
    await sink.drain();
    // A log record for every span, with its trace, of which every fourth is an error.
    await database.transaction([{
      sql: `INSERT INTO logs SELECT trace_id_high, trace_id_low, span_id, start_ns, CASE WHEN span_id % 4 = 0 THEN 17 ELSE 9 END, '', name, service, resource_id, '', attributes, arrival_ms, FALSE FROM spans WHERE arrival_ms = $at_ms`, params: { at_ms: atMs },
    }]);
  }
  await database.close();
}

/** What is there after the crash, hot and archived together, and whether the ledger balances. */
async function look(data: string): Promise<{ readonly spans: number; readonly ids: number; readonly left: number; readonly pending: number; readonly logs: number; readonly logIds: number }> {
  const database = await openDatabase(join(data, 'tocsin.duckdb'));
  try {
    const both = new ArchivedSpans(database, { storage: new FsArchiveStorage(join(data, 'archive')), generation: { current: 0 } });
    const sql = `WITH ${ARCHIVE_MARK} ended AS (SELECT * FROM spans WHERE end_ms >= $from_ms AND end_ms < $to_ms)
      SELECT count(*) AS spans, count(DISTINCT (trace_id_low, span_id)) AS ids, (SELECT coalesce(sum(kept + sampled_out), 0) FROM left_hot) AS gone, (SELECT count(*) FROM main.spans) AS pending FROM ended`;
    const [row] = await both.query({ sql, params: { from_ms: START - HOUR_MS, to_ms: START + HOUR_MS } });
    const paths = (await new DuckdbLogArchive(database).catalogue.files()).map(({ path }) => `'${join(data, 'archive', path)}'`);
    const archived = paths.length === 0 ? '' : `UNION ALL SELECT "TraceId", "SpanId" FROM read_parquet([${paths.join(', ')}])`;
    const [records] = await database.query({ sql: `SELECT count(*) AS logs, count(DISTINCT (trace, span)) AS ids FROM (SELECT printf('%016x%016x', trace_id_high, trace_id_low) AS trace, printf('%016x', span_id) AS span FROM logs ${archived})` });
    return { spans: Number(row?.['spans']), ids: Number(row?.['ids']), left: Number(row?.['gone']), pending: Number(row?.['pending']), logs: Number(records?.['logs']), logIds: Number(records?.['ids']) };
  } finally {
    await database.close();
  }
}

test('killed between any two effects of moving, merging or removing, the archiver loses and doubles nothing, and the next run finishes', async () => {
  const runs = [START + HOT_MS + 2 * MINUTE_MS, START + HOT_MS + 17 * MINUTE_MS, START + 12 * HOUR_MS, START + 12 * HOUR_MS + 20 * MINUTE_MS];
  const whole = join(directory, 'whole');
  await fill(whole);
  const effects: number[] = [];
  for (const nowMs of runs) effects.push(await run(whole, nowMs) ?? 0);
  expect(effects.every((count) => count > 0)).toBe(true);
  let killed = 0;
  for (const [index, nowMs] of runs.entries()) {
    // Runs in between are the same again: the first of each kind is killed at every step.
    if (index === 1) continue;
    const from = join(directory, `run-${String(index)}`);
    await fill(from);
    for (const before of runs.slice(0, index)) await run(from, before);
    for (let at = 1; at <= (effects[index] ?? 0); at += 1) {
      if (await run(from, nowMs, { at }) === undefined) killed += 1;
      const found = await look(from);
      expect(found, `killed at ${String(at)} of ${String(effects[index])} in run ${String(index)}`).toMatchObject({ spans: SPANS, ids: SPANS, logs: SPANS, logIds: SPANS });
      expect(found.left + found.pending).toBe(SPANS);
    }
    await run(from, nowMs + HOUR_MS);
    expect(await look(from)).toMatchObject({ spans: SPANS, ids: SPANS, logs: SPANS, logIds: SPANS });
  }
  expect(killed).toBeGreaterThan(10);
}, 400_000);

test('killed while expired traces are dropped, the archiver drops nothing else', async () => {
  const data = join(directory, 'data');
  await fill(data);
  for (const nowMs of [START + HOT_MS + 2 * MINUTE_MS, START + HOT_MS + 17 * MINUTE_MS]) await run(data, nowMs);
  const errors = SPANS / 4;
  for (let at = 1; ; at += 1) {
    const ended = await run(data, START + 12 * HOUR_MS, { at, drops: true });
    const found = await look(data);
    expect([found.spans, found.logs]).toEqual([found.ids, found.logIds]);
    expect(found.logs).toBeGreaterThanOrEqual(ERROR_LOGS);
    expect([SPANS, errors, SPANS - SPANS / 2 + errors / 2]).toContain(found.spans);
    if (ended !== undefined) break;
  }
  expect(await look(data)).toMatchObject({ spans: errors, logs: ERROR_LOGS });
}, 240_000);
