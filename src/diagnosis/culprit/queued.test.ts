import { describe, expect, test } from 'vitest';
import { buildSpan } from '../../signature/span-builder.js';
import { rankSuspects } from './rank-suspects.js';
import type { CulpritSuspect } from './suspect.js';
import type { Traffic } from './traffic.js';

/** shop sends a message, which mailer takes after a while and then works on for 30 to 49 ms. */
interface Queue {
  readonly trace: string;
  readonly waitMs: (index: number) => number;
  readonly sendMs?: number;
  /** How far the clock of mailer is behind. */
  readonly behindMs?: number;
}

const REQUESTS = 40;

function messages({ trace, waitMs, sendMs = 1, behindMs = 0 }: Queue): Traffic {
  const spans = Array.from({ length: REQUESTS }, (_, index) => {
    const own = { trace: `${trace}${index}`, service: 'shop', startMs: 10_000 + index * 1_000 };
    const taken = { ...own, service: 'mailer', startMs: own.startMs + 5 + waitMs(index) - behindMs };
    return [
      buildSpan({ ...own, id: `s${index}`, name: 'POST /order', kind: 'server', durationMs: 10 + sendMs }),
      buildSpan({ ...own, id: `p${index}`, parent: `s${index}`, name: 'mails publish', kind: 'producer', startMs: own.startMs + 5, durationMs: sendMs }),
      buildSpan({ ...taken, id: `c${index}`, parent: `p${index}`, name: 'mails process', kind: 'consumer', durationMs: workMs(index) }),
    ];
  });
  return { spans: spans.flat(), logs: [] };
}

const workMs = (index: number): number => 30 + (index % 20);
const usualMs = (index: number): number => 10 + (index % 20);
const calm = (changes: Partial<Queue> = {}): Traffic => messages({ trace: 'b', waitMs: usualMs, ...changes });
const suspectsOf = (baseline: Traffic, incident: Traffic): readonly CulpritSuspect[] => rankSuspects(baseline, incident).suspects;

describe('messages that pile up', () => {
  test('are charged to who takes them, with how long they waited', () => {
    const [first, ...others] = suspectsOf(calm(), messages({ trace: 'i', waitMs: (index) => 4_000 + usualMs(index) }));
    expect(first).toMatchObject({ service: 'mailer', operation: 'mails process', strength: 'strong' });
    expect(first?.reason).toBe('40 of 40 requests of mailer mails process are of messages that waited for it: 4.02 s where 19 ms is usual (2 of 40 in the baseline, like with like by call path)');
    expect(others).toEqual([]);
  });

  test('matter as far as the wait is part of the whole: the request and the wait together', () => {
    const scoreAt = (extraMs: number): number => suspectsOf(calm(), messages({ trace: 'i', waitMs: (index) => extraMs + usualMs(index) }))[0]?.score ?? 0;
    const lostMs = (extraMs: number, index: number): number => extraMs + usualMs(index) - 19;
    const shareAt = (extraMs: number): number => Array.from({ length: REQUESTS }, (_, index) => lostMs(extraMs, index) / (workMs(index) + lostMs(extraMs, index))).reduce((sum, share) => sum + share, 0);
    expect(scoreAt(30) / scoreAt(270)).toBeCloseTo(shareAt(30) / shareAt(270), 10);
  });

  test('are told from a consumer that works slowly, which its queue need not feel', () => {
    const slow = messages({ trace: 'i', waitMs: usualMs });
    const spans = slow.spans.map((span) => (span.kind === 'consumer' ? { ...span, durationNs: span.durationNs * 20 } : span));
    expect(suspectsOf(calm(), { spans, logs: [] })[0]?.reason).toContain('spend their time in its own work');
  });

  test('say nothing where they were taken before they were sent: the clocks contradict each other', () => {
    expect(suspectsOf(calm({ behindMs: 60 }), messages({ trace: 'i', waitMs: usualMs, behindMs: 5_000 }))).toEqual([]);
    expect(suspectsOf(calm({ behindMs: 5_000 }), messages({ trace: 'i', waitMs: (index) => 4_000 + usualMs(index), behindMs: 5_000 }))).toEqual([]);
  });
});
