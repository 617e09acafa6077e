import type { Aspect, Change, StratumCount, TimeAspect } from './change.js';
import { judged } from './judge.js';
import { traitOf } from './observe.js';
import { shareOf } from './statistics.js';
import type { Stratum, Unit } from './strata.js';
import { RARITIES, TIME_KINDS, usualTimes, worstNs, type TimeKind, type UsualTimes } from './times.js';

/** Aspects of outcome and time, over `strata` in which outcomes are together. */
export function outcomeChanges(strata: readonly Stratum[]): readonly Change[] {
  const compared = strata.filter((stratum) => stratum.baseline.length > 0);
  const failures = changesOf(compared, () => [{ kind: 'failed' }], countAspect);
  return [...failures, ...TIME_KINDS.flatMap((kind) => timeChanges(compared, kind))];
}

/** A time that the baseline does not have of a place cannot be compared there. */
function timeChanges(strata: readonly Stratum[], kind: TimeKind): readonly Change[] {
  const usual = usualTimes(strata, kind);
  const aspects = RARITIES.map((rarity) => ({ kind, rarity }));
  return changesOf(strata.filter((stratum) => usual.medians.has(stratum)), () => aspects, (stratum, aspect) => countTimes(stratum, aspect, usual));
}

/** What the requests called, did and logged, over `strata` in which outcomes are apart. */
export function traitChanges(strata: readonly Stratum[]): readonly Change[] {
  return withRivals(changesOf(strata.filter((stratum) => stratum.baseline.length > 0), traitAspects, countAspect));
}

/**
 * A place that has a hundred statements has a hundred chances to look changed: the prior odds are shared among them. Those that come and
 * go together are one.
 */
function withRivals(changes: readonly Change[]): readonly Change[] {
  const patterns = new Map<string, Set<string>>();
  const familyOf = ({ service, operation, caller, aspect }: Change): string => JSON.stringify([service, operation, caller, 'trait' in aspect ? traitOf(aspect.trait).kind : '']);
  for (const change of changes) {
    const pattern = patternOf(change);
    if (pattern === undefined) continue;
    const family = familyOf(change);
    patterns.set(family, (patterns.get(family) ?? new Set()).add(pattern));
  }
  return changes.map((change) => ({ ...change, rivals: Math.max(1, patterns.get(familyOf(change))?.size ?? 1) }));
}

/** Undefined where it is so in all requests or in none, or is the mirror image of one that is counted. */
function patternOf({ aspect, counts }: Change): string | undefined {
  const varies = counts.some(({ baseline, baselineOf, incident, incidentOf }) => baseline + incident > 0 && baseline + incident < baselineOf + incidentOf);
  return aspect.kind === 'appears' && varies ? counts.map(({ baseline, incident }) => `${baseline}:${incident}`).join(' ') : undefined;
}

function changesOf<T extends Aspect>(strata: readonly Stratum[], aspectsOf: (stratum: Stratum) => readonly T[], count: (stratum: Stratum, aspect: T) => StratumCount): readonly Change[] {
  const table = new Map<string, { readonly stratum: Stratum; readonly aspect: T; readonly counts: StratumCount[] }>();
  for (const stratum of strata) {
    for (const aspect of aspectsOf(stratum)) {
      const key = JSON.stringify([stratum.service, stratum.operation, stratum.caller, aspect]);
      const entry = table.get(key) ?? { stratum, aspect, counts: [] };
      table.set(key, entry);
      entry.counts.push(count(stratum, aspect));
    }
  }
  return [...table.values()].map(({ stratum: { service, operation, caller }, aspect, counts }) => judged({ service, operation, caller, aspect, counts, rivals: 1 }));
}

function traitAspects(stratum: Stratum): readonly Aspect[] {
  const traits = new Set<string>();
  for (const unit of [...stratum.baseline, ...stratum.incident]) {
    for (const observation of unit.observations) for (const trait of observation.traits) traits.add(trait);
  }
  return [...traits].flatMap((trait): Aspect[] => [{ kind: 'appears', trait }, { kind: 'vanishes', trait }]);
}

function countAspect(stratum: Stratum, aspect: Aspect): StratumCount {
  const counted = countUnits(stratum, testOf(aspect), knowledgeOf(aspect));
  return { ...counted, expected: shareOf(counted.baseline, counted.baselineOf) };
}

/** A place is never taken to be steadier than the whole baseline is. */
function countTimes(stratum: Stratum, { kind, rarity }: TimeAspect, usual: UsualTimes): StratumCount {
  const threshold = (usual.medians.get(stratum) ?? Infinity) * (usual.factors.get(rarity) ?? Infinity);
  const counted = countUnits(stratum, (unit) => (worstNs(unit, kind) ?? 0) >= threshold, (unit) => worstNs(unit, kind) !== undefined);
  return { ...counted, expected: counted.baseline > rarity * counted.baselineOf ? shareOf(counted.baseline, counted.baselineOf) : rarity };
}

function countUnits(stratum: Stratum, has: (unit: Unit) => boolean, knows: (unit: Unit) => boolean): Omit<StratumCount, 'expected'> {
  const [baseline, incident] = [stratum.baseline.filter(knows), stratum.incident.filter(knows)];
  const traceIds = incident.filter(has).map((unit) => unit.traceId);
  return { stratum, baseline: baseline.filter(has).length, baselineOf: baseline.length, incident: traceIds.length, incidentOf: incident.length, asked: incident, traceIds, surprise: 0 };
}

/** A request that makes several visits has the aspect if any of them has it. What failed because a call of it failed began elsewhere. */
function testOf(aspect: Aspect): (unit: Unit) => boolean {
  if (!('trait' in aspect)) return (unit) => unit.observations.some((each) => each.failed && !each.inherits);
  const { kind, trait } = aspect;
  return kind === 'appears' ? (unit) => unit.observations.some((each) => each.traits.has(trait)) : (unit) => unit.observations.some((each) => !each.traits.has(trait));
}

/** Whether a request can have the aspect, as far as it was recorded. */
function knowledgeOf(aspect: Aspect): (unit: Unit) => boolean {
  if (!('trait' in aspect) || traitOf(aspect.trait).kind !== 'logs') return () => true;
  return (unit) => unit.observations.every((each) => each.logsKnown);
}

