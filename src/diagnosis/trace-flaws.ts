import { isShareAbove } from '../budget/wilson.js';

/** What breaks traces, judged alike in the quality report and in the patterns of an incident. */

/** Further apart than this, two clocks mislead. */
const SKEW_MS = 5;
/** Fewer calls tell nothing of clocks. */
const FEW_ANSWERS = 10;
/** Fewer calls are no pattern. */
const FEW_CALLS = 5;
/** More than coincidence by this factor. */
const BEYOND_CHANCE = 3;
const MIN_SHARE = 0.05;

/** Calls whose trace breaks on the way, of all on that edge; `chance` is what coincidence alone brings together. */
export function isBrokenEdge({ broken, calls, chance }: { readonly broken: number; readonly calls: number; readonly chance: number }): boolean {
  return broken >= FEW_CALLS && broken > BEYOND_CHANCE * chance + 3 && broken >= MIN_SHARE * calls;
}

/** Calls between two hosts whose answer lies outside of them (`outside`, of `calls`), and how far the clocks are apart over all of them. */
export function isSkewed({ outside, calls, offsetMs }: { readonly outside: number; readonly calls: number; readonly offsetMs: number }): boolean {
  return calls >= FEW_ANSWERS && isShareAbove(outside, calls, MIN_SHARE) && Math.abs(offsetMs) >= SKEW_MS;
}

/** How far the clock of the answer is ahead of the caller's: an answer lies in the middle of its call, as NTP assumes. Milliseconds. */
export function clockOffsetMs(call: TimedSpan, answer: TimedSpan): number {
  const [start, end] = [answer.startNs - call.startNs, answer.startNs + BigInt(Math.round(answer.durationNs)) - call.startNs - BigInt(Math.round(call.durationNs))];
  return Number(start + end) / 2 / 1e6;
}

export interface TimedSpan {
  readonly startNs: bigint;
  readonly durationNs: number;
}
