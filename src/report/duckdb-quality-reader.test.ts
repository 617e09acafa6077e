import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { FakeClock } from '../lib/clock.js';
import { MINUTE_MS, SECOND_MS } from '../lib/duration.js';
import { bucketMiddleNs } from '../sli/latency-bucket.js';
import { openDatabase, type DuckdbDatabase } from '../store/duckdb-database.js';
import { DuckdbSpanSink } from '../store/duckdb-span-sink.js';
import { DEFAULT_START_MS, spanBatch, type SpanDescription } from '../trace/batch-builder.js';
import { DuckdbQualityReader } from './duckdb-quality-reader.js';
import type { FactName, QualityFact } from './quality-fact.js';

const START = DEFAULT_START_MS;
const TRACES = 60;

const open: DuckdbDatabase[] = [];
afterAll(() => Promise.all(open.map((database) => database.close())));

async function stored(spans: readonly SpanDescription[], receivedAtMs = START): Promise<DuckdbDatabase> {
  const database = await openDatabase(':memory:');
  open.push(database);
  const sink = await DuckdbSpanSink.open(database, { clock: new FakeClock(START), limits: { maxWaitMs: 1, maxRows: 100_000 } });
  await sink.store({ digest: 'd'.repeat(32), signal: 'traces', protocol: 'grpc', receivedAtMs, rejected: 0, deduplicated: 0, message: '', spans: spanBatch(spans), sloSlices: [], redSlices: [] });
  return database;
}

describe('what a statement joins', () => {
  interface Operator { readonly operator_name?: string; readonly operator_cardinality?: number; readonly children?: readonly Operator[] }
  const rowsRead = ({ operator_name: name, operator_cardinality: rows = 0, children = [] }: Operator): number => Math.max(name === 'CTE_SCAN' ? rows : 0, ...children.map(rowsRead));

  test('are the traces of the spans that it counts, however many others end in the minutes around', async () => {
    // Two spans a trace, one trace every five seconds: a minute has 24 spans, and the minutes around have the others.
    const spans = Array.from({ length: TRACES }, (_, index): readonly SpanDescription[] => {
      const span = { traceId: (index + 1).toString(16).padStart(32, 'a'), startMs: START + index * 5 * SECOND_MS, durationMs: 10 };
      return [{ ...span, spanId: '1' }, { ...span, spanId: '2', parentSpanId: '1' }];
    }).flat();
    const database = await stored(spans);
    const read: number[] = [];
    const explained: Pick<DuckdbDatabase, 'query'> = {
      query: async (statement) => {
        const [plan] = await database.query({ ...statement, sql: `EXPLAIN (ANALYZE, FORMAT json) ${statement.sql}` });
        read.push(rowsRead(JSON.parse(String(Object.values(plan ?? {}).at(-1))) as Operator));
        return database.query(statement);
      },
    };
    await new DuckdbQualityReader(explained).facts({ fromMs: START + 2 * MINUTE_MS, toMs: START + 3 * MINUTE_MS });
    expect(Math.max(...read)).toBe(24);
  });
});

describe('a time that is read in windows, and so dense that each is read in parts', () => {
  /** One span of a trace: whose it is, under which of those before it (or one that was lost), and when. */
  const span = fc.record({
    service: fc.constantFrom('front', 'checkout', 'payment'), kind: fc.constantFrom('server', 'client', 'internal', 'consumer'), status: fc.constantFrom('unset', 'error'), parent: fc.option(fc.nat(6), { nil: undefined }),
    startMs: fc.nat(400), durationMs: fc.nat(300), weightUnknown: fc.boolean(), droppedCount: fc.nat(1),
  });
  const trace = fc.record({ at: fc.double({ min: 0, max: 0.99, noNaN: true }), weight: fc.constantFrom(1, 2, 16), spans: fc.array(span, { minLength: 1, maxLength: 8 }) });
  type Trace = typeof trace extends fc.Arbitrary<infer Made> ? Made : never;
  const spansOf = (traces: readonly Trace[], minutes: number): SpanDescription[] => traces.flatMap(({ at: share, weight, spans }, index) => spans.map(({ parent, kind, status, ...each }, at): SpanDescription => ({
    ...each, kind, status, weight, traceId: (index + 1).toString(16).padStart(32, 'a'), spanId: (at + 1).toString(16), startMs: START + Math.floor(share * (minutes * MINUTE_MS - SECOND_MS)) + each.startMs,
    resource: { 'host.name': `node-of-${each.service}` }, ...(parent === undefined ? {} : { parentSpanId: parent < at ? (parent + 1).toString(16) : 'ff' }),
  })));
  /** Distinct values of parts overlap, medians of parts are not that of the whole, and what meets at the edge of two parts is not joined. */
  const NOT_ADDITIVE: ReadonlySet<FactName> = new Set(['span-names', 'attribute-values', 'attribute-keys', 'broken-context', 'unanswered-call', 'slow-traces', 'slow-self']);
  const counts = (facts: readonly QualityFact[], but: readonly FactName[]): unknown => facts.filter(({ fact }) => !NOT_ADDITIVE.has(fact) && !but.includes(fact)).map(({ fact, service, subject, n, bad, value }) => [fact, service, subject, n, bad, fact === 'clock-skew' ? 0 : value].join(' ')).sort();

  test.each<[minutes: number, but: readonly FactName[]]>([[10, []], [30, ['tiny-spans', 'internal-spans', 'loop']]])('of %i minutes says the same as when it is read whole, but for what counts a trace in each of its windows', async (minutes, but) => {
    await fc.assert(fc.asyncProperty(fc.array(trace, { minLength: 1, maxLength: 12 }), fc.integer({ min: 4, max: 20 }), async (traces, windowSpans) => {
      const database = await stored(spansOf(traces, minutes));
      const read = async (most: number): Promise<unknown> => counts(await new DuckdbQualityReader(database, { windowSpans: most }).facts({ fromMs: START, toMs: START + minutes * MINUTE_MS }), but);
      expect(await read(windowSpans)).toEqual(await read(10_000));
    }), { numRuns: 6, endOnFailure: true });
  });

  /** As beside searches that take all of it: only joins of so many parts find memory. */
  const shortOfMemory = (database: DuckdbDatabase, isEnough: (parts: number) => boolean): Pick<DuckdbDatabase, 'query'> => ({
    query: (statement) => (typeof statement.params?.['parts'] === 'number' && !isEnough(statement.params['parts']) ? Promise.reject(new Error('Out of Memory Error: failed to allocate data of size 16.0 KiB')) : database.query(statement)),
  });

  test('says the same where joins find memory only in more parts, and fails where they find none', async () => {
    const spans = Array.from({ length: 40 }, (_, index): readonly SpanDescription[] => {
      const span = { traceId: (index + 1).toString(16).padStart(32, 'a'), startMs: START + index * SECOND_MS, durationMs: 10 };
      return [{ ...span, spanId: '1' }, { ...span, spanId: '2', parentSpanId: index % 3 === 0 ? 'ff' : '1' }];
    }).flat();
    const database = await stored(spans);
    const window = { fromMs: START, toMs: START + MINUTE_MS };
    const within = await new DuckdbQualityReader(shortOfMemory(database, (parts) => parts >= 4)).facts(window);
    expect(counts(within, [])).toEqual(counts(await new DuckdbQualityReader(database).facts(window), []));
    expect(counts(within, [])).not.toEqual([]);
    await expect(new DuckdbQualityReader(shortOfMemory(database, () => false)).facts(window)).rejects.toThrow('Out of Memory');
  });
});

test.each([30, 1_000, 7_500, 10_100, 45_000])('a span that comes %i ms after its end is late by as much, to 18 %', async (lagMs) => {
  const database = await stored([{ startMs: START, durationMs: 10 }], START + 10 + lagMs);
  const lags = (await new DuckdbQualityReader(database).facts({ fromMs: START, toMs: START + MINUTE_MS })).filter(({ fact }) => fact === 'arrival-lag');
  expect(lags).toHaveLength(1);
  expect(Math.abs(bucketMiddleNs(Number(lags[0]?.subject)) / 1e6 / lagMs - 1)).toBeLessThan(0.18);
});

describe('how late spans are', () => {
  const minutes = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => START / MINUTE_MS + from + index);
  const end = (minute: number): SpanDescription => ({ startMs: START + minute * MINUTE_MS, durationMs: 10 });
  /** Spans of which how late they are is told, of those that end in these minutes and come together. */
  async function told(ends: readonly number[], { arrival, uptime = [], listeningSince }: { readonly arrival: number; readonly uptime?: readonly number[]; readonly listeningSince?: number }): Promise<number> {
    const database = await stored(ends.map((minute, index) => ({ ...end(minute), traceId: (index + 1).toString(16).padStart(32, 'a') })), START + arrival * MINUTE_MS);
    for (const minute of uptime) await database.query({ sql: `INSERT INTO uptime VALUES (${minute})` });
    const reader = new DuckdbQualityReader(database, listeningSince === undefined ? {} : { listeningSinceMs: START + listeningSince * MINUTE_MS });
    const facts = await reader.facts({ fromMs: START, toMs: START + 20 * MINUTE_MS });
    return facts.filter(({ fact }) => fact === 'arrival-lag').reduce((sum, { n }) => sum + n, 0);
  }

  test('is told of all that come while Tocsin listens, however late', async () => {
    expect(await told([0, 5, 10], { arrival: 12, uptime: minutes(0, 12) })).toBe(3);
    // Before it first ran there is nothing to be late for, and nothing is known.
    expect(await told([0, 5, 10], { arrival: 12 })).toBe(3);
  });

  test('is not told of what ended while it was down or refused, or waited behind that', async () => {
    // Down from 3 to 8.5: minute 8 is known as one in which it was up.
    const uptime = [...minutes(0, 3), ...minutes(8, 14)];
    expect(await told([0.5, 2.9, 3.5, 7.9, 8.4, 9.2], { arrival: 9.5, uptime })).toBe(0);
    expect(await told([10.1, 11], { arrival: 12, uptime })).toBe(2);
    expect(await told([0.5, 1], { arrival: 2.9, uptime })).toBe(2);
  });

  test('is not told of what had to wait for a restart within a minute', async () => {
    const during = { uptime: minutes(0, 14), listeningSince: 5.5 };
    expect(await told([5.3, 5.4, 6, 7.4], { arrival: 7.45, ...during })).toBe(0);
    expect(await told([7.6], { arrival: 8, ...during })).toBe(1);
    expect(await told([4, 5.1], { arrival: 5.2, ...during })).toBe(2);
  });
});
