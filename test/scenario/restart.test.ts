import { describe, expect, test, vi } from 'vitest';
import type { Transition } from '../../src/incident/incident.js';
import { Timeline } from '../support/timeline.js';
import { between } from '../support/timeline-clock.js';
import type { CrashStep } from '../support/timeline-life.js';
import { availability, FAST_PAGE } from '../support/timeline-rules.js';

vi.setConfig({ testTimeout: 120_000 });

const BOTH = `
route: { receiver: team, group_by: [incident], group_wait: 0s }
receivers:
  - name: team
    slack_configs: [{ channel: '#alerts', send_resolved: true }]
    webhook_configs: [{ url: 'http://127.0.0.1:9/hook' }]
`;

/** An incident of ten minutes that somebody takes: opened, acknowledged, resolved, each told to Slack and to a webhook. */
function incident(): Timeline {
  const story = new Timeline({ store: 'duckdb', slack: 'stand-in', routing: BOTH, slos: [availability('checkout', { policy: FAST_PAGE })], tickMs: 60_000, exportMs: 60_000 });
  const { at, expectPage, expectAcknowledged, expectResolved } = story;
  at('00:00').traffic({ service: 'checkout', perMinute: 20 });
  at('00:01:30').fault({ service: 'checkout', failing: 0.5 });
  at('00:03:10').acknowledge('checkout-availability', 'ann');
  at('00:03:30').heal('checkout');
  for (const integration of ['slack[0]', 'webhook[0]']) {
    expectPage(between('00:02', '00:02:40'), { integration });
    expectAcknowledged(between('00:03:10', '00:03:40'), { integration });
    expectResolved(between('00:07', '00:10:30'), { integration, check: ({ incident }) => { expect(incident.acknowledgedBy).toBe('ann'); } });
  }
  return story;
}

function expectOneConversation({ slack }: Timeline): void {
  const [parent, ...replies] = slack.messages();
  expect(parent).toMatchObject({ threadTs: undefined, text: expect.stringContaining('Resolved') });
  expect(replies.map(({ text, threadTs }) => [text, threadTs])).toEqual([
    [expect.stringContaining('ann has it'), parent!.ts], [expect.stringContaining('Resolved after'), parent!.ts],
  ]);
}

const CRASHES: readonly (readonly [step: CrashStep, kind: Transition['kind'] | undefined, when: string])[] = [
  ['committed', undefined, 'after the commit that crosses, before its tick'],
  ...(['opened', 'acknowledged', 'resolved'] as const).flatMap((kind) => [
    ['saved', kind, `after ${kind} is saved, before it is sent`] as const,
    ['claimed', kind, `after ${kind} is leased, before it is sent`] as const,
    ['sent', kind, `after ${kind} is sent, before that is written down`] as const,
    ['settled', kind, `after ${kind} is written down as sent`] as const,
  ]),
  ['evaluated', 'opened', 'while it opens, before anything is saved'],
  ['evaluated', 'resolved', 'while it resolves, before anything is saved'],
];

describe('a crash neither loses nor repeats a message', () => {
  test.each(CRASHES.map(([step, kind, when]) => ({ step, kind, when })))('$when', async ({ step, kind }) => {
    const story = incident();
    story.at('00:00').crash({ step, ...(kind === undefined ? {} : { kind }) });
    await story.run('00:11');
    expect(story.crashes).toBe(1);
    expectOneConversation(story);
  });
});

test('restarts in good order neither lose nor repeat a message', async () => {
  const story = incident();
  for (const time of ['00:01', '00:02:20', '00:03:05', '00:05', '00:08', '00:10:30']) story.at(time).restart();
  await story.run('00:11');
  expectOneConversation(story);
});

test('a crash between two steps of every minute: the incident goes on and ends', async () => {
  const story = incident();
  const steps: readonly CrashStep[] = ['committed', 'saved', 'claimed', 'sent', 'settled', 'evaluated'];
  ['00:01', '00:02:05', '00:02:30', '00:03:05', '00:03:25', '00:05'].forEach((time, index) => story.at(time).crash({ step: steps[index]! }));
  await story.run('00:12');
  expect(story.crashes).toBeGreaterThanOrEqual(3);
  expectOneConversation(story);
});
