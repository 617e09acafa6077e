import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { IncidentId } from '../lib/ids.js';
import type { TransitionKind } from '../incident/incident.js';
import type { DeliveryResult } from './delivery.js';
import { HttpPagerdutyNotifier } from './http-pagerduty-notifier.js';
import { notifierContract } from './notifier.contract.js';
import { sampleDelivery, sampleNotification } from './sample-delivery.js';
import { startPagerdutyStandIn, type PagerdutyStandIn } from './stand-in/http-pagerduty-stand-in.js';
import { failAsTold } from './stand-in/http-webhook-stand-in.js';

const KEY = 'R0123456789ABCDEF0123456789ABCDE';
let pagerduty: PagerdutyStandIn;
beforeEach(async () => { pagerduty = await startPagerdutyStandIn(KEY); });
afterEach(async () => { await pagerduty.close(); });
const send = (kind: TransitionKind, group = {}): Promise<DeliveryResult> => {
  const delivery = sampleDelivery(kind);
  return new HttpPagerdutyNotifier({ url: pagerduty.url, routingKey: KEY }).notify(sampleNotification(kind, { delivery: { ...delivery, group: { ...delivery.group, ...group } } }));
};

describe('HttpPagerdutyNotifier', () => {
  notifierContract(async () => ({
    build: (timeoutMs) => new HttpPagerdutyNotifier({ url: pagerduty.url, routingKey: KEY, timeoutMs }),
    failNext: (fault) => { failAsTold(pagerduty, fault); },
    requests: () => pagerduty.requests(),
    taken: () => pagerduty.alerts().length,
    close: () => pagerduty.close(),
  }));
});

test('an incident is one alert there: opened, acknowledged, and resolved', async () => {
  await send('opened');
  await send('repeated');
  expect(pagerduty.alerts()).toMatchObject([{ status: 'triggered', severity: 'critical', events: 2, summary: expect.stringContaining('Page: Checkout works: burning 21x') }]);
  await send('acknowledged');
  expect(pagerduty.alerts()).toMatchObject([{ status: 'acknowledged' }]);
  await send('resolved');
  expect(pagerduty.alerts()).toMatchObject([{ status: 'resolved' }]);
});

test('an event says what a woken person asks', async () => {
  await send('opened');
  await expect(`${JSON.stringify(JSON.parse(pagerduty.received()[0]!.body), undefined, 2)}\n`).toMatchFileSnapshot('golden/pagerduty-opened.json');
});

test('a repeat after a lost answer makes no second alert', async () => {
  pagerduty.failNext({ acceptThenReset: true });
  expect(await send('opened')).toMatchObject({ kind: 'retryable', ambiguous: true });
  await send('opened');
  expect(pagerduty.alerts()).toMatchObject([{ events: 2 }]);
});

test.each(['updated', 'alerts-resolved'] as const)('%s is a change event: written down, and rings nobody', async (kind) => {
  await send('opened');
  expect(await send(kind)).toMatchObject({ kind: 'delivered' });
  expect([pagerduty.alerts()[0]?.events, pagerduty.changes()]).toEqual([1, [expect.stringContaining(kind === 'updated' ? 'Less than 50 %' : 'ended')]]);
});

test('who took one of several incidents has not taken the others', async () => {
  await send('opened');
  await send('acknowledged', { otherIncidents: ['inc-other' as IncidentId] });
  expect([pagerduty.alerts()[0]?.status, pagerduty.changes()]).toEqual(['triggered', [expect.stringContaining('ann has it')]]);
});

test('a wrong key is refused, with what PagerDuty says', async () => {
  expect(await new HttpPagerdutyNotifier({ url: pagerduty.url, routingKey: 'wrong' }).notify(sampleNotification('opened'))).toMatchObject({ kind: 'rejected', reason: expect.stringContaining('routing_key is invalid') });
});
