import { placeKeyOf, placeOfKey } from './blame.js';
import type { Change } from './change.js';
import { beliefIn } from './judge.js';
import { traitOf, type Observation } from './observe.js';
import { shareOf } from './statistics.js';
import type { Comparison } from './strata.js';
import { lastAnswerOf, usualCallsOf, type UsualCalls } from './usual-calls.js';
import type { Visit } from './visit.js';

/** Only what is more likely real than not is looked for among the other callers. */
const CREDIBLE = 0.5;

/** What speaks against one place and is owed to another that it calls. */
export interface Owed {
  /** Key of the place called. */
  readonly place: string;
  readonly sign: Sign;
  /** Share of the nats, between 0 and 1. */
  readonly share: number;
}

/** How a request of a caller shows that something is wrong with what it calls: the call is missing, or its answer is the last that it got. */
export type Sign = 'missing' | 'last';

/** One sign of one callee; `place` is whom to charge. Missing is a service, last is a place. */
interface Suspicion {
  readonly sign: Sign;
  readonly callee: string;
  readonly place: string;
}

/** Requests of one caller that could show a sign, and those that do. */
export interface Exposure {
  exposed: number;
  showing: number;
  baselineOf: number;
  baseline: number;
}

/** A place of the caller's service. */
export interface OwnPlace {
  readonly place: string;
  /** Its requests, those that could show the sign, those that do, and those that end too early without it. */
  readonly requests: number;
  readonly exposed: number;
  readonly showing: number;
  readonly beside: number;
}

/** What is to be explained: requests of `caller` that end too early, beside those of its service's other places and of other services. */
export interface Callers {
  readonly caller: string;
  readonly own: readonly OwnPlace[];
  /** Share of the caller's requests that show the sign when all is well. */
  readonly usual: number;
  readonly others: readonly Exposure[];
}

/** Requests that fail, or do not make a call that they else make, may do so because of what they call; see docs/diagnosis.md, step 7. */
export class CommonCallees {
  readonly #usual: UsualCalls;
  readonly #stopped: ReadonlySet<Visit>;
  readonly #exposures = new Map<string, Map<string, Exposure>>();
  readonly #byCaller = new Map<string, Visit[]>();
  readonly #remembered = new Map<string, number>();

  constructor(changes: readonly Change[], { baseline, incident }: Comparison, onsetMs: number | undefined) {
    this.#usual = usualCallsOf(baseline);
    this.#stopped = stoppedBy(changes);
    for (const observation of baseline) this.#expose(observation, 'baseline');
    for (const observation of incident) {
      const { visit } = observation;
      if (onsetMs !== undefined && visit.startMs < onsetMs) continue;
      this.#expose(observation, 'incident');
      const own = this.#byCaller.get(placeKeyOf(visit));
      if (own === undefined) this.#byCaller.set(placeKeyOf(visit), [visit]);
      else own.push(visit);
    }
  }

  /** What of a change that speaks against the place of `visits` is owed to what they call; undefined where nothing is. */
  owed(change: Change, visits: readonly Visit[]): Owed | undefined {
    if (!isStop(change)) return undefined;
    let best: Owed | undefined;
    for (const visit of visits) {
      if (!this.#stopped.has(visit)) continue;
      for (const suspicion of this.#suspicionsOf(visit)) {
        // What is as likely the one as the other stays where it was felt.
        const share = 2 * this.#probability(suspicion, placeKeyOf(visit)) - 1;
        const found = { place: suspicion.place, sign: suspicion.sign, share };
        if (share > 0 && (best === undefined || share > best.share || (share === best.share && found.place < best.place))) best = found;
      }
    }
    return best;
  }

  #suspicionsOf(visit: Visit): readonly Suspicion[] {
    const answered = answeredBy(visit);
    const missing = [...this.#usual.services(placeKeyOf(visit))].filter(([service]) => !answered.has(service)).map(([callee, place]): Suspicion => ({ sign: 'missing', callee, place }));
    const last = lastAnswerOf(visit);
    return last === undefined ? missing : [...missing, { sign: 'last', callee: placeKeyOf(last), place: placeKeyOf(last) }];
  }

  #probability({ sign, callee }: Suspicion, caller: string): number {
    const key = JSON.stringify([sign, callee, caller]);
    const known = this.#remembered.get(key);
    if (known !== undefined) return known;
    const exposures = this.#exposures.get(keyOf(sign, callee)) ?? new Map<string, Exposure>();
    const here = exposures.get(caller);
    const probability = here === undefined ? 0 : calleeProbability({ caller, usual: usualShare(here), own: this.#ownPlaces({ sign, callee }, placeOfKey(caller).service), others: othersThan(exposures, placeOfKey(caller).service) });
    this.#remembered.set(key, probability);
    return probability;
  }

  #ownPlaces({ sign, callee }: Pick<Suspicion, 'sign' | 'callee'>, service: string): readonly OwnPlace[] {
    const exposures = this.#exposures.get(keyOf(sign, callee));
    return [...this.#byCaller].filter(([place]) => placeOfKey(place).service === service).map(([place, visits]) => {
      const isBeside = (visit: Visit): boolean => this.#stopped.has(visit) && !this.#suspicionsOf(visit).some((each) => each.sign === sign && each.callee === callee);
      const { exposed, showing } = exposures?.get(place) ?? { exposed: 0, showing: 0 };
      return { place, requests: visits.length, exposed, showing, beside: visits.filter(isBeside).length };
    });
  }

  #expose({ visit, failed, inherits }: Observation, side: 'baseline' | 'incident'): void {
    const caller = placeKeyOf(visit);
    const answered = answeredBy(visit);
    for (const service of this.#usual.services(caller).keys()) this.#count(keyOf('missing', service), caller, { side, shows: !answered.has(service) });
    const last = lastAnswerOf(visit);
    for (const place of new Set(visit.children.map(placeKeyOf))) {
      const isLast = last !== undefined && placeKeyOf(last) === place;
      this.#count(keyOf('last', place), caller, { side, shows: isLast && ((failed && !inherits) || !this.#usual.endsWith(caller, place)) });
    }
  }

  #count(sign: string, caller: string, { side, shows }: { readonly side: 'baseline' | 'incident'; readonly shows: boolean }): void {
    const table = this.#exposures.get(sign) ?? new Map<string, Exposure>();
    this.#exposures.set(sign, table);
    const own = table.get(caller) ?? { exposed: 0, showing: 0, baselineOf: 0, baseline: 0 };
    table.set(caller, own);
    own[side === 'baseline' ? 'baselineOf' : 'exposed'] += 1;
    if (shows) own[side === 'baseline' ? 'baseline' : 'showing'] += 1;
  }
}

/**
 * Probability that the callee is why requests of the caller end too early, at even odds before anything was seen, by the likelihood of what
 * all of its callers show. If it is the callee, each caller shows the sign equally often, and what else ends too early is as rare as ever. If it
 * is the caller (this place, or all of its service), it does so at its own rate with the sign and without, and other callers show the sign as
 * rarely as ever.
 */
export function calleeProbability({ caller, own, usual, others }: Callers): number {
  const sum = (places: readonly OwnPlace[], key: Exclude<keyof OwnPlace, 'place'>): number => places.reduce((total, each) => total + each[key], 0);
  const ending = (places: readonly OwnPlace[]): number => sum(places, 'showing') + sum(places, 'beside');
  const [here, siblings] = [own.filter(({ place }) => place === caller), own.filter(({ place }) => place !== caller)];
  const elsewhere = { showing: others.reduce((total, each) => total + each.showing, 0), exposed: others.reduce((total, each) => total + each.exposed, 0) };
  const ofCallee = ownRate(sum(own, 'showing') + elsewhere.showing, sum(own, 'exposed') + elsewhere.exposed) + atRate(sum(own, 'beside'), sum(own, 'requests') - sum(own, 'exposed'), usual);
  const ofPlace = ownRate(ending(here), sum(here, 'requests')) + atRate(ending(siblings), sum(siblings, 'requests'), usual);
  const ofService = ownRate(ending(own), sum(own, 'requests'));
  const asEver = others.reduce((total, each) => total + atRate(each.showing, each.exposed, usualShare(each)), 0);
  return 1 / (1 + Math.exp(Math.max(ofPlace, ofService) + asEver - ofCallee));
}

/** A request ends too early: it fails, or calls are not made that else are. */
function isStop({ aspect }: Change): boolean {
  return aspect.kind === 'failed' || (aspect.kind === 'vanishes' && traitOf(aspect.trait).kind === 'calls');
}

function stoppedBy(changes: readonly Change[]): ReadonlySet<Visit> {
  const stopped = new Set<Visit>();
  for (const change of changes) {
    if (!isStop(change) || beliefIn(change) <= CREDIBLE) continue;
    for (const { asked, traceIds } of change.counts) {
      const having = new Set(traceIds);
      for (const { traceId, observations } of asked) {
        if (having.has(traceId)) for (const observation of observations) if (stops(change, observation)) stopped.add(observation.visit);
      }
    }
  }
  return stopped;
}

function stops({ aspect }: Change, { traits, failed, inherits }: Observation): boolean {
  return 'trait' in aspect ? !traits.has(aspect.trait) : failed && !inherits;
}

function answeredBy({ children }: Visit): ReadonlySet<string> {
  return new Set(children.filter(({ caller }) => caller === undefined).map(({ service }) => service));
}

function othersThan(exposures: ReadonlyMap<string, Exposure>, service: string): readonly Exposure[] {
  return [...exposures].filter(([place]) => placeOfKey(place).service !== service).sort(([left], [right]) => (left < right ? -1 : 1)).map(([, exposure]) => exposure);
}

function usualShare({ baseline, baselineOf }: Exposure): number {
  return shareOf(baseline, baselineOf);
}

function keyOf(sign: Sign, callee: string): string {
  return JSON.stringify([sign, callee]);
}

/** Log likelihood of so many of so many, at the rate that they show. */
function ownRate(count: number, of: number): number {
  return of === 0 ? 0 : atRate(count, of, count / of);
}

function atRate(count: number, of: number, rate: number): number {
  return (count === 0 ? 0 : count * Math.log(rate)) + (count >= of ? 0 : (of - count) * Math.log(1 - rate));
}
