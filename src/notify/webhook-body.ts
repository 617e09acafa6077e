import type { Alert, Incident, Labels } from '../incident/incident.js';
import { leadingBudget } from '../budget/error-budget.js';
import { burnInWords, conditionInWords, leadingBurn } from '../incident/words.js';
import type { Notification } from './delivery.js';
import { incidentUrl, sloUrl, traceUrl } from './links.js';

/** Alertmanager's zero time: what it sends while an alert has no end. */
const NO_END = '0001-01-01T00:00:00Z';

/** Alertmanager's webhook body, version "4", with everything Tocsin knows under `tocsin`. `maxAlerts` 0: all. */
export function webhookBody(notification: Notification, maxAlerts: number): Readonly<Record<string, unknown>> {
  const { delivery, publicUrl } = notification;
  const { group } = delivery;
  const alerts = maxAlerts > 0 ? group.alerts.slice(0, maxAlerts) : group.alerts;
  return {
    version: '4',
    groupKey: group.key,
    truncatedAlerts: group.truncated + group.alerts.length - alerts.length,
    status: group.alerts.some((alert) => alert.status === 'firing') ? 'firing' : 'resolved',
    receiver: delivery.receiver,
    groupLabels: group.labels,
    commonLabels: common(alerts.map((alert) => alert.labels)),
    commonAnnotations: common(alerts.map((alert) => alert.annotations)),
    routeLabels: {},
    externalURL: publicUrl,
    // Alertmanager has no word for new numbers and for what people do: its "unknown". `tocsin.transition` says which it was.
    notification_reason: group.reason === 'none' || group.reason === 'mute ended' ? 'unknown' : group.reason,
    alerts: alerts.map((alert) => alertBody(alert, publicUrl)),
    tocsin: tocsinBody(notification),
  };
}

function alertBody(alert: Alert, publicUrl: string): Readonly<Record<string, unknown>> {
  const { slo } = alert.labels;
  return {
    status: alert.status,
    labels: alert.labels,
    annotations: alert.annotations,
    startsAt: new Date(alert.startsAtMs).toISOString(),
    endsAt: alert.endsAtMs === undefined ? NO_END : new Date(alert.endsAtMs).toISOString(),
    generatorURL: alert.generatorUrl ?? (slo === undefined ? incidentUrl(publicUrl, alert.incidentId) : sloUrl(publicUrl, slo)),
    fingerprint: alert.id,
  };
}

function tocsinBody({ delivery, publicUrl, runbook }: Notification): Readonly<Record<string, unknown>> {
  const { incident, kind, atMs, news } = delivery.transition;
  const { evidence } = incident;
  return {
    deliveryId: delivery.id,
    transition: kind,
    at: new Date(atMs).toISOString(),
    ...(incident.isDrill === true ? { drill: true } : {}),
    ...(news === undefined ? {} : { news }),
    incident: incidentBody(incident, publicUrl),
    otherIncidents: delivery.group.otherIncidents.map((id) => ({ id, url: incidentUrl(publicUrl, id) })),
    budgets: incident.alerts.flatMap((alert) => budgetBody(alert, incident.title)),
    suspect: evidence?.suspect ?? null,
    signatures: evidence?.signature === undefined ? [] : [evidence.signature],
    badEvents: evidence?.badEvents ?? null,
    traces: (evidence?.traces ?? []).map((trace) => ({ ...trace, url: traceUrl(publicUrl, trace), alike: (trace.alike ?? []).map((each) => ({ ...each, url: traceUrl(publicUrl, each) })) })),
    runbook: runbook === undefined ? null : { title: runbook.title, url: runbook.url, text: runbook.markdown },
  };
}

function incidentBody(incident: Incident, publicUrl: string): Readonly<Record<string, unknown>> {
  const { id, key, status, severity, title, startedAtMs, endedAtMs, acknowledgedBy, mergedInto } = incident;
  return {
    id, url: incidentUrl(publicUrl, id), key, status, severity, title, startedAt: new Date(startedAtMs).toISOString(),
    endedAt: endedAtMs === undefined ? null : new Date(endedAtMs).toISOString(), acknowledgedBy: acknowledgedBy ?? null, mergedInto: mergedInto ?? null,
  };
}

/** The arithmetic of one alert, as numbers and in words. Ratios are signed shares of the budget; undefined is null. */
function budgetBody({ reading, annotations, labels }: Alert, title: string): Readonly<Record<string, unknown>>[] {
  if (reading === undefined) return [];
  const tier = reading.firing?.tier;
  return [{
    slo: labels['slo'] ?? reading.slo,
    words: conditionInWords({ title, annotations, reading }) ?? burnInWords(reading),
    sli: reading.sli ?? null,
    remaining: reading.errorBudgetRemaining ?? null,
    projectedRemaining: reading.projectedBudgetRemaining ?? null,
    leading: leadingBudget(reading) ?? null,
    young: reading.young,
    exhaustedInSeconds: reading.exhaustionMs === undefined ? null : Math.round(reading.exhaustionMs / 1_000),
    burnRate: leadingBurn(reading)?.rate ?? null,
    burnRates: reading.burnRates,
    tier: tier === undefined ? null : { severity: tier.severity, factor: tier.factor, longSeconds: tier.longMs / 1_000, shortSeconds: tier.shortMs / 1_000 },
    coverage: reading.coverage,
  }];
}

/** Pairs that all have. */
function common(sets: readonly Labels[]): Labels {
  const [first, ...rest] = sets;
  return Object.fromEntries(Object.entries(first ?? {}).filter(([name, value]) => rest.every((set) => set[name] === value)));
}
