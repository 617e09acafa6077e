/** A bad event that stands for its slice: what an exemplar of the metrics points to. Told to those who listen to commits, not stored. */
export interface BadEventReference {
  readonly traceId: string;
  readonly spanId: string;
  /** Event time. */
  readonly atMs: number;
}

/**
 * Counts of one SLO in one minute. Additive: each commit adds its deltas. Keyed by event minute and arrival minute
 * (Unix minutes), so that a backtest can replay what was known when.
 */
export interface SloSlice {
  /** `Slo.name` and the revision of its indicator: `checkout-availability@3f2a9c01`. */
  readonly sliceKey: string;
  readonly eventMinute: number;
  readonly arrivalMinute: number;
  /** Σw of good and of bad events. */
  good: number;
  bad: number;
  /** Σw² of good and of bad events: variance of the estimate. */
  goodSquared: number;
  badSquared: number;
  /** Events as stored, unweighted. */
  events: number;
  /** Of those, events whose weight was not known and taken as 1. */
  unknownWeight: number;
  /** The newest bad event of the batch. */
  lastBad?: BadEventReference;
}

/** Rate, errors and duration of one operation in one minute; one row per latency bucket, so that rows merge by sum. */
export interface RedSlice {
  readonly service: string;
  readonly operation: string;
  /** OTLP number, see SPAN_KINDS. */
  readonly kind: number;
  readonly eventMinute: number;
  readonly arrivalMinute: number;
  /** Index of the latency bucket: ceil(log_γ(duration in ns)), see latency-bucket.ts. */
  readonly bucket: number;
  /** Σw of spans, and of those with status error. */
  spans: number;
  errors: number;
  /** Σ w·duration. */
  durationNs: number;
  /** Σw² of both: how many independent requests they are worth. */
  spansSquared: number;
  errorsSquared: number;
}

/** How a call got from one service to another. */
export const EDGE_KINDS = ['call', 'messaging', 'database', 'external'] as const;
export type EdgeKind = (typeof EDGE_KINDS)[number];

/** Calls from one service to another in one minute; one row per latency bucket, so that rows merge by sum. */
export interface GraphSlice {
  readonly client: string;
  /** A service; of `database` and `external` edges, which have no spans of their own, what the client calls it. */
  readonly server: string;
  readonly kind: EdgeKind;
  readonly eventMinute: number;
  readonly arrivalMinute: number;
  /** Coarse latency bucket of the server's duration; of the client's where the server has no span. */
  readonly bucket: number;
  /** Σw of calls, and of those that either side calls failed. */
  calls: number;
  failed: number;
  /** Σ w·duration of either side; the client's minus the server's is the way between them. */
  clientNs: number;
  serverNs: number;
}
