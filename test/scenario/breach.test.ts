import { expect, test } from 'vitest';
import { Timeline } from '../support/timeline.js';
import { between } from '../support/timeline-clock.js';
import { availability } from '../support/timeline-rules.js';

test('a breach is one page with its evidence, edited in place until it resolves, and nothing else', async () => {
  const story = new Timeline({ store: 'duckdb', slack: 'stand-in', slos: [availability('checkout'), availability('front')] });
  const { at, expectPage, expectUpdate, expectResolved, run } = story;
  at('00:00').traffic({ service: 'checkout', perMinute: 40 }).traffic({ service: 'front', perMinute: 40 });
  at('00:20').fault({ service: 'checkout', failing: 0.5 });
  at('00:40').heal('checkout');

  expectPage(between('00:20', '00:21'), {
    slo: 'checkout-availability',
    check: ({ incident, delivery, atMs, runbook }) => {
      const { traces, signature } = incident.evidence!;
      expect(traces.length).toBeGreaterThanOrEqual(3);
      expect(new Set(traces.map(({ traceId }) => traceId)).size).toBe(traces.length);
      expect(traces.map(({ role }) => role)).toEqual(expect.arrayContaining(['most-common', 'healthy']));
      expect(signature).toMatchObject({ type: 'BankTimeout', service: 'checkout-bank' });
      expect(runbook?.markdown).toContain('checkout');
      expect(atMs - delivery.breachReceivedAtMs!).toBeLessThanOrEqual(6_000);
    },
  });
  expectUpdate(between('00:30', '00:31'));
  expectResolved(between('00:45', '01:15'));
  await run('01:30');

  const parents = story.slack.messages().filter(({ threadTs }) => threadTs === undefined);
  expect(parents).toHaveLength(1);
  expect(parents[0]).toMatchObject({ text: expect.stringContaining('Resolved') });
});
