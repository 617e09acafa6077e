import { burstsOf } from './bursts.js';
import { isOfService, isTime, startMsOf, type Change, type Count, type StratumCount } from './change.js';
import { belief, excessTest, mantelHaenszel, PRIOR_ODDS, surpriseOf } from './statistics.js';
import type { Stratum, Unit } from './strata.js';

/** A change whose counts are known, with the surprise of each and the probability of chance. `tested` where other counts than its own are to be tested. */
export function judged(change: Omit<Change, 'pValue'>, tested: readonly Count[] = change.counts): Change {
  const bursts = burstsOf(change.counts);
  const together = isOfService(change) ? surpriseTogether(change.counts) : undefined;
  const counts = change.counts.map((count) => ({ ...count, surprise: (together ?? surpriseOf(count, count.expected)) / bursts }));
  return { ...change, counts, pValue: isTime(change.aspect) ? excessTest(counts, bursts) : mantelHaenszel(tested, bursts) };
}

function surpriseTogether(counts: readonly StratumCount[]): number {
  const [incident, incidentOf] = [sumOf(counts, 'incident'), sumOf(counts, 'incidentOf')];
  return surpriseOf({ incident, incidentOf }, counts.reduce((sum, count) => sum + count.incidentOf * count.expected, 0) / Math.max(1, incidentOf));
}

export function sumOf(counts: readonly Count[], side: keyof Count): number {
  return counts.reduce((sum, count) => sum + count[side], 0);
}

/** Failures and times of one service together: what is too seldom at each of its places may be plain over all of them. */
export function serviceChanges(changes: readonly Change[], serviceOf: (change: Change, stratum: Stratum) => string): readonly Change[] {
  const together = new Map<string, Omit<Change, 'pValue'> & { readonly counts: StratumCount[] }>();
  for (const { aspect, counts, ...change } of changes) {
    if (!isTime(aspect) && aspect.kind !== 'failed') continue;
    for (const count of counts) {
      const service = serviceOf({ ...change, aspect, counts }, count.stratum);
      const key = JSON.stringify([service, aspect]);
      const own = together.get(key) ?? { service, operation: '', caller: undefined, aspect, counts: [], rivals: 1 };
      together.set(key, own);
      own.counts.push(count);
    }
  }
  return [...together.values()].filter(({ counts }) => counts.length > 1).map((change) => judged(change));
}

/** How far a change can be believed, between 0 and 1. */
export function beliefIn({ pValue, rivals }: Pick<Change, 'pValue' | 'rivals'>): number {
  return belief(pValue, PRIOR_ODDS / rivals);
}

/** The same change from a moment of the incident on: compared with the baseline and with what was there before that moment. */
export function changeSince(change: Change, momentMs: number): Change {
  const split = change.counts.map((count) => splitAt(count, momentMs));
  const counts = split.map(({ before, after }) => ({ ...after, expected: Math.max(after.expected, (before.incident + after.expected) / (before.incidentOf + 1)) }));
  const tested = split.map(({ before, after }) => ({ ...after, baseline: after.baseline + before.incident, baselineOf: after.baselineOf + before.incidentOf }));
  return judged({ ...change, counts }, tested);
}

/** The requests of the incident that came before a moment, and those after it. */
export function splitAt(count: StratumCount, momentMs: number): { readonly before: StratumCount; readonly after: StratumCount } {
  const having = new Set(count.traceIds);
  const [earlier, later]: [Unit[], Unit[]] = [[], []];
  for (const unit of count.asked) (startMsOf(unit) >= momentMs ? later : earlier).push(unit);
  const side = (asked: readonly Unit[]): StratumCount => {
    const traceIds = asked.filter(({ traceId }) => having.has(traceId)).map(({ traceId }) => traceId);
    return { ...count, asked, traceIds, incident: traceIds.length, incidentOf: asked.length };
  };
  return { before: side(earlier), after: side(later) };
}
