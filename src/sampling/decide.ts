import type { SamplingAction, SamplingRules } from '../config/sampling.js';
import { shareFairly, type Claim } from './share-fairly.js';

/** Traces that leave together and are alike for sampling: all of them are kept with one probability. */
export interface Stratum {
  readonly key: string;
  /** Of the root. */
  readonly service: string;
  readonly operation: string;
  readonly class: TraceClass;
  /** Places in `rules.policies` of those that match. */
  readonly policies: readonly number[];
  /** Whether an SLO whose budget burns counts a span of each of its traces. */
  readonly isBurning: boolean;
  /** Of spans of the same traces that have left before. */
  readonly earlier: { readonly probability: number; readonly reason: string } | undefined;
  readonly traces: number;
  readonly spans: number;
  readonly bytes: number;
}

export type TraceClass = 'pinned' | 'error' | 'new' | 'slow' | 'fast' | 'rare' | 'baseline';

export interface Decision {
  readonly key: string;
  /** Of each trace, independent of the others. A kept span's weight is multiplied by its inverse. */
  readonly probability: number;
  readonly reason: string;
}

export interface Decided {
  readonly decisions: readonly Decision[];
  /** What of the budget is left for later rounds, in its unit. */
  readonly saved: number;
}

export interface SamplingRound {
  readonly rules: Pick<SamplingRules, 'budget' | 'baseline' | 'whileBurning' | 'errors' | 'policies'>;
  /** That the traces of this round came in. */
  readonly seconds: number;
  readonly saved: number;
}

/** No span stands for more than ten thousand: one that did would make every estimate a gamble. */
export const MIN_PROBABILITY = 0.0001;
/** So long a budget that was not used up may be saved for a busier time. */
export const SAVED_FOR_SECONDS = 3_600;

/**
 * How likely each stratum is kept. The probability depends on what the stratum is and on how much of each there is, never on chance, so that
 * weighing each kept trace by its inverse gives unbiased estimates (Horvitz and Thompson 1952).
 */
export function decide(strata: readonly Stratum[], round: SamplingRound): Decided {
  const candidates = strata.map((stratum) => candidateOf(stratum, round));
  const limits = limitsOf(candidates, round.seconds);
  const certain = new Map(candidates.flatMap((candidate) => {
    const decision = certainDecision(candidate, limits);
    return decision === undefined ? [] : [[candidate, decision] as const];
  }));
  const unit = round.rules.budget?.unit ?? 'spans';
  const income = (round.rules.budget?.perSecond ?? Infinity) * round.seconds;
  const used = [...certain].reduce((sum, [{ offered }, { probability }]) => sum + offered[unit] * probability, 0);
  const open = candidates.flatMap((candidate) => (certain.has(candidate) ? [] : [candidate.offered]));
  const shared = shareBudget(open, Math.max(0, income + round.saved - used), round);
  const decided = candidates.map((candidate) => ({ candidate, decision: certain.get(candidate) ?? atLeastPolicies(candidate, shared.get(candidate.offered) ?? 1, limits) }));
  // Spans of a trace that was kept before are kept for certain.
  const spent = decided.reduce((sum, { candidate: { stratum, offered }, decision }) => sum + (stratum.earlier === undefined ? offered[unit] * decision.probability : stratum[unit]), 0);
  const most = (round.rules.budget?.perSecond ?? 0) * SAVED_FOR_SECONDS;
  return {
    decisions: decided.map(({ candidate, decision }) => finalDecision(candidate, decision)),
    saved: Number.isFinite(income) ? Math.min(most, Math.max(0, income + round.saved - spent)) : 0,
  };
}

/** A stratum with the policies that decide about it. */
interface Candidate {
  readonly stratum: Stratum;
  /** The share of it that policies which drop leave. */
  readonly left: number;
  /** It, with as much as that is. */
  readonly offered: Stratum;
  readonly keeping: readonly { readonly name: string; readonly probability: number }[];
  /** The first policy with a rate that matches a trace has it. */
  readonly limiting: { readonly name: string; readonly place: number; readonly action: Limit } | undefined;
}

type Limit = Extract<SamplingAction, { readonly kind: 'limit' }>;

function candidateOf(stratum: Stratum, { rules }: SamplingRound): Candidate {
  const matched = stratum.policies.flatMap((place) => { const policy = rules.policies[place]; return policy === undefined ? [] : [{ ...policy, place }]; });
  // Pinned traces are dropped by nobody.
  const left = stratum.class === 'pinned' ? 1 : Math.min(1, ...matched.map(({ action }) => (action.kind === 'drop' ? 1 - action.probability : 1)));
  return {
    stratum, left, offered: { ...stratum, spans: stratum.spans * left, bytes: stratum.bytes * left },
    keeping: matched.flatMap(({ name, action }) => (action.kind === 'keep' ? [{ name, probability: action.probability }] : [])),
    limiting: matched.flatMap(({ name, place, action }) => (action.kind === 'limit' ? [{ name, place, action }] : []))[0],
  };
}

/** What no budget decides: pinned traces, and what a policy drops or keeps for certain. */
function certainDecision({ stratum: { key, class: why }, left, keeping, limiting }: Candidate, limits: ReadonlyMap<number, number>): Decision | undefined {
  if (why === 'pinned') return { key, probability: 1, reason: 'pinned' };
  if (left === 0) return { key, probability: 0, reason: 'dropped' };
  const certain = keeping.find(({ probability }) => probability >= 1) ?? (limiting !== undefined && (limits.get(limiting.place) ?? 0) >= 1 ? limiting : undefined);
  return certain === undefined ? undefined : { key, probability: 1, reason: certain.name };
}

/** A policy may keep more of a stratum than its share of the budget. */
function atLeastPolicies({ stratum: { key, class: why }, keeping, limiting }: Candidate, probability: number, limits: ReadonlyMap<number, number>): Decision {
  let best: Decision = { key, probability: Math.max(MIN_PROBABILITY, probability), reason: why };
  const limited = limiting === undefined ? [] : [{ name: limiting.name, probability: limits.get(limiting.place) ?? 0 }];
  for (const { name, probability: own } of [...keeping, ...limited]) if (own > best.probability) best = { key, probability: own, reason: name };
  return best;
}

/**
 * Of spans whose trace has left before and was kept: both decisions go by one coin, so that they are kept where it is below the larger of the
 * two probabilities, and weigh its inverse. Where the earlier one left the trace out, only the later one is known, and it is the larger.
 */
function finalDecision({ stratum: { earlier }, left }: Candidate, { key, probability, reason }: Decision): Decision {
  const ofAll = left === 0 ? 0 : Math.max(MIN_PROBABILITY, probability * left);
  return earlier === undefined ? { key, probability: ofAll, reason } : { key, probability: Math.max(ofAll, earlier.probability), reason: reason === 'pinned' ? reason : earlier.reason };
}

/** Of policies with a rate: how likely they keep a trace, so that what they keep fits. */
function limitsOf(candidates: readonly Candidate[], seconds: number): ReadonlyMap<number, number> {
  const demand = new Map<number, { readonly action: Limit; readonly amount: number }>();
  for (const { offered, limiting } of candidates) {
    if (limiting === undefined) continue;
    const { place, action } = limiting;
    demand.set(place, { action, amount: (demand.get(place)?.amount ?? 0) + offered[action.unit] });
  }
  return new Map([...demand].map(([place, { action: { perSecond, probability }, amount }]) => [place, Math.min(probability, (perSecond * seconds) / Math.max(1, amount))]));
}

/** Errors first, then what is unusual, and a part of it for what is normal; each shared between services, and within one between its operations. */
function shareBudget(strata: readonly Stratum[], allowed: number, round: SamplingRound): ReadonlyMap<Stratum, number> {
  const { rules } = round;
  const unit = rules.budget?.unit ?? 'spans';
  const demandOf = (some: readonly Stratum[]): number => some.reduce((sum, stratum) => sum + stratum[unit], 0);
  const isError = (stratum: Stratum): boolean => stratum.class === 'error' && rules.errors;
  const isNormal = (stratum: Stratum): boolean => stratum.class === 'baseline' || (stratum.class === 'error' && !rules.errors);
  const errors = strata.filter(isError);
  const normal = strata.filter(isNormal);
  const unusual = strata.filter((stratum) => !isError(stratum) && !isNormal(stratum));
  const reserved = Math.min(demandOf(normal), allowed * rules.baseline);
  const forErrors = Math.min(demandOf(errors), allowed - reserved);
  const forUnusual = Math.min(demandOf(unusual), allowed - reserved - forErrors);
  return new Map([
    ...shareAmong(errors, forErrors, round), ...shareAmong(unusual, forUnusual, round), ...shareAmong(normal, allowed - forErrors - forUnusual, round),
  ]);
}

function shareAmong(strata: readonly Stratum[], amount: number, { rules }: SamplingRound): readonly (readonly [Stratum, number])[] {
  const unit = rules.budget?.unit ?? 'spans';
  const demandOf = (some: readonly Stratum[]): number => some.reduce((sum, stratum) => sum + stratum[unit], 0);
  const claimOf = (some: readonly Stratum[]): Claim => ({ demand: demandOf(some), weight: some.some(({ isBurning }) => isBurning) ? rules.whileBurning : 1 });
  const services = groups(strata, ({ service }) => service);
  const ofServices = shareFairly(services.map(([, some]) => claimOf(some)), amount);
  return services.flatMap(([, ofService], index) => {
    const operations = groups(ofService, ({ operation }) => operation);
    const shares = shareFairly(operations.map(([, some]) => claimOf(some)), ofServices[index] ?? 0);
    return operations.flatMap(([, some], place) => some.map((stratum): readonly [Stratum, number] => [stratum, Math.min(1, (shares[place] ?? 0) / Math.max(1e-9, demandOf(some)))]));
  });
}

function groups(strata: readonly Stratum[], keyOf: (stratum: Stratum) => string): readonly (readonly [string, readonly Stratum[]])[] {
  const found = new Map<string, Stratum[]>();
  for (const stratum of strata) {
    const key = keyOf(stratum);
    const group = found.get(key);
    if (group === undefined) found.set(key, [stratum]);
    else group.push(stratum);
  }
  return [...found];
}
