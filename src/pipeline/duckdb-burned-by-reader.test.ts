import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTraceqlStore, type TraceqlStore } from '../../test/support/traceql-store.js';
import { buildSlo } from '../budget/slo-builder.js';
import { MINUTE_MS } from '../lib/duration.js';
import { compileSlo } from '../sli/compile-slo.js';
import { DEFAULT_START_MS, type SpanDescription } from '../trace/batch-builder.js';
import { DuckdbBurnedByReader } from './duckdb-burned-by-reader.js';
import { criteriaOf } from './evidence-reader.js';

const START = DEFAULT_START_MS;
const AT = { file: 'rules/test.yaml', line: 1, column: 1 };
const compiled = compileSlo(buildSlo({ indicator: { total: { text: '{ resource.service.name = "shop" }', at: AT }, bad: { text: '{ status = error }', at: AT }, weight: 'auto' } }));
if (!compiled.ok) throw new Error('the SLO does not compile');
const CRITERIA = criteriaOf(compiled.value);

let store: TraceqlStore;
beforeAll(async () => {
  store = await openTraceqlStore();
});
afterAll(() => store.close());

const request = (spanId: string, changes: Partial<SpanDescription>): SpanDescription => ({ traceId: spanId.repeat(32).slice(0, 32), spanId, name: 'GET /', service: 'shop', kind: 'server', startMs: START, durationMs: 10, ...changes });

test('of each step the bad event that took longest stands for the others; good ones and those of others never do', async () => {
  await store.replace([
    request('1', { status: 'error', durationMs: 20 }), request('2', { status: 'error', durationMs: 90, name: 'POST /' }), request('3', { durationMs: 500 }), request('4', { status: 'error', service: 'other', durationMs: 900 }),
    request('5', { status: 'error', startMs: START + 3 * MINUTE_MS }), request('6', { status: 'error', startMs: START + 60 * MINUTE_MS }),
  ]);
  const exemplars = await new DuckdbBurnedByReader(store.database).badExemplars({ criteria: CRITERIA, fromMs: START, toMs: START + 10 * MINUTE_MS, stepMs: MINUTE_MS });
  expect(exemplars).toEqual([
    { traceId: '2'.repeat(32), spanId: '0000000000000002', service: 'shop', operation: 'POST /', endMs: START + 90, durationNs: 90e6 },
    { traceId: '5'.repeat(32), spanId: '0000000000000005', service: 'shop', operation: 'GET /', endMs: START + 3 * MINUTE_MS + 10, durationNs: 10e6 },
  ]);
});

test('bad events are told apart by version and operation, with all events of each', async () => {
  await store.replace([
    request('1', { status: 'error', weight: 3, resource: { 'service.version': '1.1' } }), request('2', { resource: { 'service.version': '1.1' } }), request('3', { startMs: START - MINUTE_MS, resource: { 'service.version': '1.0' } }),
  ]);
  const rows = await new DuckdbBurnedByReader(store.database).burnedBy({ criteria: CRITERIA, fromMs: START - 10 * MINUTE_MS, toMs: START + 10 * MINUTE_MS });
  expect(rows.map(({ version, bad, total }) => [version, bad, total])).toEqual([['1.1', 3, 4], ['1.0', 0, 1]]);
});
