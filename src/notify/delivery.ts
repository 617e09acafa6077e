import type { DeliveryId, IncidentId } from '../lib/ids.js';
import type { Labels, Transition } from '../incident/incident.js';

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
  readonly incidentId: IncidentId;
  /** Name in routing.yaml. */
  readonly receiver: string;
  /** `slack[0]`, `webhook[1]`: which of the receiver's configs. */
  readonly integration: string;
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
  /** Alertmanager's group of the route that asked for this message. */
  readonly group?: { readonly key: string; readonly labels: Labels };
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
