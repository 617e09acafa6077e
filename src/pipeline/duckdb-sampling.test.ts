import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadRules } from '../config/load-rules.js';
import { DEFAULT_SAMPLING, type SamplingRules } from '../config/sampling.js';
import { FakeClock } from '../lib/clock.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { DuckdbArchive } from '../store/archive/duckdb-archive.js';
import { ARCHIVE_MARK, ArchivedSpans } from '../store/archive/duckdb-archived-spans.js';
import { DuckdbLogArchive } from '../store/archive/duckdb-log-archive.js';
import { FsArchiveStorage } from '../store/archive/fs-archive-storage.js';
import { openDatabase, type DuckdbDatabase } from '../store/duckdb-database.js';
import { DuckdbSpanSink } from '../store/duckdb-span-sink.js';
import type { Row } from '../store/database.js';
import { DEFAULT_START_MS, spanBatch, type SpanDescription } from '../trace/batch-builder.js';
import { keepBySampling } from './duckdb-sampling.js';
import { Archiver, type ArchiverOptions } from './system-archiver.js';

const START = DEFAULT_START_MS;
const HOT_MS = HOUR_MS;
let directory = '';
let database: DuckdbDatabase;
let parts: Pick<ArchiverOptions, 'archive' | 'logs' | 'storage' | 'generation'>;
let stored = 0;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tocsin-sampling-'));
  database = await openDatabase(join(directory, 'tocsin.duckdb'));
  // The coin is the same in every run of the test.
  await database.transaction([{ sql: 'UPDATE sampling_progress SET salt = 20261126' }]);
  parts = { archive: new DuckdbArchive(database), logs: new DuckdbLogArchive(database), storage: new FsArchiveStorage(join(directory, 'archive')), generation: { current: 0 } };
});
afterEach(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

async function store(spans: readonly SpanDescription[], receivedAtMs: number): Promise<void> {
  const sink = await DuckdbSpanSink.open(database, { clock: new FakeClock(receivedAtMs), limits: { maxWaitMs: 0, maxRows: 1 } });
  stored += 1;
  await sink.store({ digest: stored.toString(16).padStart(32, '0'), signal: 'traces', protocol: 'grpc', receivedAtMs, rejected: 0, deduplicated: 0, message: '', spans: spanBatch(spans), sloSlices: [], redSlices: [] });
}

async function leave(nowMs: number, rules: Partial<SamplingRules> = {}, burning: readonly string[] = []): Promise<void> {
  const archiver = new Archiver({
    ...parts, hotRetentionMs: HOT_MS, limits: () => ({ rules: [], maxAgeMs: 30 * DAY_MS, maxBytes: undefined, minFreeBytes: 0 }),
    keep: keepBySampling({ database, rules: () => ({ ...DEFAULT_SAMPLING, ...rules }), burning: () => burning }),
  });
  await archiver.run(nowMs);
}

/** Kept spans and what they stand for, by reason. */
async function kept(by = 'archived."KeptReason"'): Promise<readonly Row[]> {
  const files = (await parts.storage.local(await parts.archive.catalogue.files())).map((file) => `'${file}'`).join(', ');
  if (files === '') return [];
  return database.query({ sql: `SELECT ${by} AS by, count(*)::INTEGER AS spans, sum("Weight") AS weight FROM read_parquet([${files}]) archived GROUP BY ALL ORDER BY ALL` });
}

/** Traces of a front and a back, spread over a minute; the ids are of all sizes. */
function traffic(count: number, describe: (index: number) => Partial<SpanDescription> = () => ({}), atMs = START): readonly SpanDescription[] {
  return Array.from({ length: count }, (_, index) => {
    const id = (BigInt(index + 1) * 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c834n) & ((1n << 128n) - 1n);
    const traceId = (id ^ BigInt(atMs)).toString(16).padStart(32, '0');
    const root = { traceId, spanId: '1', name: 'GET /items', service: 'front', startMs: atMs + (index % 600) * 100, durationMs: 50 + (index % 20), ...describe(index) };
    return [root, { traceId, spanId: '2', parentSpanId: '1', name: 'read', service: 'back', startMs: root.startMs + 5, durationMs: 20, weight: root.weight ?? 1 }];
  }).flat();
}

test('kept traces, by their weights, tell the full counts: of all spans, of each service, of each answer', async () => {
  const answers = (index: number): Partial<SpanDescription> => ({ attributes: { 'http.response.status_code': index % 10 === 0 ? 404 : 200 } });
  const estimates: number[] = [];
  for (let round = 0; round < 8; round += 1) {
    await store(traffic(2_000, answers, START + round * HOUR_MS), START + round * HOUR_MS);
    await leave(START + (round + 1) * HOUR_MS + MINUTE_MS, { budget: { unit: 'spans', perSecond: 0.25 }, slow: 0, fast: 0, rare: 0 });
  }
  const found = await kept(`("ServiceName", "SpanAttributes"['http.response.status_code'])::VARCHAR`);
  const weightOf = (text: string): number => Number(found.find((row) => String(row['by']).includes(text))?.['weight']);
  const spans = found.reduce((sum, row) => sum + Number(row['spans']), 0);
  expect(spans).toBeLessThan(0.35 * 32_000);
  // Four standard errors of a binomial estimate at the share that was kept.
  const within = (estimate: number, truth: number): void => {
    const share = spans / 32_000;
    estimates.push(estimate);
    expect(Math.abs(estimate - truth)).toBeLessThan(4 * Math.sqrt((truth * (1 - share)) / share));
  };
  within(weightOf('404'), 1_600);
  within(weightOf('200'), 14_400);
  within(weightOf('back'), 16_000);
  expect(estimates).toHaveLength(3);
});

test('a hot endpoint, sampled by its sender at 0.5 %, with tail rules: at most 30 % of the bytes, every error, and the counts are right', async () => {
  // What is left of 800,000 requests: one of 200 each; and 40 errors, of which the sender keeps all.
  const sampled = traffic(4_000, () => ({ weight: 200 }));
  const errors = traffic(40, () => ({ status: 'error', name: 'POST /pay' }), START + 7);
  await store([...sampled, ...errors], START);
  await leave(START + HOUR_MS + MINUTE_MS, { budget: { unit: 'bytes', perSecond: 1 }, slow: 0, fast: 0, rare: 0 });
  const found = await kept();
  const of = (reason: string): Row | undefined => found.find((row) => row['by'] === reason);
  expect(of('error')).toMatchObject({ spans: 80, weight: 80 });
  const [share] = await database.query({ sql: 'SELECT sum(kept) / sum(kept + sampled_out) AS share FROM left_hot' });
  expect(Number(share?.['share'])).toBeLessThan(0.3);
  const normal = found.filter((row) => row['by'] !== 'error');
  const [spans, weight] = ['spans', 'weight'].map((name) => normal.reduce((sum, row) => sum + Number(row[name]), 0)) as [number, number];
  expect(Math.abs(weight - 1_600_000)).toBeLessThan(4 * 1_600_000 / Math.sqrt(spans / 2));
});

test('of operations whose spans a burning SLO counts, more is kept, whichever service their traces begin in; weights say so', async () => {
  const payments = Array.from({ length: 1_500 }, (_, index): readonly SpanDescription[] => {
    const traceId = `f${String(index).padStart(31, '0')}`;
    return [{ traceId, spanId: '1', name: 'POST /pay', service: 'front', startMs: START, durationMs: 50 }, { traceId, spanId: '2', parentSpanId: '1', name: 'charge', service: 'payment', startMs: START, durationMs: 5 }];
  }).flat();
  await store([...traffic(1_500), ...payments], START);
  await leave(START + HOUR_MS + MINUTE_MS, { budget: { unit: 'spans', perSecond: 0.3 }, slow: 0, fast: 0, rare: 0, newForMs: 1 }, ['{ resource.service.name = "payment" && kind = server }', 'no TraceQL']);
  const shares = await database.query({ sql: 'SELECT probability FROM archived_traces GROUP BY ALL ORDER BY ALL' });
  expect(shares).toHaveLength(2);
  const [calm, burning] = shares.map((row) => Number(row['probability'])) as [number, number];
  expect(burning / calm).toBeGreaterThan(2);
});

test('what is unusual for its operation is known from the traces before: slow, fast, of a rare shape, new', async () => {
  await store(traffic(2_000), START);
  await leave(START + HOUR_MS + MINUTE_MS, { budget: undefined });
  const later = START + 2 * HOUR_MS;
  const one = (id: string, changes: Partial<SpanDescription>): SpanDescription => ({ traceId: id, spanId: '1', name: 'GET /items', service: 'front', startMs: later, durationMs: 60, ...changes });
  await store([
    one('51', { durationMs: 900 }), { ...one('51', {}), spanId: '2', parentSpanId: '1', name: 'read', service: 'back' },
    one('52', { durationMs: 1 }), { ...one('52', {}), spanId: '2', parentSpanId: '1', name: 'read', service: 'back' },
    one('53', {}), { ...one('53', {}), spanId: '2', parentSpanId: '1', name: 'read', service: 'elsewhere' },
    one('54', { name: 'GET /new' }),
    one('55', {}), { ...one('55', {}), spanId: '2', parentSpanId: '1', name: 'read', service: 'back' },
  ], later);
  await leave(later + HOUR_MS + MINUTE_MS, { budget: undefined });
  expect(await database.query({ sql: 'SELECT trace_id_low::INTEGER AS id, reason FROM archived_traces WHERE trace_id_high = 0 AND trace_id_low < 256 ORDER BY id' })).toEqual([
    { id: 0x51, reason: 'slow' }, { id: 0x52, reason: 'fast' }, { id: 0x53, reason: 'rare' }, { id: 0x54, reason: 'new' }, { id: 0x55, reason: 'baseline' },
  ]);
});

/** Nothing is kept but by these policies, a line each. */
function ownPolicies(policies: string): SamplingRules {
  const { rules, problems } = loadRules([{ path: 'rules/sampling.yaml', text: `apiVersion: tocsin.dev/v1
kind: Sampling
metadata: { name: own }
spec:
  budget: { spansPerSecond: 0.0001 }
  errors: false
  policies:${policies}` }]);
  expect(problems).toEqual([]);
  return rules.sampling;
}

function one(id: string, changes: Partial<SpanDescription>): SpanDescription {
  return { traceId: id, spanId: '1', name: 'op', service: 'front', startMs: START, durationMs: 10, ...changes };
}

test("the Collector's policies keep and drop as they do there", async () => {
  const rules = ownPolicies(`
    - { name: long, type: latency, latency: { threshold_ms: 500 } }
    - { name: failed, type: status_code, status_code: { status_codes: [ERROR] } }
    - { name: large, type: numeric_attribute, numeric_attribute: { key: size, min_value: 100, max_value: 200 } }
    - { name: tenants, type: string_attribute, string_attribute: { key: tenant, values: ['^gold'], enabled_regex_matching: true } }
    - { name: wide, type: span_count, span_count: { min_spans: 3 } }
    - { name: slow gets, type: and, and: { and_sub_policy: [{ name: a, type: string_attribute, string_attribute: { key: method, values: [GET] } }, { name: b, type: latency, latency: { threshold_ms: 100 } }] } }
    - { name: health, type: drop, drop: { drop_sub_policy: [{ name: h, type: string_attribute, string_attribute: { key: path, values: [/health] } }] } }
    - { name: asked for, type: traceql, traceql: { query: '{ .debug }' } }
`);
  await store([
    one('51', { durationMs: 900 }), one('52', { status: 'error' }), one('53', { attributes: { size: 150 } }), one('54', { attributes: { tenant: 'gold-7' } }),
    one('55', {}), { ...one('55', {}), spanId: '2' }, { ...one('55', {}), spanId: '3' }, one('56', { attributes: { method: 'GET' }, durationMs: 200 }),
    one('57', { attributes: { path: '/health' }, durationMs: 900 }), one('58', { attributes: { debug: true } }), one('59', { attributes: { size: 300, method: 'GET' } }),
  ], START);
  await leave(START + HOUR_MS + MINUTE_MS, rules);
  expect(await database.query({ sql: 'SELECT trace_id_low::INTEGER AS id, reason FROM archived_traces ORDER BY id' })).toEqual([
    { id: 0x51, reason: 'long' }, { id: 0x52, reason: 'failed' }, { id: 0x53, reason: 'large' }, { id: 0x54, reason: 'tenants' }, { id: 0x55, reason: 'wide' }, { id: 0x56, reason: 'slow gets' }, { id: 0x58, reason: 'asked for' },
  ]);
});

test("the Collector's policies about trace state, trace flags, opposites and bytes, too", async () => {
  const rules = ownPolicies(`
    - { name: vendor, type: trace_state, trace_state: { key: vendor, values: [gold, silver] } }
    - { name: asked for, type: and, and: { and_sub_policy: [{ name: a, type: trace_flags }, { name: b, type: not, not: { not_sub_policy: { name: c, type: span_count, span_count: { min_spans: 2 } } } }] } }
    - { name: no team, type: and, and: { and_sub_policy: [{ name: a, type: boolean_attribute, boolean_attribute: { key: team, value: true, invert_match: true } }, { name: b, type: latency, latency: { threshold_ms: 100, upper_threshold_ms: 0 } }] } }
`);
  await store([
    one('51', { traceState: 'other=1, vendor=silver' }), one('52', { traceState: 'vendor=goldfish' }), one('53', { flags: 0x101 }), one('54', { flags: 0x100 }),
    one('55', { flags: 1 }), { ...one('55', { flags: 1 }), spanId: '2' }, one('56', { durationMs: 200 }), one('57', { durationMs: 200, attributes: { team: true } }),
  ], START);
  await leave(START + HOUR_MS + MINUTE_MS, rules);
  expect(await database.query({ sql: 'SELECT trace_id_low::INTEGER AS id, reason FROM archived_traces ORDER BY id' })).toEqual([{ id: 0x51, reason: 'vendor' }, { id: 0x53, reason: 'asked for' }, { id: 0x56, reason: 'no team' }]);
});

test('late spans of all traces, those that were kept and those that were not, weigh as many as they are, also where more is kept by then', async () => {
  const early = traffic(2_000);
  await store(early, START);
  await leave(START + HOUR_MS + MINUTE_MS, { budget: { unit: 'spans', perSecond: 0.1 }, baseline: 1, newForMs: 1 });
  const late = early.filter(({ spanId }) => spanId === '1').map(({ traceId = '' }) => ({ traceId, spanId: '3', parentSpanId: '1', name: 'late', service: 'late', startMs: START + 100, durationMs: 5 }));
  await store(late, START + 2 * HOUR_MS);
  await leave(START + 4 * HOUR_MS, { budget: { unit: 'spans', perSecond: 0.1 }, baseline: 1, newForMs: 1 });
  const [row] = (await kept('archived."SpanName"')).filter((found) => found['by'] === 'late');
  const spans = Number(row?.['spans']);
  // More than the first time, when two spans of each trace had to fit into less time.
  expect(spans).toBeGreaterThan(600);
  expect(spans).toBeLessThan(1_600);
  const share = spans / 2_000;
  expect(Math.abs(Number(row?.['weight']) - 2_000)).toBeLessThan(4 * Math.sqrt((2_000 * (1 - share)) / share));
});

test('spans that come after their trace has left follow it, with its weight where they alone would be kept less likely', async () => {
  await store(traffic(1_000), START);
  await leave(START + HOUR_MS + MINUTE_MS, { budget: { unit: 'spans', perSecond: 0.1 }, baseline: 1 });
  const [trace] = await database.query({ sql: `SELECT printf('%016x%016x', trace_id_high, trace_id_low) AS id, probability FROM archived_traces LIMIT 1` });
  expect(Number(trace?.['probability'])).toBeLessThan(1);
  await store([{ traceId: String(trace?.['id']), spanId: '3', parentSpanId: '1', name: 'late', service: 'back', startMs: START + 100, durationMs: 5 }], START + 2 * HOUR_MS);
  await leave(START + 4 * HOUR_MS, { budget: { unit: 'spans', perSecond: 1e-9 } });
  const sql = `WITH ${ARCHIVE_MARK} found AS (SELECT * FROM spans WHERE end_ms >= $from_ms AND end_ms < $to_ms) SELECT name, weight FROM found WHERE name = 'late'`;
  const [late] = await new ArchivedSpans(database, parts).query({ sql, params: { from_ms: START, to_ms: START + HOUR_MS } });
  expect(Number(late?.['weight'])).toBeCloseTo(1 / Number(trace?.['probability']));
});
