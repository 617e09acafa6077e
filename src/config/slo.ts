import type { Calendar } from './calendar.js';
import type { EventExclusion, Exclusion } from './exclusion.js';
import type { Location } from '../lib/problem.js';
import type { QuerySource } from './query-source.js';

export type { QuerySource } from './query-source.js';

/** A ratio of spans. Exactly one of `bad` and `good` is set; it is matched within `total`. */
export interface RatioIndicator {
  readonly total: QuerySource;
  readonly bad?: QuerySource;
  readonly good?: QuerySource;
  readonly weight: 'auto' | 'none' | { readonly attribute: string };
  /** An event is a whole trace that `total` finds a span of; `bad` or `good` are then asked of the trace. Absent: a span. */
  readonly unit?: 'trace';
  /** Attributes by whose values the events are also counted apart. */
  readonly groupBy?: readonly QuerySource[];
  /** Where events are not simply good or bad; `bad` or `good` then say which spans show what went wrong. */
  readonly measure?: Measure;
}

export type Measure =
  /** OpenSLO's raw ratio: each span carries the share of what it stands for that was good, or bad. */
  | { readonly kind: 'share'; readonly attribute: string; readonly of: 'good' | 'bad' }
  /** The mean duration of a slice against a limit: slices keep Σw as good and Σ w·duration/limit as bad. */
  | { readonly kind: 'mean'; readonly limitNs: number };

/** How events become good and bad: counted one by one where no method is set, else slice by slice. */
export type SliceMethod =
  /** A slice is good where at least `sliceTarget` of its events are; a slice without events is neither. */
  | { readonly kind: 'timeslices'; readonly sliceMinutes: number; readonly sliceTarget: number }
  /** Each slice counts as one, with the share of its good events. */
  | { readonly kind: 'ratio-timeslices'; readonly sliceMinutes: number }
  /** A slice is good where the mean of the durations is at most the limit of its indicator's measure. */
  | { readonly kind: 'mean-timeslices'; readonly sliceMinutes: number };

export type Severity = 'page' | 'ticket';

/** One row of a multiwindow, multi-burn-rate policy: fires when both windows burn faster than `factor` and the evidence gate agrees. */
export interface Tier {
  readonly severity: Severity;
  readonly longMs: number;
  readonly shortMs: number;
  /** Burn rate; budget share × period / long window. */
  readonly factor: number;
  /** So long both windows must have burned faster before it fires; absent: at once. */
  readonly afterMs?: number;
}

export interface BurnRatePolicy {
  readonly name: string;
  /** Fastest first. */
  readonly tiers: readonly Tier[];
  /** Off only when the operator says `evidence: off`. */
  readonly evidence: { readonly enabled: boolean; readonly burn: number; readonly significance: number };
  /** Alerts when the traces of the service have stopped, at this severity; absent: silence is shown, and tells nobody. */
  readonly whenStopped?: Severity;
}

/** One of several objectives that share a budget. */
export interface CompositePart {
  readonly slo: Slo;
  /** The whole burns at the burn rate of each part times its weight. */
  readonly weight: number;
}

/** One objective of an OpenSLO v1 document with everything it refers to resolved. */
export interface Slo {
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly service: string;
  /** Share of good events that is promised, in (0, 1). */
  readonly target: number;
  /** Rolling window; of a calendar window its usual length (a month: 30 days), by which factors are computed. */
  readonly windowMs: number;
  /** Set where the window begins with the calendar. */
  readonly calendar?: Calendar;
  /** OpenSLO's Timeslices and RatioTimeslices; absent for Occurrences. */
  readonly method?: SliceMethod;
  /** Of a composite objective that of its first part: `composite` says what is counted. */
  readonly indicator: RatioIndicator;
  /** Set where this objective is made of others, which are SLOs of their own as well. */
  readonly composite?: readonly CompositePart[];
  /** Of one group of an SLO: what tells its alert from those of others, whatever its labels look like. */
  readonly groupKey?: string;
  /** Name of the composite objective that this is a part of: alerts come from there. */
  readonly partOf?: string;
  readonly policy: BurnRatePolicy;
  /** Minutes that count for nothing; absent where there are none. */
  readonly exclusions?: readonly Exclusion[];
  /** Events that count for nothing; absent where there are none. */
  readonly excludedEvents?: readonly EventExclusion[];
  /** From the annotations `tocsin.dev/runbook` and `tocsin.dev/owner`. */
  readonly runbook?: string;
  readonly owner?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly at: Location;
}
