import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTraceqlStore, type TraceqlStore } from '../../test/support/traceql-store.js';
import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { ArchivedSpans, type SpansDatabase } from '../store/archive/duckdb-archived-spans.js';
import { FsArchiveStorage } from '../store/archive/fs-archive-storage.js';
import { DEFAULT_START_MS, type SpanDescription } from '../trace/batch-builder.js';
import { everyTrace } from './duckdb-every-trace.js';
import { DuckdbTraceReader } from './duckdb-trace-reader.js';
import { parseTraceSearch } from './trace-query.js';
import type { TraceSelection, WholeTrace } from './trace-reader.js';

const START = DEFAULT_START_MS;
/** So small that a handful of traces needs many slices and portions. */
const SMALL = { tracesOfSlice: 3, longAtOnce: 2, tracesAtOnce: 2, spansAtOnce: 5, spansOfTrace: 20_000 };

let store: TraceqlStore;
beforeAll(async () => {
  store = await openTraceqlStore();
});
afterAll(() => store.close());

async function collect(text: string, { limits = SMALL, database = store.database, ...window }: Partial<TraceSelection> & { readonly limits?: typeof SMALL; readonly database?: SpansDatabase } = {}): Promise<readonly WholeTrace[]> {
  const found: WholeTrace[] = [];
  for await (const trace of everyTrace(database, { fromMs: START - 10 * HOUR_MS, toMs: START + 10 * HOUR_MS, limit: undefined, search: parseTraceSearch(text), ...window }, limits)) found.push(trace);
  return found;
}

const traceId = fc.integer({ min: 1, max: 20 }).map((id) => String(id).padStart(32, '0'));
/** Traces of all lengths, some of whose spans end at the very same millisecond, and so in no slice that could be cut. */
const span: fc.Arbitrary<SpanDescription> = fc.record({
  traceId, startMs: fc.oneof(fc.constant(START), fc.integer({ min: START - 8 * HOUR_MS, max: START + 8 * HOUR_MS }), fc.integer({ min: START, max: START + 20 })),
  durationMs: fc.constantFrom(0, 1, 5, MINUTE_MS, HOUR_MS), status: fc.constantFrom('ok' as const, 'error' as const), name: fc.constantFrom('a', 'b'),
});

test('every trace that a search finds comes once, whole, whatever the slices; and none that it does not find', async () => {
  await fc.assert(fc.asyncProperty(fc.array(span, { maxLength: 60 }), fc.constantFrom('{ }', '{ status = error }', '{ name = "a" && duration > 1ms }'), async (described, text) => {
    const spans = described.map((one, index) => ({ ...one, spanId: (index + 1).toString(16) }));
    await store.replace(spans);
    const found = await collect(text);
    const reader = new DuckdbTraceReader(store.database);
    const expected = await reader.findTraces({ fromMs: START - 10 * HOUR_MS, toMs: START + 10 * HOUR_MS, limit: 200, search: parseTraceSearch(text) });
    expect(found.map((trace) => trace.traceId).toSorted()).toEqual(expected.map((trace) => trace.traceId).toSorted());
    for (const { traceId: id, spans: whole } of found) expect(whole).toHaveLength(spans.filter((one) => one.traceId === id).length);
    return true;
  }), { numRuns: 12 });
}, 400_000);

test('stops after as many as were asked for, and looks at the time that was asked for', async () => {
  await store.replace(Array.from({ length: 30 }, (_, index) => ({ traceId: String(index + 1).padStart(32, '0'), spanId: '1', startMs: START + index * MINUTE_MS, durationMs: 5 })));
  expect((await collect('{ }', { limit: 7 })).map((trace) => Number(trace.traceId))).toEqual([30, 29, 28, 27, 26, 25, 24]);
  expect(await collect('{ }', { fromMs: START + 10 * MINUTE_MS, toMs: START + 15 * MINUTE_MS })).toHaveLength(5);
  expect(await collect('{ name = "nowhere" }')).toEqual([]);
});

test('every trace that lasts long is judged as a whole, however many there are', async () => {
  const traces = 1_005;
  const ofTrace = (index: number): SpanDescription[] => [0, 2].map((hour) => ({
    traceId: String(index + 1).padStart(32, '0'), spanId: String(hour + 1), parentSpanId: hour === 0 ? '' : '1', name: hour === 0 ? 'a' : 'b', startMs: START + hour * HOUR_MS + index, durationMs: 5,
  }));
  await store.replace(Array.from({ length: traces }, (_, index) => ofTrace(index)).flat());
  await store.database.transaction([{ sql: 'INSERT INTO long_traces SELECT trace_id_high, trace_id_low, min(start_ns) // 1000000, max(end_ms) FROM spans GROUP BY ALL' }]);
  // Only where there is an archive can a statement be of some traces.
  const database = new ArchivedSpans(store.database, { storage: new FsArchiveStorage(join(tmpdir(), 'tocsin-no-archive')), generation: { current: 0 } });
  const found = await collect('{ name = "a" } >> { name = "b" }', { database, limits: { tracesOfSlice: 20_000, longAtOnce: 400, tracesAtOnce: 500, spansAtOnce: 10_000, spansOfTrace: 20_000 } });
  await store.database.transaction([{ sql: 'DELETE FROM long_traces' }]);
  expect(new Set(found.map((trace) => trace.traceId)).size).toBe(traces);
  expect(found).toHaveLength(traces);
});

test('a trace that is cut short comes once too, with the first of its spans', async () => {
  await store.replace(Array.from({ length: 12 }, (_, index) => ({ traceId: '1'.padStart(32, '0'), spanId: (index + 1).toString(16), startMs: START + index * 2 * HOUR_MS, durationMs: 5 })));
  expect((await collect('{ }', { fromMs: START - HOUR_MS, toMs: START + 30 * HOUR_MS, limits: { ...SMALL, spansOfTrace: 3 } })).map(({ spans }) => spans.map(({ spanId }) => Number(`0x${spanId}`)))).toEqual([[1, 2, 3]]);
});

test('years without anything cost nothing', async () => {
  const YEARS_MS = 3_650 * 24 * HOUR_MS;
  await store.replace([0, YEARS_MS, 2 * YEARS_MS].map((agoMs, index) => ({ traceId: String(index + 1).padStart(32, '0'), spanId: '1', startMs: START - agoMs, durationMs: 5 })));
  let queries = 0;
  const counted: SpansDatabase = {
    query: (statement) => {
      queries += 1;
      return store.database.query(statement);
    },
    transaction: (statements) => store.database.transaction(statements),
  };
  const found: string[] = [];
  for await (const { traceId: id } of everyTrace(counted, { fromMs: 0, toMs: START + HOUR_MS, limit: undefined, search: parseTraceSearch('{ }') })) found.push(id);
  expect(found.map(Number)).toEqual([1, 2, 3]);
  expect(queries).toBeLessThan(20);
});

test('a trace of many spans is read by itself', async () => {
  await store.replace(Array.from({ length: 40 }, (_, index) => ({ traceId: String((index % 2) + 1).padStart(32, '0'), spanId: (index + 1).toString(16), startMs: START + index, durationMs: 5 })));
  expect((await collect('{ }')).map(({ spans }) => spans.length)).toEqual([20, 20]);
});
