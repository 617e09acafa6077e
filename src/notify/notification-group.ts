import type { Labels } from '../incident/incident.js';
import type { AlertId, DeliveryId, IncidentId } from '../lib/ids.js';

/** Why alerts of a group tell nobody at the moment. */
export interface Mute {
  readonly by: 'silence' | 'inhibition' | 'time';
  /** For people, and for the decision chain: `silenced by sil-…: maintenance (ann)`. */
  readonly words: string;
}

/** What one integration was told last: Alertmanager's notification log. */
export interface ToldState {
  readonly firing: readonly AlertId[];
  readonly resolved: readonly AlertId[];
  readonly atMs: number;
  /** Begins anew with every "first notification": one Slack thread, one PagerDuty alert. */
  readonly conversation: string;
}

export interface GroupTiming {
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
  readonly repeatIntervalMs: number;
}

/** Alerts that one receiver hears of together: one route, one set of group labels. Lives from the first alert to the end of the last. */
export interface NotificationGroup {
  /** Alertmanager's group key: `{}/{severity="page"}:{incident="…"}`. With the receiver it is unique. */
  readonly key: string;
  readonly receiver: string;
  /** Where the route stands in routing.yaml; `''` once the file no longer leads here. */
  readonly route: string;
  readonly labels: Labels;
  readonly timing: GroupTiming;
  readonly createdAtMs: number;
  readonly nextFlushMs: number;
  readonly flushed: boolean;
  /** Alert to the incident that it belongs to: those that are routed here, and those that were told here and have not ended for its receiver. */
  readonly members: Readonly<Record<AlertId, IncidentId>>;
  readonly muted: Readonly<Record<AlertId, Mute>>;
  /** By integration. */
  readonly told: Readonly<Record<string, ToldState>>;
  /** What was decided last, by alert and integration: only what changes is written down. */
  readonly decided: Readonly<Record<string, string>>;
}

export type DecisionOutcome = 'waits' | 'sent' | 'silenced' | 'inhibited' | 'muted' | 'not-sent' | 'left';

/** One link of the chain that explains why a receiver was or was not told of an alert. */
export interface Decision {
  readonly atMs: number;
  readonly incidentId: IncidentId;
  readonly alertId: AlertId;
  readonly groupKey: string;
  readonly route: string;
  readonly receiver: string;
  /** Empty where it is about the receiver as a whole. */
  readonly integration: string;
  readonly outcome: DecisionOutcome;
  /** A sentence. */
  readonly reason: string;
  readonly deliveryId: DeliveryId | undefined;
}

export function groupId({ key, receiver }: Pick<NotificationGroup, 'key' | 'receiver'>): string {
  return JSON.stringify([key, receiver]);
}

export function timingOf({ groupWaitMs, groupIntervalMs, repeatIntervalMs }: GroupTiming): GroupTiming {
  return { groupWaitMs, groupIntervalMs, repeatIntervalMs };
}

/** Names a conversation that begins now. What a person ends while it fires may begin again at that very moment, as another incident's. */
export function conversationOf(groupKey: string, incidents: Iterable<IncidentId>, nowMs: number): string {
  const [first = ''] = incidents;
  return `${groupKey}@${String(nowMs)}/${first}`;
}
