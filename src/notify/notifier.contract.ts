import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DeliveryResult, Notifier } from './delivery.js';
import { sampleNotification } from './sample-delivery.js';

export type NotifierFault =
  | { readonly status: number; readonly retryAfterSeconds?: number }
  | { readonly hang: true }
  | { readonly reset: true }
  /** Status 500 and the beginning of a body that never ends. */
  | { readonly slowBody: true };

export interface NotifierUnderTest {
  build(timeoutMs: number): Notifier;
  failNext(fault: NotifierFault): void;
  /** Requests that came in. */
  requests(): number;
  /** Messages that were taken. */
  taken(): number;
  close(): Promise<void>;
}

/** Never reached by an answer that comes, however busy the machine is. */
const PATIENT_MS = 20_000;
/** For answers that do not come. */
const IMPATIENT_MS = 150;

/** What every notifier promises about a receiver that misbehaves. */
export function notifierContract(open: () => Promise<NotifierUnderTest>, { knowsRetryAfter = true }: { readonly knowsRetryAfter?: boolean } = {}): void {
  let subject: NotifierUnderTest;
  beforeEach(async () => { subject = await open(); });
  afterEach(async () => { await subject.close(); });
  const send = (timeoutMs = PATIENT_MS): Promise<DeliveryResult> => subject.build(timeoutMs).notify(sampleNotification('opened'));
  const sendAgainst = (fault: NotifierFault): Promise<DeliveryResult> => {
    subject.failNext(fault);
    return send('hang' in fault || 'slowBody' in fault ? IMPATIENT_MS : PATIENT_MS);
  };

  test('delivers with one request and says so', async () => {
    expect(await send()).toMatchObject({ kind: 'delivered' });
    expect([subject.requests(), subject.taken()]).toEqual([1, 1]);
  });

  describe('answers that may be better next time', () => {
    test.each([429, 500, 502, 503, 504, 599])('HTTP %d is retryable, and it asked only once', async (status) => {
      expect(await sendAgainst({ status })).toMatchObject({ kind: 'retryable', reason: expect.any(String) });
      expect(subject.requests()).toBe(1);
    });

    // SMTP has no word for it.
    if (knowsRetryAfter) test('Retry-After of a 429 is passed on', async () => {
      expect(await sendAgainst({ status: 429, retryAfterSeconds: 7 })).toMatchObject({ kind: 'retryable', retryAfterMs: 7_000 });
    });

    test('no answer ends at the timeout, in doubt', async () => {
      expect(await sendAgainst({ hang: true })).toMatchObject({ kind: 'retryable', ambiguous: true });
    });

    test('a connection that is cut leaves doubt', async () => {
      expect(await sendAgainst({ reset: true })).toMatchObject({ kind: 'retryable', ambiguous: true });
    });

    test('an error whose body never ends is an error in time', async () => {
      expect(await sendAgainst({ slowBody: true })).toMatchObject({ kind: 'retryable' });
    });

    test('nobody listening is retryable', async () => {
      await subject.close();
      expect(await send()).toMatchObject({ kind: 'retryable' });
    });
  });

  test('the next one goes through after any of them', async () => {
    for (const fault of [{ status: 503 }, { hang: true }, { reset: true }, { slowBody: true }] as const) await sendAgainst(fault);
    expect(await send()).toMatchObject({ kind: 'delivered' });
    expect(subject.taken()).toBe(1);
  });
}
