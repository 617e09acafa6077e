import { distanceInWords } from '../diagnosis/nearby-changes.js';
import type { NearbyChange } from '../diagnosis/snapshot.js';
import type { Incident } from '../incident/incident.js';
import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
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

/**
 * What was frozen with the page comes first, in its order and with what each version does differently. Of what was recorded since then those nearest to the
 * beginning, of the services that alert before all others.
 */
export function changeRows(changes: readonly Change[], { startedAtMs, alerts, evidence }: Incident): Record<string, unknown>[] {
  const services = new Set(alerts.flatMap(({ labels }) => labels['service'] ?? []));
  const rank = ({ service }: Change): number => (service !== undefined && services.has(service) ? 0 : 1);
  const frozen = evidence?.snapshot?.changes ?? [];
  const since = changes.filter(({ id }) => !frozen.some((change) => change.id === id))
    .sort((left, right) => rank(left) - rank(right) || Math.abs(left.atMs - startedAtMs) - Math.abs(right.atMs - startedAtMs));
  return [...frozen.map(frozenRow), ...since.map((change) => ({ ...rowOf(change, changeInWords(change)), distance: distanceInWords({ beforeMs: startedAtMs - change.atMs }) }))].slice(0, SHOWN);
}

function frozenRow(change: NearbyChange): Record<string, unknown> {
  const { kind, service, version, title, by, difference } = change;
  const text = kind === 'version' ? `${service ?? ''}: ${title}` : changeInWords({ service, version, title, by: by ?? '' });
  return { ...rowOf(change, text), distance: distanceInWords(change), difference };
}

function rowOf({ kind, url, atMs }: Pick<NearbyChange, 'kind' | 'url' | 'atMs'>, text: string): Record<string, unknown> {
  return { words: kind === 'version' ? 'New version' : CHANGE_WORDS[kind], text, href: url, atMs };
}
