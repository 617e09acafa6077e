import { expect, test } from 'vitest';
import type { Delivery, Notification } from './delivery.js';
import { drillIncident, startedRun } from './drill.js';
import { emailMessage } from './email-message.js';
import { opsgenieRequests } from './opsgenie-alert.js';
import { pagerdutyRequest } from './pagerduty-event.js';
import { groupOf } from './sample-delivery.js';
import { incidentMessage } from './slack-message.js';
import { teamsCard } from './teams-card.js';
import { webhookBody } from './webhook-body.js';

const NOW = Date.UTC(2026, 10, 20, 3, 0, 0);
const incident = drillIncident(startedRun({ rule: { name: 'hourly', withinMs: 30_000 }, receiver: 'on-call', integrations: ['slack[0]'], by: 'tocsin' }, NOW));
const delivery: Delivery = {
  id: 'dlv-drill' as Delivery['id'], incidentId: incident.id, receiver: 'on-call', integration: 'slack[0]', conversation: 'c', transition: { kind: 'opened', incident, atMs: NOW }, status: 'pending', attempts: 1, createdAtMs: NOW, notBeforeMs: NOW,
  lastError: undefined, group: groupOf(incident),
};
const notification: Notification = { delivery, previousReceipt: undefined, runbook: undefined, publicUrl: 'https://tocsin.example' };

test('every receiver can tell that it is a drill, and nobody is rung who need not be', () => {
  const headline = 'DRILL: nothing is wrong, "on-call" is tested';
  const slack = incidentMessage(notification, { takesPresses: true });
  expect(slack.text).toBe(`🧪 ${headline}: This is a test of the way to you. Nobody has to do anything.`);
  expect(JSON.stringify(slack.blocks)).not.toMatch(/acknowledge|Runbook/);
  expect(JSON.stringify(slack.blocks)).toContain('https://tocsin.example/drills');
  expect(emailMessage(notification).subject).toContain(headline);
  expect(teamsCard(notification)).toContain('DRILL: nothing is wrong');
  expect(pagerdutyRequest(notification, 'key').body).toMatchObject({ payload: { severity: 'info', class: 'TocsinDrill', summary: expect.stringContaining(headline) as string } });
  expect(opsgenieRequests(notification, { priority: 'P1', responders: [], tags: [] })[0].body).toMatchObject({ priority: 'P5', message: headline });
  expect(webhookBody(notification, 0)).toMatchObject({ commonLabels: { alertname: 'TocsinDrill' }, tocsin: { drill: true } });
});
