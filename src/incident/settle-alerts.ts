import type { ConditionSignal } from './condition-signal.js';
import type { Alert, Incident, TimelineEntry } from './incident.js';
import { withEntry } from './timeline.js';
import { formatSpan } from '../lib/format.js';
import { alertName, severityInWords } from './words.js';

interface AlertTimes {
  readonly incidentId: Alert['incidentId'];
  readonly startsAtMs: number;
  readonly nowMs: number;
}

export function alertOf(signal: ConditionSignal, times: AlertTimes): Alert {
  return {
    id: signal.alertId, labels: { ...signal.labels, incident: times.incidentId }, annotations: signal.annotations, severity: signal.severity,
    status: 'firing', startsAtMs: signal.startsAtMs ?? times.startsAtMs, endsAtMs: undefined, updatedAtMs: times.nowMs, reading: signal.reading, incidentId: times.incidentId,
    ...(signal.sloTitle === undefined ? {} : { sloTitle: signal.sloTitle }),
    ...(signal.generatorUrl === undefined ? {} : { generatorUrl: signal.generatorUrl }),
    ...(signal.direct === undefined ? {} : { direct: signal.direct }),
  };
}

/**
 * The incident with each alert as its signal says: joined, firing again, resolved, more or less severe. Readings stay as last told.
 * An alert that its key's signals no longer mention has been replaced by another (a ticket tier by a page tier), so it ends.
 * Returns the same object when nothing changed.
 */
export function settleAlerts(incident: Incident, signals: readonly ConditionSignal[], nowMs: number): Incident {
  const byId = new Map(signals.map((signal) => [signal.alertId, signal]));
  const entries: TimelineEntry[] = [];
  const note = (kind: TimelineEntry['kind'], text: string): void => { entries.push({ atMs: nowMs, kind, actor: 'tocsin', text }); };
  const known = incident.alerts.map((alert) => settle(alert, byId.get(alert.id), { nowMs, note }));
  const knownIds = new Set(incident.alerts.map((alert) => alert.id));
  const joined = signals.filter((signal) => signal.firing && !knownIds.has(signal.alertId))
    .map((signal) => alertOf(signal, { incidentId: incident.id, startsAtMs: nowMs, nowMs }));
  for (const alert of joined) note('alert-joined', `${nameOf(alert)} fires too.`);
  if (joined.length === 0 && known.every((alert, index) => alert === incident.alerts[index])) return incident;
  return entries.reduce(withEntry, { ...incident, alerts: [...known, ...joined] });
}

interface Moment {
  readonly nowMs: number;
  readonly note: (kind: TimelineEntry['kind'], text: string) => void;
}

function settle(alert: Alert, signal: ConditionSignal | undefined, { nowMs, note }: Moment): Alert {
  if (signal?.firing !== true) {
    if (alert.status === 'resolved') return alert;
    note('alert-resolved', `${nameOf(alert)} ended after ${formatSpan(nowMs - alert.startsAtMs)}.`);
    return { ...alert, status: 'resolved', endsAtMs: Math.min(signal?.endsAtMs ?? nowMs, nowMs), updatedAtMs: nowMs };
  }
  if (alert.status === 'resolved') {
    note('alert-joined', `${nameOf(alert)} fires again.`);
    return alertOf(signal, { incidentId: alert.incidentId, startsAtMs: nowMs, nowMs });
  }
  if (signal.severity === alert.severity && !saysMore(signal, alert)) return alert;
  const { labels, annotations } = alertOf(signal, { incidentId: alert.incidentId, startsAtMs: alert.startsAtMs, nowMs });
  return { ...alert, severity: signal.severity, labels, annotations, startsAtMs: Math.min(alert.startsAtMs, signal.startsAtMs ?? alert.startsAtMs), updatedAtMs: nowMs };
}

/** Posted again in other words; an SLO's words change with its numbers, which numbersNews tells. */
function saysMore(signal: ConditionSignal, alert: Alert): boolean {
  if (signal.reading !== undefined || signal.startsAtMs === undefined) return false;
  return signal.startsAtMs < alert.startsAtMs || JSON.stringify(signal.annotations) !== JSON.stringify(alert.annotations);
}

function nameOf(alert: Alert): string {
  return `${severityInWords(alert.severity)} ${alertName(alert)}`;
}
