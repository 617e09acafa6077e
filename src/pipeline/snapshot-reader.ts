import type { RecordedChange, SeenVersion } from '../diagnosis/nearby-changes.js';
import type { SnapshotEdge } from '../diagnosis/snapshot.js';
import type { EventWindow } from './evidence-reader.js';

/** More services than these are not what an incident is about. */
export const SNAPSHOT_SERVICES = 20;
/** Edges kept: what is drawn of a graph in a postmortem. */
export const SNAPSHOT_EDGES = 40;

/** Requests of some operations in one minute, weighted. */
export interface OperationMinute {
  readonly minute: number;
  readonly requests: number;
  /** Sum of the squared weights. */
  readonly squared: number;
  /** Failed, or slower than was asked for. */
  readonly bad: number;
}

/** Port: what was around an incident. */
export interface SnapshotReader {
  /** Versions of these services, by the first span of each that ended in the window. */
  versions(services: readonly string[], window: EventWindow): Promise<readonly SeenVersion[]>;
  /** Calls to and from these services, those with most failures first, at most SNAPSHOT_EDGES. */
  graph(services: readonly string[], window: EventWindow): Promise<readonly SnapshotEdge[]>;
  /** By minute, those without requests left out. Bad are those beyond the latency bucket, or where there is none those that failed. */
  operationMinutes(operations: readonly { readonly service: string; readonly operation: string }[], window: EventWindow, slowBucket?: number): Promise<readonly OperationMinute[]>;
}

/** What people and pipelines recorded. */
export interface ChangeSource {
  list(window: EventWindow): Promise<readonly RecordedChange[]>;
}
