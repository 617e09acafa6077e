import { SECOND_MS } from '../lib/duration.js';
import { LONG_TRACE_MS } from '../store/archive/duckdb-long-traces.js';
import { needOfSearch, type ArchiveNeed } from '../store/archive/archive-need.js';
import type { SpansDatabase } from '../store/archive/duckdb-archived-spans.js';
import type { Row, SqlValue, Statement } from '../store/database.js';
import { loadSql } from '../store/fs-sql.js';
import { EVERY_TRACE, readHalves, readParts, type TracePart } from '../store/less-at-once.js';
import { withLiterals } from '../store/literal-sql.js';
import type { TraceKey } from '../store/trace-key.js';
import type { CompiledSearch } from '../trace/traceql/search-sql.js';
import type { TimeWindow } from './time-window.js';
import type { TraceSearch } from './trace-reader.js';
import { isTooMuch, lengthMs, readWithin } from './within-memory.js';

/** Traces that a search finds in a slice of time, newest first; see `matchOf`. */
export const NEWEST = loadSql(import.meta.url, 'find-newest.sql');
const LONG = loadSql(import.meta.url, 'find-long-traces.sql');
/** Spans that a match depends on (a parent, others to count) may end just outside of the time range. */
const AROUND_MS = LONG_TRACE_MS;
/** Of a shorter time, fewer traces are looked at instead: what is around it is most of what a search reads that looks around. */
const SHORTEST_AROUND_MS = 2 * AROUND_MS;
/** Traces known to last longer than that are looked at whole: by a search, which is to take little time, those that ended last. */
export const MOST_LONG_TRACES = 1_000;
export const ALL_TIME = { near_from_ms: 0, near_to_ms: 9_000_000_000_000 } as const;

export interface MatchedTrace {
  readonly key: TraceKey;
  /** When its newest matching span began. */
  readonly matchedNs: bigint;
}

export function matchOf(row: Row): MatchedTrace {
  return { key: { high: row['th'] as bigint, low: row['tl'] as bigint }, matchedNs: row['matched_ns'] as bigint };
}

export interface RunSearch {
  readonly compiled: CompiledSearch;
  readonly search: TraceSearch;
}

/** A template of a statement with a search in it. */
export function searchStatement(template: string, { compiled, search }: RunSearch): Statement & { readonly params: Readonly<Record<string, SqlValue>> } {
  return {
    sql: template.replace('/* search */', () => `${compiled.ctes}${template === NEWEST ? '' : ','}`).replaceAll('/* found */', () => compiled.result),
    params: { ...compiled.params.values, ...nearWindow(search, compiled.looksAround), from_ms: search.fromMs, to_ms: search.toMs, limit: search.limit },
  };
}

export function nearWindow(window: TimeWindow, looksAround: boolean): { readonly near_from_ms: number; readonly near_to_ms: number } {
  const { fromMs, toMs } = looksAround ? around(window) : window;
  return { near_from_ms: fromMs, near_to_ms: toMs };
}

/** When all spans of the traces of a window ended, but of those that are known to last long. */
export function around({ fromMs, toMs }: TimeWindow): TimeWindow {
  return { fromMs: fromMs - AROUND_MS, toMs: toMs + AROUND_MS };
}

/** When all spans of these traces ended, but of those that are known to last long. */
export function aroundMatches(traces: readonly MatchedTrace[]): TimeWindow {
  const matchedMs = traces.map(({ matchedNs }) => Number(matchedNs / 1_000_000n));
  return { fromMs: Math.min(...matchedMs) - AROUND_MS, toMs: Math.max(...matchedMs) + AROUND_MS + 1 };
}

/** Traces in this time that a slice of it would see a part of, and judge by it; those that ended last first. */
export async function longTraces(database: SpansDatabase, { fromMs, toMs }: TimeWindow, limit: number): Promise<readonly TraceKey[]> {
  const rows = await database.query(withLiterals({ sql: LONG, params: { from_ms: fromMs, to_ms: toMs, limit } }));
  return rows.map((row) => ({ high: row['high'] as bigint, low: row['low'] as bigint }));
}

/** The newest traces that match by what is in this window and around it: some of its traces at a time where all are too much and a shorter window would not help. */
export async function matchesIn(database: SpansDatabase, run: RunSearch): Promise<readonly MatchedTrace[]> {
  const statement = { ...searchStatement(NEWEST, run), archive: needOfSearch(run.search.search) };
  const read = (part: TracePart): Promise<readonly Row[]> => readWithin(database, part === EVERY_TRACE ? statement : { ...statement, archive: { ...statement.archive, part } });
  const rows = run.compiled.looksAround && !canBeHalved(run.compiled, run.search) ? await readParts(read, isTooMuch) : await read(EVERY_TRACE);
  return rows.map(matchOf);
}

/** A window so short is not halved any more. */
export function shortestMs({ looksAround }: CompiledSearch): number {
  return looksAround ? SHORTEST_AROUND_MS : SECOND_MS;
}

export function canBeHalved(compiled: CompiledSearch, window: TimeWindow): boolean {
  return lengthMs(window) > shortestMs(compiled);
}

/** Which of these traces match, each as a whole; `endedBetween` as in ArchiveNeed. (Over a database without an archive, others that match come too.) */
export async function matchesAmong(database: SpansDatabase, { traces, endedBetween }: Pick<ArchiveNeed, 'endedBetween'> & { readonly traces: readonly TraceKey[] }, run: RunSearch): Promise<readonly MatchedTrace[]> {
  if (traces.length === 0) return [];
  const statement = searchStatement(NEWEST, run);
  const params = { ...statement.params, ...ALL_TIME, limit: Number.MAX_SAFE_INTEGER };
  const read = (some: readonly TraceKey[]): Promise<Row[]> => readWithin(database, { ...statement, params, archive: { traces: some, ...(endedBetween === undefined ? {} : { endedBetween }) } });
  return (await readHalves(traces, read, isTooMuch)).map(matchOf);
}
