import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FakeClock } from '../lib/clock.js';
import { MINUTE_MS } from '../lib/duration.js';
import type { TraceId } from '../lib/ids.js';
import { eventOf } from '../diagnosis/finding.js';
import { compileSlo } from '../sli/compile-slo.js';
import { openDatabase, type DuckdbDatabase } from '../store/duckdb-database.js';
import { DuckdbSpanSink } from '../store/duckdb-span-sink.js';
import { traceKey } from '../store/trace-key.js';
import { DEFAULT_START_MS, spanBatch, type SpanDescription } from '../trace/batch-builder.js';
import { buildSlo } from '../budget/slo-builder.js';
import { DuckdbEvidenceReader } from './duckdb-evidence-reader.js';
import { criteriaOf, type EventCriteria } from './evidence-reader.js';
import { readTraces } from './gather-evidence.js';

const START = DEFAULT_START_MS;
const WINDOW = { fromMs: START, toMs: START + 10 * MINUTE_MS };
const FAILURES = 300;

/** One checkout a second: even seconds fail. Failure 100 is the slowest; one failure is before the window and one is another service's. */
const spans: SpanDescription[] = [
  ...Array.from({ length: FAILURES * 2 }, (_, second): SpanDescription => ({
    name: 'POST /checkout', service: 'checkout', startMs: START + second * 1_000, durationMs: second === 200 ? 900 : 20 + (second % 7),
    status: second % 2 === 0 ? 'error' : 'unset', attributes: second % 2 === 0 ? { 'http.response.status_code': 503 } : second % 3 === 0 ? {} : { 'http.response.status_code': 200 },
  })),
  { name: 'POST /checkout', service: 'checkout', startMs: START - 5_000, status: 'error' },
  { name: 'POST /checkout', service: 'other', startMs: START + 5_000, status: 'error' },
];

function criteria(part: { readonly bad?: string; readonly good?: string }): EventCriteria {
  const at = { file: 'rules/test.yaml', line: 1, column: 1 };
  const source = (text: string | undefined): { text: string; at: typeof at } | undefined => (text === undefined ? undefined : { text, at });
  const compiled = compileSlo(buildSlo({ indicator: { total: { text: '{ resource.service.name = "checkout" && kind = server }', at }, bad: source(part.bad), good: source(part.good), weight: 'auto' } }));
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return criteriaOf(compiled.value);
}

let directory = '';
let database: DuckdbDatabase;
let reader: DuckdbEvidenceReader;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tocsin-evidence-'));
  database = await openDatabase(join(directory, 'tocsin.duckdb'));
  const sink = await DuckdbSpanSink.open(database, { clock: new FakeClock(START), limits: { maxWaitMs: 1, maxRows: 10_000 } });
  await sink.store({ digest: 'd'.repeat(32), signal: 'traces', protocol: 'grpc', receivedAtMs: START, rejected: 0, deduplicated: 0, message: '', spans: spanBatch(spans), sloSlices: [], redSlices: [] });
  reader = new DuckdbEvidenceReader(database);
});
afterAll(async () => {
  await database.close();
  rmSync(directory, { recursive: true, force: true });
});

const secondOf = (startNs: bigint): number => (Number(startNs / 1_000_000n) - START) / 1_000;

describe('bad events', () => {
  test('are counted all and sampled with the first, the newest and the slowest, the rest spread over the window', async () => {
    const sample = await reader.badEvents({ ...WINDOW, criteria: criteria({ bad: '{ status = error }' }), limit: 40 });
    expect(sample.count).toBe(FAILURES);
    expect(sample.rows).toHaveLength(40);
    const seconds = sample.rows.map((row) => secondOf(row.startNs));
    expect(seconds).toEqual([...seconds].sort((left, right) => left - right));
    expect(seconds.every((second) => second % 2 === 0)).toBe(true);
    expect(seconds).toEqual(expect.arrayContaining([0, 200, 598]));
    for (const third of [0, 200, 400]) expect(seconds.filter((second) => second >= third && second < third + 200).length).toBeGreaterThan(3);
  });

  test('of more than are looked at stand for all of them: the first, the newest and the slowest weigh no more than they are', async () => {
    const { rows } = await reader.badEvents({ ...WINDOW, criteria: criteria({ bad: '{ status = error }' }), limit: 40 });
    expect(rows.filter(({ startNs }) => [0, 200, 598].includes(secondOf(startNs))).map(({ standsFor }) => standsFor)).toEqual([1, 1, 1]);
    const events = (await readTraces(reader, rows)).map((trace) => eventOf(trace)!);
    expect(events.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(FAILURES, 6);
    const all = await reader.badEvents({ ...WINDOW, criteria: criteria({ bad: '{ status = error }' }), limit: FAILURES });
    expect(new Set(all.rows.map(({ standsFor }) => standsFor))).toEqual(new Set([1]));
  });

  test('are the same sample every time', async () => {
    const query = { ...WINDOW, criteria: criteria({ bad: '{ status = error }' }), limit: 25 };
    expect(await reader.badEvents(query)).toEqual(await reader.badEvents(query));
  });

  test('are what is not good where the SLO says good, also for spans without the attribute', async () => {
    const sample = await reader.badEvents({ ...WINDOW, criteria: criteria({ good: '{ span.http.response.status_code < 500 }' }), limit: 5 });
    expect(sample.count).toBe(FAILURES + spans.filter((span) => span.service === 'checkout' && span.status === 'unset' && Object.keys(span.attributes ?? {}).length === 0).length);
  });

  test('are none in an empty window', async () => {
    const sample = await reader.badEvents({ fromMs: 0, toMs: 1, criteria: criteria({ bad: '{ status = error }' }), limit: 5 });
    expect(sample).toEqual({ count: 0, rows: [] });
  });
});

test('good events come from beside the bad ones', async () => {
  const query = { ...WINDOW, criteria: criteria({ bad: '{ status = error }' }), limit: 4 };
  const near = (await reader.badEvents({ ...query, fromMs: START + 300_000, toMs: START + 301_000 })).rows;
  const sample = await reader.goodEvents({ ...query, near });
  expect(sample.count).toBe(FAILURES);
  expect(sample.rows.map((row) => secondOf(row.startNs))).toEqual([297, 299, 301, 303]);
});

test('the traces of events are read whole, and unknown ones are absent', async () => {
  const { rows } = await reader.badEvents({ ...WINDOW, criteria: criteria({ bad: '{ status = error }' }), limit: 3 });
  const ids = rows.map((row) => row.traceId);
  const traces = await reader.tracesOf([...ids, 'f'.repeat(32) as TraceId]);
  expect([...traces.keys()].sort()).toEqual([...ids].sort());
  for (const row of rows) expect(traces.get(row.traceId)?.map((span) => span.spanId)).toEqual([row.spanId]);
  expect(await reader.tracesOf([])).toEqual(new Map());
});

test('the log records of traces are read with them, oldest first', async () => {
  const { rows } = await reader.badEvents({ ...WINDOW, criteria: criteria({ bad: '{ status = error }' }), limit: 3 });
  const { traceId } = rows[0]!;
  const { high, low } = traceKey(traceId);
  for (const [time, body] of [[2, 'second'], [1, 'first']] as const) {
    await database.query({
      sql: 'INSERT INTO logs VALUES ($high, $low, 7, $time, 17, \'ERROR\', $body, \'checkout\', 0, \'\', \'{"exception.type":"Refused"}\', 0, false)',
      params: { high: String(high), low: String(low), time, body },
    });
  }
  const logs = await reader.logsOf(rows.map((row) => row.traceId));
  expect([...logs.keys()]).toEqual([traceId]);
  expect(logs.get(traceId)).toEqual(['first', 'second'].map((body, index) => (
    { traceId, spanId: '0000000000000007', timeNs: BigInt(index + 1), serviceName: 'checkout', severityNumber: 17, body, attributes: { 'exception.type': 'Refused' } })));
  expect(await reader.logsOf([])).toEqual(new Map());
});
