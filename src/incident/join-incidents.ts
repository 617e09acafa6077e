import { SEVERITY_RANK } from '../budget/slo-status.js';
import { NO_CHANGE, type IncidentChange } from './advance.js';
import type { Cause, CauseLink } from './cause.js';
import type { IncidentId } from '../lib/ids.js';
import { CAUSES_MAX } from './incident-policy.js';
import type { Alert, Incident, Transition } from './incident.js';
import { withEntry } from './timeline.js';
import { subjectOf } from './trace-cause.js';
import { alertName } from './words.js';

/** Who says that they are one, and why. */
export interface Joining {
  readonly cause: Cause;
  readonly actor: string;
  readonly nowMs: number;
  /** `source` was open and told: `undefined` link where it never was. */
  readonly from: IncidentId | undefined;
}

/** `target` with the alerts of `source`, and the news that there is in it. */
export function join(target: Incident, source: Incident, joining: Joining): { readonly incident: Incident; readonly transition: Transition } {
  const { cause, actor, nowMs } = joining;
  const moved = source.alerts.filter(({ status }) => status === 'firing').map((alert) => movedTo(target, alert));
  const ids = new Set(moved.map(({ id }) => id));
  const rises = SEVERITY_RANK[source.severity] > SEVERITY_RANK[target.severity];
  const names = moved.map(alertName).join(', ');
  const link = linkOf(source, moved, joining);
  // Who takes a ticket has not taken a page.
  const takes = target.status === 'open' && source.status === 'acknowledged' && SEVERITY_RANK[source.severity] >= SEVERITY_RANK[target.severity];
  const joined: Incident = {
    ...target, alerts: [...target.alerts.filter(({ id }) => !ids.has(id)), ...moved], causes: [...(target.causes ?? []), ...(source.causes ?? []), link].slice(-CAUSES_MAX),
    ...(rises ? { severity: source.severity, title: source.title } : {}), ...withLedger(target, source), runbook: target.runbook ?? source.runbook,
    ...(takes ? { status: 'acknowledged', acknowledgedBy: source.acknowledgedBy } : {}),
  };
  const text = `${names} joins: ${cause.words}.`;
  const incident = withEntry(joined, { atMs: nowMs, kind: rises ? 'upgraded' : 'alert-joined', actor, text });
  return { incident, transition: { kind: rises ? 'upgraded' : 'updated', incident, atMs: nowMs, news: text, joined: [...ids] } };
}

/** Who burned the budget only an SLO's traces can say: an incident that began without an SLO takes it from the first that joins. */
function withLedger({ evidence }: Incident, source: Incident): Pick<Incident, 'evidence'> {
  const ledger = source.evidence?.ledger;
  return evidence === undefined || evidence.ledger !== undefined || ledger === undefined ? { evidence } : { evidence: { ...evidence, ledger } };
}

/** Two open incidents become one: `source` ends, what fires in it goes on in `target`. Undefined where one of them is over. */
export function merge(target: Incident, source: Incident, { cause, actor, nowMs }: Omit<Joining, 'from'>): IncidentChange {
  if (target.id === source.id || target.status === 'resolved' || source.status === 'resolved') return NO_CHANGE;
  const { incident, transition } = join(target, source, { cause, actor, nowMs, from: source.id });
  const text = `Goes on in ${target.id}: ${cause.words}.`;
  const alerts = source.alerts.map((alert): Alert => (alert.status === 'resolved' ? alert : { ...alert, status: 'resolved', endsAtMs: nowMs, updatedAtMs: nowMs }));
  const ended = withEntry({ ...source, status: 'resolved', endedAtMs: nowMs, alerts, mergedInto: target.id }, { atMs: nowMs, kind: 'resolved', actor, text });
  return { incidents: [ended, incident], transitions: [{ kind: 'resolved', incident: ended, atMs: nowMs, atOnce: true, news: text }, transition] };
}

function movedTo(target: Incident, alert: Alert): Alert {
  return { ...alert, labels: { ...alert.labels, incident: target.id }, incidentId: target.id };
}

function linkOf(source: Incident, moved: readonly Alert[], { cause, nowMs, from }: Joining): CauseLink {
  const traces = (source.evidence?.traces ?? []).filter(({ role }) => role !== 'healthy').slice(0, 2);
  return { ...cause, atMs: nowMs, alertIds: moved.map(({ id }) => id), from, subject: subjectOf(source), traces: traces.map(({ traceId, spanId }) => ({ traceId, spanId })) };
}
