import type { Severity, Tier } from '../config/slo.js';

/** What slices say about one window. Ratios are undefined while the window holds no event: zero events is not 100 %. */
export interface WindowReading {
  readonly windowMs: number;
  /** Weighted counts. */
  readonly bad: number;
  readonly total: number;
  /** Effective number of independent events: (Σw)²/Σw², divided by the over-dispersion. */
  readonly effectiveTotal: number;
  readonly errorRatio: number | undefined;
  /** errorRatio / (1 - target). */
  readonly burnRate: number | undefined;
}

export interface TierReading {
  readonly tier: Tier;
  readonly long: WindowReading;
  readonly short: WindowReading;
  /** Both windows burn faster than the factor. */
  readonly exceeded: boolean;
  /** The evidence gate on the long window. `words` says why it is or is not yet evidence: "2 of 10 failed: not yet evidence". */
  readonly evidence: { readonly passed: boolean; readonly pValue: number; readonly words: string };
  /** exceeded and evidence.passed. */
  readonly firing: boolean;
}

export type SloState = 'ok' | 'ticket' | 'page' | 'no-data';

/** One SLO at one moment: pure function of slices, rules and now. */
export interface SloStatus {
  readonly slo: string;
  readonly atMs: number;
  readonly sli: number | undefined;
  /** 95 % interval of the SLI (Wilson, on effective n). */
  readonly confidence: { readonly low: number; readonly high: number } | undefined;
  /** Signed: 1 untouched, 0 spent, below 0 overspent. 1 - (1-SLI)/(1-target) over the SLO's window. */
  readonly errorBudgetRemaining: number | undefined;
  /** For young services: the budget that is left if the recent rate of traffic is projected over the whole window. */
  readonly projectedBudgetRemaining: number | undefined;
  /** Less than a day of history. */
  readonly young: boolean;
  readonly historyMs: number;
  /** `5m` → 1.2; every window of the policy's tiers and the SLO's own window. Undefined without events. */
  readonly burnRates: Readonly<Record<string, number | undefined>>;
  readonly tiers: readonly TierReading[];
  readonly state: SloState;
  /** The firing tier with the highest severity, fastest first. */
  readonly firing: TierReading | undefined;
  /** Time until the remaining budget is gone at the burn of the firing (else shortest) tier's long window; undefined when not burning. */
  readonly exhaustionMs: number | undefined;
  /** Share of the window's minutes since Tocsin first ran in which it was up and no sender reported loss. */
  readonly coverage: number;
  /** Share of events whose weight was not known. */
  readonly unknownWeightShare: number;
}

export const SEVERITY_RANK: Readonly<Record<Severity, number>> = { ticket: 1, page: 2 };
