import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TransitionKind } from '../incident/incident.js';
import type { DeliveryResult } from './delivery.js';
import { HttpOpsgenieNotifier } from './http-opsgenie-notifier.js';
import { notifierContract } from './notifier.contract.js';
import type { OpsgenieAlertOptions } from './opsgenie-alert.js';
import { sampleDelivery, sampleNotification } from './sample-delivery.js';
import { startOpsgenieStandIn, type OpsgenieStandIn } from './stand-in/http-opsgenie-stand-in.js';
import { failAsTold } from './stand-in/http-webhook-stand-in.js';

let opsgenie: OpsgenieStandIn;
beforeEach(async () => { opsgenie = await startOpsgenieStandIn('right'); });
afterEach(async () => { await opsgenie.close(); });
const options: OpsgenieAlertOptions = { priority: undefined, responders: [], tags: [] };
const send = (kind: TransitionKind, changes: Partial<OpsgenieAlertOptions & { apiKey: string }> = {}): Promise<DeliveryResult> =>
  new HttpOpsgenieNotifier({ url: opsgenie.url, apiKey: 'right', ...options, ...changes }).notify(sampleNotification(kind));

describe('HttpOpsgenieNotifier', () => {
  notifierContract(async () => ({
    build: (timeoutMs) => new HttpOpsgenieNotifier({ url: opsgenie.url, apiKey: 'right', ...options, timeoutMs }),
    failNext: (fault) => { failAsTold(opsgenie, fault); },
    requests: () => opsgenie.requests(),
    taken: () => opsgenie.alerts().length,
    close: () => opsgenie.close(),
  }));
});

test('an incident is one alert there: opened, acknowledged, and closed', async () => {
  await send('opened');
  expect(opsgenie.alerts()).toMatchObject([{ status: 'open', priority: 'P1', message: 'Page: Checkout works', count: 1 }]);
  await send('acknowledged');
  expect(opsgenie.alerts()).toMatchObject([{ status: 'acknowledged' }]);
  await send('resolved');
  expect(opsgenie.alerts()).toMatchObject([{ status: 'closed' }]);
});

test('an alert says what a woken person asks, to whom the file says', async () => {
  await send('opened', { priority: 'P2', tags: ['shop'], responders: [{ type: 'team', name: 'payments' }] });
  await expect(`${JSON.stringify(JSON.parse(opsgenie.received()[0]!.body), undefined, 2)}\n`).toMatchFileSnapshot('golden/opsgenie-opened.json');
});

test('a ticket that becomes a page gets its priority, and the news as a note', async () => {
  const delivery = sampleDelivery('opened', { severity: 'ticket' });
  await new HttpOpsgenieNotifier({ url: opsgenie.url, apiKey: 'right', ...options }).notify(sampleNotification('opened', { delivery }));
  expect(opsgenie.alerts()).toMatchObject([{ priority: 'P3' }]);
  await send('upgraded');
  expect(opsgenie.alerts()).toMatchObject([{ priority: 'P1', count: 2, notes: [expect.stringContaining('Upgraded from ticket to page')] }]);
});

test('what fails half way is sent again as a whole', async () => {
  await send('opened');
  opsgenie.failNext({ status: 200 });
  opsgenie.failNext({ status: 503 });
  expect(await send('upgraded')).toMatchObject({ kind: 'retryable' });
  expect(await send('upgraded')).toMatchObject({ kind: 'delivered' });
  expect(opsgenie.alerts()).toMatchObject([{ count: 2, notes: [expect.any(String)] }]);
});

test('news that ring nobody are notes', async () => {
  await send('opened');
  await send('updated');
  expect(opsgenie.alerts()).toMatchObject([{ count: 1, notes: [expect.stringContaining('Less than 50 %')] }]);
});

test('a wrong key is refused, with what Opsgenie says', async () => {
  expect(await send('opened', { apiKey: 'wrong' })).toMatchObject({ kind: 'rejected', reason: expect.stringContaining('Could not authenticate') });
});
