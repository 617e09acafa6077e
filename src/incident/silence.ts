import { buildMatcher, matches, matchesAll, type LabelMatcher } from '../lib/label-matcher.js';
import type { SilenceId } from '../lib/ids.js';
import { isWithinAny, type TimeInterval } from '../lib/time-interval.js';
import type { Labels } from './incident.js';

/** Alertmanager's shape, because `amtool` speaks it. */
export interface SilenceMatcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  readonly isEqual: boolean;
}

/** Alerts with these labels tell nobody between two moments; recurring ones only within their intervals. */
export interface Silence {
  readonly id: SilenceId;
  /** All must match. */
  readonly matchers: readonly SilenceMatcher[];
  readonly startsAtMs: number;
  /** Exclusive. Every silence ends. */
  readonly endsAtMs: number;
  readonly updatedAtMs: number;
  readonly createdBy: string;
  readonly comment: string;
  /** Only in these times; undefined: all the time. */
  readonly recurring?: readonly TimeInterval[];
  /** The end that its reminder was sent for. */
  readonly remindedOfMs?: number;
}

export type SilenceState = 'pending' | 'active' | 'expired';

export function silenceState({ startsAtMs, endsAtMs }: Pick<Silence, 'startsAtMs' | 'endsAtMs'>, nowMs: number): SilenceState {
  if (nowMs >= endsAtMs) return 'expired';
  return nowMs < startsAtMs ? 'pending' : 'active';
}

/** Whether it keeps anybody quiet at this moment. */
export function isInForce(silence: Silence, nowMs: number): boolean {
  return silenceState(silence, nowMs) === 'active' && (silence.recurring === undefined || isWithinAny(silence.recurring, nowMs));
}

const compiled = new WeakMap<Silence, readonly LabelMatcher[] | undefined>();

export function silences(silence: Silence, labels: Labels): boolean {
  const matchers = matchersOf(silence);
  return matchers !== undefined && matchesAll(matchers, labels);
}

/** Compiled once; undefined where one cannot be compiled, and then the silence matches nothing. */
function matchersOf(silence: Silence): readonly LabelMatcher[] | undefined {
  if (!compiled.has(silence)) {
    const built = silence.matchers.map((matcher) => compileMatcher(matcher));
    compiled.set(silence, built.every((matcher) => matcher.ok) ? built.flatMap((matcher) => (matcher.ok ? [matcher.value] : [])) : undefined);
  }
  return compiled.get(silence);
}

export function compileMatcher({ name, value, isRegex, isEqual }: SilenceMatcher): ReturnType<typeof buildMatcher> {
  return buildMatcher({ name, value, operator: isRegex ? (isEqual ? '=~' : '!~') : isEqual ? '=' : '!=' });
}

/** Alertmanager's rule: at least one matcher must need something to be there, or a typing mistake silences everything. */
export function matchesEverything(matchers: readonly SilenceMatcher[]): boolean {
  return matchers.every((matcher) => {
    const built = compileMatcher(matcher);
    return built.ok && matches(built.value, {});
  });
}

/** Those in force, for one moment, as the alerts of a tick ask them. */
export class SilencesInForce {
  readonly #inForce: readonly Silence[];

  constructor(all: readonly Silence[], nowMs: number) {
    this.#inForce = all.filter((silence) => isInForce(silence, nowMs));
  }

  of(labels: Labels): readonly Silence[] {
    return this.#inForce.length === 0 ? [] : this.#inForce.filter((silence) => silences(silence, labels));
  }
}
