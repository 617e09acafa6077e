import { needOfSearch } from '../store/archive/archive-need.js';
import type { SpansDatabase } from '../store/archive/duckdb-archived-spans.js';
import { loadSql } from '../store/fs-sql.js';
import { orTooMuch } from '../store/less-at-once.js';
import { traceIdOf } from '../store/trace-key.js';
import { foundCondition } from '../trace/traceql/found-condition.js';
import { compileSearch } from '../trace/traceql/search-sql.js';
import { MOST_NEWEST_SPANS, newestHot } from './duckdb-newest-hot.js';
import { around, aroundMatches, longTraces, matchesAmong, matchesIn, MOST_LONG_TRACES, shortestMs, type MatchedTrace, type RunSearch } from './duckdb-matching-traces.js';
import { FIRST_SLICE_AROUND_MS, FIRST_SLICE_MS, slicesOf, type StoredExtent } from './newest-first.js';
import type { TimeWindow } from './time-window.js';
import { TRACE_SEARCH_LIMIT } from './trace-reader.js';
import { isTooMuch, readWindows } from './within-memory.js';

const EXTENT = loadSql(import.meta.url, 'stored-extent.sql');
/** Traces of a slice that are judged one by one, the newest ones first; where more may match, the slice is read as a whole. */
const MOST_CANDIDATES = 2_000;
/** Of so many hot spans a slice with all that is around it is read in less time than candidates take to be looked for, and then looked at (bench/RESULTS.md). */
const FEW_HOT_SPANS = 2_000_000;
const MS_NS = 1_000_000n;

export interface CandidateLimits {
  readonly mostCandidates: number;
  readonly fewHotSpans: number;
  /** Of the hot store, so many spans are looked at before it is cut into slices of time. */
  readonly mostNewestSpans: number;
}

const LIMITS: CandidateLimits = { mostCandidates: MOST_CANDIDATES, fewHotSpans: FEW_HOT_SPANS, mostNewestSpans: MOST_NEWEST_SPANS };

/**
 * The newest traces that match, from slices of time as few as possible, the newest first. Where many spans are hot, a search that looks at spans
 * around each other is made in two steps: which traces of the slice have a span that may be found, by its own row; then these, judged whole. So what
 * such a search takes does not grow with the spans that come in. The newest hot ones may be enough. Of few, and of what is archived, a slice is read at once with what is around it, and
 * by candidates only where the database has no memory for that.
 */
export async function newestMatches(database: SpansDatabase, run: RunSearch, limits = LIMITS): Promise<readonly MatchedTrace[]> {
  const search = new NewestMatches(database, run, limits);
  await search.judgeLongOnes();
  const slices = await search.lookAtNewestHot() ?? await search.allSlices(limits.fewHotSpans);
  for await (const { window } of readWindows(slices, (slice) => search.look(slice), shortestMs(run.compiled))) {
    // What older slices hold ended before this one, so that it began before it too.
    if (search.isEnough(BigInt(window.fromMs) * MS_NS)) break;
  }
  return search.newest();
}

async function extentOf(database: SpansDatabase, { search }: RunSearch): Promise<StoredExtent & { readonly hotSpans: number }> {
  const [[row], files] = await Promise.all([database.query({ sql: EXTENT }), database.fileTimes?.(search, needOfSearch(search.search)) ?? []]);
  return { firstMs: Number(row?.['first_ms'] ?? 0), lastMs: Number(row?.['last_ms'] ?? -1), hotFromMs: Number(row?.['left_before_ms'] ?? 0), hotSpans: Number(row?.['hot_spans'] ?? 0), files };
}

class NewestMatches {
  readonly #database: SpansDatabase;
  readonly #run: RunSearch;
  /** The search for candidates, where their number can be less than all. */
  readonly #candidates: RunSearch | undefined;
  readonly #limit: number;
  readonly #mostCandidates: number;
  readonly #mostNewestSpans: number;
  /** Slices that begin then or later hold many spans. */
  #denseFromMs = Infinity;
  readonly #found = new Map<string, MatchedTrace>();
  readonly #judgedWhole = new Set<string>();

  constructor(database: SpansDatabase, run: RunSearch, { mostCandidates, mostNewestSpans }: CandidateLimits) {
    this.#mostCandidates = mostCandidates;
    this.#mostNewestSpans = mostNewestSpans;
    this.#database = database;
    this.#run = run;
    this.#candidates = candidatesOf(run);
    this.#limit = Math.min(run.search.limit, TRACE_SEARCH_LIMIT);
  }

  /** A slice would see a part of these, and judge by it. */
  async judgeLongOnes(): Promise<void> {
    if (!this.#run.compiled.looksAround) return;
    const traces = await longTraces(this.#database, this.#run.search, MOST_LONG_TRACES);
    for (const key of traces) this.#judgedWhole.add(traceIdOf(key));
    for (const match of await matchesAmong(this.#database, { traces }, this.#run)) this.#keep(match);
  }

  /** The newest hot matches, and the slices that are left to be looked at: of the archive, whose files hold what has left the hot store since. Undefined where these matches may not be enough. */
  async lookAtNewestHot(): Promise<readonly TimeWindow[] | undefined> {
    const { search, compiled } = this.#run;
    const sinceNs = await (compiled.looksAround ? this.#lookAtHotCandidates() : this.#lookAtHotMatches());
    if (sinceNs === undefined || !(sinceNs === 0n || this.isEnough(sinceNs))) return undefined;
    // All files are known; to ask which of them may hold what is searched for takes a statement.
    const all = await this.#database.fileTimes?.(search, {}) ?? [];
    if (all.every(({ toMs }) => this.isEnough(BigInt(toMs) * MS_NS))) return [];
    const files = await this.#database.fileTimes?.(search, needOfSearch(search.search)) ?? [];
    return slicesOf(search, { firstMs: 0, lastMs: Math.max(0, ...files.map(({ toMs }) => toMs - 1)), hotFromMs: Infinity, files });
  }

  /** Since when no hot match is missing, as in NewestHot. */
  async #lookAtHotMatches(): Promise<bigint | undefined> {
    const newest = await newestHot(this.#database, this.#run, { limit: this.#limit, mostSpans: this.#mostNewestSpans });
    this.#add(newest?.traces ?? []);
    return newest?.sinceNs;
  }

  async #lookAtHotCandidates(): Promise<bigint | undefined> {
    const newest = this.#candidates === undefined ? undefined : await newestHot(this.#database, this.#candidates, { limit: 2 * this.#limit, mostSpans: this.#mostNewestSpans });
    if (newest === undefined) return undefined;
    const judged = newestOf(newest.traces, 2 * this.#limit);
    const own = judged.filter(({ key }) => !this.#judgedWhole.has(traceIdOf(key)));
    if (own.length > 0) this.#add(await matchesAmong(this.#database, { traces: own.map(({ key }) => key), endedBetween: aroundMatches(own) }, this.#run));
    const last = judged.at(-1);
    return last === undefined || judged.length === newest.traces.length ? newest.sinceNs : last.matchedNs + 1n;
  }

  /** Of all that is stored, the newest first. */
  async allSlices(fewHotSpans: number): Promise<readonly TimeWindow[]> {
    const extent = await extentOf(this.#database, this.#run);
    if (extent.hotSpans > fewHotSpans) this.#denseFromMs = extent.hotFromMs;
    return slicesOf(this.#run.search, extent, this.#run.compiled.looksAround ? FIRST_SLICE_AROUND_MS : FIRST_SLICE_MS);
  }

  async look(slice: TimeWindow): Promise<void> {
    const isSparse = slice.fromMs < this.#denseFromMs;
    if (isSparse && await this.#lookAtOnce(slice, this.#candidates !== undefined)) return;
    if (this.#candidates !== undefined && await this.#lookAtCandidates(this.#candidates, slice)) return;
    await this.#lookAtOnce(slice, false);
  }

  /** Whether the database had memory for it; where there is no other way, that it has none is thrown. */
  async #lookAtOnce(slice: TimeWindow, hasOtherWay: boolean): Promise<boolean> {
    const read = await orTooMuch(matchesIn(this.#database, ofSlice(this.#run, slice, this.#limit + this.#judgedWhole.size)), (error) => hasOtherWay && isTooMuch(error));
    this.#add(read?.result ?? []);
    return read !== undefined;
  }

  /** Whether they were all that the slice has, or enough. */
  async #lookAtCandidates(candidates: RunSearch, slice: TimeWindow): Promise<boolean> {
    const newest = await this.#newestCandidates(candidates, slice);
    if (newest === undefined) return false;
    const own = newest.filter(({ key }) => !this.#judgedWhole.has(traceIdOf(key)));
    for (let from = 0, length = 2 * this.#limit; from < own.length; from += length, length = own.length) {
      const portion = own.slice(from, from + length);
      this.#add(await matchesAmong(this.#database, { traces: portion.map(({ key }) => key), endedBetween: around(slice) }, ofSlice(this.#run, slice, portion.length)));
      // No other trace has a span in this slice that began later than the last candidate's.
      if (this.#isMoreThanEnough(portion)) return true;
    }
    return newest.length < this.#mostCandidates;
  }

  async #newestCandidates(candidates: RunSearch, slice: TimeWindow): Promise<readonly MatchedTrace[] | undefined> {
    return (await orTooMuch(matchesIn(this.#database, ofSlice(candidates, slice, this.#mostCandidates)), isTooMuch))?.result;
  }

  #isMoreThanEnough(portion: readonly MatchedTrace[]): boolean {
    const last = portion.at(-1);
    return last !== undefined && this.isEnough(last.matchedNs + 1n);
  }

  isEnough(sinceNs: bigint): boolean {
    return [...this.#found.values()].filter(({ matchedNs }) => matchedNs >= sinceNs).length >= this.#limit;
  }

  newest(): readonly MatchedTrace[] {
    return newestOf([...this.#found.values()], this.#limit);
  }

  #add(matches: readonly MatchedTrace[]): void {
    for (const match of matches) if (!this.#judgedWhole.has(traceIdOf(match.key))) this.#keep(match);
  }

  #keep(match: MatchedTrace): void {
    const known = this.#found.get(traceIdOf(match.key));
    if (known === undefined || known.matchedNs < match.matchedNs) this.#found.set(traceIdOf(match.key), match);
  }
}

function newestOf(traces: readonly MatchedTrace[], count: number): readonly MatchedTrace[] {
  return traces.toSorted((left, right) => Number(right.matchedNs - left.matchedNs) || (left.key.low < right.key.low ? -1 : 1)).slice(0, count);
}

function candidatesOf({ compiled, search }: RunSearch): RunSearch | undefined {
  const condition = compiled.looksAround ? foundCondition(search.search) : undefined;
  if (condition === undefined) return undefined;
  const filter = { type: 'filter' as const, condition };
  return { compiled: compileSearch(filter), search: { ...search, search: filter } };
}

function ofSlice({ compiled, search }: RunSearch, slice: TimeWindow, limit: number): RunSearch {
  return { compiled, search: { ...search, ...slice, limit } };
}
