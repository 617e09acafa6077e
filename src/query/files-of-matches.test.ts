import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeClock } from '../lib/clock.js';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { Archiver } from '../pipeline/system-archiver.js';
import { DuckdbArchive } from '../store/archive/duckdb-archive.js';
import { ArchivedSpans, type SpansDatabase } from '../store/archive/duckdb-archived-spans.js';
import { DuckdbLogArchive } from '../store/archive/duckdb-log-archive.js';
import { FsArchiveStorage } from '../store/archive/fs-archive-storage.js';
import { openDatabase, type DuckdbDatabase } from '../store/duckdb-database.js';
import { DuckdbSpanSink } from '../store/duckdb-span-sink.js';
import { DEFAULT_START_MS, spanBatch, type SpanDescription } from '../trace/batch-builder.js';
import { DuckdbTraceReader } from './duckdb-trace-reader.js';
import type { TraceSummary } from './trace-reader.js';
import { parseTraceSearch } from './trace-query.js';

const START = DEFAULT_START_MS;
const HOT_MS = 6 * HOUR_MS;
const HOURS_AT_ONCE = 7;
const QUERIES = ['{}', '{ status = error }', '{ name = "b" }', '{ name = "a" } >> { status = error }'];

/** A span of one of a few traces: it happens near to the others of its trace or hours from them, and comes soon or late. */
const SPAN = fc.record({
  trace: fc.integer({ min: 1, max: 8 }), span: fc.integer({ min: 1, max: 1_000_000 }), atMs: fc.oneof(fc.integer({ min: 0, max: 20 * MINUTE_MS }), fc.integer({ min: 0, max: 40 * HOUR_MS })),
  durationMs: fc.oneof(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 0, max: 3 * HOUR_MS })), lateMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20 * HOUR_MS })), name: fc.constantFrom('a', 'b'), isError: fc.boolean(),
});
type Told = typeof SPAN extends fc.Arbitrary<infer T> ? T : never;

/** The same archive for a search that looks for its traces in every file. */
function everywhere(database: ArchivedSpans): SpansDatabase {
  return {
    query: ({ archive: { endedBetween: _, ...archive } = {}, ...statement }) => database.query({ ...statement, archive }),
    transaction: (statements) => database.transaction(statements),
    fileTimes: (window, need) => database.fileTimes(window, need),
  };
}

/** As they would have come, some hours at a time, with a round of the archiver after each in which something did. */
async function fill(database: DuckdbDatabase, spans: readonly Told[], round: (nowMs: number) => Promise<void>): Promise<number> {
  const arrivals = spans.map((span) => ({ span, hour: Math.ceil((span.atMs + span.durationMs + span.lateMs) / (HOURS_AT_ONCE * HOUR_MS)) * HOURS_AT_ONCE })).sort((left, right) => left.hour - right.hour);
  for (const hour of new Set(arrivals.map((arrival) => arrival.hour))) {
    const receivedAtMs = START + hour * HOUR_MS;
    const sink = await DuckdbSpanSink.open(database, { clock: new FakeClock(receivedAtMs), limits: { maxWaitMs: 0, maxRows: 1 } });
    const batch = arrivals.filter((arrival) => arrival.hour === hour).map(({ span }) => described(span));
    await sink.store({ signal: 'traces', protocol: 'grpc', receivedAtMs, digest: hour.toString(16).padStart(32, '0'), rejected: 0, deduplicated: 0, message: '', spans: spanBatch(batch), sloSlices: [], redSlices: [] });
    await round(receivedAtMs + MINUTE_MS);
  }
  return START + (arrivals.at(-1)?.hour ?? 0) * HOUR_MS;
}

function described({ trace, span, atMs, durationMs, name, isError }: Told): SpanDescription {
  return { traceId: trace.toString(16).padStart(32, '0'), spanId: span.toString(16), parentSpanId: span % 3 === 0 ? '' : '1', name, service: name, startMs: START + atMs, durationMs, ...(isError ? { status: 'error' as const } : {}) };
}

async function withArchive(spans: readonly Told[], look: (both: ArchivedSpans, untilMs: number) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'tocsin-files-of-matches-'));
  const database = await openDatabase(join(directory, 'tocsin.duckdb'));
  try {
    const parts = { archive: new DuckdbArchive(database), logs: new DuckdbLogArchive(database), storage: new FsArchiveStorage(join(directory, 'archive')), generation: { current: 0 } };
    const keep = async (): Promise<[]> => {
      await database.transaction([{ sql: `INSERT INTO leaving_kept SELECT trace_id_high, trace_id_low, hour, service, 'baseline', 1 FROM leaving_traces` }]);
      return [];
    };
    const archiver = new Archiver({ ...parts, keep, hotRetentionMs: HOT_MS, limits: () => ({ rules: [], maxAgeMs: 30 * DAY_MS, maxBytes: undefined, minFreeBytes: 0 }) });
    const both = new ArchivedSpans(database, parts);
    const untilMs = await fill(database, spans, async (nowMs) => {
      // Whoever has looked before a round is not to go by what was known then.
      await found(both, '{}', nowMs);
      await archiver.run(nowMs);
    });
    await look(both, untilMs);
  } finally {
    await database.close();
    rmSync(directory, { recursive: true });
  }
}

function found(database: SpansDatabase, query: string, untilMs: number): Promise<readonly TraceSummary[]> {
  return new DuckdbTraceReader(database).findTraces({ search: parseTraceSearch(query), fromMs: START - HOUR_MS, toMs: untilMs + HOUR_MS, limit: 5 });
}

test('a search that looks for its traces in the files near their matches finds the same, whole, wherever their spans are', async () => {
  await fc.assert(fc.asyncProperty(fc.array(SPAN, { minLength: 4, maxLength: 25 }), async (spans) => {
    await withArchive(spans, async (both, untilMs) => {
      for (const query of QUERIES) expect(await found(both, query, untilMs), query).toEqual(await found(everywhere(both), query, untilMs));
    });
  }), { numRuns: 5, endOnFailure: true });
}, 400_000);

test('a trace of which a part comes hours after the rest has left is found whole, once a round has noted it', async () => {
  const part = { trace: 1, durationMs: 5, lateMs: 0, name: 'a', isError: false } as const;
  await withArchive([{ ...part, span: 3, atMs: 0 }, { ...part, trace: 2, span: 3, atMs: 12 * HOUR_MS }, { ...part, span: 2, atMs: 30 * HOUR_MS }], async (both, untilMs) => {
    expect(await found(both, '{}', untilMs)).toMatchObject([{ spanCount: 2, matchedCount: 2 }, { spanCount: 1 }]);
  });
});
