import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Delivery, Notification } from './delivery.js';
import { notifierContract } from './notifier.contract.js';
import { sampleDelivery, sampleNotification } from './sample-delivery.js';
import { SlackNotifier, type SlackNotifierOptions } from './slack-notifier.js';
import { startSlackStandIn, type SlackFault, type SlackStandIn } from './stand-in/http-slack-stand-in.js';
import type { SlackMessageKept } from './stand-in/memory-slack-workspace.js';

let slack: SlackStandIn;
beforeEach(async () => { slack = await startSlackStandIn(); });
afterEach(async () => { await slack.close(); });
const notifier = (options: Partial<SlackNotifierOptions> = {}): SlackNotifier =>
  new SlackNotifier({ token: 'xoxb-test', apiUrl: slack.apiUrl, channel: '#alerts', sendResolved: true, ...options });
const parents = (): SlackMessageKept[] => slack.messages().filter((message) => message.threadTs === undefined);
const replies = (): SlackMessageKept[] => slack.messages().filter((message) => message.threadTs !== undefined);
const methods = (): string[] => slack.calls().map(({ method }) => method);

/** The delivery as it comes back after an attempt of unknown outcome. */
const again = (notification: Notification): Notification => {
  const delivery: Delivery = { ...notification.delivery, attempts: 2, ambiguous: true, createdAtMs: Date.now() };
  return { ...notification, delivery };
};

describe('SlackNotifier', () => {
  notifierContract(async () => ({
    build: (timeoutMs) => notifier({ timeoutMs }),
    failNext: (fault) => { slack.failNext('slowBody' in fault ? { status: 500 } : fault); },
    requests: () => slack.calls().length,
    taken: () => slack.messages().length,
    close: () => slack.close(),
  }));
});

describe('one message per incident', () => {
  test('is posted once and then edited, with the news in its thread', async () => {
    const sender = notifier();
    const opened = await sender.notify(sampleNotification('opened'));
    expect(opened).toMatchObject({ kind: 'delivered', receipt: { channel: expect.stringMatching(/^C/), ts: expect.any(String) } });
    const { receipt } = opened as { receipt: Record<string, string> };
    for (const kind of ['upgraded', 'acknowledged', 'resolved'] as const) {
      expect(await sender.notify(sampleNotification(kind, { previousReceipt: receipt }))).toEqual({ kind: 'delivered', receipt });
    }
    expect(parents()).toHaveLength(1);
    expect(parents()[0]).toMatchObject({ edits: 3, text: expect.stringContaining('Resolved: Checkout works'), channelName: 'alerts' });
    expect(replies().map(({ text, broadcast, threadTs }) => [text.slice(0, 12), broadcast, threadTs])).toEqual([
      ['🔴 *Page: Checkout', true, receipt['ts']], ['👀 ann has it', false, receipt['ts']], ['✅ Resolved a', false, receipt['ts']],
    ].map(([text, ...rest]) => [String(text).slice(0, 12), ...rest]));
  });

  test('changes silently when only numbers changed', async () => {
    const sender = notifier();
    const { receipt } = (await sender.notify(sampleNotification('opened'))) as { receipt: Record<string, string> };
    await sender.notify(sampleNotification('updated', { previousReceipt: receipt }));
    expect([parents()[0]?.edits, replies().length]).toEqual([1, 0]);
  });

  test('shows the end also where send_resolved is off, and leaves the thread alone', async () => {
    const sender = notifier({ sendResolved: false });
    const { receipt } = (await sender.notify(sampleNotification('opened'))) as { receipt: Record<string, string> };
    await sender.notify(sampleNotification('resolved', { previousReceipt: receipt }));
    expect(parents()[0]?.text).toContain('Resolved');
    expect(replies()).toEqual([]);
  });

  test('that somebody deleted is posted anew', async () => {
    const sender = notifier();
    const { receipt } = (await sender.notify(sampleNotification('opened'))) as { receipt: Record<string, string> };
    slack.deleteMessage(receipt['ts'] ?? '');
    const result = await sender.notify(sampleNotification('resolved', { previousReceipt: receipt }));
    expect(result).toMatchObject({ kind: 'delivered', receipt: { ts: parents()[0]?.ts } });
    expect(parents()).toHaveLength(1);
  });
});

describe('a post whose outcome is unknown', () => {
  test.each([[{ acceptThenTimeout: true }], [{ acceptThenReset: true }], [{ status: 502 }], [{ reset: true }]] as [SlackFault][])('%o is not doubled and not lost', async (fault) => {
    const first = sampleNotification('opened');
    slack.failNext(fault, { method: 'chat.postMessage' });
    expect(await notifier('acceptThenTimeout' in fault ? { timeoutMs: 1_000 } : {}).notify(first)).toMatchObject({ kind: 'retryable', ambiguous: true });
    // Another process, after a restart: nothing is remembered but what the outbox holds.
    const result = await notifier().notify(again(first));
    expect(parents()).toHaveLength(1);
    expect(result).toEqual({ kind: 'delivered', receipt: { channel: parents()[0]?.channel, ts: parents()[0]?.ts } });
  });

  test('is found among many others', async () => {
    const first = sampleNotification('opened');
    slack.failNext({ acceptThenReset: true });
    await notifier().notify(first);
    for (let index = 0; index < 150; index += 1) await notifier().notify(sampleNotification('opened', { delivery: { ...sampleDelivery('opened'), id: `other-${String(index)}` as Delivery['id'] } }));
    expect(await notifier().notify(again(first))).toMatchObject({ receipt: { ts: parents()[0]?.ts } });
    expect(parents()).toHaveLength(151);
  });

  test('waits while Slack does not say', async () => {
    const first = again(sampleNotification('opened'));
    slack.failNext({ status: 429, retryAfterSeconds: 9 }, { method: 'conversations.history' });
    expect(await notifier({ channel: 'C0123456789' }).notify(first)).toMatchObject({ kind: 'retryable', retryAfterMs: 9_000 });
    expect(slack.messages()).toEqual([]);
  });

  test('is sent again with a note where Tocsin may not look', async () => {
    slack.failNext({ error: 'missing_scope' }, { method: 'conversations.list' });
    expect(await notifier().notify(again(sampleNotification('opened')))).toMatchObject({ kind: 'delivered' });
    expect(JSON.stringify(parents()[0]?.blocks)).toContain('Sent again: Slack did not confirm');
  });

  test('a reply is not doubled either', async () => {
    const sender = notifier();
    const { receipt } = (await sender.notify(sampleNotification('opened'))) as { receipt: Record<string, string> };
    const resolved = sampleNotification('resolved', { previousReceipt: receipt });
    slack.failNext({ acceptThenReset: true }, { method: 'chat.postMessage' });
    expect(await sender.notify(resolved)).toMatchObject({ kind: 'retryable', ambiguous: true });
    expect(await sender.notify(again(resolved))).toMatchObject({ kind: 'delivered' });
    expect(replies()).toHaveLength(1);
  });
});

describe('what Slack refuses', () => {
  test.each([['invalid_auth', 'TOCSIN_SLACK_TOKEN'], ['channel_not_found', 'routing.yaml'], ['not_in_channel', 'invite'], ['no_such_error', 'no_such_error']])('%s is rejected with what to do', async (error, advice) => {
    slack.failNext({ error });
    expect(await notifier().notify(sampleNotification('opened'))).toMatchObject({ kind: 'rejected', reason: expect.stringContaining(advice) });
    expect(methods()).toEqual(['chat.postMessage']);
  });

  test.each(['internal_error', 'fatal_error', 'service_unavailable', 'request_timeout'])('%s is tried again, after looking', async (error) => {
    slack.failNext({ error });
    expect(await notifier().notify(sampleNotification('opened'))).toMatchObject({ kind: 'retryable', ambiguous: true });
  });

  test.each(['invalid_blocks', 'invalid_blocks_format', 'msg_blocks_too_long', 'msg_too_long'])('%s: the page goes out as text', async (error) => {
    slack.failNext({ error });
    expect(await notifier().notify(sampleNotification('opened'))).toMatchObject({ kind: 'delivered' });
    expect(parents()).toMatchObject([{ text: expect.stringContaining('Checkout works'), blocks: [] }]);
  });

  test('a wrong token and an unknown channel, as a real workspace would say it', async () => {
    expect(await notifier({ token: 'nonsense' }).notify(sampleNotification('opened'))).toMatchObject({ kind: 'rejected', reason: expect.stringContaining('invalid_auth') });
    const small = await startSlackStandIn({ channels: ['#general'] });
    expect(await notifier({ apiUrl: small.apiUrl }).notify(sampleNotification('opened'))).toMatchObject({ kind: 'rejected', reason: expect.stringContaining('channel_not_found') });
    await small.close();
  });
});

test('texts are sent so that Slack reads no mentions into them', async () => {
  await notifier().notify(sampleNotification('opened'));
  expect(slack.calls()[0]?.args).toMatchObject({ parse: 'none', link_names: 'false' });
  expect(parents()[0]?.metadata).toEqual({ event_type: 'tocsin_delivery', event_payload: { delivery_id: 'dlv-sample-opened', incident_id: expect.any(String), kind: 'opened' } });
});
