import { formatSpan } from '../lib/format.js';
import type { IncidentChange } from './advance.js';
import type { Incident } from './incident.js';
import { isInForce, silences, type Silence } from './silence.js';
import { dueReminders, silenceInWords } from './silence-rules.js';
import { withEntry } from './timeline.js';

/** A silence was made: written into the history of the incidents that it holds, and told to those who know them. */
export function silencedIncidents(incidents: readonly Incident[], silence: Silence, nowMs: number): IncidentChange {
  if (!isInForce(silence, nowMs)) return { incidents: [], transitions: [] };
  return told(incidents.filter((incident) => holds(silence, incident)), { text: `${silenceInWords(silence)}.`, actor: silence.createdBy, nowMs });
}

/** Reminders of silences that end soon while something fires behind them. Gives the silences with a note that it was done. */
export function remindOfSilences(incidents: readonly Incident[], all: Iterable<Silence>, nowMs: number): IncidentChange & { readonly silences: readonly Silence[] } {
  const firing = incidents.flatMap(({ alerts }) => alerts.filter(({ status }) => status === 'firing').map(({ labels }) => labels));
  let changed = new Map(incidents.map((incident) => [incident.id, incident]));
  const transitions: IncidentChange['transitions'][number][] = [];
  const due = dueReminders(all, firing, nowMs);
  for (const silence of due) {
    const held = [...changed.values()].filter((incident) => holds(silence, incident));
    const change = told(held, { text: `The silence of ${silence.createdBy} (${silence.comment}) ends in ${formatSpan(silence.endsAtMs - nowMs)}, and this still fires.`, actor: 'tocsin', nowMs });
    changed = new Map([...changed, ...change.incidents.map((incident) => [incident.id, incident] as const)]);
    transitions.push(...change.transitions);
  }
  const touched = new Set(transitions.map(({ incident }) => incident.id));
  return { incidents: [...changed.values()].filter(({ id }) => touched.has(id)), transitions, silences: due.map((silence) => ({ ...silence, remindedOfMs: silence.endsAtMs })) };
}

function holds(silence: Silence, incident: Incident): boolean {
  return incident.status !== 'resolved' && incident.alerts.some(({ status, labels }) => status === 'firing' && silences(silence, labels));
}

function told(incidents: readonly Incident[], { text, actor, nowMs }: { readonly text: string; readonly actor: string; readonly nowMs: number }): IncidentChange {
  const changed = incidents.map((incident) => withEntry(incident, { atMs: nowMs, kind: 'silenced', actor, text }));
  return { incidents: changed, transitions: changed.map((incident) => ({ kind: 'updated', incident, atMs: nowMs, news: text, threadOnly: true })) };
}
