import { binomialTail } from '../budget/binomial.js';
import type { SignatureCondition } from '../config/signature-rule.js';
import { DAY_MS, MINUTE_MS } from '../lib/duration.js';
import { formatPercent, formatSpan } from '../lib/format.js';
import { stateOf } from './signature-life.js';
import type { TrackedSignature } from './tracked-signature.js';

type CountOfMinutes = (fromMinute: number, toMinute: number) => number;

/** Failed requests of one signature by Unix minute, and of all. */
export interface SignatureHistory {
  readonly own: CountOfMinutes;
  readonly all: CountOfMinutes;
  readonly nowMs: number;
  /** Failures are counted up to here, a little before now. */
  readonly readToMs: number;
}

export interface SignatureVerdict {
  readonly firing: boolean;
  /** Why, with the numbers. */
  readonly words: string;
}

/** What a jump is compared with. */
const HISTORY_MS = DAY_MS;
/** With less history nothing has jumped: it is new, or Tocsin is. */
const MIN_HISTORY_WINDOWS = 3;

/** Whether the condition holds now. What a person resolved, ignored or merged never fires. */
export function judgeSignature(signature: TrackedSignature, condition: SignatureCondition, history: SignatureHistory): SignatureVerdict {
  const state = stateOf(signature, history.nowMs);
  const window = { fromMs: history.readToMs - condition.overMs, toMs: history.readToMs };
  const count = countIn(history.own, window);
  const seen = `${round(count)} failed ${plural(count)} in ${formatSpan(condition.overMs)}`;
  if (state === 'ignored' || state === 'linked' || state === 'resolved') return { firing: false, words: `it is ${state}` };
  switch (condition.kind) {
    case 'new': {
      const isNews = state === 'regressed' || (state === 'new' && !signature.wasThere);
      return { firing: isNews && count >= condition.atLeast, words: isNews ? `${state === 'new' ? 'never seen before' : 'it came back'}, ${seen}` : `known since ${formatSpan(history.nowMs - signature.firstSeenMs)}` };
    }
    case 'rate':
      return { firing: count > condition.above, words: `${seen}; it alerts above ${condition.above}` };
    case 'share': {
      const all = countIn(history.all, window);
      const share = all === 0 ? 0 : count / all;
      return { firing: count >= condition.atLeast && share > condition.above, words: `${seen}, ${formatPercent(share, 0)} of all that failed; it alerts above ${formatPercent(condition.above, 0)}` };
    }
    case 'jump':
      return judgeJump(condition, { count, seen, from: Math.floor(window.fromMs / MINUTE_MS), history, firstSeenMs: signature.firstSeenMs });
  }
}

/** Of the minute in which the window begins counts as much as lies in it: were windows whole minutes, a steady rate would rise and fall with each of them. */
function countIn(count: CountOfMinutes, { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number }): number {
  const from = Math.ceil(fromMs / MINUTE_MS);
  return count(from, Math.ceil(toMs / MINUTE_MS)) + (from - fromMs / MINUTE_MS) * count(from - 1, from);
}

interface JumpCounts {
  readonly count: number;
  readonly seen: string;
  /** The minute before which history ends. */
  readonly from: number;
  readonly history: SignatureHistory;
  readonly firstSeenMs: number;
}

/**
 * The exact conditional test of two Poisson counts: were its rate now at most `times` that of the day before, of all its failures at most so many
 * would fall into the window. Counts are divided by their over-dispersion among windows of that length: failures come in bursts.
 */
function judgeJump({ times, significance, overMs }: Extract<SignatureCondition, { kind: 'jump' }>, { count, seen, from, history, firstSeenMs }: JumpCounts): SignatureVerdict {
  if (count === 0) return { firing: false, words: seen };
  const minutes = overMs / MINUTE_MS;
  const windows = Math.floor(Math.min(HISTORY_MS, from * MINUTE_MS - firstSeenMs) / overMs);
  if (windows < MIN_HISTORY_WINDOWS) return { firing: false, words: `${seen}; it has no history to compare with yet` };
  const before = Array.from({ length: windows }, (_, index) => history.own(from - (index + 1) * minutes, from - index * minutes));
  const past = before.reduce((sum, each) => sum + each, 0);
  const mean = past / windows;
  const dispersion = mean === 0 ? 1 : Math.max(1, before.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (windows - 1) / mean);
  const expected = times / (times + windows);
  const pValue = binomialTail(count / dispersion, (count + past) / dispersion, expected);
  return { firing: count > times * mean && pValue < significance, words: `${seen}, ${mean === 0 ? 'none' : Number(mean.toPrecision(2))} as a rule; it alerts above ${times} times that, where chance is ruled out (p = ${pValue.toPrecision(1)})` };
}

function round(count: number): number {
  return count >= 10 ? Math.round(count) : Math.round(count * 10) / 10;
}

function plural(count: number): string {
  return round(count) === 1 ? 'request' : 'requests';
}
