import type { Location } from '../lib/problem.js';
import type { WallMs } from '../lib/time-zone.js';
import type { QuerySource } from './query-source.js';
import type { Recurrence } from './recurrence.js';

/** When it is excluded: whole minutes, [from, to). */
export type ExclusionWindow =
  | { readonly kind: 'once'; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: 'recurring'; readonly recurrence: Recurrence; readonly startWallMs: WallMs; readonly durationMs: number; readonly timeZone: string };

/** Minutes whose events count for no budget and no alert, with who wanted it so and why. */
export interface Exclusion {
  readonly name: string;
  readonly by: string;
  readonly reason: string;
  readonly window: ExclusionWindow;
}

/** Events that count for no budget and no alert from when the rule is in force; they are counted apart. */
export interface EventExclusion {
  readonly name: string;
  readonly by: string;
  readonly reason: string;
  /** Matched within the total of the SLO. */
  readonly match: QuerySource;
  /** By the time at which their spans ended: [fromMs, toMs), open where it is undefined. */
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
}

export type ExclusionRule = (Exclusion | EventExclusion) & ExclusionScope;

export interface ExclusionScope {
  /** Names of SLO documents, of which each objective is meant, and of services; both empty: every SLO. */
  readonly slos: readonly string[];
  readonly services: readonly string[];
  readonly at: Location;
}
