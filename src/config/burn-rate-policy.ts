import { MINUTE_MS, formatDuration } from '../lib/duration.js';
import { formatBurn, formatPercent } from '../lib/format.js';
import { errorAt, warningAt } from '../lib/problem-codes.js';
import type { Location, Problem } from '../lib/problem.js';
import { err, ok, type Result } from '../lib/result.js';
import { parseWindow } from './rule-duration.js';
import type { RuleDocument } from './rule-documents.js';
import type { BurnRateRule, TierRule } from './rule-set.js';
import type { BurnRatePolicy, Tier } from './slo.js';

/** semantics.md, "The evidence gate": the exact test rejects burn ≤ min(2, factor / 2) at p < 0.001. */
export const DEFAULT_EVIDENCE = { enabled: true, burn: 2, significance: 0.001 } as const;

type PolicyDocument = RuleDocument<'BurnRatePolicy'>;

/** A `BurnRatePolicy` document as a rule; undefined when it holds errors. */
export function readBurnRatePolicy({ content, source }: PolicyDocument, problems: Problem[]): BurnRateRule | undefined {
  const { spec, metadata } = content;
  const before = problems.length;
  const tiers = spec.tiers.flatMap((_, index) => readTier({ content, source }, index, problems));
  let presetForMs: number | undefined;
  if (spec.presetFor !== undefined) {
    const parsed = parseWindow(spec.presetFor);
    if (parsed.ok) presetForMs = parsed.value;
    else problems.push(errorAt(source.at(['spec', 'presetFor']), 'rules/invalid-value', { path: 'spec.presetFor', message: parsed.error }));
  }
  if (problems.length > before) return undefined;
  const evidence = spec.evidence === 'off' ? { ...DEFAULT_EVIDENCE, enabled: false } : { ...DEFAULT_EVIDENCE, ...spec.evidence };
  return { name: metadata.name, description: spec.description ?? metadata.displayName ?? '', presetForMs, tiers, evidence, ...(spec.tracesStopped === undefined ? {} : { whenStopped: spec.tracesStopped }), at: source.at(['metadata', 'name']) };
}

function readTier({ content, source }: PolicyDocument, index: number, problems: Problem[]): TierRule[] {
  const tier = content.spec.tiers[index];
  if (tier === undefined) return [];
  const path = ['spec', 'tiers', index] as const;
  const refuse = (key: string, message: string, hint = ''): number | undefined => {
    problems.push(errorAt(source.at([...path, key]), 'rules/invalid-value', { path: `spec.tiers[${index}].${key}`, message, hint }));
    return undefined;
  };
  const window = (key: 'long' | 'short'): number | undefined => {
    const parsed = parseWindow(tier[key]);
    return parsed.ok ? parsed.value : refuse(key, parsed.error);
  };
  const [longMs, shortMs] = [window('long'), window('short')];
  if (longMs !== undefined && shortMs !== undefined && longMs <= shortMs) {
    refuse('short', `the short window (${tier.short}) must be shorter than the long one (${tier.long})`, `a twelfth is usual: ${formatDuration(Math.max(60_000, Math.round(longMs / 12 / 60_000) * 60_000))}`);
  }
  if ((tier.budget === undefined) === (tier.factor === undefined)) {
    refuse('budget', tier.budget === undefined ? 'the tier needs "budget" or "factor"' : 'the tier has both "budget" and "factor"', 'write one of them: budget: 2% (share of the error budget spent in the long window), or factor: 14.4 (burn rate)');
    return [];
  }
  const share = tier.budget === undefined ? undefined : parseShare(tier.budget);
  if (share !== undefined && !share.ok) refuse('budget', share.error);
  if (longMs === undefined || shortMs === undefined || share?.ok === false) return [];
  const burn = share === undefined ? { factor: tier.factor ?? 0 } : { budgetShare: share.value };
  return [{ severity: tier.severity, longMs, shortMs, burn, at: source.at([...path]) }];
}

/** `2%` → 0.02. */
function parseShare(text: string): Result<number, string> {
  const match = /^(\d+(?:\.\d+)?)\s*%$/.exec(text);
  const percent = Number(match?.[1]);
  if (match === null || percent <= 0 || percent > 100) return err(`"${text}" is not a share of the budget: write a percentage above 0% and up to 100%, like 2%`);
  return ok(percent / 100);
}

/** The SLO that a policy is resolved for. */
export interface PolicyUse {
  readonly slo: string;
  readonly target: number;
  readonly windowMs: number;
  /** Where slices are counted instead of events. */
  readonly sliceMinutes?: number | undefined;
  /** Where the SLO states its target: what never fires is a matter of the two together. */
  readonly targetAt: Location;
}

/**
 * Turns shares into factors: share × period / long window (SRE workbook, ch. 5). A preset's factor below 1 becomes 1 (the
 * 28-day preset gives 0.93, which would alert on a service that meets its SLO), and one that no outage reaches becomes nine
 * tenths of a total outage (at a target of 90 % that burns at 10x, not at 14.4x). What an operator wrote is not changed: it is
 * an error, or a warning.
 */
export function resolvePolicy(rule: BurnRateRule, use: PolicyUse, problems: Problem[]): BurnRatePolicy | undefined {
  const before = problems.filter((problem) => problem.level === 'error').length;
  const tiers = rule.tiers.flatMap((tier) => resolveTier(tier, { rule, use, problems }));
  problems.push(...reachProblems(rule, tiers, use));
  if (problems.filter((problem) => problem.level === 'error').length > before) return undefined;
  return { name: rule.name, tiers: tiers.sort(bySpeed), evidence: rule.evidence, ...(rule.whenStopped === undefined ? {} : { whenStopped: rule.whenStopped }) };
}

/** Fastest first; of equally fast ones the shorter window. */
export function bySpeed(left: Tier, right: Tier): number {
  return right.factor - left.factor || left.longMs - right.longMs;
}

function resolveTier(tier: TierRule, { rule, use, problems }: { rule: BurnRateRule; use: PolicyUse; problems: Problem[] }): Tier[] {
  const { severity, longMs, shortMs, burn, afterMs } = tier;
  const refuse = (code: 'rules/factor-below-one' | 'rules/invalid-value', message: string, hint: string): Tier[] => {
    problems.push(errorAt(tier.at, code, { path: `SLO ${use.slo}`, message, hint }));
    return [];
  };
  if (longMs > use.windowMs) {
    return refuse('rules/invalid-value', `the window of ${formatDuration(longMs)} is longer than the ${formatDuration(use.windowMs)} of SLO "${use.slo}"`, 'give this SLO another policy');
  }
  if (use.sliceMinutes !== undefined && shortMs < use.sliceMinutes * MINUTE_MS) {
    return refuse('rules/invalid-value', `the short window of ${formatDuration(shortMs)} is shorter than a slice of SLO "${use.slo}" (${formatDuration(use.sliceMinutes * MINUTE_MS)}): no slice ends in it`, 'use shorter slices, or give this SLO another policy');
  }
  // Rounded, because 0.02 * 720 is 14.399999999999999 and people read this number.
  const computed = 'factor' in burn ? burn.factor : Number((burn.budgetShare * use.windowMs / longMs).toPrecision(12));
  if (rule.presetForMs !== undefined) return [{ severity, longMs, shortMs, factor: clampPreset(computed, use.target) }];
  if (computed >= 1) return [{ severity, longMs, shortMs, factor: computed, ...(afterMs === undefined ? {} : { afterMs }) }];
  const atLeast = formatPercent(longMs / use.windowMs);
  return refuse('rules/factor-below-one', `for SLO "${use.slo}" this tier has the factor ${formatBurn(computed)}: it would alert on a burn rate below 1, that is while the SLO is met`, `raise the budget share to ${atLeast.replace(' ', '')} or more, or use a shorter long window`);
}

/** Of the burn of a total outage: an outage that a few retries survive should still page. */
const REACHABLE_SHARE = 0.9;

function clampPreset(factor: number, target: number): number {
  const reachable = Number((REACHABLE_SHARE / (1 - target)).toPrecision(12));
  return Math.max(1, Math.min(factor, factor < 1 / (1 - target) ? factor : reachable));
}

/** A total outage burns at 1/(1 - target); no tier above that can ever fire. */
function reachProblems(rule: BurnRateRule, tiers: readonly Tier[], use: PolicyUse): Problem[] {
  const highest = 1 / (1 - use.target);
  // At the limit itself the burn can equal the factor but not exceed it. The margin swallows the rounding of 1 - target.
  const unreachable = tiers.filter((tier) => tier.factor >= highest * (1 - 1e-9));
  if (unreachable.length === 0) return [];
  const reason = `a total outage of "${use.slo}" (target ${formatPercent(use.target, 4)}) burns at ${formatBurn(highest)}`;
  if (unreachable.length === tiers.length) {
    return [errorAt(use.targetAt, 'rules/tier-never-fires', { path: `SLO ${use.slo}`, message: `no tier of policy "${rule.name}" can ever fire: ${reason}`, hint: `use a policy with factors below ${formatBurn(highest)}, or a stricter target` })];
  }
  return unreachable.map((tier) => warningAt(use.targetAt, 'rules/tier-never-fires', { path: `SLO ${use.slo}`, message: `the ${tier.severity} tier ${formatDuration(tier.longMs)}/${formatDuration(tier.shortMs)} of policy "${rule.name}" asks for ${formatBurn(tier.factor)} and can never fire: ${reason}`, hint: 'slower tiers still fire; give this SLO a policy of its own to be rid of this warning' }));
}
