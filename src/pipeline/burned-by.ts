import type { EventCriteria } from './evidence-reader.js';

/** Who asks what of the stored events of one SLO. */
export interface BurnedByQuery {
  readonly criteria: EventCriteria;
  /** Event time, Unix milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Events of one operation of one version of a service, weighted, as far as their spans are stored. */
export interface BurnedBy {
  readonly service: string;
  /** `service.version`; empty where none was sent. */
  readonly version: string;
  readonly operation: string;
  readonly bad: number;
  readonly total: number;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}

/** A bad event that stands for those around it. */
export interface BadExemplar {
  readonly traceId: string;
  readonly spanId: string;
  readonly service: string;
  readonly operation: string;
  readonly endMs: number;
  readonly durationNs: number;
}

/** Port: the events of an SLO by version and operation, and one by one. */
export interface BurnedByReader {
  /** Most bad events first, at most BURNED_BY_LIMIT rows. */
  burnedBy(query: BurnedByQuery): Promise<readonly BurnedBy[]>;
  /** The one that took longest of each step, oldest first. */
  badExemplars(query: BurnedByQuery & { readonly stepMs: number }): Promise<readonly BadExemplar[]>;
}

/** More combinations than this are noise; the rest is left out. */
export const BURNED_BY_LIMIT = 500;
