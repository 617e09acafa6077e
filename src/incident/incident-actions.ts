import type { IncidentId } from '../lib/ids.js';
import type { HeldOpening } from './held-opening.js';
import type { Incident } from './incident.js';

/** Port of what people do to an incident. Each saves, enqueues the news, and gives the incident as it is then; undefined when none of that id is open. */
export interface IncidentActions {
  acknowledge(id: IncidentId, who: string): Promise<Incident | undefined>;
  resolve(id: IncidentId, who: string): Promise<Incident | undefined>;
  /** What a threshold of occurrences holds back. */
  held(): Promise<readonly HeldOpening[]>;
  /** Also of one that is over. */
  note(id: IncidentId, text: string, who: string): Promise<Incident | undefined>;
  /** `id` goes on in `into`, which is what comes back. */
  merge(id: IncidentId, into: IncidentId, who: string): Promise<Incident | undefined>;
}

export const INCIDENT_CLOCK = Symbol('IncidentClock');
export const INCIDENT_ACTIONS = Symbol('IncidentActions');
export const INCIDENT_READER = Symbol('IncidentReader');
