import type { Evidence } from '../diagnosis/evidence.js';
import type { IncidentId } from '../lib/ids.js';
import type { IncidentChange } from './advance.js';
import { CAUSE_EVENTS_MIN } from './incident-policy.js';
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
 * What an incident had to be told without: its message is edited, nobody is told a second time. Traces that it was told with stay, and what
 * was missing is added: all that so few could not show, or what was around them. Undefined where there is nothing to add.
 */
export function attachLate(incident: Incident, found: Evidence, nowMs: number): IncidentChange | undefined {
  const added = addTo(incident.evidence, found);
  if (added === undefined) return undefined;
  const proven = withEntry({ ...incident, evidence: added.evidence }, { atMs: nowMs, kind: 'note', actor: 'tocsin', text: added.text });
  return { incidents: [proven], transitions: [{ kind: 'updated', incident: proven, atMs: nowMs }] };
}

function addTo(told: Evidence | undefined, found: Evidence): { readonly evidence: Evidence; readonly text: string } | undefined {
  if (told === undefined) return { evidence: found, text: 'Traces attached: the first message went out before they were found.' };
  if (isFew(told) && !isFew(found)) return { evidence: completed(told, found), text: `Looked at again, with ${String(found.badEvents)} bad events: when it opened there were ${String(told.badEvents)}.` };
  if (told.snapshot !== undefined || found.snapshot === undefined) return undefined;
  return { evidence: { ...told, snapshot: found.snapshot }, text: 'Attached what was around it (the beginning, changes, calls): the first message went out before it was known.' };
}

/** Too few bad events to say what most of them have in common. */
export function isFew({ examined }: Evidence): boolean {
  return examined < CAUSE_EVENTS_MIN;
}

/** Whoever looks at a trace of the message finds it again. Where most fail in another way than the first did, traces of that go before. */
function completed(told: Evidence, found: Evidence): Evidence {
  const ids = new Set(told.traces.map(({ traceId }) => traceId));
  const others = found.signature?.id === told.signature?.id ? [] : found.traces.filter(({ traceId }) => !ids.has(traceId));
  const snapshot = found.snapshot ?? told.snapshot;
  return { ...found, traces: [...others, ...told.traces], ...(snapshot === undefined ? {} : { snapshot }) };
}
