import type { Slo } from '../config/slo.js';
import type { LedgerRow } from '../diagnosis/evidence.js';
import type { EventWindow } from './evidence-reader.js';

/** To whom the bad events of a stretch of time are charged. */
export interface Charges {
  /** Most first; the shares add up to 1. Without the part of the budget: who asks knows it. */
  readonly rows: readonly LedgerRow[];
  /** Bad events that are stored, and how many of them were looked at. */
  readonly badEvents: number;
  readonly examined: number;
}

export const NOTHING_CHARGED: Charges = { rows: [], badEvents: 0, examined: 0 };

/** Port: the ledger of an SLO over any stretch of time of which spans are stored. */
export interface ChargeReader {
  charges(slo: Slo, window: EventWindow): Promise<Charges>;
}
