import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../lib/duration.js';
import { formatSpan } from '../lib/format.js';
import type { DeliveryResult } from './delivery.js';
import type { ClaimedDelivery, Settlement } from './outbox.js';

/** First wait; a receiver that hiccups has the page within a second or two. */
export const BACKOFF_FIRST_MS = SECOND_MS;
/** Longest wait: a receiver that comes back after an hour has everything within five minutes. */
export const BACKOFF_MAX_MS = 5 * MINUTE_MS;
/** What a receiver may ask for with Retry-After: an answer of "a week" must not bury a page. */
export const RETRY_AFTER_MAX_MS = 15 * MINUTE_MS;
/** Standard Webhooks' schedule ends after about a day; older news than that helps nobody. */
export const GIVE_UP_AFTER_MS = 24 * HOUR_MS;

export interface Moment {
  readonly nowMs: number;
  /** In [0, 1). */
  readonly random: number;
}

/** What follows from one attempt: delivered, another try later, or the end with its reason. */
export function settlementOf(claimed: ClaimedDelivery, result: DeliveryResult, moment: Moment): Settlement {
  const { delivery } = claimed;
  const ended = { claimed, atMs: moment.nowMs, notBeforeMs: moment.nowMs, ambiguous: false, receipt: undefined };
  switch (result.kind) {
    case 'delivered': return { ...ended, status: 'delivered', lastError: undefined, receipt: result.receipt };
    case 'rejected': return { ...ended, status: 'rejected', lastError: result.reason };
    case 'retryable': {
      const notBeforeMs = moment.nowMs + waitMs(delivery.attempts, result.retryAfterMs, moment.random);
      const ambiguous = delivery.ambiguous === true || result.ambiguous === true;
      if (notBeforeMs - delivery.createdAtMs <= GIVE_UP_AFTER_MS) return { ...ended, status: 'pending', notBeforeMs, lastError: result.reason, ambiguous };
      const age = formatSpan(moment.nowMs - delivery.createdAtMs);
      return { ...ended, status: 'rejected', lastError: `gave up after ${age} and ${String(delivery.attempts)} attempts; the last said: ${result.reason}`, ambiguous };
    }
  }
}

/** Exponential with half of it random, so that what failed together does not come back together; never sooner than asked for. */
function waitMs(attempts: number, retryAfterMs: number | undefined, random: number): number {
  const exponential = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(Math.max(attempts - 1, 0), 20));
  const jittered = exponential * (0.5 + random / 2);
  return Math.round(Math.max(jittered, Math.min(retryAfterMs ?? 0, RETRY_AFTER_MAX_MS)));
}
