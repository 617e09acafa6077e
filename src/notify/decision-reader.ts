import type { IncidentId } from '../lib/ids.js';
import type { Delivery } from './delivery.js';
import type { Decision } from './notification-group.js';

/** Most that one answer holds, whatever was asked for. */
export const DECISIONS_MAX = 5_000;

/** A decision, and what became of its message. */
export interface DecisionRecord extends Decision {
  readonly delivery: { readonly status: Delivery['status']; readonly attempts: number; readonly lastError: string | undefined; readonly settledAtMs: number | undefined } | undefined;
}

/** Port of everything that explains. */
export interface DecisionReader {
  /** Oldest first, at most DECISIONS_MAX. */
  ofIncident(id: IncidentId): Promise<readonly DecisionRecord[]>;
}

export const DECISION_READER = Symbol('DecisionReader');

/** `not delivered yet after 3 attempts (HTTP 503)`; undefined where nothing was to be sent. */
export function deliveryInWords({ delivery }: DecisionRecord): string | undefined {
  if (delivery === undefined) return undefined;
  const { status, attempts, lastError } = delivery;
  const tries = attempts === 1 ? '1 attempt' : `${String(attempts)} attempts`;
  switch (status) {
    case 'delivered': return attempts === 1 ? 'delivered' : `delivered after ${tries}`;
    case 'pending': return attempts === 0 ? 'not sent yet' : `not delivered yet after ${tries}${lastError === undefined ? '' : ` (${lastError})`}`;
    case 'rejected': return `could not be delivered: ${lastError ?? 'refused'}`;
    case 'superseded': return 'overtaken by later news before it went out';
  }
}
