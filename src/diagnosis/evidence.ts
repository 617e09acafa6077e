import type { TraceId, SpanId } from '../lib/ids.js';
import type { CulpritOperation, CulpritResource } from './culprit/suspect.js';
import type { PatternFinding } from './pattern/pattern.js';
import type { Snapshot } from './snapshot.js';
import type { ErrorSignature } from '../signature/error-signature.js';

export type TraceRole = 'most-common' | 'first' | 'slowest' | 'newest' | 'healthy';

/** A trace that stands for others, and why a person should open this one. */
export interface RepresentativeTrace {
  readonly traceId: TraceId;
  /** The bad (or, for the healthy twin, matching good) event itself. */
  readonly spanId: SpanId;
  readonly role: TraceRole;
  /** One sentence: "Most common failure: 41 of 57 failed like this". */
  readonly reason: string;
  /** Weighted share of the bad events looked at that went wrong in the same way; absent for the healthy twin, and in evidence of older versions. */
  readonly share?: number;
  /** Equal for events that went wrong in the same way at the same place; absent for the healthy twin, and in evidence of older versions. */
  readonly key?: string;
  /** Traces that show the same and are the first or the slowest: named beside it. Absent where there are none. */
  readonly alike?: readonly AlikeTrace[];
  readonly rootService: string;
  readonly rootName: string;
  /** Start of the trace, Unix milliseconds. */
  readonly startMs: number;
  readonly durationNs: number;
}

/** A trace that shows the same as another, and what there is to say of it. */
export interface AlikeTrace {
  readonly traceId: TraceId;
  readonly spanId: SpanId;
  /** Start of the event, Unix milliseconds. */
  readonly startMs: number;
  /** One sentence without its full stop: "The first of these was at 2026-11-20 14:03:07 UTC". */
  readonly words: string;
}

/** Where bad events began, those that went wrong in the same way together. */
export interface Origin {
  readonly service: string;
  readonly operation: string;
  /** Set where `service` sent no span itself: who called it. */
  readonly caller?: string;
  /** Of such a service: where it was called, if all of these events called the same. Absent in evidence of older versions. */
  readonly address?: string;
  readonly kind: 'failed' | 'slow';
  /** Equal for events that went wrong in the same way at the same place, in whatever SLO they are seen. */
  readonly key: string;
  /** What failed, for people; undefined for slow ones. */
  readonly what?: string;
  /** Events of those examined. */
  readonly count: number;
}

/** Bad events charged to where they began. */
export interface LedgerRow {
  /** Empty in the last row, which stands for all others. */
  readonly service: string;
  readonly operation: string;
  /** `service.version`; empty where none was sent. */
  readonly version: string;
  /** `region=eu-2`; absent where the SLO does not count by groups, and in the last row. */
  readonly group?: string;
  /** Bad events that were looked at. */
  readonly events: number;
  /** Of all of them, weighted. */
  readonly share: number;
  /** The part of the whole budget that these used up in the window; undefined where the budget is not known. */
  readonly budget: number | undefined;
}

/** What failing traces have and healthy ones have not. Shares are weighted. */
export interface CohortDifference {
  /** One value, or two that matter together. `service` is empty for the event itself. */
  readonly items: readonly { readonly service: string; readonly attribute: string; readonly value: string }[];
  readonly badShare: number;
  readonly healthyShare: number;
  /** Failing traces that have it. */
  readonly support: number;
  /** Traces that the shares are of, on either side; absent in evidence of older versions. */
  readonly badOf?: number;
  readonly healthyOf?: number;
  /** Undefined where no healthy trace has it. */
  readonly lift: number | undefined;
  /** Difference of the shares with its 95 % interval. */
  readonly effect: { readonly difference: number; readonly low: number; readonly high: number };
  readonly pValue: number;
  /** The rate of false discoveries at which it is just believed. */
  readonly qValue: number;
  /** So many other values are on exactly the same traces. */
  readonly same: number;
  readonly words: string;
}

/** The proof attached to an alert, taken from the traces that really made the budget burn. Frozen when the page opens; what opened with very few bad events is completed once, within the first minutes. */
export interface Evidence {
  readonly takenAtMs: number;
  /** Bad events in the firing tier's long window, as stored (unweighted), and how many of them were looked at. */
  readonly badEvents: number;
  readonly examined: number;
  readonly traces: readonly RepresentativeTrace[];
  /** The most common one; undefined when the bad events are slow, not failed. */
  readonly signature: ErrorSignature | undefined;
  /** One sentence naming the service and operation where the failures start; undefined when the traces do not say. */
  readonly suspect: string | undefined;
  /** The place that sentence names. */
  readonly suspectPlace?: { readonly service: string; readonly operation: string };
  /** The most frequent ones first; undefined in what was stored before they were. */
  readonly origins?: readonly Origin[];
  /** Who burned the budget, most first; the shares add up to 1. Absent in evidence of older versions. */
  readonly ledger?: readonly LedgerRow[];
  /** All that failing traces have and healthy ones have not, the largest difference first; absent in evidence of older versions. */
  readonly comparison?: readonly CohortDifference[];
  /** Operations and resources that explain the bad traces, beside healthy ones; absent where there was nothing to compare with, and in evidence of older versions. */
  readonly explainedBy?: { readonly operations: readonly CulpritOperation[]; readonly resources: readonly CulpritResource[] };
  /** Known patterns of trouble in the bad traces, those that set them apart from healthy ones first; absent in evidence of older versions. */
  readonly patterns?: readonly PatternFinding[];
  /** What was around it: since when, what was changed, who called whom. Absent where there was no time for it, and in evidence of older versions. */
  readonly snapshot?: Snapshot;
  /** The attribute value most over-represented among the bad events; shares are of the traces looked at. */
  readonly cohort?: { readonly attribute: string; readonly value: string; readonly badShare: number; readonly healthyShare: number };
}
