import { expect, test, vi } from 'vitest';
import { leadingBudget } from '../../src/budget/error-budget.js';
import { Timeline } from '../support/timeline.js';
import { between } from '../support/timeline-clock.js';
import { PUBLIC_URL } from '../support/timeline-life.js';
import { availability, FAST_PAGE } from '../support/timeline-rules.js';

vi.setConfig({ testTimeout: 120_000 });

test('a breach is one page with its evidence, edited in place until it resolves, and nothing else', async () => {
  const story = new Timeline({ store: 'duckdb', slack: 'stand-in', slos: [availability('checkout', { policy: FAST_PAGE }), availability('front', { policy: FAST_PAGE })], tickMs: 30_000 });
  const { at, expectPage, expectUpdate, expectResolved, run } = story;
  let page = '';
  at('00:00').traffic({ service: 'checkout', perMinute: 40 }).traffic({ service: 'front', perMinute: 10 });
  at('00:05').fault({ service: 'checkout', failing: 0.5 });
  at('00:07').do(({ slack }) => { page = JSON.stringify(slack.messages()); });
  at('00:17').heal('checkout');

  expectPage(between('00:05', '00:06'), {
    slo: 'checkout-availability',
    check: ({ incident, delivery, atMs }) => {
      const { traces, signature, examined, ledger } = incident.evidence!;
      // One kind of failure, and its healthy twin: no two show the same thing.
      expect(traces.length).toBeGreaterThanOrEqual(2);
      expect(new Set(traces.map(({ traceId }) => traceId)).size).toBe(traces.length);
      expect(traces.map(({ role }) => role)).toEqual(expect.arrayContaining(['most-common', 'healthy']));
      expect(examined).toBeGreaterThan(0);
      expect(signature).toMatchObject({ type: 'BankTimeout', message: expect.stringContaining('the bank did not answer for order'), service: 'checkout-bank' });
      // Of a service that is five minutes old: no more than the headline says was spent.
      const [alert] = incident.alerts;
      const burned = ledger!.reduce((sum, { budget = 0 }) => sum + budget, 0);
      expect(burned).toBeGreaterThan(0);
      expect(burned).toBeLessThanOrEqual(1 - leadingBudget(alert!.reading!)! + 1e-9);
      expect(atMs - delivery.breachReceivedAtMs!).toBeLessThanOrEqual(6_000);
    },
  });
  expectUpdate(between('00:15', '00:16'), { check: ({ incident }) => { expect(incident.evidence!.badEvents).toBeGreaterThan(100); } });
  expectResolved(between('00:20', '00:24'));
  await run('00:25');

  const messages = story.slack.messages();
  const [parent] = messages.filter(({ threadTs }) => threadTs === undefined);
  expect(messages.map(({ threadTs }) => threadTs)).toEqual([undefined, parent!.ts]);
  expect(parent!.text).toContain('Resolved');
  expect(messages[1]!.text).toContain('Resolved after');
  // What the woken person read.
  expect(page.match(new RegExp(`${PUBLIC_URL}/traces/[0-9a-f]{32}`, 'g'))?.length).toBeGreaterThanOrEqual(3);
  expect(page).toContain('BankTimeout');
  expect(page).toContain('#runbook');
  expect(page).toContain('failing');
});
