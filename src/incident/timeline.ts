import { TIMELINE_ENTRIES_MAX } from './incident-policy.js';
import type { Incident, TimelineEntry } from './incident.js';

/** The incident with one more line of history; beyond the limit the oldest entry that only told numbers makes room, then the oldest that no person wrote. */
export function withEntry(incident: Incident, entry: TimelineEntry): Incident {
  const timeline = [...incident.timeline, entry];
  if (timeline.length > TIMELINE_ENTRIES_MAX) {
    const oldestUpdate = timeline.findIndex((candidate) => candidate.kind === 'updated');
    const oldest = oldestUpdate === -1 ? timeline.findIndex(({ kind, actor }, index) => index > 0 && (kind !== 'note' || actor === 'tocsin')) : oldestUpdate;
    timeline.splice(Math.max(oldest, 1), 1);
  }
  return { ...incident, timeline };
}
