import type { IncidentId } from '../lib/ids.js';
import type { Incident, IncidentStatus } from './incident.js';

/** Most that one answer holds, whatever was asked for. */
export const INCIDENT_LIST_MAX = 500;

export interface IncidentFilter {
  /** Any of these; all when left out. */
  readonly status?: readonly IncidentStatus[];
  /** At most INCIDENT_LIST_MAX. */
  readonly limit: number;
}

/** Port of everything that shows incidents. Adapters: DuckDB, memory; contract in src/pipeline/evaluation-store.contract.ts. */
export interface IncidentReader {
  byId(id: IncidentId): Promise<Incident | undefined>;
  /** Newest first. */
  list(filter: IncidentFilter): Promise<readonly Incident[]>;
}
