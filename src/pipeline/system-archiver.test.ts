import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../lib/clock.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import type { IncidentId, TraceId } from '../lib/ids.js';
import { DuckdbMetricsReader } from '../query/duckdb-metrics-reader.js';
import { DuckdbTagReader } from '../query/duckdb-tag-reader.js';
import { DuckdbTraceReader } from '../query/duckdb-trace-reader.js';
import { parseTraceMetrics, parseTraceSearch } from '../query/trace-query.js';
import { DuckdbArchive } from '../store/archive/duckdb-archive.js';
import { ArchivedSpans } from '../store/archive/duckdb-archived-spans.js';
import { DuckdbLogArchive } from '../store/archive/duckdb-log-archive.js';
import { FsArchiveStorage } from '../store/archive/fs-archive-storage.js';
import type { ArchivedFile, ArchiveStorage } from '../store/archive/archive-storage.js';
import type { Database } from '../store/database.js';
import { openDatabase, type DuckdbDatabase } from '../store/duckdb-database.js';
import { pinTraces } from '../store/duckdb-maintenance.js';
import { DuckdbSpanSink } from '../store/duckdb-span-sink.js';
import { traceKey } from '../store/trace-key.js';
import { DEFAULT_START_MS, spanBatch, type SpanDescription } from '../trace/batch-builder.js';
import { EVERY_SPAN } from '../trace/traceql/query-ast.js';
import { Archiver, type ArchiverOptions } from './system-archiver.js';

const START = DEFAULT_START_MS;
const HOT_MS = 6 * HOUR_MS;
const A = 'a'.repeat(32) as TraceId;
const B = '00000000000000000000000000000b0b' as TraceId;
const C = 'c'.repeat(32) as TraceId;

/** Everything that a span can hold, and what is hard to keep in a map of texts. */
const SPANS: readonly SpanDescription[] = [
  { traceId: A, spanId: '1', name: 'POST /checkout', service: 'front', startMs: START, durationMs: 300, attributes: { 'http.response.status_code': 500, region: 'eu-2', 'quote"d': 'a "text": null' }, status: 'error' },
  {
    traceId: A, spanId: '2', parentSpanId: '1', name: 'charge', service: 'payment', kind: 'client', startMs: START + 20.5, durationMs: 250, status: 'error', statusMessage: 'declined <b>now</b>',
    attributes: { amount: 9_223_372_036_854_775_807n, small: -9_007_199_254_740_993n, number: '17', yes: 'true', flag: true, ratio: 0.5, list: ['x', 1, null], nothing: null, nested: { a: null, b: 'c' }, empty: '', "it's": 'ünï' }, resource: { 'host.name': 'h1', cpus: 8 },
    events: [{ name: 'exception', timeMs: START + 200, attributes: { 'exception.type': 'Declined', escaped: false } }, { name: '', timeMs: START + 201 }],
    links: [{ traceId: B, spanId: '0000000000000009', traceState: 'vendor=2' }], weight: 4,
  },
  { traceId: B, spanId: 'ffffffffffffffff', parentSpanId: '99', name: 'GET /items', service: 'catalogue', startMs: START + 5_000, durationMs: 20 },
];

let directory = '';
let database: DuckdbDatabase;
let storage: FsArchiveStorage;
let parts: Omit<ArchiverOptions, 'keep' | 'limits' | 'hotRetentionMs'>;
let stored = 0;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tocsin-archive-'));
  database = await openDatabase(join(directory, 'tocsin.duckdb'));
  storage = new FsArchiveStorage(join(directory, 'archive'));
  parts = { archive: new DuckdbArchive(database), logs: new DuckdbLogArchive(database), storage, generation: { current: 0 } };
});
afterEach(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

async function store(spans: readonly SpanDescription[], receivedAtMs = START): Promise<void> {
  const sink = await DuckdbSpanSink.open(database, { clock: new FakeClock(receivedAtMs), limits: { maxWaitMs: 0, maxRows: 1 } });
  stored += 1;
  const request = { signal: 'traces', encoding: 'protobuf', protocol: 'grpc', body: new Uint8Array(), receivedAtMs } as const;
  const outcome = await sink.store({ ...request, digest: stored.toString(16).padStart(32, '0'), rejected: 0, deduplicated: 0, message: '', spans: spanBatch(spans), sloSlices: [], redSlices: [] });
  expect(outcome.kind).toBe('stored');
}

function archiver(options: Partial<ArchiverOptions> = {}): Archiver {
  return new Archiver({
    ...parts, hotRetentionMs: HOT_MS,
    limits: () => ({ rules: [], maxAgeMs: 30 * DAY_MS, maxBytes: undefined, minFreeBytes: 0 }),
    keep: async () => {
      await database.transaction([{ sql: `INSERT INTO leaving_kept SELECT trace_id_high, trace_id_low, hour, service, CASE WHEN errors > 0 THEN 'error' ELSE 'baseline' END, 1 FROM leaving_traces` }]);
      return [];
    },
    ...options,
  });
}

const readers = (): { traces: DuckdbTraceReader; tags: DuckdbTagReader; metrics: DuckdbMetricsReader } => {
  const both = new ArchivedSpans(database, parts);
  return { traces: new DuckdbTraceReader(both), tags: new DuckdbTagReader(both), metrics: new DuckdbMetricsReader(both) };
};

async function count(table: string): Promise<number> {
  return Number((await database.query({ sql: `SELECT count(*) AS n FROM ${table}` }))[0]?.['n']);
}

async function everythingRead(): Promise<unknown> {
  const { traces, tags, metrics } = readers();
  const window = { fromMs: START - HOUR_MS, toMs: START + HOUR_MS, limit: 20 };
  const found: unknown[] = [];
  for (const id of [A, B, C]) found.push(await traces.traceById(id));
  for (const text of ['{}', '{ status = error }', '{ .region = "eu-2" }', '{ .number = "17" }', '{ .amount > 5 }', '{ event.exception.type = "Declined" }', '{ kind = client } < { }', '{ parent.region = "eu-2" }', '{ trace:id = "b0b" }', '{ .flag }', '{ nestedSetLeft > 0 && rootServiceName = "front" }', '{} | count() > 1', '{} >> {} | by(resource.host.name) | select(.list)']) {
    found.push(await traces.findTraces({ ...window, search: parseTraceSearch(text) }), await traces.findSpansets({ ...window, search: parseTraceSearch(text), spansPerSpanset: 3 }));
  }
  for await (const trace of traces.everyTrace({ ...window, limit: undefined, search: parseTraceSearch('{ status = error }') })) found.push(trace);
  found.push(await tags.tagNames({ ...window, search: EVERY_SPAN }));
  const query = parseTraceMetrics('{} | count_over_time() by (resource.service.name)');
  found.push((await metrics.metrics({ query, startNs: BigInt(START - HOUR_MS) * 1_000_000n, endNs: BigInt(START + HOUR_MS) * 1_000_000n, stepNs: 0n, exemplars: 0 })).series);
  return found;
}

test('what has left the hot store is read as it was: by id, in every kind of search, in tags and in metrics', async () => {
  await store(SPANS);
  await store([{ traceId: C, spanId: '5', name: 'still here', service: 'front', startMs: START + 6 * HOUR_MS, durationMs: 5 }], START + 6 * HOUR_MS);
  const before = await everythingRead();
  await archiver().run(START + HOT_MS + MINUTE_MS);
  expect(await count('spans')).toBe(1);
  expect(await count('archive_files')).toBe(1);
  expect(await everythingRead()).toEqual(before);
});

test('others read the files under the names of otel_traces', async () => {
  await store(SPANS);
  await archiver().run(START + HOT_MS + MINUTE_MS);
  const [path = ''] = await storage.list();
  expect(path).toMatch(/^date=\d{4}-\d\d-\d\d\/hour=\d\d\/\d+-[0-9a-f]{8}\.parquet$/);
  const rows = await database.query({ sql: `SELECT "ServiceName", "SpanName", "SpanKind", "StatusCode", "Duration"::BIGINT AS took, "SpanAttributes"['region'] AS region, "ResourceAttributes"['host.name'] AS host, "Events"[1]."Attributes"['exception.type'] AS type, date, hour
    FROM read_parquet('${join(directory, 'archive')}/**/*.parquet', hive_partitioning = true)` });
  expect(rows.map(({ ServiceName: service, SpanName: name, SpanKind: kind, StatusCode: status, took, region, host, type }) => [service, name, kind, status, took, region, host, type])).toEqual([
    ['catalogue', 'GET /items', 'Server', 'Unset', 20_000_000n, null, null, null],
    ['front', 'POST /checkout', 'Server', 'Error', 300_000_000n, 'eu-2', null, null],
    ['payment', 'charge', 'Client', 'Error', 250_000_000n, null, 'h1', 'Declined'],
  ]);
  const [meta] = await database.query({ sql: `SELECT DISTINCT compression FROM parquet_metadata('${join(directory, 'archive', path)}')` });
  expect(meta).toEqual({ compression: 'ZSTD' });
});

test('a search sees traces whole whose spans are hours apart, hot and archived', async () => {
  const span = (spanId: string, changes: Partial<SpanDescription>): SpanDescription => ({ traceId: C, spanId, parentSpanId: '1', service: 'worker', name: 'step', durationMs: 5, ...changes });
  await store([
    span('1', { parentSpanId: '', name: 'job', service: 'jobs', startMs: START, durationMs: 2 * HOUR_MS }), span('2', { name: 'first', startMs: START + 10 * MINUTE_MS }), span('3', { name: 'last', startMs: START + 100 * MINUTE_MS, status: 'error' }),
    ...Array.from({ length: 30 }, (_, index) => ({ traceId: String(index + 1).padStart(32, '0'), spanId: '1', name: 'GET /', service: 'front', startMs: START + index * 5 * MINUTE_MS, durationMs: 5 })),
  ], START + 3 * HOUR_MS);
  const found = async (text: string): Promise<readonly string[]> => (await readers().traces.findTraces({ fromMs: START - HOUR_MS, toMs: START + 4 * HOUR_MS, limit: 20, search: parseTraceSearch(text) })).map(({ traceId, matchedCount }) => `${traceId[0] ?? ''} ${String(matchedCount)}`);
  const expectAll = async (): Promise<void> => {
    expect(await found('{ name = "job" } >> { status = error }')).toEqual(['c 1']);
    expect(await found('{ name = "job" } !>> { resource.service.name = "worker" }')).toEqual([]);
    expect(await found('{ resource.service.name = "worker" } | count() = 2')).toEqual(['c 2']);
    expect(await found('{ resource.service.name = "worker" } | count() = 1')).toEqual([]);
    expect(await found('{ name = "first" } ~ { name = "last" }')).toEqual(['c 1']);
    expect(await found('{ rootName = "job" && status = error }')).toEqual(['c 1']);
    expect(await found('{ name = "first" } && { name = "last" }')).toEqual(['c 2']);
  };
  await archiver().run(START + 3 * HOUR_MS + MINUTE_MS);
  await expectAll();
  await archiver().run(START + 10 * HOUR_MS);
  expect(await count('spans')).toBe(0);
  expect(await count('long_traces')).toBe(1);
  await expectAll();
});

test('a trace leaves whole: while its spans still come it stays, and what comes later joins it in the archive', async () => {
  await store([SPANS[0]!]);
  await store([SPANS[1]!], START + 2 * MINUTE_MS);
  await archiver().run(START + HOT_MS + MINUTE_MS);
  expect(await count('spans')).toBe(2);
  await archiver().run(START + HOT_MS + 3 * MINUTE_MS);
  expect(await count('spans')).toBe(0);
  await store([{ ...SPANS[0]!, spanId: '77', parentSpanId: '1' }], START + 8 * HOUR_MS);
  expect((await readers().traces.traceById(A))?.spans).toHaveLength(3);
  await archiver().run(START + 15 * HOUR_MS);
  expect(await count('spans')).toBe(0);
  expect((await readers().traces.traceById(A))?.spans).toHaveLength(3);
});

test('what comes late is kept by the service that the rest of its trace is kept by', async () => {
  await store([SPANS[0]!]);
  await archiver().run(START + HOT_MS + MINUTE_MS);
  await store([SPANS[1]!], START + 8 * HOUR_MS);
  await archiver().run(START + 15 * HOUR_MS);
  expect(await database.query({ sql: 'SELECT DISTINCT service, reason FROM archive_groups' })).toEqual([{ service: 'front', reason: 'error' }]);
});

test('a trace that comes back is noted as long by the times of its spans, not of its files; no scan of the hot spans holds up what is written', async () => {
  await store([{ ...SPANS[2]!, traceId: A, spanId: '1', startMs: START + 5 * MINUTE_MS, durationMs: 20 }, { ...SPANS[2]!, traceId: B, spanId: '1', startMs: START + 10 * MINUTE_MS, durationMs: 20 }, { ...SPANS[2]!, traceId: C, spanId: '1', startMs: START + 50 * MINUTE_MS, durationMs: 20 }]);
  await archiver().run(START + HOT_MS + MINUTE_MS);
  // Of A nothing lies far apart, of B something does.
  await store([{ ...SPANS[2]!, traceId: A, spanId: '2', startMs: START + 6 * MINUTE_MS, durationMs: 20 }, { ...SPANS[2]!, traceId: B, spanId: '2', startMs: START + 40 * MINUTE_MS, durationMs: 20 }], START + 8 * HOUR_MS);
  const written: string[] = [];
  const watched: Database = {
    query: (statement) => database.query(statement),
    transaction: (statements) => {
      written.push(...statements.map(({ sql }) => sql));
      return database.transaction(statements);
    },
  };
  await archiver({ archive: new DuckdbArchive(watched) }).run(START + 15 * HOUR_MS);
  expect(await database.query({ sql: 'SELECT trace_id_low AS low, from_ms, to_ms FROM long_traces' })).toEqual([{ low: traceKey(B).low, from_ms: BigInt(START + 10 * MINUTE_MS), to_ms: BigInt(START + 40 * MINUTE_MS + 20) }]);
  expect(written.filter((sql) => sql.includes('INSERT INTO long_traces'))).toHaveLength(1);
  expect(written.filter((sql) => sql.includes('long_traces') && sql.includes('hot'))).toEqual([]);
});

test('of a trace that comes back to a file that cannot be read, the times of the file are taken, and it leaves all the same', async () => {
  await store([{ ...SPANS[2]!, traceId: A, spanId: '1', startMs: START + 5 * MINUTE_MS, durationMs: 20 }, { ...SPANS[2]!, traceId: B, spanId: '1', startMs: START + 50 * MINUTE_MS, durationMs: 20 }]);
  await archiver().run(START + HOT_MS + MINUTE_MS);
  const [path = ''] = await storage.list();
  writeFileSync(join(directory, 'archive', path), 'PAR1');
  await store([{ ...SPANS[2]!, traceId: A, spanId: '2', startMs: START + 6 * MINUTE_MS, durationMs: 20 }], START + 8 * HOUR_MS);
  await archiver().run(START + 14 * HOUR_MS + 2 * MINUTE_MS).catch(() => undefined);
  expect(await count('spans')).toBe(0);
  expect(await database.query({ sql: 'SELECT from_ms, to_ms FROM long_traces' })).toEqual([{ from_ms: BigInt(START), to_ms: BigInt(START + 50 * MINUTE_MS + 20) }]);
});

test('hot = pending + kept + sampled out, by minute of arrival', async () => {
  await store(SPANS);
  await store([{ traceId: C, spanId: '5', name: 'still here', startMs: START, durationMs: 5 }], START + HOUR_MS);
  await archiver({ keep: async () => {
    await database.transaction([{ sql: `INSERT INTO leaving_kept SELECT trace_id_high, trace_id_low, hour, service, 'error', 1 FROM leaving_traces WHERE errors > 0` }]);
    return [];
  } }).run(START + HOT_MS + MINUTE_MS);
  expect(await database.query({ sql: 'SELECT sum(kept) AS kept, sum(sampled_out) AS sampled_out FROM left_hot' })).toEqual([{ kept: 2, sampled_out: 1 }]);
  expect(await count('spans')).toBe(1);
  expect(await readers().traces.traceById(B)).toBeUndefined();
});

test('the files of an hour become one when it is over, and the old ones go when nobody can be reading them', async () => {
  for (let index = 0; index < 4; index += 1) {
    await store([{ traceId: String(index + 1).padStart(32, '0'), spanId: '1', name: 'GET /', startMs: START + index * MINUTE_MS, durationMs: 5 }], START + index * MINUTE_MS);
    await archiver().run(START + index * MINUTE_MS + HOT_MS + MINUTE_MS);
  }
  expect(await count('archive_files')).toBe(4);
  const before = await everythingRead();
  const later = START + 20 * HOUR_MS;
  await archiver().run(later);
  expect([await count('archive_files'), await count('archived_traces'), (await storage.list()).length]).toEqual([1, 4, 5]);
  expect(await everythingRead()).toEqual(before);
  await archiver().run(later + 11 * MINUTE_MS);
  expect([await count('archive_retired'), (await storage.list()).length]).toEqual([0, 1]);
  expect(await everythingRead()).toEqual(before);
});

test('retention goes by age, by service and by why a trace was kept', async () => {
  await store(SPANS);
  const limits = () => ({ rules: [{ service: 'front', reason: 'error', maxAgeMs: 90 * DAY_MS }], maxAgeMs: 30 * DAY_MS, maxBytes: undefined, minFreeBytes: 0 });
  await archiver({ limits }).run(START + HOT_MS + MINUTE_MS);
  await archiver({ limits }).run(START + 31 * DAY_MS);
  expect([await readers().traces.traceById(B), (await readers().traces.traceById(A))?.spans.length, await count('archived_traces')]).toEqual([undefined, 2, 1]);
  await archiver({ limits }).run(START + 91 * DAY_MS);
  expect(await readers().traces.traceById(A)).toBeUndefined();
  await archiver({ limits }).run(START + 91 * DAY_MS + HOUR_MS);
  expect(await storage.list()).toEqual([]);
});

/** Records of A (one of them an error), of no trace, and an hour later; of every type of attribute. */
async function storeLogs(atMs = START): Promise<void> {
  await database.transaction([
    ...[['{"region":"eu-2","tries":3,"list":["x",1,null],"nothing":null,"nested":{"a":"b"}}', 9, 5], ['{}', 17, 9]].map(([attributes, severity, afterMs]) => ({
      sql: `INSERT INTO logs SELECT $high::UBIGINT, $low::UBIGINT, 2, $time::BIGINT, $severity, 'WORD', 'it''s "so"', 'payment', r.resource_id, 'declined', $attributes, $at_ms, FALSE FROM resources r WHERE contains(r.attributes, 'h1')`,
      params: { ...traceKey(A), time: BigInt(START + Number(afterMs)) * 1_000_000n, severity: Number(severity), attributes: String(attributes), at_ms: atMs },
    })),
    { sql: `INSERT INTO logs VALUES (0, 0, 0, $time::BIGINT, 0, '', 'started', 'catalogue', 0, '', '{}', $at_ms, FALSE)`, params: { time: BigInt(START + HOUR_MS) * 1_000_000n, at_ms: atMs } },
  ]);
}

test('log records leave with their time, are found with their trace as they were, and are read by others under the names of otel_logs', async () => {
  await store(SPANS);
  await storeLogs();
  const before = await readers().traces.traceById(A);
  expect(before?.logs).toHaveLength(2);
  await archiver().run(START + HOT_MS - MINUTE_MS);
  expect(await count('logs')).toBe(3);
  await archiver().run(START + HOT_MS + MINUTE_MS);
  expect([await count('logs'), await count('archive_log_files'), await count('archived_log_traces')]).toEqual([0, 2, 1]);
  expect(await readers().traces.traceById(A)).toEqual(before);
  const paths = (await storage.list()).filter((path) => path.startsWith('logs/'));
  expect(paths).toHaveLength(2);
  for (const path of paths) expect(path).toMatch(/^logs\/date=\d{4}-\d\d-\d\d\/hour=\d\d\/\d+-[0-9a-f]{8}\.parquet$/);
  const rows = await database.query({ sql: `SELECT "TraceId", "SpanId", "SeverityText", "SeverityNumber", "ServiceName", "Body", "EventName", "LogAttributes"['region'] AS region, "LogAttributes"['tries'] AS tries, "ResourceAttributes"['host.name'] AS host, "KeptReason"
    FROM read_parquet('${join(directory, 'archive')}/logs/**/*.parquet', hive_partitioning = true) ORDER BY "Timestamp"` });
  const own = { TraceId: A, SpanId: '0000000000000002', SeverityText: 'WORD', ServiceName: 'payment', Body: 'it\'s "so"', EventName: 'declined', host: 'h1' };
  expect(rows).toEqual([
    { ...own, SeverityNumber: 9, region: 'eu-2', tries: '3', KeptReason: 'log' }, { ...own, SeverityNumber: 17, region: null, tries: null, KeptReason: 'error-log' },
    { TraceId: '', SpanId: '', SeverityText: '', SeverityNumber: 0, ServiceName: 'catalogue', Body: 'started', EventName: '', region: null, tries: null, host: null, KeptReason: 'log' },
  ]);
});

test('U+0000 in names and values is archived, searched for, and dropped with what it is in', async () => {
  await store([
    { traceId: A, spanId: '1', name: 'GET\0/', service: 'fro\0nt', startMs: START, durationMs: 5, statusMessage: 'no\0', attributes: { key: 'a\0b', 'k\0y': 'x', list: ['\0'] } },
    { traceId: B, spanId: '2', name: 'GET /', service: 'front', startMs: START, durationMs: 5, attributes: { key: 'a' } },
  ]);
  const found = async (): Promise<readonly unknown[]> => {
    const queries = ['{ }', '{ resource.service.name = "fro\\u0000nt" }', '{ name = "GET\\u0000/" }', '{ statusMessage = "no\\u0000" }', '{ span.key = "a\\u0000b" }', '{ span."k\0y" = "x" }', '{ span.key =~ "a.b" }'];
    const searches = queries.map(async (text) => (await readers().traces.findTraces({ fromMs: START - HOUR_MS, toMs: START + HOUR_MS, limit: 20, search: parseTraceSearch(text) })).map(({ traceId }) => traceId));
    return [await readers().traces.traceById(A), ...await Promise.all(searches)];
  };
  const before = await found();
  expect(before.slice(1)).toEqual([[B, A], [A], [A], [A], [A], [A], [A]]);
  await archiver().run(START + HOT_MS + MINUTE_MS);
  expect([await count('spans'), await found()]).toEqual([0, before]);
  await archiver({ limits: () => ({ rules: [{ service: 'fro\0nt', maxAgeMs: DAY_MS }], maxAgeMs: 30 * DAY_MS, maxBytes: undefined, minFreeBytes: 0 }) }).run(START + 2 * DAY_MS);
  expect((await found()).slice(1, 3)).toEqual([[B], []]);
});

test('a trace is looked for in the files of log records that name it, and in no others', async () => {
  await store(SPANS);
  await storeLogs();
  await archiver().run(START + HOT_MS + MINUTE_MS);
  const opened: string[] = [];
  const watched = { local: (files: readonly ArchivedFile[]) => { opened.push(...files.map(({ path }) => path)); return storage.local(files); } } as unknown as ArchiveStorage;
  await new ArchivedSpans(database, { ...parts, storage: watched }).traceLogs({ sql: 'SELECT * FROM logs WHERE FALSE' }, traceKey(A), 10);
  expect(opened.map((path) => path.split('/')[0])).toEqual(['logs']);
  opened.length = 0;
  await new ArchivedSpans(database, { ...parts, storage: watched }).traceLogs({ sql: 'SELECT * FROM logs WHERE FALSE' }, traceKey(B), 10);
  expect(opened).toEqual([]);
});

test('log records of an hour become one file, expire by service and severity, and those of pinned traces are kept for them', async () => {
  await store(SPANS);
  await storeLogs(START);
  await archiver().run(START + HOT_MS + MINUTE_MS);
  await storeLogs(START + 2 * HOUR_MS);
  await database.transaction(pinTraces([A], 'incident-1' as IncidentId));
  await archiver().run(START + 2 * HOUR_MS + HOT_MS + MINUTE_MS);
  await archiver().run(START + 20 * HOUR_MS);
  expect(await count('archive_log_files')).toBe(2);
  expect((await database.query({ sql: 'SELECT service, reason, sum(records)::INTEGER AS records FROM archive_log_groups GROUP BY ALL ORDER BY ALL' })).map(({ service, reason, records }) => [service, reason, records])).toEqual([
    ['catalogue', 'log', 2], ['payment', 'error-log', 1], ['payment', 'log', 1], ['payment', 'pinned', 2],
  ]);
  const limits = () => ({ rules: [{ reason: 'log', maxAgeMs: DAY_MS }, { service: 'payment', maxAgeMs: 60 * DAY_MS }], maxAgeMs: 30 * DAY_MS, maxBytes: undefined, minFreeBytes: 0 });
  await archiver({ limits }).run(START + 31 * DAY_MS);
  expect((await readers().traces.traceById(A))?.logs).toHaveLength(3);
  expect(await count('archive_log_files')).toBe(1);
});

test('a file that is not in the catalogue is no part of the archive, and goes at the next start', async () => {
  await store(SPANS);
  await archiver().run(START + HOT_MS + MINUTE_MS);
  writeFileSync(join(directory, 'archive', 'left-over.parquet'), 'half a file');
  writeFileSync(storage.stage('left-over.parquet'), 'half a file');
  await archiver().run(START + HOT_MS + 2 * MINUTE_MS);
  expect(await storage.list()).toHaveLength(1);
  expect(readdirSync(join(directory, 'archive', '.writing'))).toEqual([]);
});

test('a file that was cut short is told of, not read', async () => {
  await store(SPANS);
  await archiver().run(START + HOT_MS + MINUTE_MS);
  const [path = ''] = await storage.list();
  writeFileSync(join(directory, 'archive', path), 'PAR1');
  await expect(readers().traces.traceById(A)).rejects.toThrow(`the archive's file ${path} has 4 bytes instead of`);
});
