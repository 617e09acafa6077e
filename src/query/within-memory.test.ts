import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTraceqlStore, type TraceqlStore } from '../../test/support/traceql-store.js';
import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { ArchivedSpans, type ArchiveStatement, type SpansDatabase } from '../store/archive/duckdb-archived-spans.js';
import { FsArchiveStorage } from '../store/archive/fs-archive-storage.js';
import { openDatabase, type DuckdbDatabase } from '../store/duckdb-database.js';
import { isOutOfMemory } from '../store/out-of-memory.js';
import { DEFAULT_START_MS, type SpanDescription } from '../trace/batch-builder.js';
import { DuckdbMetricsReader } from './duckdb-metrics-reader.js';
import { DuckdbSurveyReader } from './duckdb-survey-reader.js';
import { DuckdbTagReader } from './duckdb-tag-reader.js';
import { DuckdbTraceReader } from './duckdb-trace-reader.js';
import { parseTraceMetrics, parseTraceSearch } from './trace-query.js';
import type { TraceSearch, TraceSelection, WholeTrace } from './trace-reader.js';

const START = DEFAULT_START_MS;
const WINDOW = { fromMs: START - 12 * HOUR_MS, toMs: START + 12 * HOUR_MS };
const OUT_OF_MEMORY = 'Out of Memory Error: failed to allocate data of size 16.0 MiB (224.0 MiB/224.0 MiB used)';

let store: TraceqlStore;
let directory = '';
beforeAll(async () => {
  store = await openTraceqlStore();
  directory = mkdtempSync(join(tmpdir(), 'tocsin-within-'));
});
afterAll(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Memory {
  /** Milliseconds that a search of all traces may look at (of half of them twice as many), and traces of which it is known. */
  readonly windowMs: number;
  readonly traces: number;
}

/** The store, which has no memory for statements over more than that. */
function tight({ windowMs, traces }: Memory): SpansDatabase {
  const database = new ArchivedSpans(store.database, { storage: new FsArchiveStorage(directory), generation: { current: 0 } });
  // Charts say by another pair which spans they are of.
  const lengthMs = (params: NonNullable<ArchiveStatement['params']>): number => (params['end_ns'] === undefined ? Number(params['near_to_ms'] ?? 0) - Number(params['near_from_ms'] ?? 0) : Number(BigInt(String(params['end_ns'])) - BigInt(String(params['start_ns']))) / 1e6);
  const fits = ({ params = {}, archive }: ArchiveStatement): boolean => (archive?.traces === undefined ? lengthMs(params) / (archive?.part?.of ?? 1) <= windowMs : archive.traces.length <= traces);
  // Its window stands in it as literals.
  const isOfAllHot = ({ sql }: ArchiveStatement): boolean => sql.startsWith('-- The newest matching spans of the hot tables');
  return {
    query: (statement) => (fits(statement) && !(isOfAllHot(statement) && windowMs < Infinity) ? database.query(statement) : Promise.reject(new Error(OUT_OF_MEMORY))),
    transaction: (statements) => database.transaction(statements),
  };
}

async function everyTrace(reader: DuckdbTraceReader, selection: TraceSelection): Promise<readonly WholeTrace[]> {
  const found: WholeTrace[] = [];
  for await (const trace of reader.everyTrace(selection)) found.push(trace);
  return found;
}

const AMPLE: Memory = { windowMs: Infinity, traces: Infinity };
const TIGHT: Memory = { windowMs: 90 * MINUTE_MS, traces: 2 };
/** Less than what is around the shortest window: only fewer traces help. */
const TIGHTEST: Memory = { windowMs: 10 * MINUTE_MS, traces: 2 };

const span: fc.Arbitrary<SpanDescription> = fc.record({
  traceId: fc.integer({ min: 1, max: 12 }).map((id) => String(id).padStart(32, '0')), parentSpanId: fc.constantFrom('', '1', '2', '3'),
  startMs: fc.oneof(fc.integer({ min: START - 8 * HOUR_MS, max: START + 8 * HOUR_MS }), fc.integer({ min: START, max: START + 20 })),
  durationMs: fc.constantFrom(0, 5, MINUTE_MS, HOUR_MS), status: fc.constantFrom('ok' as const, 'error' as const), name: fc.constantFrom('a', 'b'),
});
/** All spans of a trace within minutes, so that it is not looked at whole anyway. */
function shortened(described: SpanDescription): SpanDescription {
  return { ...described, startMs: START + Number(described.traceId) * 7 * MINUTE_MS + (described.startMs ?? 0) % 1_000, durationMs: Math.min(MINUTE_MS, described.durationMs ?? 0) };
}
const QUERIES = ['{ }', '{ name = "a" } >> { status = error }', '{ name = "a" } || { name = "b" } | count() > 1', '{ status = error } | by(name)'];

/** As the archiver does: a search looks at traces that last long as a whole. */
async function noteLongTraces(): Promise<void> {
  await store.database.transaction([
    { sql: 'DELETE FROM long_traces' },
    { sql: 'INSERT INTO long_traces SELECT trace_id_high, trace_id_low, min(start_ns) // 1000000, max(end_ms) FROM spans GROUP BY ALL HAVING max(end_ms) - min(start_ns) // 1000000 > 900000' },
  ]);
}

test('a search that there is no memory for is cut into shorter times and fewer traces, and finds the same', async () => {
  await fc.assert(fc.asyncProperty(fc.array(span, { maxLength: 40 }), fc.constantFrom(...QUERIES), fc.constantFrom(TIGHT, TIGHTEST), fc.boolean(), async (described, text, memory, areShort) => {
    for (const limit of [2, 20]) {
      await store.replace((areShort ? described.map(shortened) : described).map((one, index) => ({ ...one, spanId: (index + 1).toString(16) })));
      await noteLongTraces();
      const search: TraceSearch = { ...WINDOW, search: parseTraceSearch(text), limit };
      const [ample, cut] = [new DuckdbTraceReader(tight(AMPLE)), new DuckdbTraceReader(tight(memory))];
      expect(await cut.findTraces(search)).toEqual(await ample.findTraces(search));
      expect(await cut.findSpansets({ ...search, spansPerSpanset: 2 })).toEqual(await ample.findSpansets({ ...search, spansPerSpanset: 2 }));
      const ids = async (reader: DuckdbTraceReader): Promise<readonly string[]> => (await everyTrace(reader, { ...search, limit: undefined })).map(({ traceId, spans }) => `${traceId} ${spans.length}`).toSorted();
      expect(await ids(cut)).toEqual(await ids(ample));
    }
  }), { numRuns: 16 });
}, 400_000);

const FUNCTIONS = ['rate()', 'count_over_time() by (name)', 'min_over_time(duration)', 'max_over_time(duration) by (status)', 'sum_over_time(duration)', 'avg_over_time(duration) by (name)', 'quantile_over_time(duration, 0.5, 0.99) by (name)', 'histogram_over_time(duration)', 'rate() by (name, span:id) | topk(3)'];

test('a chart that there is no memory for is read some steps at a time, and shows the same', async () => {
  await fc.assert(fc.asyncProperty(fc.array(span, { maxLength: 40 }), fc.constantFrom(...FUNCTIONS), fc.constantFrom('{ }', '{ name = "a" }'), async (described, called, selected) => {
    await store.replace(described.map((one, index) => ({ ...one, spanId: (index + 1).toString(16) })));
    const request = { query: parseTraceMetrics(`${selected} | ${called}`), startNs: BigInt(WINDOW.fromMs) * 1_000_000n, endNs: BigInt(WINDOW.toMs) * 1_000_000n, stepNs: 1_700_000_000_000n, exemplars: 5 };
    const [ample, cut] = await Promise.all([new DuckdbMetricsReader(tight(AMPLE)).metrics(request), new DuckdbMetricsReader(tight(TIGHT)).metrics(request)]);
    expect({ ...cut, series: cut.series.map(({ labels, values }) => ({ labels, values })) }).toEqual({ ...ample, series: ample.series.map(({ labels, values }) => ({ labels, values })) });
    // Examples are others, of the same time and no more than were asked for.
    const examples = cut.series.flatMap(({ exemplars }) => exemplars);
    expect(examples.length).toBeLessThanOrEqual(5);
    for (const { timestampMs } of examples) expect(timestampMs).toBeGreaterThanOrEqual(WINDOW.fromMs - 1_700_000);
  }), { numRuns: 12 });
}, 400_000);

test('the newer half is looked through first, and what is found stands in the same order as if it had been read at once', async () => {
  const minutes = [-200, -110, -100, -40, -30];
  await store.replace(minutes.flatMap((minute, index): SpanDescription[] => [
    { traceId: String(index + 1).padStart(32, '0'), spanId: '1', name: 'a', startMs: START + minute * MINUTE_MS, durationMs: 5 },
    // One that goes on after the window, which nobody has noted yet.
    ...(minute === -110 ? [{ traceId: '2'.padStart(32, '0'), spanId: '2', name: 'a', startMs: START + 40 * MINUTE_MS, durationMs: 5 }] : []),
  ]));
  const ids = async (memory: Memory, limit: number): Promise<readonly number[]> => {
    const found = await new DuckdbTraceReader(tight(memory)).findTraces({ fromMs: WINDOW.fromMs, toMs: START, search: parseTraceSearch('{ name = "a" } | count() > 0'), limit });
    return found.map(({ traceId }) => Number(traceId));
  };
  for (const limit of [1, 2, 5]) for (const windowMs of [5 * MINUTE_MS, 90 * MINUTE_MS]) expect(await ids({ windowMs, traces: 1 }, limit)).toEqual(await ids(AMPLE, limit));
  expect(await ids(AMPLE, 2)).toEqual([5, 4]);
  // What a trace has after the window does not make it newer.
  expect(await ids(AMPLE, 5)).toEqual([5, 4, 3, 2, 1]);
});

test('what cannot be cut any more is answered with what to narrow, not as a fault', async () => {
  await store.replace([{ traceId: 'a'.repeat(32), spanId: '1', startMs: START, durationMs: 5 }]);
  const [noTime, noTraces] = [tight({ windowMs: 0, traces: 5 }), tight({ windowMs: Infinity, traces: 0 })];
  const search = parseTraceSearch('{ } >> { status = error }');
  const tooMuch = { code: 'traceql/too-much', message: expect.stringContaining('more memory'), hint: expect.stringContaining('resource.service.name') };
  await expect(new DuckdbTraceReader(noTime).findTraces({ ...WINDOW, search, limit: 5 })).rejects.toMatchObject(tooMuch);
  await expect(new DuckdbTraceReader(noTraces).findTraces({ ...WINDOW, search: parseTraceSearch('{ }'), limit: 5 })).rejects.toMatchObject(tooMuch);
  for (const database of [noTime, noTraces]) await expect(everyTrace(new DuckdbTraceReader(database), { ...WINDOW, search: parseTraceSearch('{ }'), limit: 5 })).rejects.toMatchObject(tooMuch);
  const times = { startNs: BigInt(WINDOW.fromMs) * 1_000_000n, endNs: BigInt(WINDOW.toMs) * 1_000_000n, stepNs: 60_000_000_000n, exemplars: 0 };
  await expect(new DuckdbMetricsReader(noTime).metrics({ ...times, query: parseTraceMetrics('{ } | rate()') })).rejects.toMatchObject(tooMuch);
  for (const text of ['{ } | compare({ status = error })', '{ rootName = "a" } | rate()']) await expect(new DuckdbMetricsReader(tight(TIGHT)).metrics({ ...times, query: parseTraceMetrics(text) })).rejects.toMatchObject(tooMuch);
  await expect(new DuckdbSurveyReader(noTime).heatmap({ ...WINDOW, search })).rejects.toMatchObject(tooMuch);
  await expect(new DuckdbSurveyReader(noTime).breakdown({ ...WINDOW, search, fields: [], top: 3 })).rejects.toMatchObject(tooMuch);
  await expect(new DuckdbTagReader(noTime).tagNames({ ...WINDOW, search, limit: 5 })).rejects.toMatchObject(tooMuch);
  await expect(new DuckdbTagReader(noTime).tagValues({ type: 'intrinsic', name: 'name' }, { ...WINDOW, search, limit: 5 })).rejects.toMatchObject(tooMuch);
});

test('another failure is passed on as it is', async () => {
  await store.replace([{ traceId: 'a'.repeat(32), spanId: '1', startMs: START, durationMs: 5 }]);
  const broken: SpansDatabase = { ...tight(AMPLE), query: (statement) => (statement.archive === undefined ? store.database.query(statement) : Promise.reject(new Error('disk I/O error'))) };
  await expect(new DuckdbTraceReader(broken).findTraces({ ...WINDOW, search: parseTraceSearch('{ }'), limit: 5 })).rejects.toThrow('disk I/O error');
});

/** Chains of ten spans, one every tenth of a second, of which the last one failed; of the very first trace all failed. */
async function storeChains(database: DuckdbDatabase, spans: number): Promise<void> {
  await database.transaction([
    { sql: `INSERT INTO resources VALUES (1, 'shop', '{"service.name":"shop"}')` },
    {
      sql: `INSERT INTO spans_bulk SELECT i // 10, hash(i // 10), i % 10 + 1, i % 10, 'step ' || i % 10, 2, CASE WHEN i % 10 = 9 OR i < 10 THEN 2 ELSE 0 END, '', (${START} + i * 100) * 1000000, ${START} + i * 100 + 50, 50000000,
        'shop', 1, '', '', '{}', NULL, NULL, '', 0, 1, FALSE, 0, ${START} + i * 100, FALSE, 0 FROM range(${spans}) t(i)`,
    },
  ]);
}

test('DuckDB itself runs out of memory over a long time, and the search is answered all the same', async () => {
  const spans = 200_000;
  const database = await openDatabase(join(directory, 'small.duckdb'), { memoryLimit: '64MB', threads: 1 });
  await storeChains(database, spans);
  const archived = new ArchivedSpans(database, { storage: new FsArchiveStorage(join(directory, 'archive')), generation: { current: 0 } });
  const refused: unknown[] = [];
  const watched: SpansDatabase = {
    query: (statement) => archived.query(statement).catch((error: unknown) => {
      refused.push(error);
      throw error;
    }),
    transaction: (statements) => archived.transaction(statements),
  };
  const found = await new DuckdbTraceReader(watched).findTraces({ fromMs: START, toMs: START + spans * 100, limit: 20, search: parseTraceSearch('{ name != "step 5" } >> { status = error } | count() > 5') });
  await database.close();
  expect(found.map(({ matchedCount }) => matchedCount)).toEqual([9]);
  // So that this test is about something.
  expect(refused).not.toHaveLength(0);
  expect(refused.every(isOutOfMemory)).toBe(true);
}, 400_000);
