import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseRouting } from './routing.js';
import { sampleNotification } from './sample-delivery.js';
import { startSlackStandIn, type SlackStandIn } from './stand-in/http-slack-stand-in.js';
import { startWebhookStandIn, type WebhookStandIn } from './stand-in/http-webhook-stand-in.js';
import { notifiersOf, type NotifierLookup, type NotifierSettings } from './system-notifiers.js';

let directory: string;
let slack: SlackStandIn;
let hook: WebhookStandIn;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tocsin-notifiers-'));
  [slack, hook] = await Promise.all([startSlackStandIn({ token: 'xoxb-right' }), startWebhookStandIn()]);
});
afterEach(async () => {
  rmSync(directory, { recursive: true, force: true });
  await Promise.all([slack.close(), hook.close()]);
});
const file = (name: string): string => join(directory, name);

function lookup(settings: Partial<NotifierSettings['slack']> = {}): NotifierLookup {
  const routing = parseRouting({
    path: 'routing.yaml',
    text: `
route: { receiver: shop }
receivers:
  - name: shop
    slack_configs:
      - { channel: '#shop', send_resolved: true }
      - { channel: '#other', http_config: { authorization: { credentials_file: '${file('slack')}' } } }
    webhook_configs:
      - { url: '${hook.url}', http_config: { authorization: { credentials_file: '${file('bearer')}' } } }
      - { url_file: '${file('url')}' }
    pagerduty_configs: [{ routing_key_file: '${file('key')}', url: '${new URL('/v2/enqueue', hook.url).href}' }]
`,
  });
  if (!routing.ok) throw new Error(JSON.stringify(routing.error));
  const receivers = [{ name: 'shop', webhookSecretFile: file('secret'), at: { file: '', line: 1, column: 1 } }];
  return notifiersOf({ routing: routing.value, receivers, slack: { token: 'xoxb-right', apiUrl: slack.apiUrl, channel: undefined, ...settings } });
}

describe('Slack', () => {
  test('goes to the channel of its config, with the token of the settings or of its file', async () => {
    writeFileSync(file('slack'), 'xoxb-right\n');
    expect(await lookup()('shop', 'slack[0]')?.notify(sampleNotification('opened'))).toMatchObject({ kind: 'delivered' });
    expect(await lookup()('shop', 'slack[1]')?.notify(sampleNotification('opened'))).toMatchObject({ kind: 'delivered' });
    expect(slack.messages().map(({ channelName }) => channelName)).toEqual(['shop', 'other']);
  });

  test('goes where the operator says while trying things out', async () => {
    await lookup({ channel: '#sandbox' })('shop', 'slack[0]')?.notify(sampleNotification('opened'));
    expect(slack.messages().map(({ channelName }) => channelName)).toEqual(['sandbox']);
  });

  test('without a token waits and says what to set', async () => {
    expect(await lookup({ token: undefined })('shop', 'slack[0]')?.notify(sampleNotification('opened'))).toMatchObject({ kind: 'retryable', reason: expect.stringContaining('TOCSIN_SLACK_TOKEN') });
  });
});

describe('webhooks', () => {
  test('wait while a secret cannot be read, and use a rotated one at once', async () => {
    const notifier = lookup()('shop', 'webhook[0]');
    expect(await notifier?.notify(sampleNotification('opened'))).toMatchObject({ kind: 'retryable', reason: expect.stringContaining('bearer') });
    writeFileSync(file('secret'), 'not a secret');
    writeFileSync(file('bearer'), 'one\n');
    expect(await notifier?.notify(sampleNotification('opened'))).toMatchObject({ kind: 'retryable', reason: expect.stringContaining('whsec_') });
    writeFileSync(file('secret'), `whsec_${Buffer.alloc(32, 1).toString('base64')}`);
    await notifier?.notify(sampleNotification('opened'));
    writeFileSync(file('bearer'), 'two\n');
    await notifier?.notify(sampleNotification('opened'));
    expect(hook.received().map(({ headers }) => headers.authorization)).toEqual(['Bearer one', 'Bearer two']);
    expect(hook.received()[0]?.headers['webhook-signature']).toMatch(/^v1,/);
  });

  test('may have their address in a file', async () => {
    writeFileSync(file('secret'), `whsec_${Buffer.alloc(32, 1).toString('base64')}`);
    writeFileSync(file('url'), `${hook.url}\n`);
    expect(await lookup()('shop', 'webhook[1]')?.notify(sampleNotification('opened'))).toMatchObject({ kind: 'delivered' });
  });
});

test('PagerDuty is told with the key of its file', async () => {
  writeFileSync(file('key'), 'R012\n');
  expect(await lookup()('shop', 'pagerduty[0]')?.notify(sampleNotification('opened'))).toMatchObject({ kind: 'delivered' });
  expect(hook.received().map(({ path, body }) => [path, (JSON.parse(body) as { routing_key: string }).routing_key])).toEqual([['/v2/enqueue', 'R012']]);
});

test('what routing.yaml does not have is not there', () => {
  expect(lookup()('shop', 'slack[2]')).toBeUndefined();
  expect(lookup()('gone', 'slack[0]')).toBeUndefined();
});
