import type { Incident, TimelineKind, TransitionKind } from '../incident/incident.js';
import { sampleIncident, SAMPLE_START_MS } from '../incident/sample-incident.js';
import { MINUTE_MS } from '../lib/duration.js';
import type { DeliveryId } from '../lib/ids.js';
import type { DeliveredGroup, Delivery, Notification } from './delivery.js';
import type { NotifyReason } from './notify-reason.js';

const REASONS: Partial<Record<TransitionKind, NotifyReason>> = {
  opened: 'first notification', upgraded: 'new alerts added', resolved: 'all alerts resolved', 'alerts-added': 'new alerts added', 'alerts-resolved': 'some alerts resolved',
  unmuted: 'mute ended', repeated: 'repeat interval elapsed',
};
const TIMELINE_KINDS: Partial<Record<TransitionKind, TimelineKind>> = { opened: 'opened', upgraded: 'upgraded', updated: 'updated', acknowledged: 'acknowledged', resolved: 'resolved' };

/** What the timeline says of each kind of news, 12 minutes into the sample incident. */
const TEXTS = {
  opened: 'Page opened: burning 21x with 71 % of the 30-day budget left: gone in 24 h.',
  upgraded: 'Upgraded from ticket to page: burning 21x with 71 % of the 30-day budget left: gone in 24 h.',
  updated: 'Less than 50 % of the error budget left: burning 30x with 49 % of the 30-day budget left: gone in 12 h.',
  acknowledged: 'ann has it, 12 min after it began.',
  resolved: 'Resolved after 12 min: burning 0.4x with 63 % of the 30-day budget left.',
  'alerts-added': '"Shop front works" fires too.',
  'alerts-resolved': '"Shop front works" ended; 1 still firing.',
  unmuted: 'No longer silenced, and still firing: "Checkout works".',
  repeated: 'Still firing: "Checkout works".',
  escalated: 'Nobody has acknowledged it, 12 min after it began: escalated to second-line (step 1 of 2 of the escalation "pages").',
} as const satisfies Readonly<Record<TransitionKind, string>>;

/** The sample incident as it is after news of this kind, on its way to Slack. For previews and tests. */
export function sampleDelivery(kind: TransitionKind, changes: Partial<Incident> = {}): Delivery {
  const atMs = kind === 'opened' ? SAMPLE_START_MS : SAMPLE_START_MS + 12 * MINUTE_MS;
  const before = sampleIncident();
  const incident: Incident = {
    ...before, timeline: [...before.timeline, { atMs, kind: TIMELINE_KINDS[kind] ?? 'note', actor: kind === 'acknowledged' ? 'ann' : 'tocsin', text: TEXTS[kind] }],
    ...(kind === 'acknowledged' ? { status: 'acknowledged', acknowledgedBy: 'ann' } : {}), ...(kind === 'resolved' ? resolvedOf(before, atMs) : {}), ...changes,
  };
  return {
    id: `dlv-sample-${kind}` as DeliveryId, incidentId: incident.id, receiver: 'shop', integration: 'slack[0]', conversation: incident.id, transition: { kind, incident, atMs, ...(TIMELINE_KINDS[kind] === undefined ? { news: TEXTS[kind] } : {}) }, status: 'pending',
    attempts: 1, createdAtMs: atMs, notBeforeMs: atMs, lastError: undefined, group: groupOf(incident, REASONS[kind] ?? 'none'),
  };
}

/** The group that the shipped routing makes of an incident. */
export function groupOf(incident: Incident, reason: NotifyReason = 'first notification'): DeliveredGroup {
  return { key: `{}:{incident=${JSON.stringify(incident.id)}}`, labels: { incident: incident.id }, reason, alerts: incident.alerts, truncated: 0, otherIncidents: [] };
}

export function sampleNotification(kind: TransitionKind, changes: Partial<Notification> = {}): Notification {
  return { delivery: sampleDelivery(kind), previousReceipt: undefined, runbook: SAMPLE_RUNBOOK, publicUrl: 'https://tocsin.example', ...changes };
}

function resolvedOf(incident: Incident, atMs: number): Partial<Incident> {
  const summary = 'Checkout works: burning 0.4x with 63 % of the 30-day budget left';
  return {
    status: 'resolved', endedAtMs: atMs,
    alerts: incident.alerts.map((alert) => ({
      ...alert, status: 'resolved', endsAtMs: atMs, updatedAtMs: atMs, annotations: { summary },
      ...(alert.reading === undefined ? {} : { reading: { ...alert.reading, firing: undefined, state: 'ok' as const, errorBudgetRemaining: 0.63, exhaustionMs: undefined } }),
    })),
  };
}

const SAMPLE_RUNBOOK = {
  title: 'Checkout errors',
  url: 'https://tocsin.example/incidents/inc-20261120-030405-8e78#runbook',
  markdown: `# Checkout errors

Customers **cannot pay**. Every minute costs orders.

## Check

1. Is the payment provider up? See [its status page](https://status.example.com/?region=eu&lang=en).
2. Look at the most common trace: where is the first red span?
3. \`kubectl -n shop logs deploy/payment --since=10m\`

## Mitigate

Switch to the second provider: \`shopctl payment use backup\`.
`,
};
