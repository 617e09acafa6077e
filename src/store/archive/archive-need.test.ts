import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTraceqlStore, type TraceqlStore } from '../../../test/support/traceql-store.js';
import { DEFAULT_START_MS, type SpanDescription } from '../../trace/batch-builder.js';
import { parseSearch } from '../../trace/traceql/parser.js';
import type { SpansetExpression } from '../../trace/traceql/query-ast.js';
import { compileSearch } from '../../trace/traceql/search-sql.js';
import { quoted } from '../literal-sql.js';
import { archivedSpanRows, PARQUET_OPTIONS, parquetFiles, TO_ARCHIVE } from './archive-columns.js';
import { needOfSearch } from './archive-need.js';
import { filterOf, insertFilter, mayHold } from './attribute-filter.js';

/** Spans that differ in everything a condition can be about, values of every type and older names of attributes among them. */
const SPANS: readonly SpanDescription[] = [
  { spanId: '1', name: 'GET /', service: 'front', kind: 'server', status: 'ok', durationMs: 5, attributes: { x: 'a', 'http.method': 'GET', 'http.status_code': 500, flag: true } },
  { spanId: '2', parentSpanId: '1', name: 'charge', service: 'pay', kind: 'client', status: 'error', statusMessage: 'declined', durationMs: 800, attributes: { x: ['a', 'b'], 'http.request.method': 'GET', 'http.response.status_code': 200, 'http.status_code': 404, 'db.system': 'mssql', flag: false } },
  { spanId: '3', parentSpanId: '2', name: "it's", service: 'pay', kind: 'internal', durationMs: 2, attributes: { x: 5, n: 2.5, big: 9_223_372_036_854_775_807n, nothing: null } },
  { spanId: '4', parentSpanId: '3', name: 'ünï', service: '', kind: 'consumer', durationMs: 0, attributes: { 'http.status_code': '404', x: '5', n: '2.5', list: [1, 5], empty: [] }, resource: { x: 'a' } },
  { spanId: '5', parentSpanId: '1', name: '', service: 'front', kind: 'producer', durationMs: 60, attributes: { 'http.response.status_code': 'OK', 'db.system.name': 'microsoft.sql_server', 'odd "key"': 'a=b', 'url.path': '/a', 'url.query': 'b=c' } },
];

const QUERIES = [
  '{}', '{ name = "GET /" }', '{ name = "it\'s" }', '{ name =~ "GET.*|ch.*" }', '{ name != "charge" }', '{ "charge" = name }', '{ status = error }', '{ status != error }', '{ kind = consumer }', '{ kind != server }', '{ statusMessage = "declined" }',
  '{ duration > 60ms }', '{ duration >= 60ms }', '{ 60ms < duration }', '{ duration = 0s }', '{ duration < 5ms }', '{ resource.service.name = "pay" }', '{ resource.service.name =~ "fr.*" }', '{ resource.service.name = "unknown_service" }', '{ resource.service.name =~ ".*" }',
  '{ span.x = "a" }', '{ .x = "a" }', '{ resource.x = "a" }', '{ span.x = "b" }', '{ span.x =~ "a|b" }', '{ span.x = 5 }', '{ span.x = "5" }', '{ span.x != "a" }', '{ span.x > 4 }', '{ span.n = 2.5 }', '{ span.n < 3 }', '{ span.list = 5 }', '{ span.big > 1 }', '{ span.empty = "a" }',
  '{ span.flag }', '{ span.flag = true }', '{ span.flag = false }', '{ span.nothing = nil }', '{ span.x != nil }', '{ span."odd \\"key\\"" = "a=b" }', '{ span.http.request.method = "GET" }', '{ span.http.method = "GET" }', '{ span.http.response.status_code >= 500 }', '{ span.http.status_code = 404 }', '{ span.http.status_code = "404" }', '{ span.http.status_code != 404 }', '{ span.http.status_code < 600 }', '{ span.http.status_code = "OK" }', '{ span.db.system.name = "microsoft.sql_server" }', '{ span.db.system = "mssql" }', '{ span.http.target = "/a?b=c" }',
  '{ span.x = "a" && status = error }', '{ span.x = "a" || status = error }', '{ span.x = "a" || span.x = "5" }', '{ !(span.x = "a") }', '{ span.x = "a" && !(name = "x") }', '{ span.n + 1 > 3 }', '{ rootName = "GET /" && kind = client }', '{ rootServiceName = "front" }', '{ parent.x = "a" }', '{ span:childCount > 1 }', '{ traceDuration > 1ms && span.x = "a" }',
  '{ span.x = "a" } && { span.n = 2.5 }', '{ span.x = "a" } || { kind = consumer }', '{ span.x = "a" } > { kind = internal }', '{ kind = server } >> { span.x = "5" }', '{ kind = server } !> { span.x = "5" }', '{ span.x = "a" } ~ { kind = producer }', '{ kind = server } &>> { span.x = 5 }',
  '{ span.x = "a" } | count() > 1', '{ span.x = "a" } | by(span.flag) | count() = 1', '{ kind = client } | avg(duration) > 1ms', '{ span.x = "a" } | { status = error }', '{ span.x = "a" } | { rootName = "GET /" }', '({ span.x = "a" } | count()) > ({ status = ok } | count())', '{ span.x = "nowhere" }', '{ span.nowhere = "a" }',
];

let directory = '';
let store: TraceqlStore;
let file = '';
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tocsin-need-'));
  file = join(directory, 'spans.parquet');
  store = await openTraceqlStore();
  await store.replace(SPANS.map((span) => ({ traceId: '1', startMs: DEFAULT_START_MS, ...span })));
  await store.database.query({ sql: `COPY (SELECT ${TO_ARCHIVE} FROM spans s LEFT JOIN resources r USING (resource_id), (SELECT 'front' AS service, 'baseline' AS reason, 1::DOUBLE AS probability) k) TO ${quoted(file)} (${PARQUET_OPTIONS})` });
  const filter = await filterOf(store.database, file);
  if (filter === undefined) throw new Error('spans with attributes have a filter');
  await store.database.transaction([insertFilter('1', filter)]);
});
afterAll(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

function searchOf(query: string): SpansetExpression {
  const parsed = parseSearch(query);
  if (!parsed.ok || parsed.value.type !== 'search') throw new Error(`${query} is no search`);
  return parsed.value.search;
}

/** Ids of the spans that a search finds in what `spans` says. */
async function found(search: SpansetExpression, where = 'TRUE'): Promise<string[]> {
  const { ctes, result, params } = compileSearch(search);
  const ids = `(SELECT CAST('0x' || a."SpanId" AS UBIGINT) FROM ${parquetFiles([file])} a WHERE ${where})`;
  const rows = await store.database.query({
    sql: `WITH RECURSIVE span_rows AS (SELECT * FROM main.span_rows WHERE span_id IN ${ids}), spans AS (SELECT * EXCLUDE (row_id) FROM span_rows), ${ctes} SELECT DISTINCT printf('%x', sid) AS id FROM ${result} ORDER BY id`,
    params: { ...params.values, near_from_ms: DEFAULT_START_MS - 1_000, near_to_ms: DEFAULT_START_MS + 3_600_000 },
  });
  return rows.map((row) => String(row['id']));
}

test('the status code of an archived span is that of the hot one', async () => {
  const rows = (from: string): string => `SELECT printf('%x', span_id) AS id, http_status AS status FROM (${from}) ORDER BY id`;
  const hot = await store.database.query({ sql: rows('SELECT * FROM main.spans') });
  expect(hot.map((row) => row['status'])).toEqual([500, null, 0, 404, null]);
  expect(await store.database.query({ sql: rows(archivedSpanRows([file])) })).toEqual(hot);
});

describe('what a search needs of the archive', () => {
  test.each(QUERIES)('%s finds the same among the spans it asks for as among all', async (query) => {
    const search = searchOf(query);
    const need = needOfSearch(search);
    const all = await found(search);
    expect(await found(search, need.where)).toEqual(all);
    const [row] = await store.database.query({ sql: `SELECT ${mayHold(need.pairs ?? [])} AS may FROM archive_filters f` });
    if (all.length > 0) expect(row?.['may']).toBe(true);
  });

  test.each([['{ span.nowhere = "a" }', false], ['{ span.x = "a" && span.n = "nowhere" }', false], ['{ span.n = "no" || span.n = "nowhere" }', false], ['{ span.n = "no" || span.n = "2.5" }', true], ['{ span.x = "in a list, perhaps" }', true]])('whether a file is opened for %s: %s', async (query, isOpened) => {
    const [row] = await store.database.query({ sql: `SELECT ${mayHold(needOfSearch(searchOf(query)).pairs ?? [])} AS may FROM archive_filters f` });
    expect(row?.['may']).toBe(isOpened);
  });

  test.each([['{ name = "a" }', `a."SpanName" = 'a'`], ['{ status = error && duration > 1s }', `(a."StatusCode" = 'Error' AND a."Duration" > 1000000000::UBIGINT)`], ['{ resource.service.name = "pay" }', `a."ServiceName" = 'pay'`], ['{ kind = server } >> {}', undefined], ['{ traceDuration > 1s }', undefined]])('%s asks for %s', (query, where) => {
    expect(needOfSearch(searchOf(query)).where).toBe(where);
  });
});
