import { headline } from '../budget/arithmetic-in-words.js';
import { isFiring, type FiringBefore } from '../budget/firing.js';
import type { SloStatus } from '../budget/slo-status.js';
import type { Slo } from '../config/slo.js';
import { alertIdOf, type ConditionSignal } from '../incident/condition-signal.js';
import type { Alert, Incident, Labels } from '../incident/incident.js';
import { BURN_ALERT } from '../incident/words.js';
import type { AlertId } from '../lib/ids.js';

/** One open incident per SLO: its tiers are one cause. */
export function incidentKeyOf(sloName: string): string {
  return `slo:${sloName}`;
}

/** The SLO an incident is about; undefined for incidents of other kinds. */
export function sloNameOf(incident: Pick<Incident, 'key'>): string | undefined {
  return incident.key.startsWith('slo:') ? incident.key.slice('slo:'.length) : undefined;
}

/** By SLO: the incident in which it fires, its own or one that it joined, and else the open one of its key. */
export function incidentsBySlo(openIncidents: readonly Incident[]): ReadonlyMap<string, Incident> {
  const incidents = new Map<string, Incident>();
  for (const incident of openIncidents) {
    const name = sloNameOf(incident);
    if (name !== undefined) incidents.set(name, incident);
  }
  for (const incident of openIncidents) for (const name of slosFiringIn(incident)) incidents.set(name, incident);
  return incidents;
}

/** SLOs whose alerts fire in an incident. Posted alerts may name an SLO, but have no reading of it. */
export function slosFiringIn({ alerts }: Pick<Incident, 'alerts'>): ReadonlySet<string> {
  return new Set(alerts.flatMap(({ status, reading }) => (status === 'firing' && reading !== undefined ? [reading.slo] : [])));
}

export interface SignalContext {
  readonly incident: Incident | undefined;
  readonly nowMs: number;
  readonly breachReceivedAtMs: number | undefined;
}

/**
 * What an SLO's status says to the incident stage, hysteresis applied. The alert's identity leaves its severity out:
 * a ticket that becomes a page is the same alert, only worse.
 */
export function signalOf(slo: Slo, status: SloStatus, { incident, breachReceivedAtMs }: SignalContext): ConditionSignal {
  const { labels: identity, alertId } = identityOf(slo);
  const before = incident?.alerts.find((alert) => alert.id === alertId && alert.status === 'firing');
  const decision = isFiring(status, before === undefined ? undefined : firingBefore(before));
  // The display name says what is promised; a woken person must read that it is broken.
  const title = `"${slo.displayName}" is failing`;
  const severity = decision.severity ?? before?.severity ?? 'ticket';
  return {
    key: incident?.key ?? incidentKeyOf(slo.name),
    alertId,
    labels: { ...identity, severity },
    annotations: { summary: `${title}: ${headline(status, slo)}`, description: slo.description, reason: decision.reason },
    severity,
    title,
    sloTitle: slo.displayName,
    firing: decision.firing,
    reading: status,
    ...(slo.runbook === undefined ? {} : { runbook: slo.runbook }),
    ...(breachReceivedAtMs === undefined ? {} : { breachReceivedAtMs }),
  };
}

/** The second alert of an SLO, where its policy wants it: its traces have stopped. It ends with the next event, never by the passing of time. */
export function stoppedSignalOf(slo: Slo, status: SloStatus, { incident, nowMs }: Pick<SignalContext, 'incident' | 'nowMs'>): ConditionSignal | undefined {
  const severity = slo.policy.whenStopped;
  if (severity === undefined) return undefined;
  const identity = { ...slo.labels, alertname: 'TracesStopped', slo: slo.name, service: slo.service, ...(slo.owner === undefined ? {} : { owner: slo.owner }) };
  const alertId = alertIdOf(identity);
  const before = incident?.alerts.find((alert) => alert.id === alertId && alert.status === 'firing');
  const { silence } = status;
  const stillSilent = before !== undefined && silence !== undefined && silence.forMs >= nowMs - before.startsAtMs;
  const title = `The traces of "${slo.displayName}" have stopped`;
  const words = silence?.words ?? 'events come again';
  return {
    key: incident?.key ?? incidentKeyOf(slo.name), alertId, labels: { ...identity, severity }, annotations: { summary: `${title}: ${words}`, description: slo.description, reason: words },
    severity, title, sloTitle: slo.displayName, firing: silence?.stopped === true || stillSilent, reading: status, ...(slo.runbook === undefined ? {} : { runbook: slo.runbook }),
  };
}

interface AlertIdentity {
  readonly labels: Labels;
  readonly alertId: AlertId;
}

/** The same for as long as the rule is: hashing it anew for each SLO at each tick would cost as much as judging it. */
const identities = new WeakMap<Slo, AlertIdentity>();

function identityOf(slo: Slo): AlertIdentity {
  const known = identities.get(slo);
  if (known !== undefined) return known;
  const labels = { ...slo.labels, alertname: BURN_ALERT, slo: slo.name, service: slo.service, ...(slo.owner === undefined ? {} : { owner: slo.owner }) };
  const identity = { labels, alertId: alertIdOf(slo.groupKey === undefined ? labels : { ...labels, group: slo.groupKey }) };
  identities.set(slo, identity);
  return identity;
}

function firingBefore({ severity, startsAtMs, reading }: Alert): FiringBefore {
  const failingRatio = (reading?.firing ?? reading?.tiers[0])?.long.errorRatio;
  return { severity, sinceMs: startsAtMs, ...(failingRatio === undefined ? {} : { failingRatio }) };
}
