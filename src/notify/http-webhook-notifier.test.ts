import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../lib/clock.js';
import { sampleAlert, sampleIncident, SAMPLE_START_MS } from '../incident/sample-incident.js';
import type { AlertId, IncidentId } from '../lib/ids.js';
import { HttpWebhookNotifier, type WebhookNotifierOptions } from './http-webhook-notifier.js';
import { notifierContract } from './notifier.contract.js';
import { sampleDelivery, sampleNotification } from './sample-delivery.js';
import { readWebhookSecret } from './standard-webhooks.js';
import { failAsTold, startWebhookStandIn, type WebhookStandIn } from './stand-in/http-webhook-stand-in.js';
import { webhookBody } from './webhook-body.js';

let receiver: WebhookStandIn;
beforeEach(async () => { receiver = await startWebhookStandIn(); });
afterEach(async () => { await receiver.close(); });
const notifier = (options: Partial<WebhookNotifierOptions> = {}): HttpWebhookNotifier => new HttpWebhookNotifier({ url: receiver.url, maxAlerts: 0, ...options });

describe('HttpWebhookNotifier', () => {
  notifierContract(async () => ({
    build: (timeoutMs) => notifier({ timeoutMs }),
    failNext: (fault) => { failAsTold(receiver, fault); },
    requests: () => receiver.requests(),
    taken: () => receiver.received().length,
    close: () => receiver.close(),
  }));
});

test('the body of an incident that goes on in another names it, for its status is resolved', () => {
  const merged = sampleIncident({ status: 'resolved', endedAtMs: SAMPLE_START_MS, mergedInto: 'inc-other' as IncidentId });
  expect(webhookBody(sampleNotification('resolved', { delivery: sampleDelivery('resolved', merged) }), 0)).toMatchObject({ tocsin: { incident: { status: 'resolved', mergedInto: 'inc-other' } } });
});

describe('what an answer means', () => {
  test.each([[200, 'delivered'], [201, 'delivered'], [202, 'delivered'], [204, 'delivered'], [301, 'rejected'], [302, 'rejected'], [304, 'rejected'], [307, 'rejected'],
    [400, 'rejected'], [401, 'rejected'], [403, 'rejected'], [404, 'rejected'], [408, 'retryable'], [410, 'rejected'], [413, 'rejected'], [422, 'rejected'], [425, 'retryable']])(
    'HTTP %d: %s', async (status, kind) => {
      receiver.failNext({ status });
      expect(await notifier().notify(sampleNotification('opened'))).toMatchObject({ kind });
      expect(receiver.requests()).toBe(1);
    });

  test('the reason carries what the receiver said, on one line and short', async () => {
    receiver.failNext({ status: 422, body: `no such\n  team ${'x'.repeat(5_000)}` });
    const result = await notifier().notify(sampleNotification('opened'));
    expect(result).toMatchObject({ reason: expect.stringMatching(/^HTTP 422: no such team x+…$/) });
    expect((result as { reason: string }).reason.length).toBeLessThan(220);
  });

  test('a redirect names where it pointed to, and is not followed', async () => {
    const elsewhere = await startWebhookStandIn();
    receiver.failNext({ status: 307, headers: { location: elsewhere.url } });
    expect(await notifier().notify(sampleNotification('opened'))).toMatchObject({ kind: 'rejected', reason: expect.stringContaining(elsewhere.url) });
    expect(elsewhere.requests()).toBe(0);
    await elsewhere.close();
  });

  test.each([['120', 120_000], ['Fri, 20 Nov 2026 03:05:05 GMT', 60_000], ['Thu, 19 Nov 2026 03:05:05 GMT', 0], ['soon', undefined]])('Retry-After: %s', async (header, retryAfterMs) => {
    receiver.failNext({ status: 503, headers: { 'retry-after': header } });
    expect(await notifier({ clock: new FakeClock(SAMPLE_START_MS) }).notify(sampleNotification('opened'))).toEqual({ kind: 'retryable', reason: 'HTTP 503', retryAfterMs });
  });

  test('a success counts as soon as it is said, whatever becomes of its body', async () => {
    receiver.failNext({ slowBody: 200 });
    expect(await notifier().notify(sampleNotification('opened'))).toMatchObject({ kind: 'delivered' });
  });
});

describe('the request', () => {
  test('is Alertmanager\'s version 4 with Tocsin\'s own beside it', async () => {
    await notifier().notify(sampleNotification('opened'));
    const [received] = receiver.received();
    await expect(`${JSON.stringify(JSON.parse(received!.body), undefined, 2)}\n`).toMatchFileSnapshot('golden/webhook-opened.json');
    expect(received!.headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': 'dlv-sample-opened' });
    expect(received!.headers['webhook-signature']).toBeUndefined();
  });

  test('is signed by Standard Webhooks when there is a secret', async () => {
    const secret = readWebhookSecret(' whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n');
    if (!secret.ok) throw new Error(secret.error);
    await notifier({ secret: secret.value, clock: new FakeClock(1_614_265_330_999) }).notify(sampleNotification('opened'));
    const { headers, body } = receiver.received()[0]!;
    const expected = createHmac('sha256', Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64')).update(`dlv-sample-opened.1614265330.${body}`).digest('base64');
    expect(headers).toMatchObject({ 'webhook-timestamp': '1614265330', 'webhook-signature': `v1,${expected}` });
  });

  test('keeps its id and its body on a retry', async () => {
    receiver.failNext({ acceptThenReset: true });
    const notification = sampleNotification('opened');
    expect(await notifier().notify(notification)).toMatchObject({ kind: 'retryable', ambiguous: true });
    await notifier().notify({ ...notification, delivery: { ...notification.delivery, attempts: 2, ambiguous: true } });
    const [first, second] = receiver.received();
    expect(second!.headers['webhook-id']).toBe(first!.headers['webhook-id']);
    expect(second!.body).toBe(first!.body);
  });

  test('carries the authorization that routing.yaml asks for', async () => {
    await notifier({ authorization: 'Bearer abc' }).notify(sampleNotification('opened'));
    expect(receiver.received()[0]!.headers.authorization).toBe('Bearer abc');
  });
});

describe('the body', () => {
  const body = (kind: 'opened' | 'upgraded' | 'resolved', maxAlerts = 0, changes = {}): Readonly<Record<string, unknown>> => webhookBody(sampleNotification(kind, { delivery: sampleDelivery(kind, changes) }), maxAlerts);

  test('of an end says resolved, with the time', () => {
    expect(body('resolved')).toMatchObject({ status: 'resolved', notification_reason: 'all alerts resolved', alerts: [{ status: 'resolved', endsAt: '2026-11-20T03:16:05.000Z' }] });
  });

  test('has in common what all alerts share, and cuts at max_alerts', () => {
    const { id: incidentId, alerts: [first] } = sampleIncident();
    const alerts = [first!, sampleAlert({ incidentId, id: 'other' as AlertId, labels: { ...first!.labels, slo: 'checkout-latency' }, annotations: {} })];
    expect(body('upgraded', 0, { alerts })).toMatchObject({ truncatedAlerts: 0, commonAnnotations: {}, notification_reason: 'new alerts added' });
    expect(body('upgraded', 0, { alerts })['commonLabels']).toEqual({ alertname: 'ErrorBudgetBurn', service: 'checkout', severity: 'page', owner: 'payments', incident: incidentId });
    expect(body('upgraded', 1, { alerts })).toMatchObject({ truncatedAlerts: 1, alerts: [{ fingerprint: first!.id }] });
  });
});

test.each([['', 'whsec_'], ['plain', 'whsec_'], ['whsec_c2hvcnQ=', '5'], [`whsec_${Buffer.alloc(65).toString('base64')}`, '65'], ['whsec_not base64!', 'base64']])('a secret like "%s" is refused with a reason', (text, reason) => {
  expect(readWebhookSecret(text)).toMatchObject({ ok: false, error: expect.stringContaining(reason) });
});
