import type { Severity } from '../config/slo.js';
import { MINUTE_MS, formatDuration } from '../lib/duration.js';
import { formatBurn, formatPercent, formatSpan } from '../lib/format.js';
import { binomialTail } from './binomial.js';
import { formatCount } from './evidence-gate.js';
import type { TierReading, WindowReading } from './readings.js';
import { SEVERITY_RANK, type SloStatus } from './slo-status.js';

/** What the alert was before this tick; undefined where nothing fired. */
export interface FiringBefore {
  readonly severity: Severity;
  /** When it began to fire at this severity. */
  readonly sinceMs: number;
  /** Share of events that failed in the window that fired, as it was last told. */
  readonly failingRatio?: number;
}

export interface FiringDecision {
  readonly firing: boolean;
  /** Of the alert as it is now; undefined when not firing. */
  readonly severity: Severity | undefined;
  /** Why it fires, is held or is over; for timelines and logs. */
  readonly reason: string;
}

/** A window has recovered when it burns below this share of the tier's factor: a burn at the threshold does not flap. */
const RECOVERY_MARGIN = 0.9;
/** Below this share of covered minutes a window cannot say that things are well again (semantics.md). */
const COVERAGE_FLOOR = 0.9;
/** An alert lives at least this long: news that are over before they are read help nobody. */
const MIN_FIRING_MS = 5 * MINUTE_MS;
/** Recovery needs so many good events that the failing ratio would show so few failures this rarely. */
const RECOVERY_SIGNIFICANCE = 0.05;

/**
 * Firing with memory. It starts as soon as a tier fires; it ends only on evidence, never on missing data:
 *
 * - no tier of the severity exceeds its factor in both windows,
 * - and for each tier that was exceeded either the long window burns below 90 % of the factor,
 *   or the short one does (or all events since the last failure were good) with enough events that the long window's
 *   error ratio, were it still true, would have shown more failures (p < 0.05): after two failures in ten requests,
 *   one good request is no recovery,
 * - the window that says so is covered at least 90 %,
 * - and the alert has been firing for five minutes.
 *
 * Where counting began after the alert did (its indicator was changed), a quiet long window says nothing: the new counts
 * must show that the old failing ratio is over.
 *
 * A page whose page tiers recovered while a ticket tier still fires goes on as a ticket.
 */
export function isFiring(status: SloStatus, before: FiringBefore | undefined): FiringDecision {
  const now = status.firing;
  if (now !== undefined && (before === undefined || SEVERITY_RANK[now.tier.severity] >= SEVERITY_RANK[before.severity])) {
    return { firing: true, severity: now.tier.severity, reason: firingInWords(now) };
  }
  if (before === undefined) return { firing: false, severity: undefined, reason: quietInWords(status) };
  const held = heldBecause(status, before);
  if (held !== undefined) return { firing: true, severity: before.severity, reason: `held: ${held}` };
  if (now !== undefined) return { firing: true, severity: now.tier.severity, reason: firingInWords(now) };
  return { firing: false, severity: undefined, reason: `recovered: ${recoveryInWords(status)}` };
}

/** Why a tier that is exceeded does not fire. */
export function waitingInWords({ evidence, waitedMs, tier }: TierReading): string {
  if (!evidence.passed || waitedMs === undefined) return evidence.words;
  return `it has lasted ${formatSpan(waitedMs)} of the ${formatDuration(tier.afterMs ?? 0)} that are asked for`;
}

/** Why an alert that does not fire by itself must not end yet; undefined where it may. */
function heldBecause(status: SloStatus, before: FiringBefore): string | undefined {
  const firingMs = status.atMs - before.sinceMs;
  if (firingMs < MIN_FIRING_MS) return `it fires for ${formatSpan(firingMs)} only, at least ${formatSpan(MIN_FIRING_MS)} are kept`;
  for (const reading of status.tiers) {
    if (SEVERITY_RANK[reading.tier.severity] < SEVERITY_RANK[before.severity]) continue;
    const why = tierHeldBecause(reading, status, before);
    if (why !== undefined) return why;
  }
  return undefined;
}

function tierHeldBecause(reading: TierReading, status: SloStatus, before: FiringBefore): string | undefined {
  const { tier, long, short } = reading;
  const limit = tier.factor * RECOVERY_MARGIN;
  const countedAnew = status.historyMs < status.atMs - before.sinceMs;
  const failingRatio = countedAnew ? before.failingRatio : long.errorRatio;
  if (reading.exceeded) return `still burning ${windowInWords(long)} and ${windowInWords(short)}, over ${formatBurn(tier.factor)}`;
  const longQuiet = !countedAnew && long.burnRate !== undefined && long.burnRate < limit;
  if (longQuiet && (uncovered(long, status) === undefined || short.total === 0)) return uncovered(long, status);
  if ((short.burnRate ?? 0) >= limit) return `${windowInWords(short)} is not yet below 90 % of ${formatBurn(tier.factor)}`;
  if (!longQuiet && !convinced(short, status, failingRatio ?? 1)) {
    const good = status.sinceLastBad?.total ?? short.effectiveTotal;
    return `${formatCount(good)} good since the last failure ${good === 1 ? 'is' : 'are'} too few to say that it is over`;
  }
  return uncovered(short, status);
}

/** Would the failing ratio, were it still true, have shown more failures than were seen? */
function convinced(short: WindowReading, status: SloStatus, failingRatio: number): boolean {
  const goodInARow = status.sinceLastBad?.total ?? 0;
  if ((1 - failingRatio) ** goodInARow < RECOVERY_SIGNIFICANCE) return true;
  const bad = short.effectiveTotal * (short.errorRatio ?? 0);
  // P(X ≤ bad) = 1 - P(X ≥ bad + 1)
  return short.total > 0 && 1 - binomialTail(bad + 1, short.effectiveTotal, failingRatio) < RECOVERY_SIGNIFICANCE;
}

function uncovered(window: WindowReading, status: SloStatus): string | undefined {
  const coverage = window.coverage ?? status.coverage;
  if (coverage >= COVERAGE_FLOOR) return undefined;
  return `data incomplete, ${formatPercent(coverage, 0)} of the last ${formatDuration(window.windowMs)} is covered and ${formatPercent(COVERAGE_FLOOR, 0)} is needed to resolve`;
}

function firingInWords({ tier, long, short, evidence }: TierReading): string {
  return `burning ${windowInWords(long)} and ${windowInWords(short)}, over ${formatBurn(tier.factor)}; ${evidence.words}`;
}

function quietInWords(status: SloStatus): string {
  const waiting = status.tiers.find((reading) => reading.exceeded);
  if (waiting !== undefined) return `over ${formatBurn(waiting.tier.factor)} but ${waitingInWords(waiting)}`;
  return status.state === 'no-data' ? 'no data' : 'no tier is exceeded';
}

function recoveryInWords(status: SloStatus): string {
  return status.tiers.map(({ short }) => windowInWords(short)).slice(0, 1).join('') || 'no tier is exceeded';
}

function windowInWords(window: WindowReading): string {
  const burn = window.burnRate === undefined ? 'nothing' : formatBurn(window.burnRate);
  return `${burn} over ${formatDuration(window.windowMs)}`;
}
