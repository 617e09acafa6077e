import type { Statement } from './database.js';
import type { Arrivals, TraceArrivals } from './trace-arrivals.js';

/** Where a statement looks for `Statement.ofTraces` in one of the hot tables: a condition, which the store makes narrower (and what it says as it stands is true). */
export const ARRIVED = '/* arrived */ TRUE';
/** The mark, and texts and names in which it would be none. */
const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\/\* arrived \*\/ TRUE/g;

/** The statement with what is known of when its traces came. */
export function whereArrived(statement: Statement, arrivals: TraceArrivals, hasOlder: boolean): Statement {
  const { ofTraces, ...rest } = statement;
  if (ofTraces === undefined) return statement;
  const condition = arrivedCondition(arrivals.of(ofTraces), hasOlder);
  return { ...rest, sql: rest.sql.replaceAll(TOKEN, (token) => (token === ARRIVED ? condition : token)) };
}

/** Of ranges in an OR every row is looked at; the stretch that holds all of them passes over the row groups outside. `hasOlder`: there are rows from before it was known what came. */
export function arrivedCondition({ knownFromMs, ranges }: Arrivals, hasOlder: boolean): string {
  const [first, last] = [ranges[0], ranges.at(-1)];
  if (first === undefined || last === undefined) return hasOlder ? `arrival_ms < ${knownFromMs}` : 'FALSE';
  const within = [...(hasOlder ? [`arrival_ms < ${knownFromMs}`] : []), ...ranges.map(({ fromMs, toMs }) => `arrival_ms BETWEEN ${fromMs} AND ${toMs}`)];
  const stretch = hasOlder ? `arrival_ms <= ${Math.max(last.toMs, knownFromMs)}` : `arrival_ms BETWEEN ${first.fromMs} AND ${last.toMs}`;
  return within.length === 1 ? within.join('') : `(${stretch} AND (${within.join(' OR ')}))`;
}
