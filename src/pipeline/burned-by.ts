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

/** Port: the events of an SLO by version and operation. */
export interface BurnedByReader {
  /** Most bad events first, at most BURNED_BY_LIMIT rows. */
  burnedBy(query: BurnedByQuery): Promise<readonly BurnedBy[]>;
}

/** More combinations than this are noise; the rest is left out. */
export const BURNED_BY_LIMIT = 500;
