import type { Stratum, Unit } from './strata.js';
import type { TimeKind } from './times.js';

/** What can be different about the requests of a place. */
export type Aspect =
  | { readonly kind: 'failed' }
  /** Calls of a service that nobody answers any more. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'appears' | 'vanishes'; readonly trait: string }
  | TimeAspect;

/** Own work, the way to the place, or a message's wait for it, takes so many times longer than usual that this share of healthy requests does. */
export interface TimeAspect {
  readonly kind: TimeKind;
  readonly rarity: number;
}

/** Requests that have the aspect, before and after. */
export interface Count {
  readonly baseline: number;
  readonly baselineOf: number;
  readonly incident: number;
  readonly incidentOf: number;
}

export interface StratumCount extends Count {
  readonly stratum: Stratum;
  /** The requests of the incident that can have it, and those that do. */
  readonly asked: readonly Unit[];
  readonly traceIds: readonly string[];
  /** Share of requests that would have it if nothing had changed, as estimated: never 0. */
  readonly expected: number;
  /** Nats for each request that has it; see `surpriseOf`. */
  readonly surprise: number;
}

/** One aspect of one place, over all the call paths on which it can be compared. */
export interface Change {
  readonly service: string;
  /** Empty where the change is of all operations of the service together. */
  readonly operation: string;
  readonly caller: string | undefined;
  readonly aspect: Aspect;
  readonly counts: readonly StratumCount[];
  /** Probability of so large an increase by chance. */
  readonly pValue: number;
  /** Among so many things that vary at this place it was found: each of them alone is so much less likely to be what changed. */
  readonly rivals: number;
}

export function isTime(aspect: Aspect): aspect is TimeAspect {
  return 'rarity' in aspect;
}

export function isOfService({ operation }: Pick<Change, 'operation'>): boolean {
  return operation === '';
}

/** Unix milliseconds. */
export function startMsOf(unit: Unit): number {
  return unit.observations[0]!.visit.startMs;
}
