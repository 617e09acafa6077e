import type { Origin } from '../diagnosis/evidence.js';
import type { AlertId, IncidentId, SpanId, TraceId } from '../lib/ids.js';

/** What is known of where one SLO's bad events begin. */
export interface CauseSubject {
  readonly slo: string;
  /** Its display name; absent in what older versions stored. */
  readonly title?: string;
  readonly service: string;
  /** Bad events that were looked at. */
  readonly examined: number;
  /** All that there were; absent in what older versions stored. */
  readonly badEvents?: number;
  readonly origins: readonly Origin[];
}

/** How many of an SLO's bad events the common cause explains. */
export interface CauseShare {
  readonly slo: string;
  readonly title?: string;
  readonly explained: number;
  readonly examined: number;
  /** Wilson's lower bound of the share, 95 %. */
  readonly low: number;
  /** No sample: these are all bad events that the alert began with, and the cause explains every one. */
  readonly all?: true;
}

/** Two conditions that traces show to have one cause, and what shows it. */
export interface Cause {
  /** `same-origin`: their bad events begin at the same place in the same way. `upstream`: those of one begin in the service that the other is about. `person`: somebody says so. */
  readonly rule: 'same-origin' | 'upstream' | 'person';
  readonly place: { readonly service: string; readonly operation: string } | undefined;
  readonly shares: readonly CauseShare[];
  /** One sentence. */
  readonly words: string;
}

/** A cause as the incident keeps it: which alerts it brought, and the proof. */
export interface CauseLink extends Cause {
  readonly atMs: number;
  readonly alertIds: readonly AlertId[];
  /** The incident that these alerts had before; undefined where none was opened for them. */
  readonly from: IncidentId | undefined;
  /** So that what has the same cause as they have finds its way here too. */
  readonly subject: CauseSubject | undefined;
  /** Traces of their bad events, the most telling first. */
  readonly traces: readonly { readonly traceId: TraceId; readonly spanId: SpanId }[];
}
