import { anomalyKey, type Anomaly } from '../diagnosis/anomaly/judge-anomalies.js';
import { ANOMALY_SIGNALS } from '../config/anomaly-signals.js';
import type { AnomalyRule } from '../config/anomaly-rule.js';
import { alertIdOf, type ConditionSignal } from '../incident/condition-signal.js';
import type { Alert, Incident } from '../incident/incident.js';
import { ANOMALY_KEY } from './anomaly-reader.js';
import type { AnomalyPicture } from './anomaly-watch.js';

export const ANOMALY_ALERT = 'UnusualOperation';

export interface AnomalySignalInput {
  readonly picture: AnomalyPicture;
  readonly rules: readonly AnomalyRule[];
  readonly openIncidents: readonly Incident[];
}

/**
 * What is unusual, as conditions: one incident for each operation and signal, always a ticket. Where an incident of an SLO of the same service is open,
 * somebody knows already. A ticket ends when a window shows the operation as usual again, or its rule is gone; silence ends nothing.
 */
export function anomalySignals({ picture, rules, openIncidents }: AnomalySignalInput): ConditionSignal[] {
  const open = openIncidents.flatMap(({ key, title, alerts }) => alerts.filter(({ status, labels }) => status === 'firing' && labels['alertname'] === ANOMALY_ALERT).map((alert) => ({ key, title, alert })));
  const openIds = new Set<string>(open.map(({ alert }) => alert.id));
  const spokenFor = new Set(openIncidents.flatMap(({ alerts }) => alerts.filter(({ status, labels }) => status === 'firing' && labels['slo'] !== undefined).map(({ labels }) => labels['service'])));
  const firing = picture.rules.filter(({ rule }) => rules.includes(rule)).flatMap(({ rule, anomalies }) => anomalies.map((anomaly) => signalOf(rule, anomaly))).filter(({ alertId, labels }) => openIds.has(alertId) || !spokenFor.has(labels['service']));
  const told = new Set<string>(firing.map(({ alertId }) => alertId));
  return [...new Map(firing.map((signal) => [signal.alertId, signal])).values(), ...open.filter(({ alert }) => !told.has(alert.id)).flatMap((each) => ended(each, picture, rules))];
}

const TITLES = { errors: 'fails more often than usual', latency: 'is slower than usual' } as const;

function signalOf({ name, description, runbook }: AnomalyRule, anomaly: Anomaly): ConditionSignal {
  const { service, operation, signal, words } = anomaly;
  const identity = { alertname: ANOMALY_ALERT, service, operation, signal };
  const title = `${service} ${operation} ${TITLES[signal]}`.slice(0, 200);
  return {
    key: `${ANOMALY_KEY}${anomalyKey(anomaly)}`, alertId: alertIdOf(identity), labels: { ...identity, rule: name, severity: 'ticket' }, severity: 'ticket', title, firing: true,
    annotations: { summary: `${title}: ${words}`, description: description === '' ? `${title}: ${words}` : description, reason: words }, ...(runbook === undefined ? {} : { runbook }),
  };
}

interface Open {
  readonly key: string;
  readonly title: string;
  readonly alert: Alert;
}

function ended({ key, title, alert }: Open, picture: AnomalyPicture, rules: readonly AnomalyRule[]): ConditionSignal[] {
  const { service = '', operation = '', signal } = alert.labels;
  const known = ANOMALY_SIGNALS.find((each) => each === signal);
  const isWatched = known !== undefined && rules.some((rule) => rule.signals.includes(known) && (rule.services.length === 0 || rule.services.includes(service)));
  const isCalm = known !== undefined && picture.rules.some(({ calm }) => calm.has(anomalyKey({ service, operation, signal: known })));
  if (isWatched && !isCalm) return [];
  const words = isWatched ? 'The last quarter of an hour was as usual again' : 'The rules do not watch this any more';
  return [{ key, alertId: alert.id, labels: alert.labels, severity: 'ticket', title, firing: false, annotations: { ...alert.annotations, summary: words, reason: words } }];
}
