import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { failNextCommit } from '../../test/support/failing-commit.js';
import type { ExportRequest } from '../ingest/absorber.js';
import { FakeClock } from '../lib/clock.js';
import { HOUR_MS } from '../lib/duration.js';
import type { RedSlice, SloSlice } from '../sli/slice.js';
import { spanBatch } from '../trace/batch-builder.js';
import { digestOf } from './digest-index.js';
import { openDatabase, type DuckdbDatabase } from './duckdb-database.js';
import { DuckdbSpanSink, type SpanSinkOptions } from './duckdb-span-sink.js';
import { SPAN_TABLE } from './duckdb-span-columns.js';
import { LOG_TABLE } from './duckdb-log-columns.js';
import type { LedgerEntry } from './ledger.js';
import { deleteExpiredDigests } from './duckdb-maintenance.js';
import { DuckdbUptime } from './duckdb-uptime.js';
import { admitted, NOW_MS, redSlice, request, sloSlice, spanSinkContract, storeNew, sumOf, type SinkUnderTest } from './span-sink.contract.js';
import type { CommitNews } from './span-sink.js';
import { Turns } from './system-turns.js';

let directory = '';
let database: DuckdbDatabase;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tocsin-sink-'));
  database = await openDatabase(join(directory, 'tocsin.duckdb'));
});
afterEach(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

const QUICK = { maxWaitMs: 1, maxRows: 10_000 };
const openSink = (more: Partial<SpanSinkOptions> = {}): Promise<DuckdbSpanSink> => DuckdbSpanSink.open(database, { clock: new FakeClock(NOW_MS), limits: QUICK, ...more });

/** Restarts: lets go of the file and opens it again. */
async function reopen(more: Partial<SpanSinkOptions> = {}): Promise<DuckdbSpanSink> {
  await database.close();
  database = await openDatabase(join(directory, 'tocsin.duckdb'));
  return openSink(more);
}

const minuteOf = (ms: number): number => Math.floor(ms / 60_000);

const camelCase = (rows: readonly object[]): unknown[] =>
  rows.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), value as unknown])));

async function sloSlicesWhere(imported: boolean): Promise<SloSlice[]> {
  const rows = await database.query({ sql: 'SELECT * EXCLUDE (imported) FROM slo_slices WHERE imported = $imported ORDER BY rowid', params: { imported } });
  return camelCase(rows) as SloSlice[];
}

async function spanNames(): Promise<string[]> {
  return (await database.query({ sql: 'SELECT name FROM spans' })).map((row) => row['name'] as string);
}

const ledger = async (): Promise<LedgerEntry[]> => camelCase(await database.query({ sql: 'SELECT * FROM ledger ORDER BY rowid' })) as LedgerEntry[];

async function underTest(): Promise<SinkUnderTest> {
  return {
    sink: await openSink(),
    // The table is renamed away: the appends of the next commit fail after others of the same transaction have succeeded.
    breakCommits: () => database.transaction([{ sql: 'ALTER TABLE batches RENAME TO batches_away' }]),
    repair: () => database.transaction([{ sql: 'ALTER TABLE batches_away RENAME TO batches' }]),
    spanNames,
    ledger,
    sloSlices: async () => ({ live: await sloSlicesWhere(false), imported: await sloSlicesWhere(true) }),
    redSlices: async () => camelCase(await database.query({ sql: 'SELECT * FROM red_slices ORDER BY rowid' })) as RedSlice[],
  };
}

describe('the DuckDB span sink', () => {
  spanSinkContract(underTest);

  test.each([['spans_fresh', SPAN_TABLE], ['spans_bulk', SPAN_TABLE], ['logs', LOG_TABLE]])('appends %s in the order and types of the table', async (table, columns) => {
    const rows = await database.query({ sql: 'SELECT column_name AS name, data_type AS type FROM information_schema.columns WHERE table_name = $table ORDER BY ordinal_position', params: { table } });
    expect(rows).toEqual(Object.entries(columns).map(([name, type]) => ({ name, type })));
  });

  test('every column of a span comes back', async () => {
    const sink = await openSink();
    await sink.store(admitted(request('a'), [
      {
        name: 'GET /cart', service: 'cart', kind: 'client', status: 'error', statusMessage: 'böse', startMs: NOW_MS - 5_000.25, durationMs: 1_500.5,
        attributes: { 'http.route': '/cart', retries: 3, ratio: 0.5, list: ['a', 'b'], 'quo"te': 'new\nline' }, resource: { region: 'eu-2' },
        scope: { name: 'http-instrumentation', version: '1.2' }, traceId: 'ff00000000000000000000000000000a', spanId: 'fe0000000000000b', parentSpanId: '0c',
        events: [{ name: 'exception', timeMs: NOW_MS, attributes: { 'exception.type': 'E' } }], links: [{ traceId: '0d', spanId: '0e' }],
        weight: 2.5, weightUnknown: true, traceState: 'ot=th:8', flags: 257, droppedCount: 4,
      },
      { name: 'plain', startMs: NOW_MS - 2 * 3_600_000 },
    ]));
    const [full, plain] = await database.query({ sql: 'SELECT * FROM spans' });
    expect(full).toMatchObject({
      trace_id_high: 0xff00000000000000n, trace_id_low: 0xan, span_id: 0xfe0000000000000bn, parent_span_id: 0xcn, name: 'GET /cart', kind: 3, status: 2,
      status_message: 'böse', start_ns: BigInt(NOW_MS - 5_001) * 1_000_000n + 750_000n, end_ms: BigInt(NOW_MS - 3_500), duration_ns: 1_500_500_000n, service: 'cart',
      scope_name: 'http-instrumentation', scope_version: '1.2', trace_state: 'ot=th:8', flags: 257, weight: 2.5, weight_unknown: true, dropped_count: 4,
      arrival_ms: BigInt(NOW_MS), imported: false,
    });
    expect(JSON.parse(full?.['attributes'] as string)).toEqual({ 'http.route': '/cart', retries: 3, ratio: 0.5, list: ['a', 'b'], 'quo"te': 'new\nline' });
    expect(JSON.parse(full?.['events'] as string)).toEqual([{ timeNs: `${NOW_MS}000000`, name: 'exception', attributes: { 'exception.type': 'E' } }]);
    expect(JSON.parse(full?.['links'] as string)).toMatchObject([{ attributes: {} }]);
    expect(plain).toMatchObject({ attributes: '{}', events: null, links: null, parent_span_id: 0n, imported: true });
    expect(await database.query({ sql: 'SELECT r.service, r.attributes FROM resources r JOIN spans s USING (resource_id) WHERE s.name = $name', params: { name: 'GET /cart' } }))
      .toEqual([{ service: 'cart', attributes: expect.stringContaining('"region":"eu-2"') }]);
  });

  test('many batches over many chunks keep every row in its place', async () => {
    const sink = await openSink();
    const batch = (index: number) => Array.from({ length: 700 }, (_, row) => ({
      name: `op-${index}-${row}`, service: `service-${(index + row) % 5}`, attributes: { row, text: 'x'.repeat(row % 40) },
      ...(row % 7 === 0 ? { events: [{ name: 'tick' }] } : {}),
    }));
    const outcomes = await Promise.all(Array.from({ length: 8 }, (_, index) => sink.store(admitted(request(`batch ${index}`), batch(index)))));
    expect(outcomes).toEqual(outcomes.map(() => ({ kind: 'stored', admitted: 700, rejected: 0, deduplicated: 0, message: '' })));
    const rows = await database.query({ sql: "SELECT name, service, attributes->>'row' AS row, length(attributes->>'text')::INTEGER AS text, events IS NOT NULL AS has_events FROM spans ORDER BY split_part(name, '-', 2)::INTEGER, split_part(name, '-', 3)::INTEGER" });
    expect(rows).toEqual(Array.from({ length: 8 }, (_, index) => batch(index).map((span, row) => (
      { name: span.name, service: span.service, row: String(row), text: row % 40, has_events: row % 7 === 0 }))).flat());
    expect(await database.query({ sql: 'SELECT count(*)::INTEGER AS resources FROM resources' })).toEqual([{ resources: 5 }]);
  });

  test('a group is written over several turns of the event loop, a large export of it too', async () => {
    let turnsTaken = 0;
    const turns = new Turns();
    const sink = await openSink({ turns: Object.assign(turns, { first: () => { turnsTaken += 1; return Turns.prototype.first.call(turns); } }) });
    await Promise.all([sink.store(admitted(request('large'), Array.from({ length: 3_000 }, (_, row) => ({ name: `l${row}` })))), sink.store(admitted(request('small'), [{ name: 's' }]))]);
    expect(turnsTaken).toBe(2);
    expect(await database.query({ sql: 'SELECT count(DISTINCT name)::INTEGER AS spans FROM spans' })).toEqual([{ spans: 3_001 }]);
  });

  test('what was answered survives a restart, and so do the digests', async () => {
    const sink = await openSink();
    await sink.store(admitted(request('a'), [{ name: 'one' }], { rejected: 1, message: 'so' }));
    const restarted = await reopen();
    expect(await spanNames()).toEqual(['one']);
    expect(await restarted.recall(digestOf(request('a')), request('a'))).toEqual({ kind: 'stored', admitted: 0, rejected: 1, deduplicated: 1, message: 'so' });
    await restarted.drain();
    expect(sumOf(await ledger())).toEqual({ received: 4, hot: 1, rejected: 2, deduplicated: 1 });
    expect(restarted.recall(digestOf(request('b')), request('b'))).toBeUndefined();
  });

  test('the spans that were stored are known after a restart', async () => {
    const spans = Array.from({ length: 5_000 }, (_, row) => ({ name: `s${row}`, traceId: (row + 1).toString(16), spanId: `ff${row.toString(16).padStart(6, '0')}`, kind: row % 2 === 0 ? 'client' as const : 'server' as const }));
    await storeNew(await openSink(), request('a'), spans);
    const restarted = await reopen();
    expect(await storeNew(restarted, request('b'), [...spans, { name: 'new' }])).toMatchObject({ admitted: 1, deduplicated: 5_000 });
    expect(await database.query({ sql: 'SELECT count(*)::INTEGER AS spans FROM spans' })).toEqual([{ spans: 5_001 }]);
  });

  test('what a Collector had in its queue while Tocsin was down all night is neither stored nor counted anew', async () => {
    const spans = [{ name: 'one', spanId: '1' }, { name: 'two', spanId: '2' }];
    await storeNew(await openSink(), request('a'), spans);
    const uptime = new DuckdbUptime(database);
    for (const minute of [-2, -1, 0]) await uptime.record(minuteOf(NOW_MS) + minute);
    // The second restart comes after the first round of maintenance.
    for (const nowMs of [NOW_MS + 10 * HOUR_MS, NOW_MS + 10 * HOUR_MS + 60_000]) {
      const restarted = await reopen({ clock: new FakeClock(nowMs) });
      const [same, other] = ['a', `other ${nowMs}`].map((text) => ({ ...request(text), receivedAtMs: nowMs })) as [ExportRequest, ExportRequest];
      expect(await restarted.recall(digestOf(same), same)).toMatchObject({ kind: 'stored', admitted: 0, deduplicated: 2 });
      expect(await storeNew(restarted, other, spans)).toMatchObject({ admitted: 0, deduplicated: 2 });
      await new DuckdbUptime(database).record(minuteOf(nowMs));
      await deleteExpiredDigests(database, nowMs);
    }
  });

  test('requests that come together are committed together, and slices of one key become one row', async () => {
    const news: CommitNews[] = [];
    const sink = await openSink({ onCommit: (commit) => news.push(commit), limits: { maxWaitMs: 500, maxRows: 10_000 } });
    await Promise.all(Array.from({ length: 30 }, (_, index) =>
      sink.store(admitted(request(`r${index}`), [{ name: `s${index}` }], { sloSlices: [sloSlice(1, 2)], redSlices: [redSlice(1)] }))));
    expect(news).toHaveLength(1);
    expect(news[0]).toMatchObject({ exports: 30, spans: 30, logs: 0, committedAtMs: NOW_MS, oldestReceivedAtMs: NOW_MS, sloSlices: [sloSlice(30, 60)] });
    expect(await sloSlicesWhere(false)).toEqual([sloSlice(30, 60)]);
    expect(await database.query({ sql: 'SELECT spans, errors FROM red_slices' })).toEqual([{ spans: 30, errors: 30 }]);
    expect(sumOf(await ledger())).toEqual({ received: 30, hot: 30, rejected: 0, deduplicated: 0 });
  });

  test('an export with nothing admitted is answered and counted', async () => {
    const sink = await openSink();
    expect(await sink.store(admitted(request('none'), [], { spans: spanBatch([]), rejected: 3, message: 'all bad' }))).toMatchObject({ kind: 'stored', admitted: 0, rejected: 3 });
    expect(sumOf(await ledger())).toEqual({ received: 3, hot: 0, rejected: 3, deduplicated: 0 });
  });

  test.each([true, false])('a commit without memory is told as what it came to (counts: %s), and duplicates are counted once', async (counts) => {
    const news: CommitNews[] = [];
    const sink = await openSink({ onCommit: (commit) => news.push(commit) });
    const [first, second] = [admitted(request('first'), [{ name: 'first' }]), admitted(request('second'), [{ name: 'second' }])];
    await sink.store(first);
    await sink.recall(first.digest, request('first'));
    failNextCommit({ counts });
    expect(await sink.store(second)).toMatchObject({ kind: counts ? 'stored' : 'busy' });
    await sink.store(admitted(request('third'), [{ name: 'third' }]));
    expect(await spanNames()).toEqual(counts ? ['first', 'second', 'third'] : ['first', 'third']);
    expect(news.map(({ spans }) => spans)).toEqual(counts ? [1, 1, 1] : [1, 1]);
    expect(sumOf(await ledger())).toEqual({ received: counts ? 4 : 3, hot: counts ? 3 : 2, rejected: 0, deduplicated: 1 });
  });
});
