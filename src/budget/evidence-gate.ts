import type { BurnRatePolicy, Tier } from '../config/slo.js';
import { formatDuration } from '../lib/duration.js';
import { allowedRatio } from './error-budget.js';
import { binomialTail } from './binomial.js';
import type { TierReading, WindowReading } from './readings.js';

/** A ticket wakes nobody: ten times the page's significance is evidence enough (0.01 beside 0.001). */
const TICKET_SIGNIFICANCE_RATIO = 10;

/**
 * The short window must be unlikely for a service that is well again: weak evidence, because it only says "it goes on".
 * 0.05 costs a page at most a minute (docs/slo.md, "Why the short window is asked too").
 */
export const RECENT_SIGNIFICANCE = 0.05;

/** Effective counts that differ less than this from the plain ones are not worth a word. */
const NOTABLE_DIFFERENCE = 0.95;

// Made once: a formatter costs more than a whole evaluation.
const FEW = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });
const MANY = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

export interface EvidenceQuestion {
  readonly long: WindowReading;
  readonly short: WindowReading;
  readonly tier: Tier;
  readonly target: number;
  readonly policy: BurnRatePolicy['evidence'];
}

/**
 * Are the failures more than luck, and do they go on?
 *
 * - Long window: the exact binomial test rejects that the true burn is at most min(policy.burn, factor / 2):
 *   P(X ≥ bad | n, burn·(1 - target)) < significance, with n the effective number of events.
 * - Short window: at p < 0.05 it is not that of a service that meets its SLO. After an outage the long window proves the
 *   outage for hours or days; without this, every stray failure in the short one would be told as a new alert.
 *
 * Unlike a floor on traffic this is right at every rate: two failures in ten are nothing, ten in ten are an outage.
 */
export function weighEvidence(question: EvidenceQuestion): TierReading['evidence'] {
  const { long, short, tier, policy } = question;
  const significance = significanceOf(policy, tier);
  const pValue = chanceOf(long, toleratedRatio(question));
  if (!policy.enabled) return { passed: true, pValue, words: `${countsInWords(long)}: taken as it is, the evidence gate is off` };
  const words = `${countsInWords(long)}: ${verdict(pValue < significance, { long, pValue, significance })}`;
  if (pValue >= significance || short.total === 0) return { passed: false, pValue, words };
  const recent = chanceOf(wholeEvents(short), healthyRatio(question));
  if (recent < RECENT_SIGNIFICANCE) return { passed: true, pValue, words };
  return { passed: false, pValue, words: `${words}; but ${countsInWords(short)} in the last ${formatDuration(short.windowMs)}, as a healthy service may (p ${formatProbability(recent, RECENT_SIGNIFICANCE)}, needs ${RECENT_SIGNIFICANCE})` };
}

/** P(at least as many failures | that ratio). */
function chanceOf({ total, effectiveTotal, errorRatio }: WindowReading, ratio: number): number {
  return total > 0 ? binomialTail(effectiveTotal * (errorRatio ?? 0), effectiveTotal, ratio) : 1;
}

/** The error ratio that still counts as luck. */
export function toleratedRatio(question: Pick<EvidenceQuestion, 'tier' | 'target' | 'policy'>): number {
  return Math.min(1, Math.min(question.policy.burn, question.tier.factor / 2) * allowedRatio(question.target));
}

/** What a service may fail at that is well again: never less than its budget allows it. */
function healthyRatio(question: EvidenceQuestion): number {
  return Math.max(allowedRatio(question.target), toleratedRatio(question));
}

/**
 * Failures that come in bursts are divided by their over-dispersion, but one burst did happen: it is worth one failure at least.
 * Else a quiet, bursty service that is down would have too few events in five minutes to say so.
 */
function wholeEvents(short: WindowReading): WindowReading {
  const effectiveBad = short.effectiveTotal * (short.errorRatio ?? 0);
  if (effectiveBad === 0 || effectiveBad >= 1) return short;
  const raised = Math.min(1 / effectiveBad, short.total / short.effectiveTotal);
  return raised > 1 ? { ...short, effectiveTotal: short.effectiveTotal * raised } : short;
}

export function significanceOf(policy: BurnRatePolicy['evidence'], tier: Tier): number {
  return tier.severity === 'page' ? policy.significance : policy.significance * TICKET_SIGNIFICANCE_RATIO;
}

function verdict(passed: boolean, test: { readonly long: WindowReading; readonly pValue: number; readonly significance: number }): string {
  if (test.long.total === 0) return 'nothing to judge';
  const numbers = `(p ${formatProbability(test.pValue, test.significance)}, needs ${test.significance})`;
  return passed ? `evidence ${numbers}` : `not yet evidence ${numbers}`;
}

/** `2 of 10 failed`, `300 of 4,000 failed, worth 3 of 40 independent ones`. */
function countsInWords(long: WindowReading): string {
  const plain = `${formatCount(long.bad)} of ${formatCount(long.total)} failed`;
  if (long.effectiveTotal >= long.total * NOTABLE_DIFFERENCE) return plain;
  const effectiveBad = long.effectiveTotal * (long.errorRatio ?? 0);
  return `${plain}, worth ${formatCount(effectiveBad)} of ${formatCount(long.effectiveTotal)} independent ones`;
}

/** `1,234`; small fractions keep one digit, so that an effective 1.4 does not read as 1. */
export function formatCount(count: number): string {
  // Most counts of most ticks: a formatter would cost more than the window they come from.
  if (count >= 0 && count < 1_000 && Number.isInteger(count)) return String(count);
  return (count < 10 ? FEW : MANY).format(count);
}

/** As many digits as keep it on its side of the threshold. */
function formatProbability(pValue: number, threshold: number): string {
  if (pValue < threshold / 10) return `< ${threshold / 10}`;
  for (const digits of [1, 2, 3, 6]) {
    const rounded = Number(pValue.toPrecision(digits));
    if (rounded < threshold === pValue < threshold && rounded !== threshold) return `= ${rounded}`;
  }
  return `= ${pValue}`;
}
