import { DAY_MS, HOUR_MS } from '../lib/duration.js';
import type { Location } from '../lib/problem.js';

/** What a policy asks of a trace; all of a list have to hold. */
export type SamplingCondition = { readonly negated: boolean } & (
  /** The time from the first start to the last end. */
  | { readonly kind: 'latency'; readonly minMs: number; readonly maxMs: number | undefined }
  | { readonly kind: 'span-count'; readonly min: number; readonly max: number | undefined }
  /** A TraceQL search finds something in it. */
  | { readonly kind: 'query'; readonly text: string; readonly at: Location }
  /** A span has one of these members, like `vendor=value`, in its trace state. */
  | { readonly kind: 'trace-state'; readonly members: readonly string[] }
  /** A span has W3C's flag "sampled". */
  | { readonly kind: 'sampled-flag' }
);

export type SamplingAction =
  | { readonly kind: 'keep'; readonly probability: number }
  /** This share of them. */
  | { readonly kind: 'drop'; readonly probability: number }
  /** As many as fit into this rate, and no larger share of them than `probability`. */
  | { readonly kind: 'limit'; readonly unit: 'spans' | 'bytes'; readonly perSecond: number; readonly probability: number };

export interface SamplingPolicy {
  readonly name: string;
  /** Empty: every trace. */
  readonly conditions: readonly SamplingCondition[];
  readonly action: SamplingAction;
  readonly at: Location;
}

export interface SamplingRetention {
  readonly service?: string;
  readonly reason?: string;
  readonly maxAgeMs: number;
}

/** The `Sampling` document. */
export interface SamplingRules {
  /** What may be archived, on average; undefined: everything. */
  readonly budget: { readonly unit: 'spans' | 'bytes'; readonly perSecond: number } | undefined;
  /** So many times their share of the budget operations get while an SLO burns that counts spans of theirs. */
  readonly whileBurning: number;
  /** Share of the budget that is for normal traces, however many others there are. */
  readonly baseline: number;
  readonly errors: boolean;
  /** The slowest and fastest traces of an operation, as a share of them; 0: none. */
  readonly slow: number;
  readonly fast: number;
  /** Sets of services and operations that fewer of an operation's traces than this have. */
  readonly rare: number;
  /** An operation is new for so long. */
  readonly newForMs: number;
  readonly policies: readonly SamplingPolicy[];
  readonly retention: { readonly maxAgeMs: number; readonly maxBytes: number | undefined; readonly minFreeBytes: number; readonly rules: readonly SamplingRetention[] };
}

export const DEFAULT_SAMPLING: SamplingRules = {
  budget: { unit: 'spans', perSecond: 400 }, whileBurning: 4, baseline: 0.2, errors: true, slow: 0.01, fast: 0.001, rare: 0.001, newForMs: HOUR_MS, policies: [],
  retention: { maxAgeMs: 30 * DAY_MS, maxBytes: undefined, minFreeBytes: 1_073_741_824, rules: [] },
};
