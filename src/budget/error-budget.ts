import { DAY_MS, MINUTE_MS } from '../lib/duration.js';

/** The share of events that may be bad: 0.001 for 0.999, without the noise of binary fractions (1 - 0.999 is 0.0010000000000000009). */
export function allowedRatio(target: number): number {
  return Math.round((1 - target) * 1e12) / 1e12;
}

/** The budget that pages, messages and gates lead with: a young service has no full window behind it, so its budget is projected. Signed; undefined without events. */
export function leadingBudget({ projectedBudgetRemaining, errorBudgetRemaining }: { readonly projectedBudgetRemaining: number | undefined; readonly errorBudgetRemaining: number | undefined }): number | undefined {
  return projectedBudgetRemaining ?? errorBudgetRemaining;
}

/** A service with less history leads with its projected budget. */
const YOUNG_MS = DAY_MS;
/** A rate seen for less than this is not projected as if it were shorter still. */
export const SHORTEST_PROJECTED_MS = 5 * MINUTE_MS;

/** How much of a window there is to judge by. */
export interface SeenTime {
  /** Of the window. */
  readonly lengthMs: number;
  /** Since the first event, or since the window began with the calendar. */
  readonly historyMs: number;
  /** How long nothing has come. */
  readonly silentMs: number;
}

/**
 * For a young service: how many times what was seen fits into the window. By so much its budget is larger than that of the events so far, if
 * traffic goes on as it has; silence since then is no traffic to project, and spends nothing. Undefined where nothing is projected.
 */
export function projection({ lengthMs, historyMs, silentMs }: SeenTime): number | undefined {
  if (historyMs >= Math.min(YOUNG_MS, lengthMs)) return undefined;
  return lengthMs / Math.min(lengthMs, Math.max(historyMs - silentMs, SHORTEST_PROJECTED_MS));
}

/** The projection of a budget that was read; undefined where it was not projected. Where nothing is spent both budgets are whole, and any will do. */
export function projectionOf({ projectedBudgetRemaining, errorBudgetRemaining }: { readonly projectedBudgetRemaining: number | undefined; readonly errorBudgetRemaining: number | undefined }): number | undefined {
  if (projectedBudgetRemaining === undefined || errorBudgetRemaining === undefined) return undefined;
  return errorBudgetRemaining === 1 ? 1 : (1 - errorBudgetRemaining) / (1 - projectedBudgetRemaining);
}

/**
 * Bad events that a young SLO's whole window would allow if its traffic went on as it has. `events`: all of its window when the reading was
 * taken. Undefined for SLOs with history, whose budget is the standard one.
 */
export function projectedAllowance(reading: Parameters<typeof projectionOf>[0], events: number, target: number): number | undefined {
  const times = projectionOf(reading);
  return times === undefined || events === 0 ? undefined : (1 - target) * events * times;
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
