import { DAY_MS, HOUR_MS } from '../lib/duration.js';
import { spansOfRows } from '../pipeline/span-of-row.js';
import { needOfSearch, type ArchiveNeed } from '../store/archive/archive-need.js';
import { hotOfTraces, type SpansDatabase } from '../store/archive/duckdb-archived-spans.js';
import type { Row } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { never, orTooMuch } from '../store/less-at-once.js';
import { traceIdOf, type TraceKey } from '../store/trace-key.js';
import { compileSearch, type CompiledSearch } from '../trace/traceql/search-sql.js';
import { canBeHalved, longTraces, matchesAmong, matchesIn } from './duckdb-matching-traces.js';
import type { TimeWindow } from './time-window.js';
import { TRACE_SPAN_LIMIT, type TraceSelection, type WholeTrace } from './trace-reader.js';
import { isTooMuch, readWithin } from './within-memory.js';

const EXTENT = loadSql(import.meta.url, 'stored-extent.sql');
const SPANS = loadSql(import.meta.url, 'read-whole-traces.sql');
const HOT_BEFORE = 'SELECT max(end_ms) AS last_ms FROM spans WHERE end_ms < $to_ms';
const NS_PER_MS = 1_000_000n;

/** How much is held at a time. */
export interface PortionLimits {
  /** Ids of the traces of one slice of time; a slice with more is cut, and so is one that the database has no memory for. */
  readonly tracesOfSlice: number;
  /** Traces that last long, which are judged in one go. */
  readonly longAtOnce: number;
  /** Spans of one trace that are read; the rest is left out. */
  readonly spansOfTrace: number;
  /** Traces that are read in one go. */
  readonly tracesAtOnce: number;
  /** Their spans; traces with more are read in smaller portions. */
  readonly spansAtOnce: number;
}

const LIMITS: PortionLimits = { tracesOfSlice: 20_000, longAtOnce: 1_000, tracesAtOnce: 200, spansAtOnce: 2 * TRACE_SPAN_LIMIT, spansOfTrace: TRACE_SPAN_LIMIT };

interface Run {
  readonly database: SpansDatabase;
  readonly compiled: CompiledSearch;
  readonly selection: TraceSelection;
  readonly limits: PortionLimits;
}

/**
 * Every trace that a search finds, each once: slice of time by slice, the newest first, and of each slice some traces at a time. A trace belongs
 * to the slice of its newest match, so that nothing has to be remembered of the slices before.
 */
export async function* everyTrace(database: SpansDatabase, selection: TraceSelection, limits = LIMITS): AsyncGenerator<WholeTrace> {
  let left = selection.limit ?? Infinity;
  for await (const trace of unlimited({ database, compiled: compileSearch(selection.search), selection, limits })) {
    if (left <= 0) return;
    left -= 1;
    yield trace;
  }
}

async function* unlimited(run: Run): AsyncGenerator<WholeTrace> {
  const { database, compiled, selection } = run;
  const long = compiled.looksAround ? await longTraces(database, selection, Number.MAX_SAFE_INTEGER) : [];
  const judgedWhole = new Set(long.map(traceIdOf));
  for (let from = 0; from < long.length; from += run.limits.longAtOnce) yield* wholeTraces(run, (await amongMatches(run, long.slice(from, from + run.limits.longAtOnce), selection)).map(({ key }) => key));
  for await (const { window, traces } of slices(run)) {
    const own = traces.filter((key) => !judgedWhole.has(traceIdOf(key)));
    for (let from = 0; from < own.length; from += run.limits.tracesAtOnce) yield* tracesOfSlice(run, own.slice(from, from + run.limits.tracesAtOnce), window);
  }
}

/** Those whose newest match is in this slice. */
async function* tracesOfSlice(run: Run, keys: readonly TraceKey[], slice: TimeWindow): AsyncGenerator<WholeTrace> {
  for await (const portion of portions(run, keys)) {
    // Of a trace that was cut short the spans that are missing may be later ones.
    const outlasting = portion.filter(({ spans }) => spans.length >= run.limits.spansOfTrace || spans.some(({ startNs, durationNs }) => (startNs + BigInt(durationNs)) / NS_PER_MS >= BigInt(slice.toMs)));
    const elsewhere = new Set((await amongMatches(run, outlasting.map(({ key }) => key), { fromMs: slice.toMs, toMs: run.selection.toMs })).map(({ key }) => traceIdOf(key)));
    for (const { traceId, spans } of portion) if (!elsewhere.has(traceId)) yield { traceId, spans };
  }
}

function amongMatches({ database, compiled, selection }: Run, keys: readonly TraceKey[], window: TimeWindow): ReturnType<typeof matchesAmong> {
  return window.fromMs < window.toMs ? matchesAmong(database, { traces: keys }, { compiled, search: { ...selection, ...window, limit: keys.length } }) : Promise.resolve([]);
}

/** The time that spans are stored of, newest first, in slices that hold no more traces than may be; with the ids of what each has. */
async function* slices({ database, compiled, selection, limits }: Run): AsyncGenerator<{ readonly window: TimeWindow; readonly traces: readonly TraceKey[] }> {
  const [extent] = await database.query({ sql: EXTENT });
  const oldestMs = Math.max(selection.fromMs, Number(extent?.['first_ms'] ?? 0));
  const archive = needOfSearch(selection.search);
  let toMs = Math.min(selection.toMs, Number(extent?.['last_ms'] ?? -1) + 1);
  for (let lengthMs = HOUR_MS; toMs > oldestMs;) {
    const window = { fromMs: Math.max(oldestMs, toMs - lengthMs), toMs };
    const isShortest = lengthMs <= 1;
    const limit = isShortest ? Number.MAX_SAFE_INTEGER : limits.tracesOfSlice + 1;
    const found = await orTooMuch(matchesIn(database, { compiled, search: { ...selection, ...window, limit } }), canBeHalved(compiled, window) ? isTooMuch : never);
    if (found === undefined || (found.result.length > limits.tracesOfSlice && !isShortest)) {
      lengthMs = Math.max(1, Math.floor(lengthMs / 4));
      continue;
    }
    yield { window, traces: found.result.map(({ key }) => key) };
    // Imported traces may be years older than the others.
    toMs = found.result.length > 0 ? window.fromMs : await storedUntil(database, { fromMs: oldestMs, toMs: window.fromMs }, archive);
    lengthMs = Math.min(DAY_MS, lengthMs * 2);
  }
}

/** The end of what is stored of this time, as far as a search has to look at it; its beginning where that is nothing. */
async function storedUntil(database: SpansDatabase, window: TimeWindow, archive: ArchiveNeed): Promise<number> {
  const [[hot], files] = await Promise.all([database.query({ sql: HOT_BEFORE, params: { to_ms: window.toMs } }), database.fileTimes?.(window, archive) ?? []]);
  return Math.max(window.fromMs, Number(hot?.['last_ms'] ?? -1) + 1, ...files.map((file) => Math.min(file.toMs, window.toMs)));
}

async function* wholeTraces(run: Run, keys: readonly TraceKey[]): AsyncGenerator<WholeTrace> {
  for (let from = 0; from < keys.length; from += run.limits.tracesAtOnce) {
    for await (const portion of portions(run, keys.slice(from, from + run.limits.tracesAtOnce))) yield* portion;
  }
}

interface ReadTrace extends WholeTrace {
  readonly key: TraceKey;
}

/** These traces with their spans, in the same order; half of them at a time where they have many. */
async function* portions(run: Run, keys: readonly TraceKey[]): AsyncGenerator<readonly ReadTrace[]> {
  if (keys.length === 0) return;
  const limit = keys.length === 1 ? run.limits.spansOfTrace : run.limits.spansAtOnce + 1;
  const found = await orTooMuch(readWithin(run.database, { sql: SPANS.replace('/* traces */', () => hotOfTraces(keys)), params: { limit }, archive: { traces: keys } }), keys.length > 1 ? isTooMuch : never);
  if (found === undefined || (found.result.length === limit && keys.length > 1)) {
    const half = Math.ceil(keys.length / 2);
    yield* portions(run, keys.slice(0, half));
    yield* portions(run, keys.slice(half));
    return;
  }
  yield inOrder(keys, found.result);
}

function inOrder(keys: readonly TraceKey[], rows: readonly Row[]): readonly ReadTrace[] {
  const byTrace = new Map<string, Row[]>();
  for (const row of rows) {
    const traceId = traceIdOf({ high: row['trace_id_high'] as bigint, low: row['trace_id_low'] as bigint });
    const known = byTrace.get(traceId);
    if (known === undefined) byTrace.set(traceId, [row]);
    else known.push(row);
  }
  return keys.flatMap((key) => {
    const traceId = traceIdOf(key);
    const ofTrace = byTrace.get(traceId);
    return ofTrace === undefined ? [] : [{ key, traceId, spans: spansOfRows(ofTrace) }];
  });
}
