import type { Incident } from '../incident/incident.js';
import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import { formatSpan } from '../lib/format.js';
import type { Change } from '../query/change.js';
import { CHANGE_WORDS, changeInWords } from './change-words.js';

/** What was done this long before an incident began may have begun it. */
const BEFORE_MS = 2 * HOUR_MS;
/** Alerts fire some time after the trouble begins; what was done in the minutes after may be the answer to it. */
const AFTER_MS = 30 * MINUTE_MS;
const SHOWN = 10;

export function aroundStart({ startedAtMs }: Incident): { readonly fromMs: number; readonly toMs: number } {
  return { fromMs: startedAtMs - BEFORE_MS, toMs: startedAtMs + AFTER_MS };
}

/** Those nearest to the beginning first: those of the services that alert before all others. */
export function changeRows(changes: readonly Change[], { startedAtMs, alerts }: Incident): Record<string, unknown>[] {
  const services = new Set(alerts.flatMap(({ labels }) => labels['service'] ?? []));
  const rank = ({ service }: Change): number => (service !== undefined && services.has(service) ? 0 : 1);
  return [...changes].sort((left, right) => rank(left) - rank(right) || Math.abs(left.atMs - startedAtMs) - Math.abs(right.atMs - startedAtMs)).slice(0, SHOWN).map((change) => {
    const distanceMs = startedAtMs - change.atMs;
    return { words: CHANGE_WORDS[change.kind], text: changeInWords(change), href: change.url, atMs: change.atMs, distance: `${formatSpan(Math.abs(distanceMs))} ${distanceMs >= 0 ? 'before it began' : 'after it began'}` };
  });
}
