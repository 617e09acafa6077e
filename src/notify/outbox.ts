import type { DeliveryId, IncidentId } from '../lib/ids.js';
import type { Delivery } from './delivery.js';

export interface ClaimRequest {
  readonly nowMs: number;
  /** After this long an attempt that was never settled counts as lost, and what it did is unknown. */
  readonly leaseMs: number;
  /** Attempts in flight at once for one integration of one receiver: what hangs there cannot take the place of others. */
  readonly perIntegration: number;
  readonly limit: number;
}

/** A delivery that this process may attempt until the lease ends. */
export interface ClaimedDelivery {
  readonly delivery: Delivery;
  /** Proves on settling that the lease was not lost in between. */
  readonly claim: string;
  /** Receipt of the last delivered message of the conversation. */
  readonly previousReceipt: Readonly<Record<string, string>> | undefined;
}

/** What the dispatcher decided after an attempt. */
export interface Settlement {
  readonly claimed: ClaimedDelivery;
  readonly status: 'delivered' | 'pending' | 'rejected';
  readonly atMs: number;
  readonly notBeforeMs: number;
  readonly lastError: string | undefined;
  readonly ambiguous: boolean;
  /** Set when delivered. */
  readonly receipt: Readonly<Record<string, string>> | undefined;
}

/** A message that was given up. */
export interface DeadLetter {
  readonly delivery: Delivery;
  /** Its receiver has later news of the conversation: sending it now would contradict them. */
  readonly overtaken: boolean;
}

export type DeliveryCounts = Readonly<Record<Delivery['status'], number>>;

/**
 * Port of the dispatcher. Within a conversation at one integration of one receiver: at most one delivery of it is in flight,
 * and later news waits for earlier. Deliveries come in through EvaluationStore.save, in the transaction of their transition.
 */
export interface Outbox {
  /**
   * Leases what is due; the lease is on disk before this resolves. An `updated` or `repeated` that later news of its conversation overtook is superseded.
   * A delivery whose lease ran out comes back `ambiguous`.
   */
  claim(request: ClaimRequest): Promise<readonly ClaimedDelivery[]>;
  /** Does nothing when the claim was lost. */
  settle(settlement: Settlement): Promise<void>;
  /** Ends all leases: at start, those of the process that crashed. Returns how many. */
  releaseLeases(nowMs: number): Promise<number>;
  /** When the next delivery is due or the next lease ends. */
  nextDueMs(): Promise<number | undefined>;
  /** Everything ever sent, or waiting, for one incident, oldest first. */
  ofIncident(id: IncidentId): Promise<readonly Delivery[]>;
  /** What was given up, newest first. */
  rejected(limit: number): Promise<readonly DeadLetter[]>;
  /** Makes a delivery that was given up due again, in its place; not where it was overtaken. */
  retry(id: DeliveryId, nowMs: number): Promise<'retried' | 'not-found' | 'overtaken'>;
  counts(): Promise<DeliveryCounts>;
}
