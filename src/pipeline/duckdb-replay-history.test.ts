import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compiled } from '../../test/support/timeline-rules.js';
import { buildSlo } from '../budget/slo-builder.js';
import type { RatioIndicator } from '../config/slo.js';
import { FakeClock } from '../lib/clock.js';
import { createMeasurer } from '../sli/measurer.js';
import { openDatabase, type DuckdbDatabase } from '../store/duckdb-database.js';
import { DuckdbSpanSink } from '../store/duckdb-span-sink.js';
import { DuckdbUptime } from '../store/duckdb-uptime.js';
import { admitted, NOW_MS, request, sloSlice } from '../store/span-sink.contract.js';
import { spanBatch, type SpanDescription } from '../trace/batch-builder.js';
import { DuckdbReplayHistory } from './duckdb-replay-history.js';
import type { ArrivedSlice } from './replay.js';

const MINUTE = Math.floor(NOW_MS / 60_000);
const at = { file: 'rules/test.yaml', line: 1, column: 1 };
let database: DuckdbDatabase;
let sink: DuckdbSpanSink;
let history: DuckdbReplayHistory;
beforeEach(async () => {
  database = await openDatabase(':memory:');
  sink = await DuckdbSpanSink.open(database, { clock: new FakeClock(NOW_MS), limits: { maxWaitMs: 1, maxRows: 10_000 } });
  history = new DuckdbReplayHistory(database);
});
afterEach(() => database.close());

const EVERYTHING = { fromMinute: MINUTE - 10_000, toMinute: MINUTE + 10 };
const indicator = (parts: Partial<RatioIndicator> & { readonly part: { readonly bad: string } | { readonly good: string } }): RatioIndicator => {
  const { part, ...rest } = parts;
  const source = (text: string) => ({ text, at });
  return { total: source('{ kind = server }'), weight: 'auto', ...('bad' in part ? { bad: source(part.bad) } : { good: source(part.good) }), ...rest };
};
const SLOS = compiled([
  buildSlo({ name: 'bad', indicator: indicator({ part: { bad: '{ status = error || duration > 300ms }' } }) }),
  buildSlo({ name: 'good', indicator: indicator({ part: { good: '{ .tier = "gold" }' } }) }),
  buildSlo({ name: 'unweighted', indicator: indicator({ part: { bad: '{ status = error }' }, weight: 'none' }) }),
  buildSlo({ name: 'by-attribute', indicator: indicator({ part: { bad: '{ status = error }' }, weight: { attribute: 'Sample "Rate"' } }) }),
]);

const span: fc.Arbitrary<SpanDescription> = fc.record({
  kind: fc.constantFrom('server' as const, 'client' as const), status: fc.constantFrom('unset' as const, 'error' as const), durationMs: fc.constantFrom(10, 400),
  startMs: fc.integer({ min: NOW_MS - 40 * 60_000, max: NOW_MS - 1_000 }), weight: fc.constantFrom(1, 8, 2.5), weightUnknown: fc.boolean(),
  attributes: fc.record({ tier: fc.constantFrom('gold', 'tin'), 'Sample "Rate"': fc.constantFrom<number | string | bigint>(4, 2.5, '9', 0.5, 16n) }, { requiredKeys: [] }),
}).map((described) => (described.weightUnknown ? { ...described, weight: 1 } : described));

const rounded = (slices: readonly Omit<ArrivedSlice, 'lastBad'>[]): unknown => slices
  .map(({ sliceKey, eventMinute, arrivalMinute, good, bad, goodSquared, badSquared, events, unknownWeight }) => ({ sliceKey, eventMinute, arrivalMinute, sums: [good, bad, goodSquared, badSquared, events, unknownWeight].map((sum) => Math.round(sum * 1e6) / 1e6) }))
  .sort((left, right) => left.eventMinute - right.eventMinute);

describe('counting stored spans anew', () => {
  test('gives the slices that were counted when they came, whatever the query and the weights', async () => {
    let run = 0;
    await fc.assert(fc.asyncProperty(fc.array(span, { minLength: 1, maxLength: 40 }), async (spans) => {
      await database.transaction([{ sql: 'DELETE FROM spans_bulk' }, { sql: 'DELETE FROM spans_fresh' }]);
      run += 1;
      const batch = spanBatch(spans, String(run));
      await sink.store(admitted(request(`run ${run}`), spans, { spans: batch }));
      const measured = createMeasurer(SLOS).measure(batch, MINUTE).sloSlices;
      for (const slo of SLOS) {
        expect(rounded(await history.recount({ slo, ...EVERYTHING, imported: false }))).toEqual(rounded(measured.filter(({ sliceKey }) => sliceKey === slo.sliceKey)));
      }
    }), { numRuns: 25 });
  });

  test('leaves imported spans out, or takes them as if they had arrived when they happened', async () => {
    const [slo] = SLOS;
    await sink.store(admitted(request('old', 'import'), [{ startMs: NOW_MS - 3 * 3_600_000, status: 'error' }]));
    expect(await history.recount({ slo: slo!, ...EVERYTHING, imported: false })).toEqual([]);
    expect(await history.recount({ slo: slo!, ...EVERYTHING, imported: true })).toMatchObject([{ eventMinute: MINUTE - 180, arrivalMinute: MINUTE - 180, bad: 1 }]);
  });
});

describe('slices of the past', () => {
  test('come by arrival, within the stretch asked for, merged by key', async () => {
    const late = { ...sloSlice(0, 7, MINUTE - 30), arrivalMinute: MINUTE };
    const early = { ...sloSlice(5, 0, MINUTE - 3), arrivalMinute: MINUTE - 3 };
    await sink.store(admitted(request('a'), [], { sloSlices: [late, early, { ...sloSlice(9, 9), sliceKey: 'other@1' }] }));
    await sink.store(admitted(request('b'), [], { sloSlices: [{ ...early, good: 2, goodSquared: 2, events: 2 }] }));
    const slices = await history.slices({ sliceKeys: ['checkout@1'], ...EVERYTHING, imported: false });
    expect(slices.map(({ eventMinute, arrivalMinute, good, bad }) => [eventMinute - MINUTE, arrivalMinute - MINUTE, good, bad])).toEqual([[-3, -3, 7, 0], [-30, 0, 0, 7]]);
    expect(await history.slices({ sliceKeys: ['checkout@1'], fromMinute: MINUTE - 2, toMinute: MINUTE, imported: false })).toEqual([]);
  });

  test('know their extent: the first minute of each key, the first span, and when Tocsin was up', async () => {
    await sink.store(admitted(request('a'), [{}], { sloSlices: [{ ...sloSlice(1, 0, MINUTE - 9), arrivalMinute: MINUTE - 5 }] }));
    await sink.store(admitted(request('b', 'import'), [{ startMs: NOW_MS - 7_200_000 }], { sloSlices: [{ ...sloSlice(1, 0, MINUTE - 300) }] }));
    const uptime = new DuckdbUptime(database);
    for (const minute of [MINUTE - 8, MINUTE - 7, MINUTE - 3]) await uptime.record(minute);
    const query = { sliceKeys: ['checkout@1', 'unknown@1'], ...EVERYTHING };
    expect(await history.extent({ ...query, imported: false })).toEqual({ firstMinutes: new Map([['checkout@1', MINUTE - 5]]), firstSpanMinute: MINUTE, covered: [[MINUTE - 8, MINUTE - 6], [MINUTE - 3, MINUTE - 2]] });
    expect(await history.extent({ ...query, imported: true })).toEqual({
      firstMinutes: new Map([['checkout@1', MINUTE - 300]]), firstSpanMinute: MINUTE - 120,
      covered: [[MINUTE - 8, MINUTE - 6], [MINUTE - 3, MINUTE - 2], [MINUTE - 120, MINUTE - 119], [MINUTE - 300, MINUTE - 299]],
    });
  });

  test('of an empty store have none', async () => {
    expect(await history.extent({ sliceKeys: ['checkout@1'], ...EVERYTHING, imported: true })).toEqual({ firstMinutes: new Map(), firstSpanMinute: undefined, covered: [] });
  });
});
