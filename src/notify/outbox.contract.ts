import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Transition } from '../incident/incident.js';
import { sampleIncident } from '../incident/sample-incident.js';
import { groupOf } from './sample-delivery.js';
import type { DeliveryId, IncidentId } from '../lib/ids.js';
import type { Delivery } from './delivery.js';
import type { ClaimRequest, ClaimedDelivery, Outbox, Settlement } from './outbox.js';

export interface OutboxUnderTest {
  readonly outbox: Outbox;
  enqueue(deliveries: readonly Delivery[]): Promise<void>;
  close(): Promise<void>;
}

const T0 = 1_000_000;
const LEASE_MS = 60_000;

/** `a1 updated shop slack[0]`: incident a, first of its deliveries. */
function delivery(text: string, changes: Partial<Delivery> = {}): Delivery {
  const [id = '', kind = 'opened', receiver = 'shop', integration = 'slack[0]'] = text.split(' ');
  const incidentId = id.slice(0, 1) as IncidentId;
  const transition: Transition = { kind: kind as Transition['kind'], incident: sampleIncident({ id: incidentId }), atMs: T0 };
  return {
    id: id as DeliveryId, incidentId, receiver, integration, conversation: incidentId, group: groupOf(transition.incident), transition, status: 'pending', attempts: 0,
    createdAtMs: T0, notBeforeMs: T0, lastError: undefined, ...changes,
  };
}

const settled = (claimed: ClaimedDelivery, changes: Partial<Settlement>): Settlement =>
  ({ claimed, status: 'delivered', atMs: T0, notBeforeMs: T0, lastError: undefined, ambiguous: false, receipt: undefined, ...changes });

/** What every Outbox promises. */
export function outboxContract(open: () => Promise<OutboxUnderTest>): void {
  let subject: OutboxUnderTest;
  beforeEach(async () => { subject = await open(); });
  afterEach(async () => { await subject.close(); });
  const enqueue = (...texts: (string | Delivery)[]): Promise<void> => subject.enqueue(texts.map((text) => (typeof text === 'string' ? delivery(text) : text)));
  const claim = (nowMs = T0, changes: Partial<ClaimRequest> = {}): Promise<readonly ClaimedDelivery[]> =>
    subject.outbox.claim({ nowMs, leaseMs: LEASE_MS, perIntegration: 4, limit: 100, ...changes });
  const ids = (claimed: readonly ClaimedDelivery[]): string[] => claimed.map((one) => one.delivery.id);

  describe('claiming', () => {
    test('gives what came in, as it came in, and counts the attempt', async () => {
      const sent = delivery('a1', { breachReceivedAtMs: T0 - 5, conversation: '{}:{}@5' });
      await enqueue(sent);
      const [claimed] = await claim();
      expect(claimed?.delivery).toStrictEqual({ ...sent, attempts: 1 });
      expect(claimed?.previousReceipt).toBeUndefined();
    });

    test('gives nothing twice', async () => {
      await enqueue('a1', 'b1');
      expect(ids(await claim())).toEqual(['a1', 'b1']);
      expect(await claim()).toEqual([]);
    });

    test('waits for the time that was set', async () => {
      await enqueue(delivery('a1', { notBeforeMs: T0 + 30_000 }));
      expect(await claim(T0 + 29_999)).toEqual([]);
      expect(ids(await claim(T0 + 30_000))).toEqual(['a1']);
    });

    test('has one in flight per conversation, and conversations beside each other', async () => {
      await enqueue('a1 opened', 'a2 resolved', 'a3 opened shop webhook[0]', 'a4 opened team slack[0]', 'b1 opened');
      const first = await claim();
      expect(ids(first)).toEqual(['a1', 'a3', 'a4', 'b1']);
      await subject.outbox.settle(settled(first[0]!, {}));
      expect(ids(await claim())).toEqual(['a2']);
    });

    test('later news waits for earlier that has to be tried again', async () => {
      await enqueue('a1 opened', 'a2 resolved');
      const [first] = await claim();
      await subject.outbox.settle(settled(first!, { status: 'pending', notBeforeMs: T0 + 5_000, lastError: 'HTTP 503' }));
      expect(await claim(T0 + 4_999)).toEqual([]);
      const [again] = await claim(T0 + 5_000);
      expect(again?.delivery).toMatchObject({ id: 'a1', attempts: 2, lastError: 'HTTP 503' });
    });

    test('takes no more than an integration may have in flight, so that others have theirs', async () => {
      await enqueue('a1', 'b1', 'c1', 'd1', 'e1 opened other slack[0]');
      const first = await claim(T0, { perIntegration: 2 });
      expect(ids(first)).toEqual(['a1', 'b1', 'e1']);
      expect(await claim(T0, { perIntegration: 2 })).toEqual([]);
      await subject.outbox.settle(settled(first[0]!, {}));
      expect(ids(await claim(T0, { perIntegration: 2 }))).toEqual(['c1']);
    });

    test('takes no more than asked for, oldest first', async () => {
      await enqueue('a1', 'b1', 'c1');
      expect(ids(await claim(T0, { limit: 2 }))).toEqual(['a1', 'b1']);
    });
  });

  describe('coalescing', () => {
    test('updates that later news overtook are superseded, everything else goes out', async () => {
      await enqueue('a1 opened', 'a2 updated', 'a3 updated', 'a4 acknowledged', 'a5 updated', 'a6 updated', 'b1 updated');
      for (const one of await claim()) await subject.outbox.settle(settled(one, {}));
      const order: string[] = [];
      for (let next = await claim(); next.length > 0; next = await claim()) for (const one of next) {
        order.push(one.delivery.id);
        await subject.outbox.settle(settled(one, {}));
      }
      expect(order).toEqual(['a4', 'a6']);
      expect(await subject.outbox.counts()).toEqual({ pending: 0, delivered: 4, rejected: 0, superseded: 3 });
    });

    test('a reminder that later news overtook is superseded, and other news of the group is not', async () => {
      await enqueue('a1 repeated', 'a2 alerts-added', 'a3 resolved');
      expect(ids(await claim())).toEqual(['a2']);
    });

    test('conversations of one incident do not overtake each other', async () => {
      await enqueue(delivery('a1 updated', { conversation: 'one' }), delivery('a2 resolved', { conversation: 'two' }));
      expect(ids(await claim())).toEqual(['a1', 'a2']);
    });

    test('an update in flight is let finish', async () => {
      await enqueue('a1 updated');
      const [first] = await claim();
      await enqueue('a2 resolved');
      expect(await claim()).toEqual([]);
      await subject.outbox.settle(settled(first!, {}));
      expect(ids(await claim())).toEqual(['a2']);
    });
  });

  describe('settling', () => {
    test('a receipt goes to the next of the conversation, and to no other', async () => {
      await enqueue('a1 opened', 'a2 resolved', 'a3 opened shop slack[1]', 'b1 opened');
      for (const one of await claim()) await subject.outbox.settle(settled(one, { receipt: { channel: 'C1', ts: one.delivery.id } }));
      const [next] = await claim();
      expect(next?.previousReceipt).toEqual({ channel: 'C1', ts: 'a1' });
      await subject.outbox.settle(settled(next!, { receipt: { channel: 'C1', ts: 'anew' } }));
      await enqueue('a4 updated', 'b2 resolved');
      expect((await claim()).map((one) => one.previousReceipt?.['ts'])).toEqual(['anew', 'b1']);
    });

    test('what was rejected does not hold up what comes after it', async () => {
      await enqueue('a1 opened', 'a2 resolved');
      const [first] = await claim();
      await subject.outbox.settle(settled(first!, { status: 'rejected', lastError: 'channel_not_found' }));
      expect(ids(await claim())).toEqual(['a2']);
      expect((await subject.outbox.ofIncident('a' as IncidentId))[0]).toMatchObject({ status: 'rejected', lastError: 'channel_not_found' });
    });

    test('comes too late when the lease was lost', async () => {
      await enqueue('a1');
      const [lost] = await claim(T0);
      const [held] = await claim(T0 + LEASE_MS);
      await subject.outbox.settle(settled(lost!, { status: 'rejected', lastError: 'stale', receipt: { ts: 'stale' } }));
      expect((await subject.outbox.ofIncident('a' as IncidentId))[0]).toMatchObject({ status: 'pending' });
      await subject.outbox.settle(settled(held!, { receipt: { ts: 'fresh' } }));
      await enqueue('a2');
      expect((await claim(T0 + LEASE_MS))[0]?.previousReceipt).toEqual({ ts: 'fresh' });
    });
  });

  describe('what was given up', () => {
    const rejectFirst = async (): Promise<void> => {
      const [first] = await claim();
      await subject.outbox.settle(settled(first!, { status: 'rejected', lastError: 'channel_not_found' }));
    };

    test('is listed, newest first, and goes out again when it is asked for', async () => {
      await enqueue('a1 opened', 'b1 opened');
      await rejectFirst();
      for (const one of await claim(T0 + LEASE_MS)) await subject.outbox.settle(settled(one, { status: 'rejected', lastError: 'HTTP 404' }));
      expect((await subject.outbox.rejected(10)).map(({ delivery: { id, lastError }, overtaken }) => [id, lastError, overtaken])).toEqual([['b1', 'HTTP 404', false], ['a1', 'channel_not_found', false]]);
      expect(await subject.outbox.rejected(1)).toHaveLength(1);
      expect(await subject.outbox.retry('a1' as DeliveryId, T0 + 9 * LEASE_MS)).toBe('retried');
      expect(await claim(T0 + 9 * LEASE_MS - 1)).toEqual([]);
      const [again] = await claim(T0 + 9 * LEASE_MS);
      expect(again?.delivery).toMatchObject({ id: 'a1', attempts: 2, lastError: 'channel_not_found' });
      await subject.outbox.settle(settled(again!, {}));
      expect(await subject.outbox.counts()).toMatchObject({ delivered: 1, rejected: 1, pending: 0 });
    });

    test('stays so where the receiver has later news by now, and what was not given up is not sent again', async () => {
      await enqueue('a1 opened', 'a2 resolved', 'b1 opened');
      await rejectFirst();
      for (const one of await claim(T0 + LEASE_MS)) await subject.outbox.settle(settled(one, {}));
      expect(await subject.outbox.rejected(10)).toMatchObject([{ delivery: { id: 'a1' }, overtaken: true }]);
      expect(await subject.outbox.retry('a1' as DeliveryId, T0)).toBe('overtaken');
      for (const id of ['a2', 'b1', 'nobody']) expect(await subject.outbox.retry(id as DeliveryId, T0)).toBe('not-found');
      expect(await claim(T0 + 9 * LEASE_MS)).toEqual([]);
    });

    test('goes out before the news that came after it and wait', async () => {
      await enqueue('a1 opened', delivery('a2 resolved', { notBeforeMs: T0 + 5 }));
      await rejectFirst();
      await subject.outbox.retry('a1' as DeliveryId, T0 + 1);
      expect(ids(await claim(T0 + 9))).toEqual(['a1']);
    });
  });

  describe('a lease', () => {
    test('that runs out gives the delivery back as ambiguous, and it stays so', async () => {
      await enqueue('a1');
      await claim(T0);
      expect(await claim(T0 + LEASE_MS - 1)).toEqual([]);
      const [again] = await claim(T0 + LEASE_MS);
      expect(again?.delivery).toMatchObject({ id: 'a1', attempts: 2, ambiguous: true });
      await subject.outbox.settle(settled(again!, { status: 'pending', ambiguous: true }));
      expect((await claim(T0 + LEASE_MS))[0]?.delivery.ambiguous).toBe(true);
    });

    test('of a crashed process ends at the next start', async () => {
      await enqueue('a1', 'b1');
      const [first] = await claim(T0);
      await subject.outbox.settle(settled(first!, {}));
      expect(await subject.outbox.releaseLeases(T0)).toBe(1);
      const again = await claim(T0);
      expect(again.map((one) => one.delivery)).toMatchObject([{ id: 'b1', ambiguous: true, attempts: 2 }]);
      await subject.outbox.settle(settled(again[0]!, {}));
      expect(await subject.outbox.releaseLeases(T0)).toBe(0);
    });

    test('is not ambiguous where the attempt ended with a clear no', async () => {
      await enqueue('a1');
      const [first] = await claim();
      await subject.outbox.settle(settled(first!, { status: 'pending' }));
      expect((await claim())[0]?.delivery.ambiguous).toBeUndefined();
    });
  });

  test('knows when to look again', async () => {
    expect(await subject.outbox.nextDueMs()).toBeUndefined();
    await enqueue(delivery('a1', { notBeforeMs: T0 + 9_000 }), delivery('a2'), delivery('b1', { notBeforeMs: T0 + 4_000 }));
    expect(await subject.outbox.nextDueMs()).toBe(T0 + 4_000);
    await claim(T0 + 4_000);
    expect(await subject.outbox.nextDueMs()).toBe(T0 + 9_000);
    await claim(T0 + 9_000);
    expect(await subject.outbox.nextDueMs()).toBe(T0 + 4_000 + LEASE_MS);
  });

  test('shows everything of an incident, oldest first', async () => {
    await enqueue('a1', 'b1', 'a2 resolved');
    expect((await subject.outbox.ofIncident('a' as IncidentId)).map(({ id, status }) => `${id} ${status}`)).toEqual(['a1 pending', 'a2 pending']);
  });
}
