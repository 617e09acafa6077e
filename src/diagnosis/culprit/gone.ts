import type { Change } from './change.js';
import { judged } from './judge.js';
import type { Observation } from './observe.js';
import { shareOf } from './statistics.js';
import type { Comparison, Stratum, Unit } from './strata.js';

/** Calls of a service that was seen to answer, by who calls it: in how many requests does nobody answer? */
export function goneChanges({ baseline, incident }: Comparison): readonly Change[] {
  const before = callsByPair(baseline);
  return [...callsByPair(incident)].flatMap(([pair, units]) => {
    const known = before.get(pair) ?? [];
    const having = units.filter(isUnanswered);
    if (having.length === 0 || known.length === 0) return [];
    const { service, operation, caller } = having[0]!.observations.find(({ visit }) => visit.caller !== undefined)!.visit;
    const stratum: Stratum = { service, operation, caller, path: [], baseline: known, incident: units };
    const unanswered = known.filter(isUnanswered).length;
    const counted = { baseline: unanswered, baselineOf: known.length, incident: having.length, incidentOf: units.length, asked: units, traceIds: having.map(({ traceId }) => traceId) };
    return [judged({ service, operation, caller, aspect: { kind: 'gone' }, rivals: 1, counts: [{ ...counted, stratum, expected: shareOf(unanswered, known.length), surprise: 0 }] })];
  });
}

/** By calling and called service: the requests in which the one called the other. */
function callsByPair(observations: readonly Observation[]): ReadonlyMap<string, readonly Unit[]> {
  const pairs = new Map<string, Map<string, Observation[]>>();
  for (const observation of observations) {
    const { visit } = observation;
    if (visit.parent === undefined) continue;
    const pair = JSON.stringify([visit.parent.service, visit.service]);
    const units = pairs.get(pair) ?? new Map<string, Observation[]>();
    pairs.set(pair, units);
    units.set(visit.traceId, [...(units.get(visit.traceId) ?? []), observation]);
  }
  return new Map([...pairs].map(([pair, units]) => [pair, [...units].map(([traceId, own]) => ({ traceId, observations: own }))] as const));
}

/** A call that a span of the called service answers has no caller written into its visit. */
function isUnanswered({ observations }: Unit): boolean {
  return observations.some(({ visit }) => visit.caller !== undefined);
}
