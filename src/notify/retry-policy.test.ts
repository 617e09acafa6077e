import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import type { DeliveryResult } from './delivery.js';
import type { ClaimedDelivery } from './outbox.js';
import { BACKOFF_FIRST_MS, BACKOFF_MAX_MS, GIVE_UP_AFTER_MS, settlementOf } from './retry-policy.js';
import { sampleDelivery } from './sample-delivery.js';

const claimed = (attempts: number, createdAtMs = 0, ambiguous = false): ClaimedDelivery =>
  ({ delivery: { ...sampleDelivery('opened'), attempts, createdAtMs, ...(ambiguous ? { ambiguous } : {}) }, claim: 'c', previousReceipt: undefined });
const retryable = (retryAfterMs?: number, ambiguous?: boolean): DeliveryResult => ({ kind: 'retryable', reason: 'HTTP 503', retryAfterMs, ...(ambiguous === undefined ? {} : { ambiguous }) });

describe('waiting', () => {
  test.each([[1, 1_000], [2, 2_000], [3, 4_000], [9, 256_000], [10, BACKOFF_MAX_MS], [500, BACKOFF_MAX_MS]])('after attempt %d it waits up to %d ms', (attempts, longest) => {
    const waits = [0, 0.999_999].map((random) => settlementOf(claimed(attempts), retryable(), { nowMs: 0, random }).notBeforeMs);
    expect(waits[0]).toBe(longest / 2);
    expect(waits[1]).toBeCloseTo(longest, -1);
  });

  test('is never shorter than asked for, and never longer than a quarter of an hour', () => {
    expect(settlementOf(claimed(1), retryable(30_000), { nowMs: 5, random: 0 }).notBeforeMs).toBe(30_005);
    expect(settlementOf(claimed(1), retryable(7 * 24 * HOUR_MS), { nowMs: 0, random: 0 }).notBeforeMs).toBe(15 * MINUTE_MS);
    expect(settlementOf(claimed(9), retryable(1_000), { nowMs: 0, random: 0 }).notBeforeMs).toBe(128_000);
  });

  test('has an end for every run of failures, and says what failed', () => {
    fc.assert(fc.property(fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 20 }), (randoms) => {
      let nowMs = 0;
      for (let attempts = 1; ; attempts += 1) {
        const settlement = settlementOf(claimed(attempts), retryable(), { nowMs, random: randoms[attempts % randoms.length]! });
        if (settlement.status === 'rejected') {
          expect(nowMs).toBeGreaterThan(GIVE_UP_AFTER_MS - 2 * BACKOFF_MAX_MS);
          expect(settlement.lastError).toMatch(/^gave up after .* and \d+ attempts; the last said: HTTP 503$/);
          return;
        }
        expect(settlement.notBeforeMs - nowMs).toBeGreaterThanOrEqual(BACKOFF_FIRST_MS / 2);
        expect(settlement.notBeforeMs).toBeLessThanOrEqual(GIVE_UP_AFTER_MS);
        nowMs = settlement.notBeforeMs;
      }
    }), { numRuns: 10 });
  });
});

test('what may have arrived stays in doubt until it is settled', () => {
  expect(settlementOf(claimed(1), retryable(undefined, true), { nowMs: 0, random: 0 }).ambiguous).toBe(true);
  expect(settlementOf(claimed(2, 0, true), retryable(), { nowMs: 0, random: 0 }).ambiguous).toBe(true);
  expect(settlementOf(claimed(1), retryable(), { nowMs: 0, random: 0 }).ambiguous).toBe(false);
});

test('delivered keeps the receipt, rejected keeps the reason', () => {
  expect(settlementOf(claimed(1), { kind: 'delivered', receipt: { ts: '1' } }, { nowMs: 7, random: 0 })).toMatchObject({ status: 'delivered', receipt: { ts: '1' }, lastError: undefined, atMs: 7 });
  expect(settlementOf(claimed(1), { kind: 'rejected', reason: 'gone' }, { nowMs: 7, random: 0 })).toMatchObject({ status: 'rejected', receipt: undefined, lastError: 'gone' });
});
