import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTraceqlStore, type TraceqlStore } from '../../test/support/traceql-store.js';
import { MINUTE_MS } from '../lib/duration.js';
import { DEFAULT_START_MS, type SpanDescription } from '../trace/batch-builder.js';
import type { FilterStage } from '../trace/traceql/query-ast.js';
import { DuckdbMetricsReader } from './duckdb-metrics-reader.js';
import { spanCohorts } from './span-cohorts.js';
import { parseTraceSearch } from './trace-query.js';

const WINDOW = { fromMs: DEFAULT_START_MS - MINUTE_MS, toMs: DEFAULT_START_MS + 10 * MINUTE_MS };
const filter = (text: string): FilterStage => parseTraceSearch(text) as FilterStage;

describe('a selection of spans against the rest', () => {
  let store: TraceqlStore;
  let metrics: DuckdbMetricsReader;
  beforeAll(async () => {
    store = await openTraceqlStore();
    metrics = new DuckdbMetricsReader(store.database);
    await store.replace(Array.from({ length: 200 }, (_, index): SpanDescription => ({
      traceId: (index + 1).toString(16), spanId: (index + 1).toString(16), service: 'pay', name: 'POST /charge', kind: 'server', status: index < 40 ? 'error' : 'unset', startMs: DEFAULT_START_MS + index * 100, durationMs: index < 40 ? 900 : 20,
      attributes: { region: index < 38 || index >= 190 ? 'eu' : 'us', 'http.response.status_code': index < 40 ? 500 : 200, order: `o-${index}` }, resource: { 'service.version': index % 2 === 0 ? '1' : '2' },
    })));
  });
  afterAll(() => store.close());

  test('what sets it apart is named, what only says that it failed is not, nor what both have', async () => {
    const found = await spanCohorts(metrics, { ...WINDOW, search: parseTraceSearch('{ kind = server }'), selection: filter('{ status = error }'), selectionWindow: undefined });
    expect([found.selection, found.baseline]).toEqual([{ stored: 40, weighted: 40 }, { stored: 160, weighted: 160 }]);
    expect(found.values.map(({ field, value, selectionShare, baselineShare }) => [field, value, selectionShare, baselineShare])).toEqual([['span.region', 'eu', 0.95, 10 / 160]]);
  });

  test('a selection of some minutes is against everything outside of them', async () => {
    const found = await spanCohorts(metrics, { ...WINDOW, search: parseTraceSearch('{ kind = server }'), selection: filter('{ }'), selectionWindow: { fromMs: DEFAULT_START_MS - 1, toMs: DEFAULT_START_MS + 3_950 } });
    expect([found.selection.stored, found.baseline.stored]).toEqual([40, 160]);
    expect(found.values.map(({ field }) => field)).toContain('span.region');
  });

  test('two halves of one kind are not told apart', async () => {
    const found = await spanCohorts(metrics, { ...WINDOW, search: parseTraceSearch('{ status = unset && span.region = "us" }'), selection: filter('{ resource.service.version = "1" }'), selectionWindow: undefined });
    expect(found.values.map(({ field }) => field)).toEqual(['resource.service.version']);
  });

  test('all spans count, however many names and fields they have', async () => {
    await store.replace(Array.from({ length: 300 }, (_, index): SpanDescription => ({
      traceId: (index + 1).toString(16), spanId: (index + 1).toString(16), service: 'pay', name: index < 60 ? `GET /card/${index % 3}` : `GET /order/${index}`, kind: 'server', status: index < 60 ? 'error' : 'unset', startMs: DEFAULT_START_MS + index * 100, durationMs: 20,
      attributes: { region: index < 60 || index % 8 === 0 ? 'eu' : 'us', account: index < 60 ? 9_223_372_036_854_775_807n : 1, ...Object.fromEntries(Array.from({ length: 8 }, (__, field) => [`id.${field}`, `${field}-${index}`])) },
    })));
    const found = await spanCohorts(metrics, { ...WINDOW, search: parseTraceSearch('{ kind = server }'), selection: filter('{ status = error }'), selectionWindow: undefined });
    expect([found.selection, found.baseline]).toEqual([{ stored: 60, weighted: 60 }, { stored: 240, weighted: 240 }]);
    expect(found.values.find(({ field }) => field === 'span.account')).toMatchObject({ value: 9_223_372_036_854_775_807n });
    expect(found.values.find(({ field }) => field === 'span.region')).toMatchObject({ value: 'eu', selectionShare: 1, baselineShare: 30 / 240 });
  });
});
