import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HASHED_USERS } from '../../test/support/person-fakes.js';
import { FakeClock } from '../lib/clock.js';
import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import type { TraceId } from '../lib/ids.js';
import { bucketOf } from '../sli/latency-bucket.js';
import type { RedSlice, SloSlice } from '../sli/slice.js';
import { openDatabase, type DuckdbDatabase } from '../store/duckdb-database.js';
import { DuckdbSpanSink } from '../store/duckdb-span-sink.js';
import { DEFAULT_START_MS, spanBatch, type SpanDescription } from '../trace/batch-builder.js';
import { DuckdbServiceReader } from './duckdb-service-reader.js';
import { DuckdbSloHistoryReader } from './duckdb-slo-history-reader.js';
import { DuckdbTraceReader } from './duckdb-trace-reader.js';
import { readInput, traceSearchInput, traceSearchOf } from './request-input.js';
import type { TraceSummary } from './trace-reader.js';

const START = DEFAULT_START_MS;
const MINUTE = START / MINUTE_MS;
const ID_A = 'a'.repeat(32) as TraceId;
const ID_B = 'b'.repeat(32) as TraceId;
const BIG = 9_223_372_036_854_775_807n;

const TRACE_A: SpanDescription[] = [
  { traceId: ID_A, spanId: '1', name: 'POST /checkout', service: 'front', startMs: START, durationMs: 300, attributes: { 'http.response.status_code': 500, region: 'eu-2', 'user.id': HASHED_USERS.read('ann').attributes[0]!.hashes[0]! } },
  { traceId: ID_A, spanId: '2', parentSpanId: '1', name: 'POST', service: 'front', kind: 'client', startMs: START + 10, durationMs: 280 },
  {
    traceId: ID_A, spanId: '3', parentSpanId: '2', name: 'charge', service: 'payment', startMs: START + 20, durationMs: 250, status: 'error', statusMessage: 'declined <b>now</b>',
    attributes: { amount: BIG, 'user.note': 'digits 12345678901234567890 in a string', ratio: 0.5, list: ['x', 1] }, resource: { 'host.name': 'h1' },
    events: [{ name: 'exception', timeMs: START + 200, attributes: { 'exception.type': 'Declined' } }], links: [{ traceId: ID_B, spanId: '0000000000000009', traceState: 'vendor=2' }], weight: 4,
  },
];
const TRACE_B: SpanDescription[] = [
  // Its root was sent elsewhere.
  { traceId: ID_B, spanId: '4', parentSpanId: '99', name: 'GET /items', service: 'catalogue', startMs: START + 5_000, durationMs: 20, attributes: { region: 'us-1', 'enduser.id': 4_711 } },
];

const slo = (eventMinute: number, good: number, bad: number): SloSlice => ({ sliceKey: 'checkout@1', eventMinute, arrivalMinute: eventMinute, good, bad, goodSquared: good, badSquared: bad, events: good + bad, unknownWeight: 0 });
const red = (changes: Partial<RedSlice>): RedSlice => ({ service: 'checkout', operation: 'POST /pay', kind: 2, eventMinute: MINUTE, arrivalMinute: MINUTE, bucket: bucketOf(10e6), spans: 1, errors: 0, durationNs: 10e6, spansSquared: 1, errorsSquared: 0, ...changes });

let directory = '';
let database: DuckdbDatabase;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tocsin-readers-'));
  database = await openDatabase(join(directory, 'tocsin.duckdb'));
  const sink = await DuckdbSpanSink.open(database, { clock: new FakeClock(START), limits: { maxWaitMs: 1, maxRows: 1_000 } });
  await sink.store({
    digest: 'd'.repeat(32), signal: 'traces', protocol: 'grpc', receivedAtMs: START, rejected: 0, deduplicated: 0, message: '',
    spans: spanBatch([...TRACE_A, ...TRACE_B]),
    sloSlices: [slo(MINUTE - 120, 1_000, 0), slo(MINUTE - 10, 90, 10), slo(MINUTE, 0, 5), { ...slo(MINUTE, 0, 1_000), sliceKey: 'other@1' }],
    redSlices: [
      red({ spans: 98 }), red({ spans: 2, errors: 2, bucket: bucketOf(1e9) }), red({ eventMinute: MINUTE - 1, spans: 50, operation: 'GET /cart' }),
      red({ kind: 3, spans: 1_000, errors: 1_000 }), red({ service: 'payment', operation: 'charge', kind: 5, spans: 6, errors: 3 }),
    ],
  });
  await database.transaction([{
    sql: `INSERT INTO logs SELECT $high::UBIGINT, $low::UBIGINT, 3, $time::BIGINT, 17, 'ERROR', 'card declined', 'payment', 1, '', '{"exception.type":"Declined"}', 0, FALSE`,
    params: { high: '12297829382473034410', low: '12297829382473034410', time: String(BigInt(START) * 1_000_000n) },
  }]);
});
afterAll(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

describe('a stored trace', () => {
  test('comes back whole: ids, kinds, 64-bit numbers, events, links, resource and logs', async () => {
    const trace = await new DuckdbTraceReader(database).traceById(ID_A);
    expect(trace?.spans.map((span) => [span.name, span.spanId, span.parentSpanId, span.kind, span.status])).toEqual([
      ['POST /checkout', '0000000000000001', '', 'server', 'unset'],
      ['POST', '0000000000000002', '0000000000000001', 'client', 'unset'],
      ['charge', '0000000000000003', '0000000000000002', 'server', 'error'],
    ]);
    const charge = trace?.spans[2];
    expect(charge?.attributes).toEqual({ amount: BIG, 'user.note': 'digits 12345678901234567890 in a string', ratio: 0.5, list: ['x', 1] });
    expect(charge).toMatchObject({ traceId: ID_A, serviceName: 'payment', statusMessage: 'declined <b>now</b>', durationNs: 250e6, weight: 4, resource: { 'host.name': 'h1', 'service.name': 'payment' } });
    expect(charge?.startNs).toBe(BigInt(START + 20) * 1_000_000n);
    expect(charge?.events).toEqual([{ timeNs: BigInt(START + 200) * 1_000_000n, name: 'exception', attributes: { 'exception.type': 'Declined' } }]);
    expect(charge?.links).toEqual([{ traceId: ID_B, spanId: '0000000000000009', traceState: 'vendor=2', attributes: {} }]);
    expect(trace?.logs).toEqual([expect.objectContaining({ spanId: '0000000000000003', severity: 'ERROR', body: 'card declined', attributes: { 'exception.type': 'Declined' } })]);
    expect(trace?.truncated).toBe(false);
  });

  test('that is not there is undefined', async () => {
    expect(await new DuckdbTraceReader(database).traceById('c'.repeat(32) as TraceId)).toBeUndefined();
  });
});

describe('a search for traces', () => {
  const search = async (query: Record<string, string>): Promise<readonly TraceSummary[]> =>
    new DuckdbTraceReader(database).findTraces(traceSearchOf(readInput(traceSearchInput, query), { fromMs: START - HOUR_MS, toMs: START + HOUR_MS }, HASHED_USERS));

  test('without conditions finds all, newest first, summed up over whole traces', async () => {
    expect(await search({})).toEqual([
      { traceId: ID_B, rootService: 'catalogue', rootName: 'GET /items', rootMissing: true, startMs: START + 5_000, durationNs: 20e6, spanCount: 1, errorCount: 0, matchedCount: 1, services: ['catalogue'] },
      { traceId: ID_A, rootService: 'front', rootName: 'POST /checkout', rootMissing: false, startMs: START, durationNs: 300e6, spanCount: 3, errorCount: 1, matchedCount: 3, services: ['front', 'payment'] },
    ]);
  });

  test.each([
    [{ service: 'payment' }, [ID_A]],
    [{ operation: 'GET /items' }, [ID_B]],
    [{ errors: '1' }, [ID_A]],
    [{ minDuration: '100ms' }, [ID_A]],
    [{ service: 'catalogue', errors: '1' }, []],
    [{ q: '{ span.region = "eu-2" && duration > 200ms }' }, [ID_A]],
    [{ q: '{ rootName = "POST /checkout" && resource.service.name = "payment" }' }, [ID_A]],
    [{ q: '{ span.nothing = 1 }' }, []],
    [{ q: '{ kind = server && resource.service.name = "front" } >> { status = error }' }, [ID_A]],
    [{ q: '{ status = error } >> { resource.service.name = "front" }' }, []],
    [{ q: '{ } | count() > 2' }, [ID_A]],
    [{ q: '{ } | by(resource.service.name) | count() = 1' }, [ID_B, ID_A]],
    [{ q: '{ trace:duration > 100ms } | select(span.amount)', service: 'payment' }, [ID_A]],
    [{ q: '({ duration > 1ms } | count() > 1) && ({ status = error } | count() > 0)', errors: '1' }, [ID_A]],
    [{ q: '({ status = error } | count()) < ({ } | count())', operation: 'POST' }, [ID_A]],
    [{ q: '{ event:name = "exception" && event.exception.type = "Declined" && link:spanID = "0000000000000009" }' }, [ID_A]],
    [{ q: '{ nestedSetParent < 0 && span:childCount = 1 }' }, [ID_A]],
    [{ limit: '1' }, [ID_B]],
    [{ user: 'ann' }, [ID_A]],
    [{ user: ' 4711 ' }, [ID_B]],
    [{ user: '04711' }, []],
    [{ user: 'ann', service: 'payment', errors: '1' }, [ID_A]],
    [{ user: 'ann', service: 'catalogue' }, []],
    [{ user: 'ann', q: '{ status = error } | count() = 1', service: 'payment' }, [ID_A]],
    [{ user: 'ann', q: '{ resource.service.name = "catalogue" }' }, []],
  ])('by %j finds %j', async (query, expected) => {
    expect((await search(query as unknown as Record<string, string>)).map((trace) => trace.traceId)).toEqual(expected);
  });

  test('shows what it matched: spansets by group, values of the fields that were asked for', async () => {
    const query = { q: '{ resource.service.name != "catalogue" } | by(resource.service.name) | select(span.amount, status, kind)' };
    const input = traceSearchOf(readInput(traceSearchInput, query), { fromMs: START - HOUR_MS, toMs: START + HOUR_MS }, HASHED_USERS);
    const [trace, ...others] = await new DuckdbTraceReader(database).findSpansets({ ...input, spansPerSpanset: 1 });
    expect(others).toEqual([]);
    expect(trace).toMatchObject({ traceId: ID_A, matchedCount: 3, startNs: BigInt(START) * 1_000_000n, serviceStats: { front: { spanCount: 2, errorCount: 0 }, payment: { spanCount: 1, errorCount: 1 } } });
    expect(trace?.spansets).toEqual([
      { groups: [{ key: 'by(resource.service.name)', value: 'front' }], matched: 2, spans: [{ spanId: '0000000000000001', name: 'POST /checkout', startNs: BigInt(START) * 1_000_000n, durationNs: 300_000_000n, attributes: [{ key: 'resource.service.name', value: 'front' }, { key: 'status', value: 'unset' }, { key: 'kind', value: 'server' }] }] },
      { groups: [{ key: 'by(resource.service.name)', value: 'payment' }], matched: 1, spans: [expect.objectContaining({ spanId: '0000000000000003', attributes: [{ key: 'resource.service.name', value: 'payment' }, { key: 'span.amount', value: BIG }, { key: 'status', value: 'error' }, { key: 'kind', value: 'server' }] })] },
    ]);
  });

  test('explains how the database goes about it, without a literal in the statement', async () => {
    const { sql, params, plan } = await new DuckdbTraceReader(database).explainSearch(traceSearchOf(readInput(traceSearchInput, { q: '{ span.region = "eu-2" } >> { status = error }' }), { fromMs: START - HOUR_MS, toMs: START + HOUR_MS }, HASHED_USERS));
    expect(sql).toMatch(/WITH RECURSIVE/);
    expect(sql).not.toContain('eu-2');
    expect(Object.values(params)).toContain('eu-2');
    expect(plan).toMatch(/SCAN/);
  });

  test('numbers the tree as nested sets, from its roots', async () => {
    const input = traceSearchOf(readInput(traceSearchInput, { q: '{ resource.service.name != "catalogue" } | select(nestedSetLeft, nestedSetRight, nestedSetParent)' }), { fromMs: START - HOUR_MS, toMs: START + HOUR_MS }, HASHED_USERS);
    const [trace] = await new DuckdbTraceReader(database).findSpansets({ ...input, spansPerSpanset: 10 });
    expect(trace?.spansets[0]?.spans.map((span) => span.attributes.slice(-3).map(({ value }) => value))).toEqual([[1, 6, -1], [2, 5, 1], [3, 4, 2]]);
  });

  test('with a wrong query says where it is wrong', async () => {
    await expect(search({ q: '{ duration > }' })).rejects.toMatchObject({ code: 'traceql/invalid', extra: { offset: 13, line: 1 } });
  });
});

describe('requests of services', () => {
  const window = { fromMs: START - 59 * MINUTE_MS, toMs: START + MINUTE_MS };

  test('count server and consumer spans only, with quantiles from the buckets', async () => {
    const services = await new DuckdbServiceReader(database).services(window);
    expect(services.map(({ service, requests, errors }) => [service, requests, errors])).toEqual([['checkout', 150, 2], ['payment', 6, 3]]);
    const [checkout] = services;
    // It appeared two minutes ago.
    expect(checkout).toMatchObject({ seenMs: 2 * MINUTE_MS, perSecond: 150 / 120 });
    const later = { fromMs: START, toMs: START + 30 * MINUTE_MS };
    expect((await new DuckdbServiceReader(database).services(later)).map(({ service, seenMs, perSecond }) => [service, seenMs, perSecond])[0]).toEqual(['checkout', 30 * MINUTE_MS, 100 / 1_800]);
    expect(checkout?.errorRatio).toBeCloseTo(2 / 150);
    expect((checkout?.p50Ns ?? 0) / 10e6).toBeCloseTo(1, 1);
    expect((checkout?.p99Ns ?? 0) / 1e9).toBeCloseTo(1, 1);
    expect(checkout?.sparkline).toHaveLength(60);
    expect(checkout?.sparkline.slice(-2)).toEqual([{ requests: 50, errors: 0 }, { requests: 100, errors: 2 }]);
  });

  test('split by operation and over time', async () => {
    const reader = new DuckdbServiceReader(database);
    expect((await reader.operations('checkout', window)).map(({ operation, requests }) => [operation, requests])).toEqual([['POST /pay', 100], ['GET /cart', 50]]);
    expect((await reader.operations('checkout', window))[0]).toMatchObject({ seenMs: 2 * MINUTE_MS, perSecond: 100 / 120 });
    const series = await reader.series('checkout', window);
    expect(series).toHaveLength(60);
    expect(series.slice(-2).map((point) => [point.atMs, point.requests])).toEqual([[START - MINUTE_MS, 50], [START, 100]]);
    expect(series[0]).toMatchObject({ requests: 0, errorRatio: undefined, p50Ns: undefined });
    expect(await reader.operations('nobody', window)).toEqual([]);
  });
});

test('the history of an SLO sums what no window needs in detail and keeps the rest by step', async () => {
  const counts = await new DuckdbSloHistoryReader(database).counts({
    sliceKey: 'checkout@1', fromMs: START - 30 * MINUTE_MS, toMs: START + MINUTE_MS, windowMs: 30 * 24 * HOUR_MS, longestBurnMs: HOUR_MS, stepMinutes: 5,
  });
  expect(counts.map(({ good, bad }) => [good, bad])).toEqual([[1_000, 0], [90, 10], [0, 5]]);
  expect(counts.slice(1).map(({ minute }) => minute)).toEqual([MINUTE - 10, MINUTE].map((minute) => minute - (minute % 5)));
});
