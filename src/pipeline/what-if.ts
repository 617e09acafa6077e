import type { Alert, Incident, Transition } from '../incident/incident.js';
import { SilencesInForce, type Silence } from '../incident/silence.js';
import type { IncidentId } from '../lib/ids.js';
import { advanceGroups } from '../notify/advance-groups.js';
import type { Delivery } from '../notify/delivery.js';
import { groupId, type NotificationGroup } from '../notify/notification-group.js';
import type { Routing } from '../notify/routing.js';

export interface AlertHistory {
  /** As they are stored now: their alerts say when they began and ended. */
  readonly incidents: readonly Incident[];
  readonly silences: readonly Silence[];
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
}

/** What a receiver would have been sent. */
export interface ReplayedMessage {
  readonly atMs: number;
  readonly receiver: string;
  readonly integration: string;
  readonly kind: Transition['kind'];
  readonly incidentId: IncidentId;
}

/** Kinds that make a sound: the rest edits what is there, or says that it is over. */
export const LOUD: ReadonlySet<Transition['kind']> = new Set(['opened', 'upgraded', 'alerts-added', 'unmuted', 'repeated']);

/** A group repeats this often at most within the history; a repeat_interval of seconds over weeks would never come to an end. */
const STEPS_MAX = 500_000;

/**
 * The messages that a routing file would have made of the alerts of a stretch of time: the same steps of groups as live, jumping from one moment at
 * which something happens to the next. What is not stored is not replayed: severities are those that alerts had last, and whoever took an incident is left out.
 */
export function replayRouting(history: AlertHistory, routing: Routing): ReplayedMessage[] {
  const { fromMs, toMs } = history;
  const moments = [...momentsOf(history)].filter((atMs) => atMs < toMs).sort((left, right) => left - right);
  let groups = new Map<string, NotificationGroup>();
  const messages: ReplayedMessage[] = [];
  let next = 0;
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const dueMs = Math.min(moments[next] ?? Infinity, ...[...groups.values()].map(({ nextFlushMs }) => nextFlushMs));
    if (dueMs >= toMs) break;
    while ((moments[next] ?? Infinity) <= dueMs) next += 1;
    const change = advanceGroups({
      nowMs: dueMs, routing, silences: new SilencesInForce(history.silences, dueMs), groups: groups.values(), transitions: [],
      incidents: history.incidents.flatMap((incident) => asOf(incident, dueMs, groups) ?? []),
    });
    groups = new Map(groups);
    for (const group of change.removed) groups.delete(groupId(group));
    for (const group of change.groups) groups.set(groupId(group), group);
    if (dueMs >= fromMs) messages.push(...change.deliveries.map((delivery) => messageOf(delivery, dueMs)));
  }
  return messages;
}

/** When something begins or ends: alerts, silences. Those that recur are looked at when their alerts' groups have their turn. */
function* momentsOf({ incidents, silences }: AlertHistory): Iterable<number> {
  for (const { alerts } of incidents) {
    for (const { startsAtMs, endsAtMs } of alerts) {
      yield startsAtMs;
      if (endsAtMs !== undefined) yield endsAtMs;
    }
  }
  for (const { startsAtMs, endsAtMs } of silences) {
    yield startsAtMs;
    yield endsAtMs;
  }
}

/** The incident as it was at a moment; undefined where it had not begun, or is over and nobody waits for its end. */
function asOf(incident: Incident, atMs: number, groups: ReadonlyMap<string, NotificationGroup>): Incident | undefined {
  const alerts = incident.alerts.filter(({ startsAtMs }) => startsAtMs <= atMs).map((alert): Alert => (alert.endsAtMs !== undefined && alert.endsAtMs <= atMs ? { ...alert, status: 'resolved' } : { ...alert, status: 'firing', endsAtMs: undefined }));
  if (alerts.length === 0) return undefined;
  const isOver = alerts.every(({ status }) => status === 'resolved');
  if (isOver && ![...groups.values()].some(({ members }) => alerts.some(({ id }) => members[id] !== undefined))) return undefined;
  return { ...incident, alerts, status: isOver ? 'resolved' : 'open' };
}

function messageOf({ receiver, integration, incidentId, transition: { kind } }: Delivery, atMs: number): ReplayedMessage {
  return { atMs, receiver, integration, kind, incidentId };
}

/** Who hears how much under each of two files. */
export interface ReceiverDifference {
  readonly receiver: string;
  readonly loudBefore: number;
  readonly loudAfter: number;
  readonly otherBefore: number;
  readonly otherAfter: number;
}

export interface IncidentDifference {
  readonly incident: Incident;
  /** Receivers that make a sound for it. */
  readonly before: readonly string[];
  readonly after: readonly string[];
}

export interface RoutingDifference {
  readonly receivers: readonly ReceiverDifference[];
  /** Those that other receivers would hear of, the oldest first. */
  readonly incidents: readonly IncidentDifference[];
  /** Incidents told to somebody before and to nobody after. */
  readonly lost: number;
}

export function compareRouting(history: AlertHistory, before: Routing, after: Routing): RoutingDifference {
  const [old, proposed] = [replayRouting(history, before), replayRouting(history, after)];
  const names = [...new Set([...old, ...proposed].map(({ receiver }) => receiver))].sort();
  const count = (messages: readonly ReplayedMessage[], receiver: string, loud: boolean): number => messages.filter((message) => message.receiver === receiver && LOUD.has(message.kind) === loud).length;
  const incidents = history.incidents.toSorted((left, right) => left.startedAtMs - right.startedAtMs).map((incident) => ({ incident, before: toldOf(incident, old), after: toldOf(incident, proposed) }));
  return {
    receivers: names.map((receiver) => ({ receiver, loudBefore: count(old, receiver, true), loudAfter: count(proposed, receiver, true), otherBefore: count(old, receiver, false), otherAfter: count(proposed, receiver, false) })),
    incidents: incidents.filter(({ before: one, after: other }) => one.join('\n') !== other.join('\n')),
    lost: incidents.filter(({ before: one, after: other }) => one.length > 0 && other.length === 0).length,
  };
}

function toldOf({ id }: Incident, messages: readonly ReplayedMessage[]): string[] {
  return [...new Set(messages.filter((message) => message.incidentId === id && LOUD.has(message.kind)).map(({ receiver }) => receiver))].sort();
}
