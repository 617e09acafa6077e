import type { Evidence, RepresentativeTrace } from '../diagnosis/evidence.js';
import type { IncidentId } from '../lib/ids.js';
import type { IncidentChange } from './advance.js';
import { CAUSE_EVENTS_MIN, LATE_EVIDENCE_MS } from './incident-policy.js';
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

/** The incident of an SLO that burns, of which too little is known to say where its failures begin, and that is about to be looked at. */
export function awaitsProof({ status, alerts, evidence, startedAtMs }: Pick<Incident, 'status' | 'alerts' | 'evidence' | 'startedAtMs'>, nowMs: number): boolean {
  if (status === 'resolved' || (evidence !== undefined && !isFew(evidence))) return false;
  return nowMs - (evidence?.takenAtMs ?? startedAtMs) < LATE_EVIDENCE_MS && alerts.some((alert) => alert.status === 'firing' && alert.reading !== undefined);
}

/** What stays from the first look says so: it counts fewer bad events than all that is new. */
function completed(told: Evidence, found: Evidence): Evidence {
  const before = told.traces.map((trace) => (trace.role === 'healthy' ? trace : { ...trace, reason: `${trace.reason}; counted when it opened` }));
  const traces = found.signature?.id === told.signature?.id ? before : tracesOfBoth(before, found.traces);
  const snapshot = found.snapshot ?? told.snapshot;
  return { ...found, traces, ...(snapshot === undefined ? {} : { snapshot }) };
}

/**
 * Where most fail in another way than the first did: what was found since. Whoever looks for a trace of the message finds it again, named beside the one
 * that shows the same; behind all where none does.
 */
function tracesOfBoth(told: readonly RepresentativeTrace[], found: readonly RepresentativeTrace[]): readonly RepresentativeTrace[] {
  const sameAs = (trace: RepresentativeTrace): RepresentativeTrace | undefined => found.find(({ key, role }) => (trace.role === 'healthy' ? role === 'healthy' : key !== undefined && key === trace.key));
  const isFound = ({ traceId }: RepresentativeTrace): boolean => found.some((trace) => trace.traceId === traceId || trace.alike?.some((each) => each.traceId === traceId));
  const added = told.filter((trace) => !isFound(trace));
  const named = found.map((trace) => {
    const also = added.filter((each) => sameAs(each) === trace).map(({ traceId, spanId, startMs }) => ({ traceId, spanId, startMs, words: 'The first message showed this one' }));
    return also.length === 0 ? trace : { ...trace, alike: [...(trace.alike ?? []), ...also] };
  });
  return [...named, ...added.filter((trace) => sameAs(trace) === undefined)];
}
