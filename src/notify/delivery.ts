import type { DeliveryId, IncidentId } from '../lib/ids.js';
import type { Alert, Labels, Transition } from '../incident/incident.js';
import type { NotifyReason } from './notify-reason.js';

/** What became of one attempt. The dispatcher decides from this alone; no HTTP status leaves a notifier. */
export type DeliveryResult =
  /** `receipt` is kept with the incident and receiver: Slack's channel and ts, so that the next message updates or threads. */
  | { readonly kind: 'delivered'; readonly receipt: Readonly<Record<string, string>> }
  /** `ambiguous`: the other side may have taken it all the same (a timeout, a reset), so the next attempt has to look first. */
  | { readonly kind: 'retryable'; readonly reason: string; readonly retryAfterMs: number | undefined; readonly ambiguous?: boolean }
  | { readonly kind: 'rejected'; readonly reason: string };

/** One message to one integration of one receiver, in the outbox until it is delivered or rejected. */
export interface Delivery {
  readonly id: DeliveryId;
  /** The incident that it leads with. */
  readonly incidentId: IncidentId;
  /** Name in routing.yaml. */
  readonly receiver: string;
  /** `slack[0]`, `webhook[1]`: which of the receiver's configs. */
  readonly integration: string;
  /** Messages of one conversation reach a receiver one after the other, and share their receipt: one Slack thread, one PagerDuty alert. */
  readonly conversation: string;
  /** The news, frozen: a later delivery carries later news. */
  readonly transition: Transition;
  /** `superseded`: an `updated` that later news overtook before it could go out. */
  readonly status: 'pending' | 'delivered' | 'rejected' | 'superseded';
  /** Started so far, the one in flight included. */
  readonly attempts: number;
  readonly createdAtMs: number;
  readonly notBeforeMs: number;
  readonly lastError: string | undefined;
  /** An earlier attempt may have arrived: look before sending again. */
  readonly ambiguous?: boolean;
  /** When the span that crossed the threshold was received; only where it is known. */
  readonly breachReceivedAtMs?: number;
  readonly group: DeliveredGroup;
}

/** Alertmanager's notification group as it was when the message was made. */
export interface DeliveredGroup {
  readonly key: string;
  readonly labels: Labels;
  readonly reason: NotifyReason;
  /** Firing ones first. */
  readonly alerts: readonly Alert[];
  /** How many more there were than a message carries. */
  readonly truncated: number;
  /** Incidents that its alerts belong to beside the one that the message leads with. */
  readonly otherIncidents: readonly IncidentId[];
  /** What keeps some of its alerts quiet at the moment: `silenced by …: deploy (ann)`. */
  readonly quiet?: readonly string[];
}

/** Everything a notifier needs; rendered from the frozen transition at send time. */
export interface Notification {
  readonly delivery: Delivery;
  /** Receipt of the last delivered message for this (incident, receiver, integration). */
  readonly previousReceipt: Readonly<Record<string, string>> | undefined;
  /** Runbook rendered for the incident as Markdown, with its public link; undefined when the incident has none. */
  readonly runbook: { readonly title: string; readonly markdown: string; readonly url: string } | undefined;
  /** Base of every link, without a slash at the end. */
  readonly publicUrl: string;
}

/** Port towards one integration. Must not throw for what the other side did; must finish within `timeoutMs`. */
export interface Notifier {
  notify(notification: Notification): Promise<DeliveryResult>;
}
