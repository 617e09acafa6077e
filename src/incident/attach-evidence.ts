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

/**
 * What an incident had to be told without: its message is edited, nobody is told a second time. Traces that it has are left as they were
 * when it opened, and only what was around them is added; undefined where there is nothing to add.
 */
export function attachLate(incident: Incident, found: Evidence, nowMs: number): IncidentChange | undefined {
  const { evidence } = incident;
  if (evidence !== undefined && found.snapshot === undefined) return undefined;
  const [whole, text] = evidence === undefined
    ? [found, 'Traces attached: the first message went out before they were found.']
    : [{ ...evidence, snapshot: found.snapshot as NonNullable<Evidence['snapshot']> }, 'Attached what was around it (the beginning, changes, calls): the first message went out before it was known.'];
  const proven = withEntry({ ...incident, evidence: whole }, { atMs: nowMs, kind: 'note', actor: 'tocsin', text });
  return { incidents: [proven], transitions: [{ kind: 'updated', incident: proven, atMs: nowMs }] };
}
