import { expect, test } from 'vitest';
import { WORKBOOK_POLICY } from '../../src/budget/slo-builder.js';
import { Timeline } from '../support/timeline.js';
import { between } from '../support/timeline-clock.js';
import { availability } from '../support/timeline-rules.js';

const SERVICES = [
  { service: 'reports', perMinute: 0.1 },
  { service: 'search', perMinute: 0.5 },
  { service: 'front', perMinute: 2, daily: true },
  { service: 'checkout', perMinute: 10, daily: true },
  { service: 'catalogue', perMinute: 20 },
] as const;
const TARGETS = { reports: 0.99, search: 0.99, front: 0.995, checkout: 0.999, catalogue: 0.999 } as const;

/**
 * Each service fails at half of what its budget allows, one request independent of the other. Ticks between failures can only
 * find less, and a failure that crosses asks for its own, so that every fifth minute is enough.
 */
function month(seed: number, services: readonly (typeof SERVICES)[number][]): Timeline {
  const slos = services.map(({ service }) => availability(service, { target: TARGETS[service], policy: WORKBOOK_POLICY }));
  const story = new Timeline({ slos, tickMs: 300_000, exportMs: 60_000, seed });
  for (const traffic of services) story.at('00:00').traffic({ ...traffic, errorRatio: 0.5 * (1 - TARGETS[traffic.service]) });
  return story;
}

test('thirty days of a healthy shop page nobody', async () => {
  const story = month(1, SERVICES);
  story.at('29d 23:00').do(({ life }) => {
    for (const { service } of SERVICES) {
      const { good, bad } = life.counted(`${service}-availability`, Date.UTC(2026, 10, 20), Date.UTC(2026, 11, 20));
      expect(good, service).toBeGreaterThan(4_000);
      // Not for want of errors.
      if (service !== 'reports') expect(bad, service).toBeGreaterThan(30);
    }
  });
  await story.run('30d 00:00');
});

test('thirty days with a total outage of five minutes page once, and it resolves', async () => {
  const story = month(2, SERVICES.filter(({ service }) => service === 'checkout' || service === 'search'));
  story.at('20d 12:00').fault({ service: 'checkout', failing: 1 });
  story.at('20d 12:05').heal('checkout');
  story.expectPage(between('20d 12:00', '20d 12:03'), { slo: 'checkout-availability' });
  // Its tickets' windows are six hours long.
  story.expectResolved(between('20d 13:00', '20d 20:00'), { slo: 'checkout-availability' });
  await story.run('30d 00:00');
});
