import type { DeliveryId, IncidentId } from '../lib/ids.js';
import type { Delivery } from './delivery.js';
import { isDrillId } from './drill-id.js';
import type { ClaimRequest, ClaimedDelivery, DeadLetter, DeliveryCounts, Outbox, Settlement } from './outbox.js';

interface Entry {
  delivery: Delivery;
  claim: string | undefined;
  leaseUntilMs: number;
}

/** The outbox for tests and replay: the same rules, nothing on disk. */
export class MemoryOutbox implements Outbox {
  /** In order of arrival. */
  readonly #entries: Entry[] = [];
  readonly #receipts = new Map<string, Readonly<Record<string, string>>>();
  #claims = 0;

  enqueue(deliveries: readonly Delivery[]): void {
    const known = new Set(this.#entries.map((entry) => entry.delivery.id));
    for (const delivery of deliveries) if (!known.has(delivery.id)) this.#entries.push({ delivery, claim: undefined, leaseUntilMs: 0 });
  }

  async claim(request: ClaimRequest): Promise<readonly ClaimedDelivery[]> {
    this.#supersede();
    this.#claims += 1;
    const claim = `claim-${String(this.#claims)}`;
    const load = new Map<string, number>();
    for (const entry of this.#firstInLine()) if (entry.leaseUntilMs > request.nowMs) count(load, entry);
    const claimed: ClaimedDelivery[] = [];
    for (const entry of this.#firstInLine()) {
      if (claimed.length === request.limit) break;
      if (entry.delivery.notBeforeMs > request.nowMs || entry.leaseUntilMs > request.nowMs) continue;
      if (count(load, entry) > request.perIntegration) continue;
      this.#lease(entry, claim, request);
      claimed.push({ delivery: entry.delivery, claim, previousReceipt: this.#receipts.get(conversationOf(entry.delivery)) });
    }
    return Promise.resolve(claimed);
  }

  async settle(settlement: Settlement): Promise<void> {
    const { claimed } = settlement;
    const entry = this.#entries.find((candidate) => candidate.delivery.id === claimed.delivery.id && candidate.claim === claimed.claim);
    if (entry === undefined) return Promise.resolve();
    const { status, notBeforeMs, lastError, ambiguous, receipt } = settlement;
    const { ambiguous: _before, ...delivery } = entry.delivery;
    entry.delivery = { ...delivery, status, notBeforeMs, lastError, ...(ambiguous ? { ambiguous } : {}) };
    entry.claim = undefined;
    entry.leaseUntilMs = 0;
    if (receipt !== undefined) this.#receipts.set(conversationOf(delivery), receipt);
    return Promise.resolve();
  }

  async releaseLeases(): Promise<number> {
    const leased = this.#entries.filter((entry) => entry.claim !== undefined);
    for (const entry of leased) {
      entry.claim = undefined;
      entry.leaseUntilMs = 0;
      entry.delivery = { ...entry.delivery, ambiguous: true };
    }
    return Promise.resolve(leased.length);
  }

  async nextDueMs(): Promise<number | undefined> {
    const due = this.#firstInLine().map((entry) => Math.max(entry.delivery.notBeforeMs, entry.leaseUntilMs));
    return Promise.resolve(due.length === 0 ? undefined : Math.min(...due));
  }

  async ofIncident(id: IncidentId): Promise<readonly Delivery[]> {
    return Promise.resolve(this.#entries.map((entry) => entry.delivery).filter((delivery) => delivery.incidentId === id));
  }

  async rejected(limit: number): Promise<readonly DeadLetter[]> {
    const dead = this.#entries.filter((entry) => entry.delivery.status === 'rejected' && !isDrillId(entry.delivery.incidentId)).toReversed().slice(0, limit);
    return Promise.resolve(dead.map((entry) => ({ delivery: entry.delivery, overtaken: this.#isOvertaken(entry) })));
  }

  async retry(id: DeliveryId, nowMs: number): Promise<'retried' | 'not-found' | 'overtaken'> {
    const entry = this.#entries.find((candidate) => candidate.delivery.id === id && candidate.delivery.status === 'rejected');
    if (entry === undefined) return Promise.resolve('not-found');
    if (this.#isOvertaken(entry)) return Promise.resolve('overtaken');
    entry.delivery = { ...entry.delivery, status: 'pending', notBeforeMs: nowMs };
    return Promise.resolve('retried');
  }

  #isOvertaken(entry: Entry): boolean {
    const later = this.#entries.slice(this.#entries.indexOf(entry) + 1);
    return later.some(({ delivery }) => delivery.status === 'delivered' && conversationOf(delivery) === conversationOf(entry.delivery));
  }

  async counts(): Promise<DeliveryCounts> {
    const counts = { pending: 0, delivered: 0, rejected: 0, superseded: 0 };
    for (const entry of this.#entries) counts[entry.delivery.status] += 1;
    return Promise.resolve(counts);
  }

  #lease(entry: Entry, claim: string, request: ClaimRequest): void {
    const ambiguous = entry.claim !== undefined || entry.delivery.ambiguous === true;
    entry.delivery = { ...entry.delivery, attempts: entry.delivery.attempts + 1, ...(ambiguous ? { ambiguous } : {}) };
    entry.claim = claim;
    entry.leaseUntilMs = request.nowMs + request.leaseMs;
  }

  /** The first pending delivery of each conversation. */
  #firstInLine(): Entry[] {
    const first = new Map<string, Entry>();
    for (const entry of this.#entries) {
      if (entry.delivery.status !== 'pending') continue;
      const conversation = conversationOf(entry.delivery);
      if (!first.has(conversation)) first.set(conversation, entry);
    }
    return [...first.values()];
  }

  #supersede(): void {
    const later = new Set<string>();
    for (const entry of this.#entries.toReversed()) {
      if (entry.delivery.status !== 'pending') continue;
      const conversation = conversationOf(entry.delivery);
      if (isOvertakable(entry.delivery) && entry.claim === undefined && later.has(conversation)) entry.delivery = { ...entry.delivery, status: 'superseded' };
      else later.add(conversation);
    }
  }
}

function conversationOf(delivery: Delivery): string {
  return JSON.stringify([delivery.conversation, delivery.receiver, delivery.integration]);
}

/** News of numbers, and reminders: the next message says them too. */
function isOvertakable({ transition: { kind } }: Delivery): boolean {
  return kind === 'updated' || kind === 'repeated';
}

function count(load: Map<string, number>, { delivery }: Entry): number {
  const integration = JSON.stringify([delivery.receiver, delivery.integration]);
  const next = (load.get(integration) ?? 0) + 1;
  load.set(integration, next);
  return next;
}
