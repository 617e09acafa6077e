import type { Alert } from './incident.js';
import { isInForce, silences, silenceState, type Silence } from './silence.js';
import { matchersInWords } from './silence-rules.js';

/** One silence of `/api/v1/silences`, with what it holds back now. */
export function silenceJson(silence: Silence, firing: readonly Alert[], nowMs: number): Readonly<Record<string, unknown>> {
  const { id, matchers, startsAtMs, endsAtMs, updatedAtMs, createdBy, comment, recurring } = silence;
  return {
    id, state: silenceState(silence, nowMs), inForce: isInForce(silence, nowMs), matchers, words: matchersInWords(matchers), startsAt: iso(startsAtMs), endsAt: iso(endsAtMs), updatedAt: iso(updatedAtMs),
    createdBy, comment, recurring: recurring ?? null, matches: heldJson(silence, firing),
  };
}

/** What it would hold back: firing alerts that its matchers match. */
export function heldJson(silence: Silence, firing: readonly Alert[]): readonly unknown[] {
  return firing.filter(({ labels }) => silences(silence, labels)).map(({ id, labels, incidentId }) => ({ id, labels, incident: incidentId, url: `/incidents/${encodeURIComponent(incidentId)}` }));
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
