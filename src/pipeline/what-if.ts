import type { Alert, Escalation, Incident, TimelineEntry, Transition } from '../incident/incident.js';
import { SilencesInForce, type Silence } from '../incident/silence.js';
import type { IncidentId } from '../lib/ids.js';
import { advanceGroups } from '../notify/advance-groups.js';
import { AlertView } from '../notify/alert-view.js';
import type { Delivery } from '../notify/delivery.js';
import { escalate } from '../notify/escalation.js';
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
export const LOUD: ReadonlySet<Transition['kind']> = new Set(['opened', 'upgraded', 'alerts-added', 'unmuted', 'repeated', 'escalated']);

/** Steps of one replay; a repeat_interval of seconds over weeks would never come to an end. */
const STEPS_MAX = 500_000;

/**
 * The messages that a routing file, and the escalations bound to it, would have made of the alerts of a stretch of time: the same steps as live,
 * jumping from one moment at which something happens to the next. People are taken to have done what they did: who took an incident took it then.
 */
export function replayRouting(history: AlertHistory, routing: Routing): ReplayedMessage[] {
  const { fromMs, toMs } = history;
  const moments = [...momentsOf(history)].filter((atMs) => atMs < toMs).sort((left, right) => left - right);
  const replay = new Replay(history, routing);
  const messages: ReplayedMessage[] = [];
  let next = 0;
  for (let step = 0; ; step += 1) {
    if (step === STEPS_MAX) throw new RangeError(`more than ${String(STEPS_MAX)} turns of groups: tell a shorter time again`);
    const dueMs = Math.min(moments[next] ?? Infinity, replay.nextMs());
    if (dueMs >= toMs) break;
    while ((moments[next] ?? Infinity) <= dueMs) next += 1;
    const deliveries = replay.step(dueMs);
    if (dueMs >= fromMs) messages.push(...deliveries.map((delivery) => messageOf(delivery, dueMs)));
  }
  return messages;
}

/** When something begins, ends or is done: alerts, silences, people. Silences that recur are looked at when their alerts' groups have their turn. */
function* momentsOf({ incidents, silences }: AlertHistory): Iterable<number> {
  for (const { alerts, timeline } of incidents) {
    for (const { startsAtMs, endsAtMs } of alerts) {
      yield startsAtMs;
      if (endsAtMs !== undefined) yield endsAtMs;
    }
    for (const entry of timeline) if (isNews(entry)) yield entry.atMs;
  }
  for (const { startsAtMs, endsAtMs } of silences) {
    yield startsAtMs;
    yield endsAtMs;
  }
}

type News = TimelineEntry & { readonly kind: 'acknowledged' | 'upgraded' };

function isNews(entry: TimelineEntry): entry is News {
  return entry.kind === 'acknowledged' || entry.kind === 'upgraded';
}

/** Groups and escalations between two moments. */
class Replay {
  readonly #history: AlertHistory;
  readonly #routing: Routing;
  readonly #groups = new Map<string, NotificationGroup>();
  readonly #escalations = new Map<IncidentId, Escalation>();
  #lastMs = -Infinity;

  constructor(history: AlertHistory, routing: Routing) {
    this.#history = history;
    this.#routing = routing;
  }

  /** When the next turn of a group, step or reminder is due. */
  nextMs(): number {
    let nextMs = Infinity;
    for (const { nextFlushMs } of this.#groups.values()) nextMs = Math.min(nextMs, nextFlushMs);
    // A step that is overdue waits for its hours, or for the end of a silence: the turns of its groups see to that.
    for (const { nextAtMs = Infinity } of this.#escalations.values()) if (nextAtMs > this.#lastMs) nextMs = Math.min(nextMs, nextAtMs);
    return nextMs;
  }

  step(nowMs: number): Delivery[] {
    const silences = new SilencesInForce(this.#history.silences, nowMs);
    const incidents = this.#history.incidents.flatMap((incident) => this.#asOf(incident, nowMs) ?? []);
    const grouping = advanceGroups({ nowMs, routing: this.#routing, silences, groups: this.#groups.values(), incidents, transitions: this.#newsSince(incidents, nowMs) });
    for (const group of grouping.removed) this.#groups.delete(groupId(group));
    for (const group of grouping.groups) this.#groups.set(groupId(group), group);
    const escalation = escalate({ nowMs, routing: this.#routing, view: new AlertView(incidents, { routing: this.#routing, silences, nowMs }), incidents, groups: [...this.#groups.values()] });
    for (const group of escalation.groups) this.#groups.set(groupId(group), group);
    for (const { id, escalation: state } of escalation.incidents) this.#remember(id, state);
    for (const { id, status } of incidents) if (status === 'resolved') this.#remember(id, undefined);
    this.#lastMs = nowMs;
    return [...grouping.deliveries, ...escalation.deliveries];
  }

  #remember(id: IncidentId, state: Escalation | undefined): void {
    if (state === undefined) this.#escalations.delete(id);
    else this.#escalations.set(id, state);
  }

  #newsSince(incidents: readonly Incident[], nowMs: number): Transition[] {
    return incidents.flatMap((incident) => incident.timeline.filter(isNews).filter(({ atMs }) => atMs > this.#lastMs && atMs <= nowMs).map(({ kind, atMs }) => ({ kind, incident, atMs })));
  }

  /** The incident as it was at a moment; undefined where it had not begun, or is over and nobody waits for its end. */
  #asOf(incident: Incident, nowMs: number): Incident | undefined {
    const alerts = alertsAsOf(incident, nowMs);
    if (alerts.length === 0) return undefined;
    const isOver = alerts.every(({ status }) => status === 'resolved');
    if (isOver && ![...this.#groups.values()].some(({ members }) => alerts.some(({ id }) => members[id] !== undefined))) return undefined;
    const escalation = this.#escalations.get(incident.id);
    const taken = incident.timeline.findLast(({ kind, atMs }) => atMs <= nowMs && (kind === 'acknowledged' || kind === 'opened'));
    const isTaken = taken?.kind === 'acknowledged';
    return {
      ...incident, alerts, severity: isBeforeUpgrade(incident, nowMs) ? 'ticket' : incident.severity, status: isOver ? 'resolved' : isTaken ? 'acknowledged' : 'open',
      acknowledgedBy: isTaken ? taken.actor : undefined, ...(escalation === undefined ? {} : { escalation }),
    };
  }
}

function alertsAsOf(incident: Incident, nowMs: number): Alert[] {
  const begun = incident.alerts.filter(({ startsAtMs }) => startsAtMs <= nowMs);
  // Which of several alerts rose is not stored.
  const before = incident.alerts.length === 1 && isBeforeUpgrade(incident, nowMs) ? begun.map(asTicket) : begun;
  return before.map((alert) => (alert.endsAtMs !== undefined && alert.endsAtMs <= nowMs ? { ...alert, status: 'resolved' } : { ...alert, status: 'firing', endsAtMs: undefined }));
}

function isBeforeUpgrade({ timeline }: Incident, nowMs: number): boolean {
  return timeline.some(({ kind, atMs }) => kind === 'upgraded' && atMs > nowMs);
}

function asTicket(alert: Alert): Alert {
  return { ...alert, severity: 'ticket', labels: alert.labels['severity'] === 'page' ? { ...alert.labels, severity: 'ticket' } : alert.labels };
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
