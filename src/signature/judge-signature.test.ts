import { describe, expect, test } from 'vitest';
import type { SignatureCondition } from '../config/signature-rule.js';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../lib/duration.js';
import type { TraceId } from '../lib/ids.js';
import { judgeSignature } from './judge-signature.js';
import type { TrackedSignature } from './tracked-signature.js';

const NOW = 1_000_000 * MINUTE_MS;
const MINUTE = NOW / MINUTE_MS;

function signature(changes: Partial<TrackedSignature> = {}): TrackedSignature {
  const traceId = 'a'.repeat(32) as TraceId;
  return {
    id: 'v2:1', type: 'Declined', message: 'card <int>', service: 'payment', operation: 'charge', frames: [], firstSeenMs: NOW - 10 * DAY_MS, lastSeenMs: NOW, total: 1, wasThere: false, operations: {}, versions: {}, tenants: {},
    example: { traceId, text: '', stack: '' }, firstTraceId: traceId, earlierIds: [], laterIds: [], ...changes,
  };
}

/** So many failures in each minute, by how many whole minutes ago. */
function verdict(condition: SignatureCondition, perMinute: (ago: number) => number, changes: Partial<TrackedSignature> = {}): ReturnType<typeof judgeSignature> {
  const sum = (from: number, to: number): number => Array.from({ length: to - from }, (_, index) => perMinute(MINUTE - 1 - from - index)).reduce((total, each) => total + each, 0);
  return judgeSignature(signature(changes), condition, { own: sum, all: (from, to) => sum(from, to) * 4, nowMs: NOW, readToMs: NOW });
}

const fresh: SignatureCondition = { kind: 'new', atLeast: 2, overMs: 5 * MINUTE_MS };
const jump: SignatureCondition = { kind: 'jump', times: 3, significance: 0.001, overMs: 5 * MINUTE_MS };
const steady = (now: number) => (ago: number): number => (ago < 5 ? now : 1);

describe('a signature rule', () => {
  test.each<[string, SignatureCondition, (ago: number) => number, Partial<TrackedSignature>, boolean]>([
    ['new: seen for the first time', fresh, () => 1, { firstSeenMs: NOW - MINUTE_MS }, true],
    ['new: once only', fresh, (ago) => (ago === 0 ? 1 : 0), { firstSeenMs: NOW - MINUTE_MS }, false],
    ['new: it was there before Tocsin', fresh, () => 1, { firstSeenMs: NOW - MINUTE_MS, wasThere: true }, false],
    ['new: it is old', fresh, () => 9, {}, false],
    ['new: it came back', fresh, () => 1, { regressedAtMs: NOW - HOUR_MS }, true],
    ['new: ignored', fresh, () => 9, { firstSeenMs: NOW - MINUTE_MS, decision: { kind: 'ignored', by: 'ann', atMs: NOW } }, false],
    ['rate: above', { kind: 'rate', above: 4, overMs: 5 * MINUTE_MS }, () => 1, {}, true],
    ['rate: at the limit', { kind: 'rate', above: 5, overMs: 5 * MINUTE_MS }, () => 1, {}, false],
    ['share: a quarter is more than a fifth', { kind: 'share', above: 0.2, atLeast: 5, overMs: 5 * MINUTE_MS }, () => 1, {}, true],
    ['share: of too few', { kind: 'share', above: 0.2, atLeast: 6, overMs: 5 * MINUTE_MS }, () => 1, {}, false],
    ['jump: ten times its rate', jump, steady(10), {}, true],
    ['jump: three times its rate may be chance', jump, steady(3.2), {}, false],
    ['jump: bursts that are usual', jump, (ago) => (Math.floor(ago / 5) % 10 === 0 ? 10 : 0), {}, false],
    ['jump: without a history it is news, not a jump', jump, steady(10), { firstSeenMs: NOW - 12 * MINUTE_MS }, false],
    ['jump: resolved by a person', jump, steady(10), { decision: { kind: 'resolved', by: 'ann', atMs: NOW } }, false],
  ])('%s', (_name, condition, perMinute, changes, firing) => {
    expect(verdict(condition, perMinute, changes).firing).toBe(firing);
  });

  test('says why with its numbers', () => {
    expect(verdict(jump, steady(10)).words).toBe('50 failed requests in 5 min, 5 as a rule; it alerts above 3 times that, where chance is ruled out (p = 1e-12)');
    expect(verdict({ kind: 'rate', above: 4, overMs: 5 * MINUTE_MS }, () => 1).words).toBe('5 failed requests in 5 min; it alerts above 4');
    expect(verdict({ kind: 'share', above: 0.2, atLeast: 5, overMs: 5 * MINUTE_MS }, () => 1).words).toBe('5 failed requests in 5 min, 25 % of all that failed; it alerts above 20 %');
    expect(verdict(fresh, () => 1, { firstSeenMs: NOW - MINUTE_MS }).words).toBe('never seen before, 5 failed requests in 5 min');
  });

  test('of a steady rate says the same at every second: whole minutes would let it end and begin anew with each of them', () => {
    const perSecond = 10 / 60;
    const verdicts = Array.from({ length: 120 }, (_, second) => {
      const [nowMs, readToMs] = [NOW + second * SECOND_MS, NOW + (second - 15) * SECOND_MS];
      const own = (from: number, to: number): number => Math.max(0, Math.min(to * MINUTE_MS, readToMs) - from * MINUTE_MS) / SECOND_MS * perSecond;
      return (above: number, minutes: number): boolean => judgeSignature(signature(), { kind: 'rate', above, overMs: minutes * MINUTE_MS }, { own, all: own, nowMs, readToMs }).firing;
    });
    for (const [above, minutes, firing] of [[9, 1, true], [11, 1, false], [48, 5, true], [52, 5, false]] as const) expect(new Set(verdicts.map((fires) => fires(above, minutes)))).toEqual(new Set([firing]));
  });
});
