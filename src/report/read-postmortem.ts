import type { SloStatus } from '../budget/slo-status.js';
import type { Slo } from '../config/slo.js';
import type { Incident } from '../incident/incident.js';
import { MINUTE_MS } from '../lib/duration.js';
import { readHistory } from '../query/history-view.js';
import type { Readers } from '../query/readers.js';
import { CHANGES_BEFORE_MS, postmortemMarkdown, type PostmortemSlo } from './postmortem.js';

/** SLOs of one incident whose counts are read: more do not fit a table that people read. */
const SLOS_MAX = 20;

/** The draft of one incident, from everything that is stored about it. */
export async function readPostmortem(readers: Readers, incident: Incident, publicUrl: string): Promise<string> {
  const nowMs = readers.clock.nowMs();
  const toMs = Math.min(nowMs, incident.endedAtMs ?? nowMs);
  const window = { fromMs: incident.startedAtMs - longestFastWindow(incident), toMs: Math.max(toMs, incident.startedAtMs + MINUTE_MS) };
  const slos: PostmortemSlo[] = [];
  for (const slo of slosOf(readers, incident)) slos.push({ slo, points: (await readHistory(readers, slo, window)).points, reading: readingOf(incident, slo) });
  const changes = await readers.changes.list({ fromMs: incident.startedAtMs - CHANGES_BEFORE_MS, toMs });
  return postmortemMarkdown({ incident, slos, changes, nowMs, publicUrl });
}

/** The incident began to burn before it was told: within the window that fired. */
function longestFastWindow({ alerts }: Incident): number {
  return Math.max(5 * MINUTE_MS, ...alerts.map(({ reading }) => reading?.firing?.tier.shortMs ?? 0));
}

function slosOf(readers: Readers, { alerts }: Incident): Slo[] {
  const names = new Set(alerts.flatMap(({ labels, reading }) => reading?.slo ?? labels['slo'] ?? []));
  return [...names].flatMap((name) => readers.slos.slo(name) ?? []).slice(0, SLOS_MAX);
}

/** Of all its events: that of a group tells nothing about the budget of all. */
function readingOf({ alerts }: Incident, slo: Slo): SloStatus | undefined {
  return alerts.find(({ reading }) => reading?.slo === slo.name && reading.group === undefined)?.reading;
}
