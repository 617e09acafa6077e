import type { BurnRatePolicy, Slo, Tier } from '../config/slo.js';
import { HOUR_MS, formatDuration } from '../lib/duration.js';
import { formatPercent, formatSpan } from '../lib/format.js';
import { allowedRatio } from './error-budget.js';
import { binomialTail } from './binomial.js';
import { formatCount, significanceOf, toleratedRatio } from './evidence-gate.js';

/** Fewer failures than this in a whole window is a target that a single bad deployment breaks. */
const COMFORTABLE_FAILURES = 10;

/** Keeps a product that should be whole from being rounded down by its last bit. */
const ROUNDING = 1e-9;

/** Search for the gate's floor stops here: more failures than this are never the problem of a quiet service. */
const MAX_FAILURES_TRIED = 1_000;

export interface Traffic {
  readonly target: number;
  readonly requestsPerHour: number;
  readonly windowMs: number;
}

export interface BudgetSize {
  /** Failures that the window's traffic allows, rounded down. */
  readonly failures: number;
  /** "10 requests an hour at 99.9 % allow 7 failures in 30 days". */
  readonly sentence: string;
  /** Too few to be a promise that one can keep or break on purpose: worth a warning. */
  readonly tooFew: boolean;
}

/** What a target means in failures a person can count. */
export function failuresAllowed({ target, requestsPerHour, windowMs }: Traffic): BudgetSize {
  const failures = Math.floor((allowedRatio(target) * requestsPerHour * windowMs) / HOUR_MS + ROUNDING);
  const requests = requestsPerHour === 1 ? '1 request an hour' : `${formatCount(requestsPerHour)} requests an hour`;
  const allow = requestsPerHour === 1 ? 'allows' : 'allow';
  const what = failures === 0 ? 'no failure at all' : failures === 1 ? '1 failure' : `${formatCount(failures)} failures`;
  const sentence = `${requests} at ${formatPercent(target, 4)} ${allow} ${what} in ${formatSpan(windowMs)}`;
  return { failures, sentence, tooFew: failures < COMFORTABLE_FAILURES };
}

/** How many failures a tier's long window must hold before it can fire at this traffic; undefined where even a total outage cannot. */
export function failuresToFire(tier: Tier, policy: BurnRatePolicy['evidence'], traffic: Traffic): number | undefined {
  const requests = (traffic.requestsPerHour * tier.longMs) / HOUR_MS;
  const ratio = toleratedRatio({ tier, target: traffic.target, policy });
  const byRatio = Math.floor(tier.factor * allowedRatio(traffic.target) * requests + ROUNDING) + 1;
  for (let failures = byRatio; failures <= Math.min(requests, byRatio + MAX_FAILURES_TRIED); failures += 1) {
    if (!policy.enabled || binomialTail(failures, requests, ratio) < significanceOf(policy, tier)) return failures;
  }
  return undefined;
}

/** What an operator should know of the traffic that an SLO has: a target too tight for it, tiers that it cannot make fire. Empty when all is well. */
export function sizingWarnings(slo: Pick<Slo, 'target' | 'windowMs' | 'policy'>, requestsPerHour: number): string[] {
  const traffic: Traffic = { target: slo.target, windowMs: slo.windowMs, requestsPerHour };
  const size = failuresAllowed(traffic);
  const silent = slo.policy.tiers.filter((tier) => failuresToFire(tier, slo.policy.evidence, traffic) === undefined);
  const tiers = silent.map((tier) => `the ${tier.severity} over ${formatDuration(tier.longMs)} and ${formatDuration(tier.shortMs)}`);
  return [
    ...(size.tooFew ? [`${size.sentence}: the target is too tight for the traffic`] : []),
    ...(silent.length === 0 ? [] : [`at ${formatCount(requestsPerHour)} requests an hour not even a total outage is evidence for ${tiers.join(' and ')}`]),
  ];
}
