import type { GateStep, ReleaseGateRule } from '../config/release-gate.js';
import type { Slo } from '../config/slo.js';
import { formatBurn, formatPercent, formatSpan, formatTime } from '../lib/format.js';
import { budgetShare, burnOf, windowName } from './arithmetic-in-words.js';
import { allowedRatio, leadingBudget, projectionOf } from './error-budget.js';
import { SEVERITY_RANK, type SloStatus } from './slo-status.js';

/** What one `service.version` did, counted from stored spans. */
export interface VersionCounts {
  readonly version: string;
  /** Weighted events. */
  readonly bad: number;
  readonly total: number;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}

export interface VersionBurn extends VersionCounts {
  /** Its bad events as a share of all that the window's traffic allows. */
  readonly budgetShare: number | undefined;
  readonly burnRate: number | undefined;
}

export interface GateReason {
  readonly action: GateStep['action'];
  /** What is the case: "page: burning 21x over 1h". */
  readonly text: string;
  /** What the team agreed on. */
  readonly note: string;
}

export interface GateVerdict {
  /** Closed where any step freezes. */
  readonly verdict: 'open' | 'closed';
  readonly gate: string;
  /** Freezing ones first. Empty: nothing speaks against it. */
  readonly reasons: readonly GateReason[];
  readonly version: VersionBurn | undefined;
  /** One line for people and logs. */
  readonly sentence: string;
}

export interface GateQuestion {
  readonly slo: Slo;
  readonly status: SloStatus;
  readonly gate: ReleaseGateRule;
  /** Where a version was named: what it did, or `undefined` where no span of it is stored. */
  readonly version?: { readonly name: string; readonly counts: VersionCounts | undefined; /** Where it is worked out already: of a composite objective. */ readonly burned?: VersionBurn };
}

/** May this be released? Pure: budget left, what fires now, and what the version burned, by the steps of the gate. */
export function judgeRelease(question: GateQuestion): GateVerdict {
  const { gate, status, slo, version } = question;
  const burned = version?.burned ?? (version?.counts === undefined ? undefined : versionBurn(version.counts, slo, status));
  const reasons = gate.steps.flatMap((step) => {
    const text = reasonOf(step, question, burned);
    return text === undefined ? [] : [{ action: step.action, text, note: step.note }];
  });
  const frozen = reasons.filter(({ action }) => action === 'freeze');
  const ordered = [...frozen, ...reasons.filter(({ action }) => action === 'warn')];
  return { verdict: frozen.length > 0 ? 'closed' : 'open', gate: gate.name, reasons: ordered, version: burned, sentence: sentenceOf(question, ordered, burned) };
}

/** The share is of the whole window's budget: bad events against those that the window's traffic allows. */
export function versionBurn(counts: VersionCounts, slo: Slo, status: SloStatus): VersionBurn {
  const whole = windowTotal(status);
  const allowed = allowedRatio(slo.target);
  return {
    ...counts,
    budgetShare: whole === undefined || whole === 0 ? undefined : counts.bad / (whole * allowed),
    burnRate: counts.total === 0 ? undefined : counts.bad / counts.total / allowed,
  };
}

/** Events of the SLO's window; for a young service as many as the window would have if the traffic went on. */
function windowTotal(status: SloStatus): number | undefined {
  return status.events === undefined ? undefined : status.events * (projectionOf(status) ?? 1);
}

/** Sums of weights carry the noise of binary fractions: 10 % is 10 %. */
const ROUNDING = 1e-9;

function reasonOf({ when }: GateStep, { slo, status, version }: GateQuestion, burned: VersionBurn | undefined): string | undefined {
  switch (when.kind) {
    case 'budget-below': {
      const remaining = leadingBudget(status);
      if (remaining === undefined || remaining >= when.share) return undefined;
      return `${budgetInWords(remaining, slo, status)}, below ${formatPercent(when.share)}`;
    }
    case 'burning': {
      const { firing } = status;
      if (firing === undefined || SEVERITY_RANK[firing.tier.severity] < SEVERITY_RANK[when.severity]) return undefined;
      return `a ${firing.tier.severity} is firing: burning ${formatBurn(burnOf(status) ?? 0)}`;
    }
    case 'version-burned':
      if (burned?.budgetShare === undefined || burned.budgetShare < when.share - ROUNDING) return undefined;
      return `version ${version?.name ?? ''} burned ${formatPercent(burned.budgetShare, 1)} of the budget, ${formatPercent(when.share)} or more`;
    case 'no-data':
      return status.state === 'no-data' ? `no event in the last ${formatSpan(slo.windowMs)}` : undefined;
  }
}

function budgetInWords(remaining: number, slo: Slo, status: SloStatus): string {
  const budget = `${status.projectedBudgetRemaining === undefined ? '' : 'projected '}${windowName(slo.windowMs)} budget`;
  if (remaining > 0) return `${budgetShare(remaining)} of the ${budget} is left`;
  return remaining === 0 ? `the ${budget} is spent` : `the ${budget} is overspent by ${budgetShare(-remaining)}`;
}

function sentenceOf(question: GateQuestion, reasons: readonly GateReason[], burned: VersionBurn | undefined): string {
  const { slo, status } = question;
  const [first] = reasons;
  const remaining = leadingBudget(status);
  const budget = remaining === undefined ? 'nothing was measured' : budgetInWords(remaining, slo, status);
  const why = first === undefined ? `${budget}, nothing fires` : first.text;
  return `${first?.action === 'freeze' ? 'closed' : first === undefined ? 'open' : 'open, with a warning'}: ${why}${versionInWords(question, burned)}`;
}

function versionInWords({ version }: GateQuestion, burned: VersionBurn | undefined): string {
  if (version === undefined) return '';
  if (burned === undefined) return `; no span of version ${version.name} is stored`;
  const share = burned.budgetShare === undefined ? '' : `, ${formatPercent(burned.budgetShare, 1)} of the budget`;
  const rate = burned.burnRate === undefined ? '' : ` at ${formatBurn(burned.burnRate)}`;
  return `; version ${version.name} since ${formatTime(burned.firstSeenMs)}: ${Math.round(burned.bad).toLocaleString('en-US')} of ${Math.round(burned.total).toLocaleString('en-US')} failed${rate}${share}`;
}
