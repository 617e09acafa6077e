import type { Evidence } from '../diagnosis/evidence.js';
import type { IncidentId } from '../lib/ids.js';
import type { IncidentChange } from './advance.js';
import type { Incident } from './incident.js';
import { withEntry } from './timeline.js';

/** The change with the proof attached to one incident, in what is stored and in what is told alike. */
export function attachEvidence(change: IncidentChange, id: IncidentId, evidence: Evidence): IncidentChange {
  const attach = (incident: Incident): Incident => (incident.id === id ? { ...incident, evidence } : incident);
  return {
    incidents: change.incidents.map(attach),
    transitions: change.transitions.map((transition) => ({ ...transition, incident: attach(transition.incident) })),
  };
}

/** The proof for an incident that had to be told without it: its message is edited, nobody is told a second time. */
export function attachLate(incident: Incident, evidence: Evidence, nowMs: number): IncidentChange {
  const proven = withEntry({ ...incident, evidence }, { atMs: nowMs, kind: 'note', actor: 'tocsin', text: 'Traces attached: the first message went out before they were found.' });
  return { incidents: [proven], transitions: [{ kind: 'updated', incident: proven, atMs: nowMs }] };
}
