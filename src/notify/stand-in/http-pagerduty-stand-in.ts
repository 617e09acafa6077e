import { startWebhookStandIn, type ReceivedWebhook, type StandInAnswer, type WebhookStandIn } from './http-webhook-stand-in.js';

export interface PagerdutyAlert {
  readonly key: string;
  readonly status: 'triggered' | 'acknowledged' | 'resolved';
  readonly summary: string;
  readonly severity: string;
  /** Triggers that it was sent. */
  readonly events: number;
}

export interface PagerdutyStandIn extends WebhookStandIn {
  /** Oldest first, the resolved ones included. */
  alerts(): readonly PagerdutyAlert[];
  changes(): readonly string[];
}

interface Event {
  readonly routing_key?: unknown;
  readonly event_action?: unknown;
  readonly dedup_key?: unknown;
  readonly payload?: { readonly summary?: unknown; readonly source?: unknown; readonly severity?: unknown; readonly timestamp?: unknown };
  readonly links?: readonly { readonly href?: unknown }[];
}

const SEVERITIES = new Set(['critical', 'error', 'warning', 'info']);

/** PagerDuty's Events API v2, as its documentation describes it: what it refuses, and one open alert per `dedup_key`. */
export async function startPagerdutyStandIn(routingKey: string): Promise<PagerdutyStandIn> {
  const alerts: PagerdutyAlert[] = [];
  const changes: string[] = [];
  const take = (event: Event): void => {
    const open = alerts.findIndex(({ key, status }) => key === event.dedup_key && status !== 'resolved');
    const known = alerts[open];
    if (event.event_action === 'trigger' && known === undefined) alerts.push({ key: String(event.dedup_key), status: 'triggered', summary: String(event.payload?.summary), severity: String(event.payload?.severity), events: 1 });
    else if (known === undefined) return;
    else if (event.event_action === 'trigger') alerts[open] = { ...known, events: known.events + 1 };
    else alerts[open] = { ...known, status: event.event_action === 'resolve' ? 'resolved' : 'acknowledged' };
  };
  const answer = (request: ReceivedWebhook): StandInAnswer => {
    const event = JSON.parse(request.body) as Event;
    const isChange = request.path === '/v2/change/enqueue';
    const error = isChange || request.path === '/v2/enqueue' ? errorOf(event, { routingKey, isChange }) : 'no such path';
    if (error !== undefined) return { status: 400, body: JSON.stringify({ status: 'invalid event', message: 'Event object is invalid', errors: [error] }) };
    if (isChange) changes.push(String(event.payload?.summary));
    else take(event);
    return { status: 202, body: JSON.stringify({ status: 'success', message: 'Event processed', dedup_key: event.dedup_key }) };
  };
  const standIn = await startWebhookStandIn(answer);
  return { ...standIn, url: new URL('/v2/enqueue', standIn.url).href, alerts: () => alerts, changes: () => changes };
}

function errorOf({ routing_key: key, event_action: action, dedup_key: dedup, payload, links = [] }: Event, { routingKey, isChange }: { readonly routingKey: string; readonly isChange: boolean }): string | undefined {
  if (key !== routingKey) return 'routing_key is invalid';
  if (links.some(({ href }) => typeof href !== 'string')) return 'links need an href';
  if (!isChange && action !== 'trigger' && action !== 'acknowledge' && action !== 'resolve') return 'event_action is not included in the list';
  if (!isChange && (typeof dedup !== 'string' || dedup.length > 255)) return 'dedup_key is too long or missing';
  if (!isChange && action !== 'trigger') return undefined;
  if (typeof payload?.summary !== 'string' || payload.summary.length > 1_024) return 'payload.summary is missing or too long';
  if (typeof payload.source !== 'string' || Number.isNaN(Date.parse(String(payload.timestamp)))) return 'payload.source or timestamp is wrong';
  return isChange || SEVERITIES.has(String(payload.severity)) ? undefined : 'payload.severity is not included in the list';
}
