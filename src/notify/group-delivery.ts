import { SEVERITY_RANK } from '../budget/slo-status.js';
import { alertName } from '../incident/words.js';
import type { Alert, Incident, Transition, TransitionKind } from '../incident/incident.js';
import type { DeliveryId } from '../lib/ids.js';
import { stableHash } from '../lib/stable-hash.js';
import type { KnownAlert } from './alert-view.js';
import type { Delivery } from './delivery.js';
import type { NotificationGroup } from './notification-group.js';
import type { NotifyReason } from './notify-reason.js';

/** Enough of the hash that two deliveries never share an id; short enough for a header and a log line. */
const ID_HEX_DIGITS = 24;
/** Alerts that one message carries; the others are counted. A group of ten thousand must not fill the disk with every message. */
export const ALERTS_PER_MESSAGE_MAX = 1_000;
const NAMED_MAX = 3;
const QUIET_MAX = 5;

export interface GroupMessage {
  readonly integration: string;
  readonly kind: TransitionKind;
  readonly reason: NotifyReason;
  readonly conversation: string;
  /** Firing ones first. */
  readonly alerts: readonly KnownAlert[];
  /** Those that the message is about: joined, ended, no longer silenced. */
  readonly changed: readonly KnownAlert[];
  /** Why some of them are quiet otherwise. */
  readonly quiet: readonly string[];
  /** The incident's own news, where that is what is told. */
  readonly news: Transition | undefined;
  readonly transitions: readonly Transition[];
  readonly nowMs: number;
}

/**
 * One message to one integration, frozen as the group is now. Made the same way twice it has the same id; two of one
 * moment that say different things (two silences end in one millisecond) have two.
 */
export function groupDelivery(group: NotificationGroup, message: GroupMessage): Delivery {
  const { integration, kind, nowMs, alerts, news, conversation } = message;
  const incident = news?.incident ?? leadOf(alerts);
  const text = news?.news ?? (news === undefined ? newsOf(message) : undefined);
  const breachReceivedAtMs = kind === 'opened' || kind === 'upgraded' ? message.transitions.find((transition) => transition.incident.id === incident.id)?.breachReceivedAtMs : undefined;
  const incidents = new Set(alerts.map((known) => known.incident.id));
  const states = [...alerts, ...message.changed].map(({ alert }) => `${alert.id} ${alert.status}`);
  return {
    id: `dlv-${stableHash([group.key, incident.id, group.receiver, integration, kind, String(nowMs), text ?? '', ...states], ID_HEX_DIGITS)}` as DeliveryId,
    incidentId: incident.id, receiver: group.receiver, integration, conversation, status: 'pending', attempts: 0, createdAtMs: nowMs, notBeforeMs: nowMs, lastError: undefined,
    transition: { kind, incident, atMs: nowMs, ...(text === undefined ? {} : { news: text }) },
    group: {
      key: group.key, labels: group.labels, reason: message.reason, alerts: alerts.slice(0, ALERTS_PER_MESSAGE_MAX).map(({ alert }) => alert),
      truncated: Math.max(0, alerts.length - ALERTS_PER_MESSAGE_MAX), otherIncidents: [...incidents].filter((id) => id !== incident.id).slice(0, ALERTS_PER_MESSAGE_MAX),
      ...(message.quiet.length === 0 ? {} : { quiet: message.quiet.slice(0, QUIET_MAX) }),
    },
    ...(breachReceivedAtMs === undefined ? {} : { breachReceivedAtMs }),
  };
}

/** The incident that a message of several leads with: the worst that still fires, then the youngest. */
function leadOf(alerts: readonly KnownAlert[]): Incident {
  const rank = ({ alert }: KnownAlert): number => (alert.status === 'firing' ? 10 : 0) + SEVERITY_RANK[alert.severity];
  const best = alerts.reduce((lead, known) => (rank(known) > rank(lead) || (rank(known) === rank(lead) && known.incident.startedAtMs > lead.incident.startedAtMs) ? known : lead));
  return best.incident;
}

function newsOf({ kind, changed, alerts }: GroupMessage): string | undefined {
  const names = namesOf(changed.map(({ alert }) => alert));
  switch (kind) {
    case 'alerts-added': return joinedInWords(changed);
    case 'alerts-resolved': return `${names} ended; ${String(alerts.filter(({ alert }) => alert.status === 'firing').length)} still firing.`;
    case 'unmuted': return `No longer silenced, and still firing: ${names}.`;
    case 'repeated': return `Still firing: ${namesOf(alerts.filter(({ alert }) => alert.status === 'firing').map(({ alert }) => alert))}.`;
    default: return undefined;
  }
}

/** What showed that they belong here, where that is why they came. */
function joinedInWords(joined: readonly KnownAlert[]): string {
  const reasons = new Map<string | undefined, Alert[]>();
  for (const { alert, incident } of joined) {
    const words = incident.causes?.findLast(({ alertIds }) => alertIds.includes(alert.id))?.words;
    reasons.set(words, [...(reasons.get(words) ?? []), alert]);
  }
  return [...reasons].map(([words, alerts]) => (words === undefined ? `${namesOf(alerts)} fires too.` : `${namesOf(alerts)} joins: ${words}.`)).join(' ');
}

function namesOf(alerts: readonly Alert[]): string {
  const names = alerts.slice(0, NAMED_MAX).map(alertName);
  return alerts.length > NAMED_MAX ? `${names.join(', ')} and ${String(alerts.length - NAMED_MAX)} more` : names.join(', ');
}
