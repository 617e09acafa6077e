import { expect, test, vi } from 'vitest';
import { momentOf } from '../support/timeline-clock.js';
import { month, type Service } from '../support/timeline-month.js';

vi.setConfig({ testTimeout: 300_000 });

const SERVICES: readonly Service[] = [
  { service: 'search', perMinute: 0.5, target: 0.99 },
  { service: 'front', perMinute: 2, daily: true, target: 0.995 },
  { service: 'checkout', perMinute: 10, daily: true, target: 0.999 },
  { service: 'catalogue', perMinute: 20, target: 0.999 },
];

test('thirty days of a healthy shop page nobody', async () => {
  const story = month(SERVICES, 1);
  story.at('29d 23:00').do(({ life }) => {
    for (const { service } of SERVICES) {
      const { good, bad } = life.counted(`${service}-availability`, momentOf('00:00'), momentOf('30d 00:00'));
      expect(good, service).toBeGreaterThan(20_000);
      // Not for want of errors.
      expect(bad, service).toBeGreaterThan(80);
    }
  });
  await story.run('30d 00:00');
});
