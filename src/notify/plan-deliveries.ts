import type { Transition } from '../incident/incident.js';
import type { DeliveryId } from '../lib/ids.js';
import { stableHash } from '../lib/stable-hash.js';
import type { Delivery } from './delivery.js';
import type { Receiver } from './receiver.js';
import { matchRoutes, type RouteMatch, type Routing } from './routing.js';

/** Enough of the hash that two deliveries never share an id; short enough for a header and a log line. */
const ID_HEX_DIGITS = 24;

/**
 * The messages that a transition calls for. Every alert of the incident is routed as Alertmanager does it, also the ended ones,
 * so that who heard of the fire hears of its end. One message for each integration of each receiver.
 */
export function planDeliveries(transition: Transition, routing: Routing, nowMs: number): Delivery[] {
  const planned = new Map<string, Delivery>();
  for (const alert of transition.incident.alerts) {
    for (const match of matchRoutes(routing, alert.labels)) {
      const receiver = routing.receivers.get(match.receiver);
      for (const integration of receiver === undefined ? [] : wantedIntegrations(receiver, transition)) {
        const delivery = deliveryTo(integration, match, { transition, nowMs });
        const before = planned.get(delivery.id);
        if (before === undefined || delivery.notBeforeMs < before.notBeforeMs) planned.set(delivery.id, delivery);
      }
    }
  }
  return [...planned.values()];
}

/** How an integration is called in deliveries, logs and metrics: `slack[0]`. */
export function integrationName(kind: 'slack' | 'webhook', index: number): string {
  return `${kind}[${String(index)}]`;
}

/**
 * A Slack message is updated in place whatever happens, `send_resolved` or not: it must never show a fire that is out
 * (the setting decides whether the thread is told). A webhook cannot change what it sent, so it hears only real news.
 */
function wantedIntegrations(receiver: Receiver, transition: Transition): string[] {
  const slacks = receiver.slacks.map((_config, index) => integrationName('slack', index));
  const isNews = transition.kind !== 'updated' || transition.news !== undefined;
  const webhooks = receiver.webhooks.flatMap(({ sendResolved }, index) =>
    (isNews && (sendResolved || transition.kind !== 'resolved') ? [integrationName('webhook', index)] : []));
  return [...slacks, ...webhooks];
}

interface Moment {
  readonly transition: Transition;
  readonly nowMs: number;
}

/** Only the first message waits for `group_wait`: an upgrade to a page is news at once, and so is the end. */
function deliveryTo(integration: string, match: RouteMatch, { transition, nowMs }: Moment): Delivery {
  const { incident, kind, atMs, breachReceivedAtMs } = transition;
  const { receiver } = match;
  return {
    id: `dlv-${stableHash([incident.id, receiver, integration, kind, String(atMs)], ID_HEX_DIGITS)}` as DeliveryId,
    incidentId: incident.id, receiver, integration, transition, status: 'pending', attempts: 0, createdAtMs: nowMs,
    notBeforeMs: kind === 'opened' ? nowMs + match.groupWaitMs : nowMs, lastError: undefined, group: { key: match.groupKey, labels: match.groupLabels },
    ...(breachReceivedAtMs === undefined ? {} : { breachReceivedAtMs }),
  };
}
