import type { Evidence } from '../diagnosis/evidence.js';
import type { IncidentId } from '../lib/ids.js';
import type { IncidentChange } from './advance.js';
import type { Incident } from './incident.js';

/** The change with the proof attached to one incident, in what is stored and in what is told alike. */
export function attachEvidence(change: IncidentChange, id: IncidentId, evidence: Evidence): IncidentChange {
  const attach = (incident: Incident): Incident => (incident.id === id ? { ...incident, evidence } : incident);
  return {
    incidents: change.incidents.map(attach),
    transitions: change.transitions.map((transition) => ({ ...transition, incident: attach(transition.incident) })),
  };
}
