import { expect, test, vi } from 'vitest';
import { between } from '../support/timeline-clock.js';
import { month } from '../support/timeline-month.js';

vi.setConfig({ testTimeout: 300_000 });

test('thirty days with a total outage of five minutes page once, and it resolves', async () => {
  const story = month([{ service: 'search', perMinute: 0.5, target: 0.99 }, { service: 'checkout', perMinute: 10, daily: true, target: 0.999 }], 2);
  story.at('20d 12:00').fault({ service: 'checkout', failing: 1 });
  story.at('20d 12:05').heal('checkout');
  story.expectPage(between('20d 12:00', '20d 12:03'), { slo: 'checkout-availability' });
  story.expectUpdate(between('20d 12:00', '20d 12:10'), { check: ({ delivery }) => { expect(delivery.transition.news).toContain('Less than 25 % of the error budget left'); } });
  story.expectResolved(between('20d 13:00', '20d 20:00'), { slo: 'checkout-availability' });
  await story.run('30d 00:00');
});
