import type { Tier } from '../config/slo.js';

/** What slices say about one window. Ratios are undefined while the window holds no event: zero events is not 100 %. */
export interface WindowReading {
  readonly windowMs: number;
  /** Weighted counts. */
  readonly bad: number;
  readonly total: number;
  /** Effective number of independent events: of the sample behind the error ratio, divided by the over-dispersion (window-reading.ts). */
  readonly effectiveTotal: number;
  readonly errorRatio: number | undefined;
  /** errorRatio / (1 - target). */
  readonly burnRate: number | undefined;
  /** Share of the window's minutes since Tocsin first ran in which it was up and no sender reported loss; unknown in old records. */
  readonly coverage?: number;
}

export interface TierReading {
  readonly tier: Tier;
  readonly long: WindowReading;
  readonly short: WindowReading;
  /** Both windows burn faster than the factor. */
  readonly exceeded: boolean;
  /** The evidence gate on the long window. `words` says why it is or is not yet evidence: "2 of 10 failed: not yet evidence". */
  readonly evidence: { readonly passed: boolean; readonly pValue: number; readonly words: string };
  /** Where the tier waits (`alertAfter`) and has not waited long enough: how long it has been exceeded. */
  readonly waitedMs?: number;
  /** exceeded, evidence.passed, and for as long as the tier asks. */
  readonly firing: boolean;
}
