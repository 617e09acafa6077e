import { FLAP_HOLD_MS, FLAP_OPENINGS, FLAP_WITHIN_MS, REOPEN_WITHIN_MS } from './incident-policy.js';
import type { Incident } from './incident.js';

/**
 * The incident of this key that ended a moment ago, and goes on when its condition comes back. Not where a person ended it, who would
 * wonder, nor where it went on in another.
 */
export function reopenable(ended: readonly Incident[], key: string, nowMs: number): Incident | undefined {
  return ended.findLast((incident) => incident.key === key && isReopenable(incident, nowMs));
}

export function isReopenable({ status, endedAtMs, mergedInto, timeline }: Incident, nowMs: number): boolean {
  if (status !== 'resolved' || endedAtMs === undefined || mergedInto !== undefined || nowMs - endedAtMs > REOPEN_WITHIN_MS) return false;
  return timeline.findLast(({ kind }) => kind === 'resolved')?.actor === 'tocsin';
}

/** It opened so often of late that its next end is not to be believed at once. */
export function isFlapping({ timeline }: Incident, nowMs: number): boolean {
  return timeline.filter(({ kind, atMs }) => kind === 'opened' && nowMs - atMs < FLAP_WITHIN_MS).length >= FLAP_OPENINGS;
}

export function hasBeenQuiet({ quietSinceMs }: Incident, nowMs: number): boolean {
  return quietSinceMs !== undefined && nowMs - quietSinceMs >= FLAP_HOLD_MS;
}
