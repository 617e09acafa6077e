/** The share of events that may be bad: 0.001 for 0.999, without the noise of binary fractions (1 - 0.999 is 0.0010000000000000009). */
export function allowedRatio(target: number): number {
  return Math.round((1 - target) * 1e12) / 1e12;
}

/** The budget that pages, messages and gates lead with: a young service has no full window behind it, so its budget is projected. Signed; undefined without events. */
export function leadingBudget({ projectedBudgetRemaining, errorBudgetRemaining }: { readonly projectedBudgetRemaining: number | undefined; readonly errorBudgetRemaining: number | undefined }): number | undefined {
  return projectedBudgetRemaining ?? errorBudgetRemaining;
}

/** A burn rate, and the time over which it was measured. */
export interface MeasuredBurn {
  readonly burnRate: number;
  readonly overMs: number;
}

/**
 * The part of the whole budget that a burn used up: a burn rate of 1 for the whole window of the SLO uses it up exactly. Where a service is
 * younger than the time of the burn rate, or had less traffic before, that is too much: never more than was spent of it altogether. `remaining`
 * is what leads, see leadingBudget.
 */
export function budgetBurned({ burnRate, overMs }: MeasuredBurn, windowMs: number, remaining: number | undefined): number {
  const burned = (burnRate * overMs) / windowMs;
  return remaining === undefined ? burned : Math.min(burned, Math.max(0, 1 - remaining));
}
