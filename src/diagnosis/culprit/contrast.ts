import { binomialTail, normalTail } from '../../budget/binomial.js';
import { traitOf } from './observe.js';
import type { Stratum, Unit } from './strata.js';
import { RARITIES, usualTimes, worstNs, type TimeKind, type UsualTimes } from './times.js';

/** What can be different about the requests of a place. */
export type Aspect =
  | { readonly kind: 'failed' }
  | { readonly kind: 'appears' | 'vanishes'; readonly trait: string }
  /** Own work, or the way to the place, takes so many times longer than usual that this share of healthy requests does. */
  | { readonly kind: TimeKind; readonly rarity: number };

/** Requests that have the aspect, before and after. */
export interface Count {
  readonly baseline: number;
  readonly baselineOf: number;
  readonly incident: number;
  readonly incidentOf: number;
}

export interface StratumCount extends Count {
  readonly stratum: Stratum;
  /** The requests of the incident that have it. */
  readonly traceIds: readonly string[];
  /** Share of the baseline's requests that have it, as estimated: never 0. */
  readonly expected: number;
  /** How much more likely a request with the aspect is in the incident: log of the ratio of the shares, in nats; 0 where it is less likely. */
  readonly surprise: number;
}

/** One aspect of one place, over all the call paths on which it can be compared. */
export interface Change {
  readonly service: string;
  readonly operation: string;
  readonly caller: string | undefined;
  readonly aspect: Aspect;
  readonly counts: readonly StratumCount[];
  /** Probability of so large an increase by chance. */
  readonly pValue: number;
}

/** Aspects of outcome and time, over `strata` in which outcomes are together. */
export function outcomeChanges(strata: readonly Stratum[]): readonly Change[] {
  const compared = strata.filter((stratum) => stratum.baseline.length > 0);
  const usual = { slow: usualTimes(compared, 'slow'), late: usualTimes(compared, 'late') };
  const aspects: Aspect[] = [{ kind: 'failed' }, ...RARITIES.flatMap((rarity): Aspect[] => [{ kind: 'slow', rarity }, { kind: 'late', rarity }])];
  return changesOf(compared, () => aspects, (stratum, aspect) => (isTime(aspect) ? countTimes(stratum, aspect, usual[aspect.kind]) : countAspect(stratum, aspect)));
}

/** What the requests called, did and logged, over `strata` in which outcomes are apart. */
export function traitChanges(strata: readonly Stratum[]): readonly Change[] {
  return changesOf(strata.filter((stratum) => stratum.baseline.length > 0), traitAspects, countAspect);
}

function changesOf(strata: readonly Stratum[], aspectsOf: (stratum: Stratum) => readonly Aspect[], count: (stratum: Stratum, aspect: Aspect) => StratumCount): readonly Change[] {
  const table = new Map<string, { readonly stratum: Stratum; readonly aspect: Aspect; readonly counts: StratumCount[] }>();
  for (const stratum of strata) {
    for (const aspect of aspectsOf(stratum)) {
      const key = JSON.stringify([stratum.service, stratum.operation, stratum.caller, aspect]);
      const entry = table.get(key) ?? { stratum, aspect, counts: [] };
      table.set(key, entry);
      entry.counts.push(count(stratum, aspect));
    }
  }
  return [...table.values()].map(({ stratum: { service, operation, caller }, aspect, counts }) => (
    { service, operation, caller, aspect, counts, pValue: isTime(aspect) ? excessTest(counts) : mantelHaenszel(counts) }));
}

function isTime(aspect: Aspect): aspect is Extract<Aspect, { readonly rarity: number }> {
  return 'rarity' in aspect;
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
  return withSurprise(counted, shareOf(counted.baseline, counted.baselineOf));
}

/** A place is never taken to be steadier than the whole baseline is. */
function countTimes(stratum: Stratum, { kind, rarity }: { readonly kind: TimeKind; readonly rarity: number }, usual: UsualTimes): StratumCount {
  const threshold = (usual.medians.get(stratum) ?? Infinity) * (usual.factors.get(rarity) ?? Infinity);
  const counted = countUnits(stratum, (unit) => (worstNs(unit, kind) ?? 0) >= threshold, (unit) => worstNs(unit, kind) !== undefined);
  return withSurprise(counted, counted.baseline > rarity * counted.baselineOf ? shareOf(counted.baseline, counted.baselineOf) : rarity);
}

function withSurprise(counted: Omit<StratumCount, 'expected' | 'surprise'>, expected: number): StratumCount {
  return { ...counted, expected, surprise: Math.max(0, Math.log(shareOf(counted.incident, counted.incidentOf) / expected)) };
}

function countUnits(stratum: Stratum, has: (unit: Unit) => boolean, knows: (unit: Unit) => boolean): Omit<StratumCount, 'expected' | 'surprise'> {
  const [baseline, incident] = [stratum.baseline.filter(knows), stratum.incident.filter(knows)];
  const traceIds = incident.filter(has).map((unit) => unit.traceId);
  return { stratum, baseline: baseline.filter(has).length, baselineOf: baseline.length, incident: traceIds.length, incidentOf: incident.length, traceIds };
}

/** A request that makes several visits has the aspect if any of them has it. */
function testOf(aspect: Aspect): (unit: Unit) => boolean {
  if (!('trait' in aspect)) return (unit) => unit.observations.some((each) => each.failed);
  const { kind, trait } = aspect;
  return kind === 'appears' ? (unit) => unit.observations.some((each) => each.traits.has(trait)) : (unit) => unit.observations.some((each) => !each.traits.has(trait));
}

/** Whether a request can have the aspect, as far as it was recorded. */
function knowledgeOf(aspect: Aspect): (unit: Unit) => boolean {
  if (!('trait' in aspect) || traitOf(aspect.trait).kind !== 'logs') return () => true;
  return (unit) => unit.observations.every((each) => each.logsKnown);
}

/** Share with half a request of either kind added (Jeffreys' prior): what was never seen is rare, not impossible. */
export function shareOf(count: number, of: number): number {
  return (count + 0.5) / (of + 1);
}

/**
 * One-sided Mantel-Haenszel test with continuity correction (Cochran 1954; Mantel and Haenszel 1959): is the aspect more frequent in
 * the incident than in the baseline, each stratum compared with itself?
 */
export function mantelHaenszel(counts: readonly Count[]): number {
  let [excess, variance] = [0, 0];
  for (const { baseline, baselineOf, incident, incidentOf } of counts) {
    const all = baselineOf + incidentOf;
    if (baselineOf === 0 || incidentOf === 0) continue;
    const having = baseline + incident;
    excess += incident - (incidentOf * having) / all;
    variance += (incidentOf * baselineOf * having * (all - having)) / (all * all * (all - 1));
  }
  return variance === 0 ? 1 : normalTail((excess - 0.5) / Math.sqrt(variance));
}

/** Exact binomial test of all requests against the share that is expected of them. */
export function excessTest(counts: readonly Pick<StratumCount, 'incident' | 'incidentOf' | 'expected'>[]): number {
  const requests = counts.reduce((sum, count) => sum + count.incidentOf, 0);
  const expected = counts.reduce((sum, count) => sum + count.incidentOf * count.expected, 0);
  return requests === 0 ? 1 : binomialTail(counts.reduce((sum, count) => sum + count.incident, 0), requests, expected / requests);
}

/** Before anything was seen, one aspect in so many is taken to have changed. */
export const PRIOR_ODDS = 0.1;

/**
 * How far a change can be believed, between 0 and 1. The largest Bayes factor that a p-value can stand for is 1/(-e p ln p)
 * (Sellke, Bayarri, Berger 2001); with the prior odds it gives the probability that the change is none of chance.
 */
export function belief(pValue: number, priorOdds = PRIOR_ODDS): number {
  if (pValue >= 1 / Math.E) return 0;
  if (pValue === 0) return 1;
  const odds = priorOdds / (-Math.E * pValue * Math.log(pValue));
  return odds / (1 + odds);
}

/** Adjusted p-values (Benjamini and Hochberg 1995): the share of chance among all that are at least as unlikely. */
export function adjusted(pValues: readonly number[]): readonly number[] {
  const order = pValues.map((_, index) => index).sort((left, right) => pValues[left]! - pValues[right]!);
  const result = new Array<number>(pValues.length).fill(1);
  let least = 1;
  for (let rank = order.length; rank >= 1; rank -= 1) {
    const index = order[rank - 1]!;
    least = Math.min(least, (pValues[index]! * order.length) / rank);
    result[index] = least;
  }
  return result;
}
