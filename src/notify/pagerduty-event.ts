import type { Alert } from '../incident/incident.js';
import type { Notification } from './delivery.js';
import { leadOf } from './message-parts.js';
import { groupDigest, pagingActionOf } from './paging-action.js';
import { plainMessage, tracesInWords, type PlainMessage } from './plain-message.js';
import { shorten } from './slack-mrkdwn.js';

/** PagerDuty's limit. */
const SUMMARY_MAX = 1_024;
/** An event may have 512 KB; nobody reads more names than this. */
const ALERTS_NAMED_MAX = 50;
const RUNBOOK_MAX = 8_000;

export interface PagerdutyRequest {
  /** `change`: a change event, which is shown beside incidents and rings nobody. */
  readonly kind: 'event' | 'change';
  readonly body: Readonly<Record<string, unknown>>;
}

/** Budget steps, ends of single alerts and the like become change events; everything else opens, takes or ends PagerDuty's alert. */
export function pagerdutyRequest(notification: Notification, routingKey: string): PagerdutyRequest {
  const { delivery, publicUrl } = notification;
  const { incident, atMs } = delivery.transition;
  const action = pagingActionOf(delivery);
  const message = plainMessage(notification);
  const lead = leadOf(incident);
  const payload = { summary: summaryOf(message, action === 'note'), source: lead?.labels['service'] ?? 'tocsin', timestamp: new Date(atMs).toISOString(), custom_details: detailsOf(notification, message) };
  const links = linksOf(message);
  if (action === 'note') return { kind: 'change', body: { routing_key: routingKey, payload, links } };
  const event = { routing_key: routingKey, event_action: action, dedup_key: groupDigest(delivery.group.key) };
  if (action !== 'trigger') return { kind: 'event', body: event };
  return {
    kind: 'event',
    body: {
      ...event, client: 'Tocsin', client_url: publicUrl, links,
      payload: { ...payload, severity: incident.isDrill === true ? 'info' : incident.severity === 'page' ? 'critical' : 'warning', component: lead?.labels['service'], group: lead?.labels['owner'], class: lead?.labels['alertname'] },
    },
  };
}

function summaryOf({ headline, words, news }: PlainMessage, isNote: boolean): string {
  const said = isNote ? news ?? words : words;
  return shorten(said === undefined ? headline : `${headline}: ${said}`, SUMMARY_MAX);
}

function detailsOf({ delivery: { group, transition } }: Notification, message: PlainMessage): Readonly<Record<string, unknown>> {
  const firing = group.alerts.filter(({ status }) => status === 'firing');
  return {
    ...Object.fromEntries(message.facts.map(({ name, value }) => [name, value])),
    ...(message.news === undefined ? {} : { News: message.news }),
    Incident: transition.incident.id, num_firing: firing.length + group.truncated, num_resolved: group.alerts.length - firing.length,
    firing: firing.slice(0, ALERTS_NAMED_MAX).map(nameOf),
    traces: message.traces.flatMap(tracesInWords),
    ...(message.runbook === undefined ? {} : { runbook: shorten(message.runbook.markdown, RUNBOOK_MAX) }),
  };
}

function nameOf({ labels }: Alert): string {
  return Object.entries(labels).map(([name, value]) => `${name}=${value}`).join(' ');
}

function linksOf({ incident, runbook, traces, others }: PlainMessage): { readonly href: string; readonly text: string }[] {
  const links = [incident, ...(runbook === undefined ? [] : [{ label: `Runbook: ${runbook.label}`, url: runbook.url }]), ...traces, ...others];
  return links.map(({ label, url }) => ({ href: url, text: label }));
}
