import type { HeldOpening } from '../../src/incident/held-opening.js';
import type { IncidentActions } from '../../src/incident/incident-actions.js';
import type { Incident } from '../../src/incident/incident.js';
import { hashingRules } from './redaction-builder.js';
import { storedUserReader } from '../../src/query/stored-user.js';

/** Of a service whose redaction hashes `user.id`. */
export const HASHED_USERS = storedUserReader(['user.id', 'enduser.id'], () => hashingRules(['user.id']));

/** What is asked of it is written down, and done to nothing. */
export function incidentFakes(stored: readonly Incident[], held: readonly HeldOpening[], asked: string[]): IncidentActions {
  const done = async (id: string, words: string): Promise<Incident | undefined> => {
    asked.push(words);
    return stored.find((incident) => incident.id === id);
  };
  return {
    acknowledge: (id, who) => done(id, `acknowledge ${id} ${who}`), resolve: (id, who) => done(id, `resolve ${id} ${who}`), note: (id, text, who) => done(id, `note ${id} ${who} ${text}`),
    merge: (id, into, who) => done(into, `merge ${id} ${into} ${who}`), held: async () => held,
  };
}
