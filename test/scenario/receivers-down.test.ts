import { expect, test, vi } from 'vitest';
import { Timeline } from '../support/timeline.js';
import { between, momentOf } from '../support/timeline-clock.js';
import { availability, FAST_PAGE } from '../support/timeline-rules.js';

vi.setConfig({ testTimeout: 120_000 });

const EVERYBODY = `
route:
  receiver: team
  group_by: [incident]
  group_wait: 0s
  routes:
    - { receiver: hook, continue: true }
    - { receiver: team }
receivers:
  - name: team
    slack_configs: [{ channel: '#alerts', send_resolved: true }]
  - name: hook
    webhook_configs: [{ url: 'http://127.0.0.1:9/hook' }]
`;

test('Slack is down for an hour: its messages come later, once and in order, and the webhook is not delayed', async () => {
  const story = new Timeline({ slack: 'stand-in', routing: EVERYBODY, slos: [availability('checkout', { policy: FAST_PAGE })] });
  const { at, expectPage, expectAcknowledged, expectResolved, run } = story;
  at('00:00').traffic({ service: 'checkout', perMinute: 40 });
  at('00:05').do(({ slack }) => { slack.failNext({ status: 503 }, { times: Infinity }); });
  at('00:10').fault({ service: 'checkout', failing: 0.5 });
  at('00:20').acknowledge('checkout-availability', 'ann');
  at('00:30').heal('checkout');
  at('01:10').do(({ slack }) => { slack.heal(); });

  expectPage(between('00:10', '00:11'), { receiver: 'hook' });
  expectAcknowledged(between('00:20', '00:21'), { receiver: 'hook' });
  expectResolved(between('00:33', '00:45'), { receiver: 'hook' });
  expectPage(between('01:10', '01:15'), { receiver: 'team' });
  expectAcknowledged(between('01:10', '01:16'), { receiver: 'team' });
  expectResolved(between('01:10', '01:17'), { receiver: 'team' });
  await run('02:00');

  const [parent, ...replies] = story.slack.messages();
  expect(parent!.text).toContain('Resolved');
  expect(replies.map(({ text }) => text)).toEqual([expect.stringContaining('ann has it'), expect.stringContaining('Resolved after')]);
});

test('Slack takes messages and loses the answers: each is found, none is posted twice', async () => {
  const story = new Timeline({ slack: 'stand-in', slos: [availability('checkout', { policy: FAST_PAGE })] });
  const { at, expectPage, expectAcknowledged, expectResolved, run } = story;
  at('00:00').traffic({ service: 'checkout', perMinute: 40 }).do(({ slack }) => { slack.failNext({ acceptThenReset: true }, { method: 'chat.postMessage', times: 3 }); });
  at('00:10').fault({ service: 'checkout', failing: 0.5 });
  at('00:20').acknowledge('checkout-availability', 'ann');
  at('00:30').heal('checkout');
  expectPage(between('00:10', '00:11'));
  expectAcknowledged(between('00:20', '00:21'));
  expectResolved(between('00:33', '00:45'));
  await run('01:00');
  expect(story.slack.messages()).toHaveLength(3);
});

test('a webhook that hangs delays nobody else, and has everything when it wakes up', async () => {
  const story = new Timeline({ routing: EVERYBODY, slos: [availability('checkout', { policy: FAST_PAGE }), availability('front', { policy: FAST_PAGE })] });
  const { at, expectPage, expectResolved, run } = story;
  at('00:00').traffic({ service: 'checkout', perMinute: 40 }).traffic({ service: 'front', perMinute: 40 }).receiver('hook', 'hangs');
  at('00:10').fault({ service: 'checkout', failing: 0.5 });
  at('00:12').fault({ service: 'front', failing: 0.5 });
  at('00:30').heal('checkout').heal('front');
  at('01:10').receiver('hook', 'fine');
  for (const slo of ['checkout-availability', 'front-availability']) {
    expectPage(between('00:10', '00:13'), { slo, receiver: 'team' });
    expectResolved(between('00:33', '00:50'), { slo, receiver: 'team' });
    expectPage(between('01:10', '01:18'), { slo, receiver: 'hook' });
    expectResolved(between('01:10', '01:19'), { slo, receiver: 'hook' });
  }
  await run('02:00');
  const seconds = story.receivers.told.filter(({ receiver, delivery }) => receiver === 'team' && delivery.transition.kind === 'opened').map(({ atMs, delivery }) => atMs - delivery.createdAtMs);
  expect(seconds).toEqual([0, 0]);
  expect(momentOf('01:10')).toBeGreaterThan(momentOf('00:45'));
});

test('a receiver that takes messages and loses the answers gets each again under the same id', async () => {
  const story = new Timeline({ routing: EVERYBODY, slos: [availability('checkout', { policy: FAST_PAGE })] });
  const { at, expectPage, expectResolved, run } = story;
  at('00:00').traffic({ service: 'checkout', perMinute: 40 }).receiver('hook', 'takes it and loses the answer');
  at('00:10').fault({ service: 'checkout', failing: 0.5 });
  at('00:15').receiver('hook', 'fine');
  at('00:30').heal('checkout');
  for (const receiver of ['hook', 'team']) {
    expectPage(between('00:10', '00:11'), { receiver });
    expectResolved(between('00:33', '00:45'), { receiver });
  }
  await run('01:00');
});
