import type { IncidentWindow } from '../config/incident-window.js';
import { SECOND_MS } from '../lib/duration.js';
import { matchesAll } from '../lib/label-matcher.js';
import { FLAP_HOLD_MS, FLAP_OPENINGS, FLAP_WITHIN_MS, REOPEN_WITHIN_MS } from './incident-policy.js';
import type { Incident } from './incident.js';

interface Ended {
  readonly recentlyEnded?: readonly Incident[];
  readonly windows?: readonly IncidentWindow[];
  readonly nowMs: number;
}

/**
 * The incident of this key that ended a moment ago, and goes on when its condition comes back. Not where a person ended it, who would
 * wonder, nor where it went on in another.
 */
export function reopenable({ recentlyEnded = [], windows = [], nowMs }: Ended, key: string): Incident | undefined {
  return recentlyEnded.findLast((incident) => incident.key === key && isReopenable(incident, windows, nowMs));
}

/** Worth remembering: it may open again, or its id, which tells the moment, could be given a second time. */
export function isRecent(incident: Incident, windows: readonly IncidentWindow[], nowMs: number): boolean {
  return isReopenable(incident, windows, nowMs) || (incident.endedAtMs !== undefined && nowMs - incident.endedAtMs < SECOND_MS);
}

function isReopenable(incident: Incident, windows: readonly IncidentWindow[], nowMs: number): boolean {
  const { status, startedAtMs, endedAtMs, mergedInto, timeline } = incident;
  if (status !== 'resolved' || endedAtMs === undefined || mergedInto !== undefined) return false;
  const { lengthMs, type } = windowOf(incident, windows) ?? { lengthMs: REOPEN_WITHIN_MS, type: 'rolling' };
  if (nowMs - (type === 'fixed' ? startedAtMs : endedAtMs) > lengthMs) return false;
  return timeline.findLast(({ kind }) => kind === 'resolved')?.actor === 'tocsin';
}

/** The first one that some alert of the incident matches. */
function windowOf({ alerts }: Incident, windows: readonly IncidentWindow[]): IncidentWindow | undefined {
  return windows.find(({ matchers }) => alerts.some(({ labels }) => matchesAll(matchers, labels)));
}

/** It opened so often of late that its next end is not to be believed at once. */
export function isFlapping({ timeline }: Incident, nowMs: number): boolean {
  return timeline.filter(({ kind, atMs }) => kind === 'opened' && nowMs - atMs < FLAP_WITHIN_MS).length >= FLAP_OPENINGS;
}

export function hasBeenQuiet({ quietSinceMs }: Incident, nowMs: number): boolean {
  return quietSinceMs !== undefined && nowMs - quietSinceMs >= FLAP_HOLD_MS;
}
