import type { Statement } from './database.js';
import type { ArrivalRange, Arrivals, TraceArrivals } from './trace-arrivals.js';

/** Goes before the name of a hot relation, where a statement looks for `Statement.ofTraces` in it: the store reads of it what came when these came. */
export const ARRIVED = '/* arrived */';
/** A relation with the mark, and texts and names in which it would be none. */
const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\/\* arrived \*\/ [\w.]+/g;
/** To plan one range more takes as long as to look through some 100,000 rows. */
const MOST_RANGES = 8;

/** The statement with what is known of when its traces came. */
export function whereArrived(statement: Statement, arrivals: TraceArrivals, hasOlder: boolean): Statement {
  const { ofTraces, ...rest } = statement;
  if (ofTraces === undefined) return statement;
  const conditions = arrivedConditions(arrivals.of(ofTraces), hasOlder);
  return { ...rest, sql: rest.sql.replaceAll(TOKEN, (token) => (token.startsWith(ARRIVED) ? arrivedRows(token.slice(ARRIVED.length + 1), conditions) : token)) };
}

/** Each range in a scan of its own, which passes over the row groups outside; of ranges in an OR every row is looked at. */
function arrivedRows(relation: string, conditions: readonly string[]): string {
  return `(${conditions.map((condition) => `SELECT * FROM ${relation} WHERE ${condition}`).join(' UNION ALL ')})`;
}

/** Of which no row meets two. `hasOlder`: there are rows from before it was known what came. */
export function arrivedConditions({ knownFromMs, ranges }: Arrivals, hasOlder: boolean): readonly string[] {
  const known = hasOlder ? ranges.filter(({ toMs }) => toMs >= knownFromMs).map(({ fromMs, toMs }) => ({ fromMs: Math.max(fromMs, knownFromMs), toMs })) : ranges;
  const conditions = [...(hasOlder ? [`arrival_ms < ${knownFromMs}`] : []), ...nearJoined(known).map(({ fromMs, toMs }) => `arrival_ms BETWEEN ${fromMs} AND ${toMs}`)];
  return conditions.length === 0 ? ['FALSE'] : conditions;
}

/** No more than MOST_RANGES of them: over the shortest gaps they become one. */
function nearJoined(ranges: readonly ArrivalRange[]): readonly ArrivalRange[] {
  const gaps = ranges.slice(1).map(({ fromMs }, index) => fromMs - (ranges[index]?.toMs ?? fromMs));
  const widest = new Set(gaps.map((gap, index) => ({ gap, index })).sort((left, right) => right.gap - left.gap).slice(0, MOST_RANGES - 1).map(({ index }) => index + 1));
  const joined: ArrivalRange[] = [];
  for (const [index, range] of ranges.entries()) {
    const last = joined.at(-1);
    if (last === undefined || widest.has(index)) joined.push(range);
    else joined[joined.length - 1] = { fromMs: last.fromMs, toMs: range.toMs };
  }
  return joined;
}
