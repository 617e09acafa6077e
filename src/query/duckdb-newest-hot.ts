import type { SpansDatabase } from '../store/archive/duckdb-archived-spans.js';
import { loadSql } from '../store/fs-sql.js';
import { orTooMuch } from '../store/less-at-once.js';
import { withLiterals } from '../store/literal-sql.js';
import { traceIdOf } from '../store/trace-key.js';
import { matchOf, nearWindow, type MatchedTrace, type RunSearch } from './duckdb-matching-traces.js';
import { isTooMuch, readWithin } from './within-memory.js';

const NEWEST_HOT = loadSql(import.meta.url, 'find-newest-hot.sql');
/** Spans that are looked at for each trace that is wanted: most traces have fewer that match. */
const SPANS_OF_TRACE = 8;
/** When they were of too few traces, so many times as many. */
const GROWTH = 16;
/** More are not looked at. */
export const MOST_NEWEST_SPANS = 50_000;
const ALL = 0n;

export interface NewestHot {
  readonly traces: readonly MatchedTrace[];
  /** No trace is missing whose newest matching hot span began then or later; 0 where none is. */
  readonly sinceNs: bigint;
}

/** The traces whose matching hot spans are newest, as many as are wanted or all. Undefined where they cannot be found so: a match is not of a span's own row, or they are too few of too many spans. */
export async function newestHot(database: SpansDatabase, run: RunSearch, { limit, mostSpans = MOST_NEWEST_SPANS }: { readonly limit: number; readonly mostSpans?: number }): Promise<NewestHot | undefined> {
  const { matches, looksAround } = run.compiled;
  if (looksAround || matches.ctes !== '' || matches.joins !== '') return undefined;
  for (let spans = SPANS_OF_TRACE * limit; spans <= mostSpans; spans *= GROWTH) {
    const read = await orTooMuch(readNewest(database, run, spans), isTooMuch);
    if (read === undefined) return undefined;
    const { traces, sinceNs } = read.result;
    const certain = traces.filter(({ matchedNs }) => matchedNs >= sinceNs);
    if (certain.length >= limit || sinceNs === ALL) return { traces: certain, sinceNs };
  }
  return undefined;
}

async function readNewest(database: SpansDatabase, { compiled, search }: RunSearch, spans: number): Promise<NewestHot> {
  const params = { ...compiled.params.values, ...nearWindow(search, false), spans };
  const rows = await readWithin(database, withLiterals({ sql: NEWEST_HOT.replaceAll('/* matches */', () => compiled.matches.sql), params }));
  const newest = new Map<string, MatchedTrace>();
  const oldestNs = new Map<unknown, { spans: number; ns: bigint }>();
  for (const row of rows) {
    const match = matchOf({ ...row, matched_ns: row['start_ns'] as bigint });
    const id = traceIdOf(match.key);
    if ((newest.get(id)?.matchedNs ?? -1n) < match.matchedNs) newest.set(id, match);
    const oldest = oldestNs.get(row['part']) ?? { spans: 0, ns: match.matchedNs };
    oldestNs.set(row['part'], { spans: oldest.spans + 1, ns: match.matchedNs < oldest.ns ? match.matchedNs : oldest.ns });
  }
  // A part with so many may have more, as new as its oldest one.
  const cut = [...oldestNs.values()].filter((oldest) => oldest.spans >= spans);
  return { traces: [...newest.values()], sinceNs: cut.reduce((since, { ns }) => (ns >= since ? ns + 1n : since), ALL) };
}
