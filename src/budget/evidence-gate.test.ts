import { describe, expect, test } from 'vitest';
import { HOUR_MS } from '../lib/duration.js';
import { weighEvidence } from './evidence-gate.js';
import type { WindowReading } from './readings.js';
import { WORKBOOK_POLICY } from './slo-builder.js';
import { effectiveTotal } from './window-reading.js';

const [FAST, SLOW, TICKET_DAY, TICKET_SLOW] = WORKBOOK_POLICY.tiers;

function reading(bad: number, total: number, effective = total): WindowReading {
  const errorRatio = total > 0 ? bad / total : undefined;
  return { windowMs: HOUR_MS, bad, total, effectiveTotal: effective, errorRatio, burnRate: errorRatio === undefined ? undefined : errorRatio / 0.001, coverage: 1 };
}

function weigh(long: WindowReading, tier = FAST!, policy = WORKBOOK_POLICY.evidence): ReturnType<typeof weighEvidence> {
  return weighEvidence({ long, short: long, tier, target: 0.999, policy });
}

describe('the evidence gate', () => {
  test.each([
    // P(X >= bad | n, 2 × 0.001), by hand: 1 - 0.998^n for one failure, binomial sums for more.
    [reading(1, 10), false, '1 of 10 failed: not yet evidence (p = 0.02, needs 0.001)'],
    [reading(2, 30), false, '2 of 30 failed: not yet evidence (p = 0.002, needs 0.001)'],
    [reading(2, 10), true, '2 of 10 failed: evidence (p = 0.0002, needs 0.001)'],
    [reading(10, 10), true, '10 of 10 failed: evidence (p < 0.0001, needs 0.001)'],
    [reading(57, 1_410), true, '57 of 1,410 failed: evidence (p < 0.0001, needs 0.001)'],
    [reading(200, 1_000, 10), true, '200 of 1,000 failed, worth 2 of 10 independent ones: evidence (p = 0.0002, needs 0.001)'],
    [reading(0, 0), false, '0 of 0 failed: nothing to judge'],
  ])('judges %#', (long, passed, words) => {
    expect(weigh(long)).toMatchObject({ passed, words });
  });

  test('tolerates at most twice the budget, and at most half the factor', () => {
    // 30 of 10,000 is burn 3: evidence against 0.5 (tier 1) and 1.5 (tier 3) at 0.01, not against 2 (page tiers) at 0.001.
    expect([FAST, SLOW, TICKET_DAY, TICKET_SLOW].map((tier) => weigh(reading(30, 10_000), tier).passed)).toEqual([false, false, true, true]);
  });

  test('asks less of a ticket than of a page', () => {
    const long = reading(4, 300);
    expect(weigh(long, { ...FAST!, severity: 'page' }).passed).toBe(false);
    expect(weigh(long, { ...FAST!, severity: 'ticket' }).passed).toBe(true);
  });

  test('lets everything pass where the operator turned it off, and says so', () => {
    expect(weigh(reading(1, 10), FAST, { ...WORKBOOK_POLICY.evidence, enabled: false })).toMatchObject({ passed: true, words: '1 of 10 failed: taken as it is, the evidence gate is off' });
  });
});

describe('after an outage, which the long window proves for days', () => {
  const OUTAGE = reading(50, 2_160);
  const since = (short: WindowReading, tier = TICKET_DAY!): ReturnType<typeof weighEvidence> => weighEvidence({ long: OUTAGE, short: { ...short, windowMs: tier.shortMs }, tier, target: 0.999, policy: WORKBOOK_POLICY.evidence });

  test('a stray failure is no new alert, two together are', () => {
    expect(since(reading(1, 60))).toMatchObject({ passed: false, words: '50 of 2,160 failed: evidence (p < 0.001, needs 0.01); but 1 of 60 failed in the last 2h, as a healthy service may (p = 0.09, needs 0.05)' });
    expect(since(reading(2, 60)).passed).toBe(true);
    expect(since(reading(0, 60)).passed).toBe(false);
    expect(since(reading(0, 0)).passed).toBe(false);
  });

  test('the tier at 1x does not take a service that just meets its SLO for one that still fails', () => {
    // 7 of 3,600 is a burn of 1.9: likely below 0.5 only one time in four hundred, but one in thirty at 1.
    expect(since(reading(7, 3_600), TICKET_SLOW).passed).toBe(false);
    expect(since(reading(8, 3_600), TICKET_SLOW).passed).toBe(true);
  });

  test('one failure of one request is enough, also where errors come in bursts: a quiet service that is down must be told', () => {
    expect(since(reading(1, 1), FAST).passed).toBe(true);
    expect(since(reading(1, 1, 0.1), FAST).passed).toBe(true);
    expect(since(reading(3, 50, 5), FAST)).toMatchObject({ passed: true });
    expect(since(reading(3, 3_000, 300), SLOW)).toMatchObject({ passed: false });
  });
});

describe('effective events', () => {
  const sample = (parts: { good: number; goodWeight: number; bad: number; badWeight: number }): number => effectiveTotal({
    good: parts.good * parts.goodWeight, bad: parts.bad * parts.badWeight,
    goodSquared: parts.good * parts.goodWeight ** 2, badSquared: parts.bad * parts.badWeight ** 2, events: parts.good + parts.bad, unknownWeight: 0,
  });

  test('are the stored events where all weights are equal, however large', () => {
    expect(sample({ good: 98, goodWeight: 1, bad: 2, badWeight: 1 })).toBeCloseTo(100, 9);
    expect(sample({ good: 98, goodWeight: 100, bad: 2, badWeight: 100 })).toBeCloseTo(100, 9);
    expect(sample({ good: 0, goodWeight: 1, bad: 7, badWeight: 50 })).toBeCloseTo(7, 9);
    expect(sample({ good: 7, goodWeight: 50, bad: 0, badWeight: 1 })).toBeCloseTo(7, 9);
  });

  test('keep the evidence of errors that were all kept beside sampled successes', () => {
    // 10 failures at weight 1, 10 successes that stand for 1,000: Kish would say 10.2 events, of which 0.1 failed.
    const n = sample({ good: 10, goodWeight: 100, bad: 10, badWeight: 1 });
    expect(n * (10 / 1_010)).toBeGreaterThan(4);
    expect(n).toBeLessThan(1_010);
  });
});
