import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SAMPLE_START_MS } from '../incident/sample-incident.js';
import { FakeClock } from '../lib/clock.js';
import { HttpAlertmanagerNotifier } from './http-alertmanager-notifier.js';
import { notifierContract } from './notifier.contract.js';
import { sampleNotification } from './sample-delivery.js';
import { startAlertmanagerStandIn, type AlertmanagerStandIn } from './stand-in/http-alertmanager-stand-in.js';
import { failAsTold } from './stand-in/http-webhook-stand-in.js';

let alertmanager: AlertmanagerStandIn;
beforeEach(async () => { alertmanager = await startAlertmanagerStandIn(); });
afterEach(async () => { await alertmanager.close(); });
const notifier = (changes = {}): HttpAlertmanagerNotifier => new HttpAlertmanagerNotifier({ url: alertmanager.url, clock: new FakeClock(SAMPLE_START_MS), ...changes });

describe('HttpAlertmanagerNotifier', () => {
  notifierContract(async () => ({
    build: (timeoutMs) => notifier({ timeoutMs }),
    failNext: (fault) => { failAsTold(alertmanager, fault); },
    requests: () => alertmanager.requests(),
    taken: () => alertmanager.alerts().length,
    close: () => alertmanager.close(),
  }));
});

test('an alert fires there as long as it fires here, and ends when it ends', async () => {
  await notifier().notify(sampleNotification('opened'));
  expect(alertmanager.alerts()).toMatchObject([{
    labels: { alertname: 'ErrorBudgetBurn', slo: 'checkout-availability', severity: 'page' }, endsAt: '2026-11-21T03:04:05.000Z',
    annotations: { runbook_url: expect.stringContaining('#runbook') }, generatorURL: 'https://tocsin.example/incidents/inc-20261120-030405-8e78',
  }]);
  await notifier().notify(sampleNotification('resolved'));
  expect(alertmanager.alerts()).toMatchObject([{ endsAt: '2026-11-20T03:16:05.000Z' }]);
});

test('the credentials of its file go along', async () => {
  await notifier({ authorization: 'Bearer abc' }).notify(sampleNotification('opened'));
  expect(alertmanager.received()[0]?.headers.authorization).toBe('Bearer abc');
});
