import type { Alert } from '../incident/incident.js';
import { silences, silenceState, SilencesInForce, type Silence } from '../incident/silence.js';
import { matchesAll, type LabelMatcher } from '../lib/label-matcher.js';
import type { AlertId } from '../lib/ids.js';
import { timeMuteOf } from '../notify/alert-view.js';
import type { NotificationGroup } from '../notify/notification-group.js';
import type { AlertingPicture } from './alerting.js';
import type { AlertFilter } from './alertmanager-input.js';

type Json = Readonly<Record<string, unknown>>;

interface AlertStatus {
  readonly state: 'active' | 'suppressed' | 'unprocessed';
  readonly silencedBy: readonly string[];
  readonly inhibitedBy: readonly string[];
  readonly mutedBy: readonly string[];
}

/** `GET /api/v2/alerts`: alerts that fire, in Alertmanager's shape, by fingerprint. */
export function gettableAlerts(picture: AlertingPicture, filter: AlertFilter): readonly Json[] {
  const reading = new Reading(picture);
  const firing = [...picture.view.alerts.values()].map(({ alert }) => alert).filter(({ status }) => status === 'firing');
  return firing.flatMap((alert) => {
    const receivers = picture.view.routesOf(alert).map(({ receiver }) => receiver);
    const status = reading.statusOf(alert);
    return isWanted(alert, { filter, status, receivers }) ? [reading.alertJson(alert, status, receivers)] : [];
  }).sort((left, right) => (String(left['fingerprint']) < String(right['fingerprint']) ? -1 : 1));
}

/** `GET /api/v2/alerts/groups`. */
export function gettableGroups(picture: AlertingPicture, filter: AlertFilter): readonly Json[] {
  const reading = new Reading(picture);
  return picture.groups.flatMap((group) => {
    const alerts = membersOf(group, picture).flatMap((alert) => {
      const receivers = picture.view.routesOf(alert).map(({ receiver }) => receiver);
      const status = reading.statusOf(alert);
      return isWanted(alert, { filter, status, receivers: [group.receiver] }) ? [reading.alertJson(alert, status, receivers)] : [];
    });
    return alerts.length === 0 ? [] : [{ labels: group.labels, receiver: { name: group.receiver }, alerts }];
  });
}

/** `GET /api/v2/silences`: active ones first, those that end soonest before the others. */
export function gettableSilences(picture: Pick<AlertingPicture, 'silences' | 'nowMs'>, matchers: readonly LabelMatcher[]): readonly Json[] {
  const order = { active: 0, pending: 1, expired: 2 };
  // A filter speaks of the silence's own matchers, as if they were labels.
  const labelsOf = (silence: Silence): Record<string, string> => Object.fromEntries(silence.matchers.map(({ name, value }) => [name, value]));
  return picture.silences.filter((silence) => matchesAll(matchers, labelsOf(silence)))
    .toSorted((left, right) => order[silenceState(left, picture.nowMs)] - order[silenceState(right, picture.nowMs)] || left.endsAtMs - right.endsAtMs)
    .map((silence) => gettableSilence(silence, picture.nowMs));
}

export function gettableSilence(silence: Silence, nowMs: number): Json {
  const { id, matchers, startsAtMs, endsAtMs, updatedAtMs, createdBy, comment } = silence;
  return { id, matchers, startsAt: iso(startsAtMs), endsAt: iso(endsAtMs), updatedAt: iso(updatedAtMs), createdBy, comment, status: { state: silenceState(silence, nowMs) } };
}

class Reading {
  readonly #picture: AlertingPicture;
  readonly #silences: SilencesInForce;
  /** Alerts that a group has taken. */
  readonly #grouped: ReadonlySet<string>;

  constructor(picture: AlertingPicture) {
    this.#picture = picture;
    this.#silences = new SilencesInForce(picture.silences, picture.nowMs);
    this.#grouped = new Set(picture.groups.flatMap(({ members }) => Object.keys(members)));
  }

  statusOf(alert: Alert): AlertStatus {
    const { view, routing, nowMs } = this.#picture;
    const silencedBy = this.#silences.of(alert.labels).map(({ id }) => id);
    const inhibition = view.inhibitionOf(alert);
    const routes = view.routesOf(alert);
    const muted = routes.filter((route) => timeMuteOf(route, routing, nowMs) !== undefined);
    // Muted is who no route tells: Alertmanager asks each group.
    const mutedBy = muted.length > 0 && muted.length === routes.length ? muted.flatMap(({ muteTimeIntervals, activeTimeIntervals }) => [...muteTimeIntervals, ...activeTimeIntervals]) : [];
    const isSuppressed = silencedBy.length > 0 || inhibition !== undefined || mutedBy.length > 0;
    return { state: isSuppressed ? 'suppressed' : this.#grouped.has(alert.id) ? 'active' : 'unprocessed', silencedBy, inhibitedBy: inhibition === undefined ? [] : [inhibition.source.id], mutedBy };
  }

  alertJson(alert: Alert, status: AlertStatus, receivers: readonly string[]): Json {
    const { posted, routing, nowMs } = this.#picture;
    const endsAtMs = posted.get(alert.id)?.endsAtMs ?? nowMs + routing.resolveTimeoutMs;
    return {
      labels: alert.labels, annotations: alert.annotations, startsAt: iso(alert.startsAtMs), endsAt: iso(alert.endsAtMs ?? endsAtMs), updatedAt: iso(alert.updatedAtMs),
      fingerprint: alert.id, generatorURL: alert.generatorUrl ?? '', receivers: receivers.map((name) => ({ name })), status,
    };
  }
}

function membersOf({ members }: NotificationGroup, { view }: AlertingPicture): Alert[] {
  return (Object.keys(members) as AlertId[]).flatMap((id) => view.alerts.get(id)?.alert ?? []).filter(({ status }) => status === 'firing');
}

function isWanted(alert: Alert, { filter, status, receivers }: { readonly filter: AlertFilter; readonly status: AlertStatus; readonly receivers: readonly string[] }): boolean {
  const { receiver } = filter;
  return matchesAll(filter.matchers, alert.labels) && (receiver === undefined || receivers.some((name) => receiver.test(name)))
    && (filter.active || status.state !== 'active') && (filter.unprocessed || status.state !== 'unprocessed')
    && (filter.silenced || status.silencedBy.length === 0) && (filter.inhibited || status.inhibitedBy.length === 0) && (filter.muted || status.mutedBy.length === 0);
}

/** Silences whose matchers these labels meet: for the page of an incident. */
export function silencesOf(picture: Pick<AlertingPicture, 'silences' | 'nowMs'>, alerts: readonly Alert[]): readonly Silence[] {
  return picture.silences.filter((silence) => silenceState(silence, picture.nowMs) !== 'expired' && alerts.some(({ labels }) => silences(silence, labels)));
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
