import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compiled } from '../../test/support/timeline-rules.js';
import { buildSlo } from '../budget/slo-builder.js';
import type { RatioIndicator } from '../config/slo.js';
import { FakeClock } from '../lib/clock.js';
import { createMeasurer, type Measurer } from '../sli/measurer.js';
import type { CompiledSlo } from '../sli/compile-slo.js';
import { openDatabase, type DuckdbDatabase } from '../store/duckdb-database.js';
import { DuckdbSpanSink } from '../store/duckdb-span-sink.js';
import { loadSloSlices } from '../store/duckdb-slo-slices.js';
import { sloMinutes } from '../store/slo-slice-columns.js';
import { admitted, NOW_MS, request } from '../store/span-sink.contract.js';
import { spanBatch, type SpanDescription } from '../trace/batch-builder.js';
import { DuckdbEvidenceReader } from './duckdb-evidence-reader.js';
import { criteriaOf } from './evidence-reader.js';
import { judgeJourneys, type JudgedJourneys } from './journeys.js';

const at = { file: 'rules/a.yaml', line: 1, column: 1 };

function journey(parts: Partial<RatioIndicator> = {}, name = 'buying'): CompiledSlo {
  return compiled([buildSlo({ name, indicator: { unit: 'trace', total: { text: '{ name = "POST /checkout" }', at }, bad: { text: '{ name = "POST /checkout" && status = error } || { name = "charge" && status = error }', at }, weight: 'auto', ...parts } })])[0]!;
}

let database: DuckdbDatabase;
let sink: DuckdbSpanSink;
let clock: FakeClock;
let sent = 0;
let lookedMs = 0;
beforeEach(async () => {
  database = await openDatabase(':memory:');
  clock = new FakeClock(NOW_MS);
  sent = 0;
  lookedMs = 0;
  sink = await DuckdbSpanSink.open(database, { clock, limits: { maxWaitMs: 1, maxRows: 10_000 } });
});
afterEach(() => database.close());

async function send(measurer: Measurer, spans: readonly SpanDescription[], protocol: 'grpc' | 'import' = 'grpc'): Promise<void> {
  sent += 1;
  const batch = spanBatch(spans, String(sent));
  const { journeys, sloSlices } = measurer.measure(batch, Math.floor(clock.nowMs() / 60_000));
  await sink.store({ ...admitted(request(`request ${sent}`, protocol), spans, { spans: batch }), receivedAtMs: clock.nowMs(), journeys, sloSlices });
}

async function look(slos: readonly CompiledSlo[]): Promise<JudgedJourneys> {
  const nowMs = clock.nowMs();
  const told: JudgedJourneys[] = [];
  await judgeJourneys(database, slos, { nowMs, lookedMs, tell: (judged) => void told.push(judged) });
  lookedMs = nowMs;
  return { live: told.flatMap(({ live }) => live), oldestReceivedAtMs: Math.min(...told.map(({ oldestReceivedAtMs }) => oldestReceivedAtMs)) };
}

async function counts(): Promise<Record<string, [good: number, bad: number, events: number]>> {
  const sums: Record<string, [number, number, number]> = {};
  for (const { sliceKey, good, bad, events } of sloMinutes(await loadSloSlices(database, 0))) {
    const key = sliceKey.replace(/@[0-9a-f]+/, '');
    const [g, b, e] = sums[key] ?? [0, 0, 0];
    sums[key] = [g + good, b + bad, e + events];
  }
  return sums;
}

const trace = (id: number): { traceId: string } => ({ traceId: id.toString(16).padStart(32, 'a') });
const entry = (id: number, more: Partial<SpanDescription> = {}): SpanDescription => ({ ...trace(id), name: 'POST /checkout', ...more });
const charge = (id: number, more: Partial<SpanDescription> = {}): SpanDescription => ({ ...trace(id), name: 'charge', service: 'bank', kind: 'client', ...more });

describe('whole traces as events', () => {
  test('are judged when nothing of them has come for ten seconds, by every span of theirs', async () => {
    const slo = journey();
    const measurer = createMeasurer([slo]);
    await send(measurer, [entry(1), entry(2), charge(2)]);
    await send(measurer, [charge(1, { status: 'error' })]);
    expect((await look([slo])).live).toEqual([]);
    clock.advance(10_000);
    const { live, oldestReceivedAtMs } = await look([slo]);
    expect(live).toMatchObject([{ sliceKey: slo.sliceKey, good: 1, bad: 1, goodSquared: 1, badSquared: 1, events: 2, unknownWeight: 0 }]);
    expect(oldestReceivedAtMs).toBe(NOW_MS);
    expect(await counts()).toEqual({ buying: [1, 1, 2] });
    expect((await look([slo])).live).toEqual([]);
  });

  test('a trace that goes on and on is judged a minute after its entry came', async () => {
    const slo = journey();
    const measurer = createMeasurer([slo]);
    await send(measurer, [entry(1)]);
    for (let second = 5; second <= 55; second += 5) {
      clock.advance(NOW_MS + second * 1_000 - clock.nowMs());
      await send(measurer, [charge(1)]);
      expect((await look([slo])).live).toEqual([]);
    }
    clock.advance(NOW_MS + 60_000 - clock.nowMs());
    expect((await look([slo])).live).toMatchObject([{ good: 1, bad: 0 }]);
  });

  test('a late span changes the verdict, in the minute of the entry', async () => {
    const slo = journey();
    const measurer = createMeasurer([slo]);
    await send(measurer, [entry(1)]);
    clock.advance(10_000);
    await look([slo]);
    clock.advance(120_000);
    await send(measurer, [charge(1, { status: 'error' })]);
    const { live } = await look([slo]);
    expect(live).toMatchObject([{ good: -1, bad: 1, events: 0, eventMinute: Math.floor((NOW_MS - 1_000) / 60_000) }]);
    expect(await counts()).toEqual({ buying: [0, 1, 1] });
    // Much later nobody looks any more.
    clock.advance(16 * 60_000);
    await send(measurer, [charge(1)]);
    expect((await look([slo])).live).toEqual([]);
  });

  test('count once, by their earliest entry, with its weight, in its group, and not where an exclusion takes them out', async () => {
    const slo = compiled([{ ...journey({ groupBy: [{ text: 'region', at }] }).slo, excludedEvents: [{ name: 'k6', by: 'ann', reason: 'load test', match: { text: '{ .agent = "k6" }', at }, fromMs: undefined, toMs: undefined }] }])[0]!;
    const measurer = createMeasurer([slo]);
    const first = { startMs: NOW_MS - 60_000, weight: 4, attributes: { region: 'eu' } };
    await send(measurer, [entry(1, { startMs: NOW_MS - 30_000, attributes: { region: 'us' } }), entry(1, first), entry(2, { attributes: { agent: 'k6', region: 'eu' } }), charge(2, { status: 'error' })]);
    clock.advance(10_000);
    await look([slo]);
    expect(await counts()).toEqual({ buying: [4, 0, 1], 'buying {".region":"eu"}': [4, 0, 1], 'buying -k6': [0, 1, 1] });
    await send(measurer, [entry(1, { startMs: NOW_MS - 90_000 })]);
    clock.advance(10_000);
    await look([slo]);
    expect((await counts())['buying']).toEqual([4, 0, 1]);
    expect(Number((await database.query({ sql: 'SELECT count(*) AS n FROM journeys' }))[0]?.['n'])).toBe(2);
  });

  test('may be asked how their spans stand to each other, and for what must be there', async () => {
    const structural = journey({ bad: { text: '{ name = "POST /checkout" } >> { name = "charge" && status = error }', at } }, 'structural');
    const { bad: _, ...rest } = structural.slo.indicator;
    const complete = compiled([buildSlo({ name: 'complete', indicator: { ...rest, good: { text: '{ name = "charge" } && { name = "ship" }', at } } })])[0]!;
    const counted = compiled([buildSlo({ name: 'retries', indicator: { ...rest, bad: { text: '{ name = "charge" } | count() > 2', at } } })])[0]!;
    const slos = [structural, complete, counted];
    const root = entry(1, { spanId: '00000000000000a1' });
    await send(createMeasurer(slos), [
      root, charge(1, { spanId: '00000000000000a2', parentSpanId: '00000000000000a1', status: 'error' }), charge(1, { spanId: '00000000000000a3' }), charge(1, { spanId: '00000000000000a4' }), { ...trace(1), name: 'ship' },
      entry(2, { spanId: '00000000000000b1' }), charge(2, { spanId: '00000000000000b2', status: 'error' }),
    ]);
    clock.advance(10_000);
    await look(slos);
    expect(await counts()).toEqual({ structural: [1, 1, 2], complete: [1, 1, 2], retries: [1, 1, 2] });
  });

  test('that are imported are counted as history, and never page', async () => {
    const slo = journey();
    await send(createMeasurer([slo]), [entry(1, { status: 'error' })], 'import');
    clock.advance(10_000);
    expect((await look([slo])).live).toEqual([]);
    expect(Number((await database.query({ sql: 'SELECT sum(bad) AS n FROM slo_slices WHERE imported' }))[0]?.['n'])).toBe(1);
    expect(await counts()).toEqual({});
  });

  test('the proof of an alert is the traces that were judged bad', async () => {
    const slo = journey();
    await send(createMeasurer([slo]), [entry(1), charge(1, { status: 'error' }), entry(2), entry(3, { status: 'error' })]);
    clock.advance(10_000);
    await look([slo]);
    const reader = new DuckdbEvidenceReader(database);
    const window = { criteria: criteriaOf(slo), fromMs: NOW_MS - 3_600_000, toMs: NOW_MS + 60_000, limit: 10 };
    const bad = await reader.badEvents(window);
    expect(bad.rows.map(({ traceId }) => traceId.at(-1)).sort()).toEqual(['1', '3']);
    expect((await reader.goodEvents({ ...window, near: bad.rows })).rows.map(({ traceId }) => traceId.at(-1))).toEqual(['2']);
  });

  test('however spans are cut into requests and whenever one looks, the counts are those of the whole traces', async () => {
    const span = fc.record({ id: fc.integer({ min: 1, max: 6 }), isEntry: fc.boolean(), failed: fc.boolean(), gap: fc.integer({ min: 0, max: 20 }), looks: fc.boolean() });
    await fc.assert(fc.asyncProperty(fc.array(span, { minLength: 1, maxLength: 25 }), async (spans) => {
      for (const table of ['spans_fresh', 'spans_bulk', 'journeys', 'slo_slices']) await database.query({ sql: `DELETE FROM ${table}` });
      const slo = journey();
      const measurer = createMeasurer([slo]);
      for (const { id, isEntry, failed, gap, looks } of spans) {
        clock.advance(gap * 1_000);
        const status = failed ? 'error' : 'ok';
        await send(measurer, [isEntry ? entry(id, { status }) : charge(id, { status })]);
        if (looks) await look([slo]);
      }
      clock.advance(60_000);
      await look([slo]);
      const ids = new Set(spans.filter(({ isEntry }) => isEntry).map(({ id }) => id));
      const failed = [...ids].filter((id) => spans.some((each) => each.id === id && each.failed)).length;
      expect(await counts()).toEqual(ids.size === 0 ? {} : { buying: [ids.size - failed, failed, ids.size] });
    }), { numRuns: 30 });
  });
});

describe('several SLOs of whole traces', () => {
  test('are each judged, however long Tocsin was away, and late entries of a trace that counted count no more', async () => {
    const [first, second] = [journey({}, 'first'), journey({}, 'second')];
    await send(createMeasurer([first, second]), [entry(1), entry(2, { status: 'error' })]);
    clock.advance(20 * 60_000);
    await look([first, second]);
    expect(await counts()).toEqual({ first: [1, 1, 2], second: [1, 1, 2] });
    await send(createMeasurer([first, second]), [entry(1, { startMs: NOW_MS + 16 * 60_000 })]);
    clock.advance(10_000);
    await look([first, second]);
    expect(await counts()).toEqual({ first: [1, 1, 2], second: [1, 1, 2] });
  });

  test('one that cannot be judged holds up no other', async () => {
    const [broken, sound] = [journey({}, 'broken'), journey({}, 'sound')];
    await send(createMeasurer([broken, sound]), [entry(1)]);
    clock.advance(10_000);
    const impossible = { ...broken, journey: { type: 'filter', condition: { type: 'nothing' } } } as unknown as CompiledSlo;
    const told: JudgedJourneys[] = [];
    await expect(judgeJourneys(database, [impossible, sound], { nowMs: clock.nowMs(), lookedMs: 0, tell: (judged) => void told.push(judged) })).rejects.toThrow();
    expect(told.flatMap(({ live }) => live.map(({ sliceKey }) => sliceKey))).toEqual([sound.sliceKey]);
  });
});
