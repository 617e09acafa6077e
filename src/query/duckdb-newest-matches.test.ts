import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TRACEQL_RULES } from '../../test/support/traceql-grammar.js';
import { openTraceqlStore, type TraceqlStore } from '../../test/support/traceql-store.js';
import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { ArchivedSpans, type ArchiveStatement, type SpansDatabase } from '../store/archive/duckdb-archived-spans.js';
import { FsArchiveStorage } from '../store/archive/fs-archive-storage.js';
import { traceIdOf } from '../store/trace-key.js';
import { DEFAULT_START_MS, type SpanDescription } from '../trace/batch-builder.js';
import { foundCondition } from '../trace/traceql/found-condition.js';
import { parseSearch } from '../trace/traceql/parser.js';
import type { SpansetExpression } from '../trace/traceql/query-ast.js';
import { compileSearch } from '../trace/traceql/search-sql.js';
import { matchesAmong, type RunSearch } from './duckdb-matching-traces.js';
import { newestMatches, type CandidateLimits } from './duckdb-newest-matches.js';
import { parseTraceSearch } from './trace-query.js';

const START = DEFAULT_START_MS;
const WINDOW = { fromMs: START - 3 * HOUR_MS, toMs: START + 3 * HOUR_MS };
/** In the middle of what is stored, so that traces go on after its end and began before its beginning. */
const PART = { fromMs: START - HOUR_MS, toMs: START + 10 };
const SEARCHES = Object.entries(TRACEQL_RULES).filter(([name]) => !['metrics, second stages and arithmetic', 'compare'].includes(name));
/** What people look for, which finds something more often than what the grammar makes. */
const QUERIES = [
  '{ name = "a" } >> { status = error }', '{ name = "a" } > { status = error }', '{ status = error } << { name = "a" }', '{ status = error } ~ { name = "a" }', '{ name = "a" } !>> { status = error }', '{ status = error } !< { name = "b" }',
  '{ name = "a" } &>> { status = error }', '{ name = "a" } && { status = error }', '{ name = "a" } || { status = error }', '{ status = error } | count() > 1', '({ status = error } | count()) > ({ name = "a" } | count())',
  '{ status = error && rootName = "a" }', '{ status = error || traceDuration > 1m }', '{ !(rootName = "a") && name = "b" }', '{ status = error && parent.x = nil }', '{ name = "a" } | by(status) | { status = error }', '({ name = "a" } >> { status = error }) | { span:childCount > 0 } || { name = "b" }',
];

let store: TraceqlStore;
let directory = '';
let database: SpansDatabase;
beforeAll(async () => {
  store = await openTraceqlStore();
  directory = mkdtempSync(join(tmpdir(), 'tocsin-newest-'));
  database = new ArchivedSpans(store.database, { storage: new FsArchiveStorage(directory), generation: { current: 0 } });
});
afterAll(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

const span: fc.Arbitrary<SpanDescription> = fc.record({
  traceId: fc.integer({ min: 1, max: 6 }).map((id) => String(id).padStart(32, '0')), parentSpanId: fc.constantFrom('', '1', '2', '3', '4'),
  startMs: fc.oneof({ weight: 3, arbitrary: fc.integer({ min: START - 20, max: START + 20 }) }, fc.integer({ min: START - 2 * HOUR_MS, max: START + 2 * HOUR_MS })),
  durationMs: fc.constantFrom(0, 5, MINUTE_MS, HOUR_MS), status: fc.constantFrom('ok' as const, 'error' as const), name: fc.constantFrom('a', 'b', '1', ''), kind: fc.constantFrom('server' as const, 'client' as const),
  attributes: fc.dictionary(fc.constantFrom('x', 'y', 'list', 'region'), fc.constantFrom('a', '1', 1, 5, 2.5, true), { maxKeys: 3, noNullPrototype: true }),
});
const spans = fc.array(span, { minLength: 1, maxLength: 40 }).map((described) => described.map((one, index) => ({ ...one, spanId: (described.slice(0, index).filter(({ traceId }) => traceId === one.traceId).length + 1).toString(16) })));

/** As the archiver does: a search looks at traces that last long as a whole. */
async function put(described: readonly SpanDescription[]): Promise<void> {
  await store.replace(described);
  await store.database.transaction([
    { sql: 'DELETE FROM long_traces' },
    { sql: 'INSERT INTO long_traces SELECT trace_id_high, trace_id_low, min(start_ns) // 1000000, max(end_ms) FROM spans GROUP BY ALL HAVING max(end_ms) - min(start_ns) // 1000000 > 900000' },
  ]);
}

function run(search: SpansetExpression, window: { readonly fromMs: number; readonly toMs: number; readonly limit: number }): RunSearch {
  return { compiled: compileSearch(search), search: { ...window, search } };
}

const told = (found: readonly { readonly key: { readonly high: bigint; readonly low: bigint }; readonly matchedNs: bigint }[]): readonly string[] => found.map(({ key, matchedNs }) => `${traceIdOf(key)} ${matchedNs}`);

/** All traces judged whole, then the newest of them. */
async function judgedWhole(asked: RunSearch): Promise<readonly string[]> {
  const rows = await store.database.query({ sql: 'SELECT DISTINCT trace_id_high AS high, trace_id_low AS low FROM spans' });
  const matches = await matchesAmong(database, { traces: rows.map((row) => ({ high: row['high'] as bigint, low: row['low'] as bigint })) }, asked);
  return told([...matches].sort((left, right) => Number(right.matchedNs - left.matchedNs) || Number(left.key.low - right.key.low)).slice(0, asked.search.limit));
}

/** By few candidates, by many, without looking for any, and beginning with the newest hot ones. */
const LIMITS = [{ mostCandidates: 3, fewHotSpans: 0, mostNewestSpans: 0 }, { mostCandidates: 2_000, fewHotSpans: 0, mostNewestSpans: 0 }, { mostCandidates: 2_000, fewHotSpans: 1_000, mostNewestSpans: 0 }, { mostCandidates: 2_000, fewHotSpans: 0, mostNewestSpans: 50_000 }];
/** More than there are, and in every way. */
const ALL = 20;
const FEW = [1, 3];
/** A few are asked for in one of the ways each; a property draws which. */
const turn = fc.nat({ max: LIMITS.length - 1 });

/** Finds the same in each window, whichever way it goes. */
async function findsTheSame(search: SpansetExpression, turned: number): Promise<number> {
  let found = 0;
  for (const window of [WINDOW, PART]) {
    // The newest three of them are the first three.
    const expected = await judgedWhole(run(search, { ...window, limit: ALL }));
    const isFound = async (limit: number, limits: CandidateLimits | undefined): Promise<void> => { expect(told(await newestMatches(database, run(search, { ...window, limit }), limits))).toEqual(expected.slice(0, limit)); };
    for (const limits of LIMITS) await isFound(ALL, limits);
    for (const [index, limit] of FEW.entries()) await isFound(limit, LIMITS[(index + turned) % LIMITS.length]);
    found += expected.length;
  }
  return found;
}

test('of two stages that look at events the first says where to look: the two need not be one event', () => {
  const [first, both] = ['{ event:name = "a" }', '{ event:name = "a" } | { event:name = "b" }'].map((query) => foundCondition(parseTraceSearch(query)));
  expect(both).toEqual(first);
});

describe('what a search finds in two steps is what it finds where all traces are judged whole', () => {
  test.each(QUERIES)('%s', async (text) => {
    let found = 0;
    await fc.assert(fc.asyncProperty(spans, turn, async (described, turned) => {
      await put(described);
      found += await findsTheSame(parseTraceSearch(text), turned);
    }), { numRuns: 3 });
    // So that this test is about something.
    expect(found).toBeGreaterThan(0);
  }, 400_000);

  test.each(SEARCHES)('%s', async (_, rule) => {
    await fc.assert(fc.asyncProperty(rule, spans, turn, async (text, described, turned) => {
      const parsed = parseSearch(text);
      fc.pre(parsed.ok);
      if (!parsed.ok || parsed.value.type !== 'search') return;
      await put(described);
      await findsTheSame(parsed.value.search, turned);
    }), { numRuns: 3 });
  }, 400_000);
});

test.each(SEARCHES)('every span that is found meets the condition on its own row: %s', async (_, rule) => {
  await fc.assert(fc.asyncProperty(rule, spans, async (text, described) => {
    const parsed = parseSearch(text);
    fc.pre(parsed.ok);
    if (!parsed.ok || parsed.value.type !== 'search') return;
    const condition = foundCondition(parsed.value.search);
    fc.pre(condition !== undefined);
    await store.replace(described);
    const rowsOf = async (search: SpansetExpression): Promise<ReadonlySet<string>> => {
      const { ctes, result, params, looksAround } = compileSearch(search);
      expect(search.type === 'filter' && search.condition === condition && looksAround).toBe(false);
      const rows = await store.database.query({ sql: `WITH RECURSIVE ${ctes} SELECT DISTINCT rid FROM ${result}`, params: { ...params.values, near_from_ms: 0, near_to_ms: START + 9 * HOUR_MS } });
      return new Set(rows.map((row) => String(row['rid'])));
    };
    const candidates = await rowsOf({ type: 'filter', condition });
    for (const rid of await rowsOf(parsed.value.search)) expect(candidates).toContain(rid);
  }), { numRuns: 25 });
}, 400_000);

describe('sixty traces of two spans, one a minute', () => {
  const chain = (id: number, minute: number, status: 'ok' | 'error'): SpanDescription[] => [
    { traceId: String(id).padStart(32, '0'), spanId: '1', name: 'a', startMs: START + minute * MINUTE_MS, durationMs: 9 },
    { traceId: String(id).padStart(32, '0'), spanId: '2', parentSpanId: '1', name: 'b', status, startMs: START + minute * MINUTE_MS, durationMs: 5 },
  ];
  const search = run(parseTraceSearch('{ name = "a" } >> { status = error }'), { ...WINDOW, limit: 3 });
  const readsAround = ({ sql, params, archive }: ArchiveStatement): boolean => sql.includes('RECURSIVE') && archive?.traces === undefined && Number(params?.['near_from_ms']) < Number(params?.['from_ms']);
  beforeAll(() => put(Array.from({ length: 60 }, (_, index) => chain(index + 1, index, index % 6 === 0 ? 'error' : 'ok')).flat()));

  /** What was found, and how many statements read all that is around a slice; with `hasNoMemory` they are refused. */
  async function find(fewHotSpans: number, hasNoMemory = false): Promise<{ readonly found: readonly number[]; readonly around: number }> {
    let count = 0;
    const watched: SpansDatabase = {
      query: (statement) => {
        if (readsAround(statement)) count += 1;
        return readsAround(statement) && hasNoMemory ? Promise.reject(new Error('Out of Memory Error: could not allocate block')) : database.query(statement);
      },
      transaction: (those) => database.transaction(those),
    };
    const found = await newestMatches(watched, search, { mostCandidates: 2_000, fewHotSpans, mostNewestSpans: 0 });
    return { found: found.map(({ key }) => Number(key.low.toString(16))), around: count };
  }

  test('of many the candidates are judged, and of other traces nothing is read that is around them', async () => {
    expect(await find(0)).toEqual({ found: [55, 49, 43], around: 0 });
  });

  test('few are read at once with what is around them', async () => {
    const { found, around } = await find(120);
    expect(found).toEqual([55, 49, 43]);
    expect(around).toBeGreaterThan(0);
  });

  test('where there is no memory even for few, candidates are', async () => {
    expect((await find(120, true)).found).toEqual([55, 49, 43]);
  });
});
