import { formatSpan } from '../lib/format.js';
import { NO_CHANGE, type IncidentChange } from './advance.js';
import type { Incident } from './incident.js';
import { withEntry } from './timeline.js';

/** A person takes the incident. Again, or after the end, it changes nothing: the first one has it. */
export function acknowledge(incident: Incident, who: string, nowMs: number): IncidentChange {
  if (incident.status !== 'open') return NO_CHANGE;
  const taken = withEntry({ ...incident, status: 'acknowledged', acknowledgedBy: who }, {
    atMs: nowMs, kind: 'acknowledged', actor: who, text: `${who} has it, ${formatSpan(nowMs - incident.startedAtMs)} after it began.`,
  });
  return { incidents: [taken], transitions: [{ kind: 'acknowledged', incident: taken, atMs: nowMs }] };
}

/** A person declares the end. What still burns at the next tick opens a new incident: nobody can wish a breach away. */
export function resolve(incident: Incident, who: string, nowMs: number): IncidentChange {
  if (incident.status === 'resolved') return NO_CHANGE;
  const alerts = incident.alerts.map((alert) => (alert.status === 'resolved' ? alert : { ...alert, status: 'resolved' as const, endsAtMs: nowMs, updatedAtMs: nowMs }));
  const ended = withEntry({ ...incident, status: 'resolved', endedAtMs: nowMs, alerts }, {
    atMs: nowMs, kind: 'resolved', actor: who, text: `${who} resolved it after ${formatSpan(nowMs - incident.startedAtMs)}.`,
  });
  return { incidents: [ended], transitions: [{ kind: 'resolved', incident: ended, atMs: nowMs, atOnce: true }] };
}

/** Longer ones belong into the postmortem. */
export const NOTE_MAX = 4_000;

/** What a person found, did or decided, also after the end. Those who follow the conversation hear of it. */
export function note(incident: Incident, { text, who }: { readonly text: string; readonly who: string }, nowMs: number): IncidentChange {
  const noted = withEntry(incident, { atMs: nowMs, kind: 'note', actor: who, text });
  if (incident.status === 'resolved') return { incidents: [noted], transitions: [] };
  return { incidents: [noted], transitions: [{ kind: 'updated', incident: noted, atMs: nowMs, news: `${who}: ${text}`, threadOnly: true }] };
}
