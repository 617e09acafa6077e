import type { Incident, IncidentStatus } from '../incident/incident.js';

/** Stored incidents as pages and the API read them. */
export interface IncidentReader {
  get(id: string): Promise<Incident | undefined>;
  /** Newest first. */
  list(filter: { readonly status?: IncidentStatus | 'active'; readonly limit: number }): Promise<readonly Incident[]>;
}
