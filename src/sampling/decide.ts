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
  const fixed = new Map<Stratum, Decision>();
  const limits = limitsOf(strata, round);
  for (const stratum of strata) {
    const decision = fixedDecision(stratum, round, limits);
    if (decision !== undefined) fixed.set(stratum, decision);
  }
  const open = strata.filter((stratum) => !fixed.has(stratum));
  const unit = round.rules.budget?.unit ?? 'spans';
  const used = [...fixed].reduce((sum, [stratum, { probability }]) => sum + stratum[unit] * probability, 0);
  const income = (round.rules.budget?.perSecond ?? Infinity) * round.seconds;
  const allowed = Math.max(0, income + round.saved - used);
  const shared = shareBudget(open, allowed, round);
  const decisions = strata.map((stratum) => fixed.get(stratum) ?? atLeastPolicies(stratum, shared.get(stratum) ?? 1, { round, limits }));
  const spent = decisions.reduce((sum, { probability }, index) => sum + (strata[index]?.[unit] ?? 0) * probability, 0);
  const most = (round.rules.budget?.perSecond ?? 0) * SAVED_FOR_SECONDS;
  return { decisions, saved: Number.isFinite(income) ? Math.min(most, Math.max(0, income + round.saved - spent)) : 0 };
}

/** What no budget decides: pinned traces, those that have left in part, and what a policy drops or keeps for certain. */
function fixedDecision({ key, class: why, earlier, policies }: Stratum, { rules }: SamplingRound, limits: ReadonlyMap<number, number>): Decision | undefined {
  if (why === 'pinned') return { key, probability: 1, reason: 'pinned' };
  if (earlier !== undefined) return { key, ...earlier };
  const matched = policies.flatMap((place) => { const policy = rules.policies[place]; return policy === undefined ? [] : [{ ...policy, place }]; });
  if (matched.some(({ action }) => action.kind === 'drop')) return { key, probability: 0, reason: 'dropped' };
  const certain = matched.find(({ action, place }) => probabilityOf(action, limits.get(place)) >= 1);
  return certain === undefined ? undefined : { key, probability: 1, reason: certain.name };
}

/** A policy may keep more of a stratum than its share of the budget. */
function atLeastPolicies(stratum: Stratum, probability: number, { round: { rules }, limits }: { readonly round: SamplingRound; readonly limits: ReadonlyMap<number, number> }): Decision {
  const { key, class: why, policies } = stratum;
  let best: Decision = { key, probability: Math.max(MIN_PROBABILITY, probability), reason: why };
  for (const place of policies) {
    const policy = rules.policies[place];
    const own = policy === undefined ? 0 : probabilityOf(policy.action, limits.get(place));
    if (policy !== undefined && own > best.probability) best = { key, probability: own, reason: policy.name };
  }
  return best;
}

function probabilityOf(action: SamplingAction, limit: number | undefined): number {
  return action.kind === 'keep' ? action.probability : action.kind === 'limit' ? limit ?? 0 : 0;
}

/** Of policies with a rate: how likely they keep a trace, so that what they keep fits. The first of them that matches a trace has it. */
function limitsOf(strata: readonly Stratum[], { rules, seconds }: SamplingRound): ReadonlyMap<number, number> {
  const demand = new Map<number, { readonly perSecond: number; amount: number }>();
  for (const stratum of strata) {
    const first = stratum.policies.find((place) => rules.policies[place]?.action.kind === 'limit');
    const action = first === undefined ? undefined : rules.policies[first]?.action;
    if (first === undefined || action?.kind !== 'limit') continue;
    const known = demand.get(first) ?? { perSecond: action.perSecond, amount: 0 };
    demand.set(first, { ...known, amount: known.amount + stratum[action.unit] });
  }
  return new Map([...demand].map(([place, { perSecond, amount }]) => [place, Math.min(1, (perSecond * seconds) / Math.max(1, amount))]));
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
