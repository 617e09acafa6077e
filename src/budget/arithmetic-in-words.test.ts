import { describe, expect, test } from 'vitest';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { headline, tierInWords, windowName } from './arithmetic-in-words.js';
import type { WindowReading } from './readings.js';
import { failuresAllowed, failuresToFire, sizingWarnings } from './sizing.js';
import { WORKBOOK_POLICY, buildSlo } from './slo-builder.js';
import type { SloStatus } from './slo-status.js';

const window = (windowMs: number, burnRate: number | undefined): WindowReading =>
  ({ windowMs, bad: 0, total: 0, effectiveTotal: 0, errorRatio: burnRate === undefined ? undefined : burnRate / 1_000, burnRate });

function status(burn: number | undefined, parts: Partial<SloStatus>): SloStatus {
  const tiers = WORKBOOK_POLICY.tiers.map((tier) => ({
    tier, long: window(tier.longMs, burn), short: window(tier.shortMs, burn), exceeded: false, evidence: { passed: false, pValue: 1, words: '' }, firing: false,
  }));
  return {
    slo: 'checkout', atMs: 0, sli: 0.999, confidence: undefined, errorBudgetRemaining: 0.71, projectedBudgetRemaining: undefined, young: false, historyMs: 9 * DAY_MS,
    burnRates: {}, tiers, state: 'ok', firing: undefined, exhaustionMs: undefined, coverage: 1, unknownWeightShare: 0, ...parts,
  };
}

describe('the arithmetic in words', () => {
  test.each<[string, SloStatus]>([
    ['burning 21x with 71 % of the 30-day budget left: gone in 24 h', status(21, { exhaustionMs: (0.71 * 30 * DAY_MS) / 21 })],
    ['burning 0.4x with 71 % of the 30-day budget left', status(0.4, {})],
    ['71 % of the 30-day budget left', status(0, {})],
    ['71 % of the 30-day budget left', status(undefined, {})],
    ['burning 21x with the 30-day budget overspent by 34 %', status(21, { errorBudgetRemaining: -0.34, exhaustionMs: 0 })],
    ['the 30-day budget is overspent by 34 %', status(0, { errorBudgetRemaining: -0.34 })],
    ['burning 2x with the 30-day budget spent', status(2, { errorBudgetRemaining: 0, exhaustionMs: 0 })],
    ['99.97 % of the 30-day budget left', status(0, { errorBudgetRemaining: 0.9997 })],
    ['0.4 % of the 30-day budget left', status(0, { errorBudgetRemaining: 0.004 })],
    ['no requests in the last 30 days: nothing to measure', status(undefined, { errorBudgetRemaining: undefined })],
    [
      'burning 21x with 98 % of the projected 30-day budget left: gone in 34 h (young service: 40 min of history)',
      status(21, { errorBudgetRemaining: -19, projectedBudgetRemaining: 0.98, young: true, historyMs: 40 * MINUTE_MS, exhaustionMs: (0.98 * 30 * DAY_MS) / 21 }),
    ],
  ])('%s', (words, reading) => {
    expect(headline(reading, buildSlo())).toBe(words);
  });

  test('explain a tier by what it would spend', () => {
    expect(tierInWords(status(21, {}).tiers[0]!, buildSlo())).toBe('21x over 1h and 21x over 5m; 14.4x would spend 2 % of the 30-day budget in 60 min');
  });

  test('name windows as people do', () => {
    expect([30 * DAY_MS, 12 * HOUR_MS, 90 * MINUTE_MS].map(windowName)).toEqual(['30-day', '12-hour', '1h30m']);
  });
});

describe('the size of a budget', () => {
  test.each([
    [0.999, 10, '10 requests an hour at 99.9 % allow 7 failures in 30 days', true],
    [0.999, 1, '1 request an hour at 99.9 % allows no failure at all in 30 days', true],
    [0.99, 600, '600 requests an hour at 99 % allow 4,320 failures in 30 days', false],
    [0.9995, 3, '3 requests an hour at 99.95 % allow 1 failure in 30 days', true],
  ])('at %d and %d requests an hour', (target, requestsPerHour, sentence, tooFew) => {
    expect(failuresAllowed({ target, requestsPerHour, windowMs: 30 * DAY_MS })).toMatchObject({ sentence, tooFew });
  });

  test('says how many failures a tier needs, and when even an outage cannot fire it', () => {
    const at = (requestsPerHour: number, target = 0.999): (number | undefined)[] =>
      WORKBOOK_POLICY.tiers.map((tier) => failuresToFire(tier, WORKBOOK_POLICY.evidence, { target, requestsPerHour, windowMs: 30 * DAY_MS }));
    expect(at(30)).toEqual([3, 4, 5, 5]);
    expect(at(0.5)).toEqual([undefined, 2, 2, 2]);
    expect(at(600, 0.9)).toEqual([undefined, 2_161, 4_321, 4_321]);
  });
});

describe('what the traffic means for an SLO', () => {
  test('is said where the target is too tight for it, and where a tier can never be proven', () => {
    expect(sizingWarnings(buildSlo(), 600)).toEqual([]);
    expect(sizingWarnings(buildSlo(), 10)).toEqual(['10 requests an hour at 99.9 % allow 7 failures in 30 days: the target is too tight for the traffic']);
    expect(sizingWarnings(buildSlo(), 0.5)).toEqual([
      '0.5 requests an hour at 99.9 % allow no failure at all in 30 days: the target is too tight for the traffic',
      'at 0.5 requests an hour not even a total outage is evidence for the page over 1h and 5m',
    ]);
  });
});
