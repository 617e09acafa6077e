import type { TimeWindow } from './time-window.js';

/** Rate, errors and duration of requests (SERVER and CONSUMER spans; CLIENT spans would count retries twice). */
export interface RequestSummary {
  readonly requests: number;
  readonly errors: number;
  readonly perSecond: number;
  /** Undefined without requests. */
  readonly errorRatio: number | undefined;
  readonly p50Ns: number | undefined;
  readonly p95Ns: number | undefined;
  readonly p99Ns: number | undefined;
}

/** How long what a rate is of was there. */
export interface Seen {
  /** All of the window, or since it appeared in it: who asks for the last hour of a service of five minutes wants the rate of these. */
  readonly seenMs: number;
}

export interface ServiceSummary extends RequestSummary, Seen {
  readonly service: string;
  /** One point per minute of the window, oldest first, without gaps. */
  readonly sparkline: readonly { readonly requests: number; readonly errors: number }[];
}

export interface OperationSummary extends RequestSummary, Seen {
  readonly operation: string;
}

export interface ServicePoint extends RequestSummary {
  readonly atMs: number;
}

export interface ServiceReader {
  /** Busiest first. */
  services(window: TimeWindow): Promise<readonly ServiceSummary[]>;
  /** Busiest first; empty for a service that is not known in the window. */
  operations(service: string, window: TimeWindow): Promise<readonly OperationSummary[]>;
  /** The service over time, one point per step, without gaps. */
  series(service: string, window: TimeWindow): Promise<readonly ServicePoint[]>;
}
