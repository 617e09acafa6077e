import type { ConditionSignal } from '../incident/condition-signal.js';
import type { Incident } from '../incident/incident.js';
import { isOver, severityOf, type PostedAlert } from '../incident/posted-alert.js';
import type { AlertId } from '../lib/ids.js';
import { matchRoutes, type Routing } from '../notify/routing.js';

/** What makes one cause of posted alerts where the routing file groups by incident alone. */
const DEFAULT_KEY_LABELS = ['alertname', 'service', 'cluster', 'namespace'];

/** Posted alerts as the incident stage takes conditions. One that is over is said to be so as long as it is known. */
export function postedSignals(posted: Iterable<PostedAlert>, { routing, openIncidents, nowMs }: { readonly routing: Routing; readonly openIncidents: readonly Incident[]; readonly nowMs: number }): ConditionSignal[] {
  const keys = new Map<AlertId, string>();
  for (const { key, alerts } of openIncidents) for (const { id } of alerts) keys.set(id, key);
  return [...posted].map((alert) => signalOfPosted(alert, keys.get(alert.id) ?? postedKey(alert, routing), nowMs));
}

function signalOfPosted(alert: PostedAlert, key: string, nowMs: number): ConditionSignal {
  const { id, labels, annotations, startsAtMs, endsAtMs, generatorUrl } = alert;
  return {
    key, alertId: id, labels, annotations, severity: severityOf(labels), firing: !isOver(alert, nowMs), startsAtMs, endsAtMs,
    title: annotations['summary'] ?? labels['alertname'] ?? 'A posted alert',
    ...(annotations['runbook'] === undefined ? {} : { runbook: annotations['runbook'] }), ...(generatorUrl === '' ? {} : { generatorUrl }),
  };
}

/** Decided once, when its incident opens: the values of the first route's `group_by`. */
export function postedKey({ labels }: Pick<PostedAlert, 'labels'>, routing: Routing): string {
  const [route] = matchRoutes(routing, labels);
  const { groupBy = [] } = route ?? {};
  if (groupBy === 'all') return keyOf('all', Object.keys(labels).sort(), labels);
  const names = groupBy.filter((name) => name !== 'incident');
  const isByIncident = names.length === 0 && groupBy.length > 0;
  return keyOf(route?.key ?? '', isByIncident ? DEFAULT_KEY_LABELS : names, labels);
}

function keyOf(route: string, names: readonly string[], labels: PostedAlert['labels']): string {
  return `posted:${JSON.stringify([route, ...names.flatMap((name) => (Object.hasOwn(labels, name) ? [[name, labels[name]]] : []))])}`;
}
