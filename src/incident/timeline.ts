import { TIMELINE_ENTRIES_MAX } from './incident-policy.js';
import type { Incident, TimelineEntry } from './incident.js';

/** The incident with one more line of history; beyond the limit the oldest entry that only told numbers makes room. */
export function withEntry(incident: Incident, entry: TimelineEntry): Incident {
  const timeline = [...incident.timeline, entry];
  if (timeline.length > TIMELINE_ENTRIES_MAX) {
    const oldestUpdate = timeline.findIndex((candidate) => candidate.kind === 'updated');
    timeline.splice(oldestUpdate === -1 ? 1 : oldestUpdate, 1);
  }
  return { ...incident, timeline };
}
