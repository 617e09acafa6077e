import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTraceqlStore, type TraceqlStore } from '../../test/support/traceql-store.js';
import { HOUR_MS } from '../lib/duration.js';
import { ARCHIVE_MARK, type SpansDatabase } from '../store/archive/duckdb-archived-spans.js';
import type { TimeRange } from '../store/archive/duckdb-known-files.js';
import { traceIdOf } from '../store/trace-key.js';
import { DEFAULT_START_MS, type SpanDescription } from '../trace/batch-builder.js';
import { compileSearch } from '../trace/traceql/search-sql.js';
import type { RunSearch } from './duckdb-matching-traces.js';
import { newestHot } from './duckdb-newest-hot.js';
import { newestMatches } from './duckdb-newest-matches.js';
import { parseTraceSearch } from './trace-query.js';

const START = DEFAULT_START_MS;
const WINDOW = { fromMs: START - 3 * HOUR_MS, toMs: START + 3 * HOUR_MS };
const QUERIES: Readonly<Record<string, (span: SpanDescription) => boolean>> = {
  '{}': () => true,
  '{ status = error }': ({ status }) => status === 'error',
  '{ name = "a" && duration > 2ms }': ({ name, durationMs }) => name === 'a' && Number(durationMs) > 2,
  '{ span.x = 1 }': ({ attributes }) => attributes?.['x'] === 1,
};

let store: TraceqlStore;
let files: readonly TimeRange[] = [];
let statements: string[] = [];
/** A database whose archive is a table. */
let database: SpansDatabase;

beforeAll(async () => {
  store = await openTraceqlStore();
  await store.database.transaction([{ sql: 'CREATE TABLE archived AS SELECT * FROM span_rows LIMIT 0' }]);
  database = {
    query: (statement) => {
      statements.push(statement.sql);
      return store.database.query({ ...statement, sql: statement.sql.replace(ARCHIVE_MARK, 'span_rows AS NOT MATERIALIZED (SELECT * FROM main.span_rows UNION ALL SELECT * FROM archived), spans AS NOT MATERIALIZED (SELECT * EXCLUDE (row_id) FROM span_rows),') });
    },
    transaction: (those) => store.database.transaction(those),
    fileTimes: ({ fromMs, toMs }) => Promise.resolve(files.filter((file) => file.fromMs < toMs && file.toMs > fromMs)),
  };
});
afterAll(() => store.close());

/** Spans of few traces, most of them begun close to each other, each hot (in one of two tables) or archived. */
const spans = fc.array(fc.record({
  traceId: fc.integer({ min: 1, max: 5 }).map((id) => String(id).padStart(32, '0')),
  startMs: fc.oneof({ weight: 3, arbitrary: fc.integer({ min: START - 20, max: START + 20 }) }, fc.integer({ min: START - 2 * HOUR_MS, max: START + 2 * HOUR_MS })),
  durationMs: fc.constantFrom(0, 5, HOUR_MS), status: fc.constantFrom('ok' as const, 'error' as const), name: fc.constantFrom('a', 'b'), attributes: fc.constantFrom({ x: 1 }, { x: 2 }), place: fc.constantFrom('fresh', 'bulk', 'archived'),
}), { minLength: 1, maxLength: 60 }).map((described) => described.map((one, index) => ({ ...one, spanId: (index + 1).toString(16) })));

async function put(described: readonly (SpanDescription & { readonly place: string })[]): Promise<void> {
  await store.replace(described);
  const idsOf = (place: string): string => `(${[0, ...described.flatMap((span, index) => (span.place === place ? [index + 1] : []))].join(', ')})`;
  await store.database.transaction([
    { sql: 'DELETE FROM spans_bulk' }, { sql: 'DELETE FROM archived' },
    { sql: `INSERT INTO spans_bulk SELECT * FROM spans_fresh WHERE span_id IN ${idsOf('bulk')}` }, { sql: `DELETE FROM spans_fresh WHERE span_id IN ${idsOf('bulk')}` },
    { sql: `INSERT INTO archived SELECT * REPLACE (4611686018427387904 + row_id AS row_id) FROM span_rows WHERE span_id IN ${idsOf('archived')}` }, { sql: `DELETE FROM spans_fresh WHERE span_id IN ${idsOf('archived')}` },
  ]);
  const rows = await store.database.query({ sql: `SELECT min(end_ms) AS from_ms, max(end_ms) + 1 AS to_ms FROM archived GROUP BY end_ms // ${HOUR_MS}` });
  files = rows.map((row) => ({ fromMs: Number(row['from_ms']), toMs: Number(row['to_ms']) }));
}

function run(text: string, limit: number): RunSearch {
  const search = parseTraceSearch(text);
  return { compiled: compileSearch(search), search: { ...WINDOW, search, limit } };
}

test.each(Object.entries(QUERIES))('%s finds the newest traces, wherever their spans are', async (text, isMatch) => {
  await fc.assert(fc.asyncProperty(spans, async (described) => {
    await put(described);
    const newest = new Map<string, number>();
    for (const span of described.filter((one) => isMatch(one) && one.startMs + one.durationMs < WINDOW.toMs)) newest.set(span.traceId, Math.max(newest.get(span.traceId) ?? 0, span.startMs));
    const expected = [...newest].sort(([one, oneMs], [other, otherMs]) => otherMs - oneMs || (one < other ? -1 : 1)).map(([id, ms]) => `${id} ${ms}`);
    for (const limit of [1, 3, 20]) {
      const found = await newestMatches(database, run(text, limit));
      expect(found.map(({ key, matchedNs }) => `${traceIdOf(key)} ${matchedNs / 1_000_000n}`)).toEqual(expected.slice(0, limit));
    }
  }), { numRuns: 12 });
});

const many = (count: number, ofTrace: (index: number) => number): (SpanDescription & { readonly place: string })[] =>
  Array.from({ length: count }, (_, index) => ({ traceId: String(ofTrace(index)).padStart(32, '0'), spanId: (index + 1).toString(16), startMs: START + index, durationMs: 1, place: 'fresh' }));

test('one trace with more spans than are looked at first does not hide the others', async () => {
  await put(many(300, (index) => (index < 5 ? index + 1 : 9)));
  const found = await newestHot(database, run('{}', 3), { limit: 3 });
  expect(found?.traces.map(({ key }) => Number(traceIdOf(key))).sort()).toEqual(expect.arrayContaining([4, 5, 9]));
});

test('older spans of one table do not stand for those that were left out of the other', async () => {
  const fresh = many(40, (index) => (index < 10 ? index + 1 : 30));
  const bulk = [{ ...fresh[0], traceId: '21'.padStart(32, '0'), spanId: 'fe', startMs: START - 9, place: 'bulk' }, { ...fresh[0], traceId: '22'.padStart(32, '0'), spanId: 'ff', startMs: START - 8, place: 'bulk' }];
  await put([...fresh, ...bulk]);
  const found = await newestMatches(database, run('{}', 3));
  expect(found.map(({ key }) => Number(traceIdOf(key)))).toEqual([30, 10, 9]);
});

test('of traces that began at one moment none is left out for another', async () => {
  await put(many(60, (index) => 30 - Math.floor(index / 2)).map((span) => ({ ...span, startMs: START })));
  const found = await newestMatches(database, run('{}', 3));
  expect(found.map(({ key }) => Number(traceIdOf(key)))).toEqual([1, 2, 3]);
});

test('what is newer than the archive is found by one statement', async () => {
  await put([...many(30, (index) => index + 1), { traceId: '7'.padStart(32, '0'), spanId: 'ff', startMs: START - HOUR_MS, durationMs: 1, place: 'archived' }]);
  statements = [];
  expect(await newestMatches(database, run('{}', 20))).toHaveLength(20);
  expect(statements).toHaveLength(1);
});

test('a search whose matches hang on other spans or on resources is not made so', async () => {
  for (const text of ['{ status = error } >> {}', '{ rootName = "a" }', '{} | count() > 1', '{ resource.host.name = "a" }']) expect(await newestHot(database, run(text, 3), { limit: 3 })).toBeUndefined();
});
