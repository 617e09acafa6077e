import { describe, expect, test } from 'vitest';
import type { Transition } from '../incident/incident.js';
import { sampleAlert, sampleIncident, SAMPLE_START_MS as T0 } from '../incident/sample-incident.js';
import type { AlertId } from '../lib/ids.js';
import { planDeliveries } from './plan-deliveries.js';
import { parseRouting, type Routing } from './routing.js';

function routing(text: string): Routing {
  const parsed = parseRouting({ path: 'routing.yaml', text });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

const RULES = routing(`
route:
  receiver: everyone
  group_by: [incident]
  routes:
    - matchers: ['severity="page"']
      receiver: on-call
      group_wait: 0s
      continue: true
    - matchers: ['service="checkout"']
      receiver: shop
receivers:
  - name: everyone
  - name: on-call
    slack_configs: [{ channel: '#pages' }]
    webhook_configs: [{ url: 'http://127.0.0.1:1/a' }, { url: 'http://127.0.0.1:1/b', send_resolved: false }]
  - name: shop
    slack_configs: [{ channel: '#shop' }]
`);

const transition = (kind: Transition['kind'], changes: Partial<Transition> = {}): Transition => ({ kind, incident: sampleIncident(), atMs: T0, ...changes });
const plan = (news: Transition): string[] => planDeliveries(news, RULES, T0).map(({ receiver, integration }) => `${receiver} ${integration}`);

test('every route that matches has each of its integrations told, once', () => {
  expect(plan(transition('opened'))).toEqual(['on-call slack[0]', 'on-call webhook[0]', 'on-call webhook[1]', 'shop slack[0]']);
});

test('two alerts of one incident are one message, and each may add receivers', () => {
  const { id: incidentId, alerts } = sampleIncident();
  const ticket = sampleAlert({ incidentId, id: 'ticket' as AlertId, labels: { severity: 'ticket', service: 'checkout', incident: incidentId } });
  expect(plan(transition('upgraded', { incident: sampleIncident({ alerts: [ticket, ...alerts] }) }))).toEqual(['shop slack[0]', 'on-call slack[0]', 'on-call webhook[0]', 'on-call webhook[1]']);
});

test('who heard of the fire hears of its end, although the alert that concerned them ended before', () => {
  const { id: incidentId } = sampleIncident();
  const ended = sampleAlert({ incidentId, status: 'resolved', endsAtMs: T0 });
  expect(plan(transition('resolved', { incident: sampleIncident({ status: 'resolved', alerts: [ended] }) }))).toEqual(['on-call slack[0]', 'on-call webhook[0]', 'shop slack[0]']);
});

describe('new numbers', () => {
  test('change Slack messages and bother no webhook', () => {
    expect(plan(transition('updated'))).toEqual(['on-call slack[0]', 'shop slack[0]']);
  });

  test('that are news go everywhere', () => {
    expect(plan(transition('updated', { news: 'The error budget is spent.' }))).toContain('on-call webhook[1]');
  });
});

test('the first message waits for group_wait, where the file does not say 0s; later ones do not wait', () => {
  const waits = (kind: Transition['kind']): number[] => planDeliveries(transition(kind), RULES, T0).map(({ notBeforeMs }) => notBeforeMs - T0);
  expect(waits('opened')).toEqual([0, 0, 0, 30_000]);
  expect(waits('upgraded')).toEqual([0, 0, 0, 0]);
});

test('a delivery is made the same way twice, and carries what it needs', () => {
  const news = transition('opened', { breachReceivedAtMs: T0 - 900 });
  const [first] = planDeliveries(news, RULES, T0);
  expect(planDeliveries(news, RULES, T0)[0]).toEqual(first);
  expect(first).toMatchObject({
    id: expect.stringMatching(/^dlv-[0-9a-f]{24}$/), incidentId: news.incident.id, transition: news, status: 'pending', attempts: 0, createdAtMs: T0, breachReceivedAtMs: T0 - 900,
    group: { key: `{}/{severity="page"}:{incident="${news.incident.id}"}`, labels: { incident: news.incident.id } },
  });
  const others = [transition('upgraded'), transition('opened', { atMs: T0 + 1 })].map((other) => planDeliveries(other, RULES, T0)[0]?.id);
  expect(new Set([first?.id, ...others]).size).toBe(3);
});
