import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTraceqlStore, type TraceqlStore } from '../../test/support/traceql-store.js';
import { DEFAULT_START_MS } from '../trace/batch-builder.js';
import { parseTraceql } from '../trace/traceql/parser.js';
import { compileToSql } from '../trace/traceql/sql.js';
import { DuckdbCohortReader } from './duckdb-cohort-reader.js';

let store: TraceqlStore;
beforeAll(async () => { store = await openTraceqlStore(); });
afterAll(() => store.close());

test('reads the requests of a cohort, each with its operation and whether it failed', async () => {
  const request = { service: 'shop', name: 'GET /', startMs: DEFAULT_START_MS, durationMs: 20 } as const;
  await store.replace([
    { ...request, resource: { 'service.version': '2' } }, { ...request, spanId: '2', resource: { 'service.version': '2' }, status: 'error' }, { ...request, spanId: '3', resource: { 'service.version': '2' }, attributes: { 'http.response.status_code': 503 } },
    { ...request, spanId: '4', resource: { 'service.version': '1' } }, { ...request, spanId: '5', kind: 'client', resource: { 'service.version': '2' } }, { ...request, spanId: '6', startMs: DEFAULT_START_MS - 9e6, resource: { 'service.version': '2' } },
  ]);
  const query = parseTraceql('{ resource.service.version = "2" }');
  if (!query.ok) throw new Error(query.error.message);
  const requests = await new DuckdbCohortReader(store.database).requests({ condition: compileToSql(query.value), fromMs: DEFAULT_START_MS - 1_000, toMs: DEFAULT_START_MS + 60_000 });
  expect(requests.map(({ operation, durationNs, failed }) => `${operation} ${durationNs / 1e6} ${failed}`).sort()).toEqual(['shop GET / 20 false', 'shop GET / 20 true', 'shop GET / 20 true']);
});
