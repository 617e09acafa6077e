import { ascending } from '../../lib/compare.js';
import { markRequests, placeKeyOf, placeOfKey, unexplained, withServices, type Mark } from './blame.js';
import type { Change } from './change.js';
import { CommonCallees } from './common-callee.js';
import { outcomeChanges, traitChanges } from './contrast.js';
import { goneChanges } from './gone.js';
import { chargeInWords, looseInWords, type WordOptions } from './in-words.js';
import { changeSince } from './judge.js';
import { looseChanges, type LooseChange } from './loose-logs.js';
import { observe, type Observation, type SeenSides } from './observe.js';
import { onsetOf } from './onset.js';
import { resourceOf } from './resource.js';
import { belief } from './statistics.js';
import { rankResources, type Answers } from './rank-resources.js';
import { strataOf, type Comparison, type Stratum } from './strata.js';
import { chanceOf, LEAST_SCORE, STRONG_SCORE, strengthOf, strongOnes } from './strength.js';
import type { Charge, CulpritOperation, CulpritResource, CulpritSuspect } from './suspect.js';
import type { Traffic } from './traffic.js';
import type { Visit } from './visit.js';

/** As many operations and resources are named. */
const MAX_NAMED = 5;

export interface Diagnosis {
  /** Most likely first. */
  readonly suspects: readonly CulpritSuspect[];
  /** The same charges by operation; at most five. */
  readonly operations: readonly CulpritOperation[];
  /** The pods, nodes, versions … to which the larger ones keep; at most five. */
  readonly resources: readonly CulpritResource[];
  /** When what changed began, Unix milliseconds; undefined where it was there from the first request of the incident, or nothing changed. */
  readonly onsetMs: number | undefined;
  /** Requests of the incident, of each place that answered, and how many of them the baseline has the like of. The others are left out. */
  readonly compared: { readonly requests: number; readonly of: number };
}

export interface RankOptions {
  /** How sentences call what was compared with. */
  readonly baselineName?: string;
  /** Both sides were taken from the same time: the incident began before either. */
  readonly sameTime?: boolean;
}

/** Who explains most of the difference between the two sides. The same traffic in any order gives the same answer. See docs/diagnosis.md. */
export function rankSuspects(baseline: Traffic, incident: Traffic, options: RankOptions = {}): Diagnosis {
  return rankSeen(observe(baseline, incident), options);
}

/** The same for traffic that was read into observations before. */
export function rankSeen(seen: SeenSides, { baselineName = 'the baseline', sameTime = false }: RankOptions = {}): Diagnosis {
  const comparison = { baseline: seen.baseline.observations, incident: seen.incident.observations };
  const outcomeStrata = strataOf(comparison, { wholePaths: false, byOutcome: false });
  const compared = withServices(changesIn(comparison, outcomeStrata));
  const onsetMs = sameTime ? undefined : onsetOf(compared.changes);
  const since = new Map(onsetMs === undefined ? [] : compared.changes.map((change) => [change, changeSince(change, onsetMs)]));
  const marks = markRequests(compared, comparison.incident, since);
  const charges = chargesOf(marks, { incident: comparison.incident, gone: goneServices(comparison), callees: new CommonCallees(compared.changes, comparison, onsetMs) });
  const loose = looseChanges(seen.baseline.looseLogs, seen.incident.looseLogs);
  const isStrong = strongOnes<Change | LooseChange>([...compared.changes, ...loose], (change) => chanceOf(change, 'counts' in change ? since.get(change) : undefined));
  const words = { baselineName, onsetMs };
  const answers = { baseline: answeredBy(comparison.baseline), incident: answeredBy(comparison.incident) };
  const context: WordContext = { answeredBy: answers.incident, isStrong, words };
  const inRequests = charges.map((each) => wordsFor(each, context));
  return {
    suspects: strongestBy([...inRequests, ...looseCharges(loose).map((each) => wordsFor(each, context))], ({ service }) => service),
    operations: strongestBy(inRequests, ({ service, operation }) => `${service}\u0000${operation}`).slice(0, MAX_NAMED).map(({ resource: _, ...operation }) => operation),
    resources: rankResources(charges.filter(({ score }) => score >= STRONG_SCORE), { ...answers, sameTime, words }).slice(0, MAX_NAMED),
    onsetMs,
    compared: { requests: requestsIn(outcomeStrata.filter(({ baseline }) => baseline.length > 0)), of: requestsIn(outcomeStrata) },
  };
}

function requestsIn(strata: readonly Stratum[]): number {
  return strata.reduce((sum, { incident }) => sum + incident.length, 0);
}

function changesIn(comparison: Comparison, outcomeStrata: readonly Stratum[]): readonly Change[] {
  return [...outcomeChanges(outcomeStrata), ...goneChanges(comparison), ...traitChanges(strataOf(comparison, { wholePaths: true, byOutcome: true }))];
}

/**
 * Services that answered in the baseline and answer nothing in the incident although they are called, by the place that called them in
 * most of its requests: what is wrong there is what they no longer answer.
 */
function goneServices({ baseline, incident }: Comparison): ReadonlyMap<string, string> {
  const present = new Set(incident.map(({ visit }) => visit.service));
  const answering = new Set(incident.filter(({ visit }) => visit.caller === undefined).map(({ visit }) => visit.service));
  const isGone = (callee: Visit): boolean => !(callee.caller === undefined ? answering : present).has(callee.service);
  const [before, after] = [callsOf(baseline), callsOf(incident)];
  return new Map([...before].flatMap(([caller, { visits, unanswered, callees }]) => {
    const now = after.get(caller);
    // Other calls that nobody answers with a span (of databases, say) may be fewer: what fails goes no further.
    const isCalling = ({ calledBy }: Visit): boolean => now !== undefined && callsBy(now.unanswered, calledBy) / now.visits > callsBy(unanswered, calledBy) / visits;
    return [...callees].filter(([, { callee, count }]) => count > visits / 2 && isGone(callee) && isCalling(callee)).map(([callee]) => [caller, callee] as const);
  }));
}

/** Of one name; of all where it is not known how a service is called. */
function callsBy(calls: ReadonlyMap<string, number>, name: string | undefined): number {
  return name === undefined ? [...calls.values()].reduce((sum, each) => sum + each, 0) : (calls.get(name) ?? 0);
}

interface Calls {
  visits: number;
  readonly unanswered: Map<string, number>;
  readonly callees: Map<string, { readonly callee: Visit; count: number }>;
}

function callsOf(observations: readonly Observation[]): ReadonlyMap<string, Calls> {
  const places = new Map<string, Calls>();
  for (const { visit } of observations) {
    const own = places.get(placeKeyOf(visit)) ?? { visits: 0, unanswered: new Map<string, number>(), callees: new Map<string, { readonly callee: Visit; count: number }>() };
    places.set(placeKeyOf(visit), own);
    own.visits += 1;
    for (const [name, count] of visit.unanswered) own.unanswered.set(name, (own.unanswered.get(name) ?? 0) + count);
    for (const [key, callee] of new Map(visit.children.map((child) => [placeKeyOf(child), child]))) {
      const known = own.callees.get(key);
      if (known === undefined) own.callees.set(key, { callee, count: 1 });
      else known.count += 1;
    }
  }
  return places;
}

interface ChargeContext {
  readonly incident: readonly Observation[];
  readonly gone: ReadonlyMap<string, string>;
  readonly callees: CommonCallees;
}

/** The marks that nothing below explains, added up by change and by the place that they are owed to. */
function chargesOf(marks: ReadonlyMap<string, readonly Mark[]>, { incident, gone, callees }: ChargeContext): readonly Charge[] {
  const visits = visitsByTrace(incident);
  const sums: Sums = new Map();
  for (const traceId of [...marks.keys()].sort()) {
    const own = visits.get(traceId) ?? [];
    for (const mark of unexplained(own, marks.get(traceId)!)) {
      const owed = callees.owed(mark.change, own.filter((visit) => placeKeyOf(visit) === mark.place));
      if (owed !== undefined) charge(sums, { ...mark, place: owed.place, value: mark.value * owed.share, felt: owed.sign, traceId });
      const callee = gone.get(mark.place);
      charge(sums, { ...mark, place: callee ?? mark.place, value: mark.value * (1 - (owed?.share ?? 0)), felt: callee === undefined ? undefined : 'gone', traceId });
    }
  }
  return [...sums].flatMap(([change, own]) => [...own.values()].map(({ place, felt, score, nats }) => ({ ...placeOfKey(place), change, ...(felt === undefined ? {} : { felt }), score, nats })));
}

type Felt = Charge['felt'] | undefined;
type ChangeSums = Map<string, { readonly place: string; readonly felt: Felt; score: number; readonly nats: Map<string, number> }>;
type Sums = Map<Change, ChangeSums>;

function charge(sums: Sums, { change, place, value, felt, traceId }: Mark & { readonly felt: Felt; readonly traceId: string }): void {
  if (value === 0) return;
  const own = sums.get(change) ?? (new Map() as ChangeSums);
  sums.set(change, own);
  const key = `${felt ?? ''}\u0000${place}`;
  const entry = own.get(key) ?? { place, felt, score: 0, nats: new Map<string, number>() };
  own.set(key, entry);
  entry.score += value;
  entry.nats.set(traceId, (entry.nats.get(traceId) ?? 0) + value);
}

function visitsByTrace(observations: readonly Observation[]): ReadonlyMap<string, readonly Visit[]> {
  const traces = new Map<string, Visit[]>();
  for (const { visit } of observations) {
    const own = traces.get(visit.traceId);
    if (own === undefined) traces.set(visit.traceId, [visit]);
    else own.push(visit);
  }
  return traces;
}

interface LooseCharge {
  readonly service: string;
  readonly score: number;
  readonly loose: LooseChange;
}

/** Lines outside of requests belong to no trace that could explain them; the most telling statement of a service stands for all. */
function looseCharges(changes: readonly LooseChange[]): readonly LooseCharge[] {
  const best = new Map<string, LooseCharge>();
  for (const loose of [...changes].sort((left, right) => ascending(left.kind, right.kind))) {
    const score = loose.count.incident * loose.surprise * belief(loose.pValue);
    if (score > (best.get(loose.service)?.score ?? 0)) best.set(loose.service, { service: loose.service, score, loose });
  }
  return [...best.values()];
}

interface WordContext {
  /** In the incident. */
  readonly answeredBy: Answers;
  readonly isStrong: (change: Change | LooseChange) => boolean;
  readonly words: WordOptions;
}

function answeredBy(observations: readonly Observation[]): Answers {
  const services = new Map<string, Observation[]>();
  for (const observation of observations) {
    const { service, caller } = observation.visit;
    if (caller !== undefined) continue;
    const own = services.get(service);
    if (own === undefined) services.set(service, [observation]);
    else own.push(observation);
  }
  return services;
}

function wordsFor(charge: Charge | LooseCharge, { answeredBy, isStrong, words }: WordContext): CulpritSuspect {
  if ('loose' in charge) return { service: charge.service, operation: 'logs', score: charge.score, strength: strengthOf(charge.score, isStrong(charge.loose)), reason: looseInWords(charge.loose) };
  const resource = resourceOf(answeredBy.get(charge.service) ?? [], new Set(charge.nats.keys()));
  return {
    service: charge.service, operation: charge.operation, score: charge.score, strength: strengthOf(charge.score, isStrong(charge.change)), reason: chargeInWords(charge, resource, words),
    ...(resource === undefined ? {} : { resource: { attribute: resource.attribute, value: resource.value } }),
  };
}

/** All that speaks against one service, or one operation, in the words of the strongest. */
function strongestBy(suspects: readonly CulpritSuspect[], keyOf: (suspect: CulpritSuspect) => string): readonly CulpritSuspect[] {
  const ordered = [...suspects].sort((left, right) => right.score - left.score || (`${left.service}\u0000${left.reason}` < `${right.service}\u0000${right.reason}` ? -1 : 1));
  const together = new Map<string, CulpritSuspect>();
  for (const suspect of ordered) {
    const first = together.get(keyOf(suspect));
    together.set(keyOf(suspect), first === undefined ? suspect : { ...first, score: first.score + suspect.score });
  }
  return [...together.values()].filter(({ score }) => score >= LEAST_SCORE).sort((left, right) => right.score - left.score || (keyOf(left) < keyOf(right) ? -1 : 1));
}
