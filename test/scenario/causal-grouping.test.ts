import { expect, test, vi } from 'vitest';
import { Timeline } from '../support/timeline.js';
import { between } from '../support/timeline-clock.js';
import { availability, FAST_PAGE } from '../support/timeline-rules.js';

vi.setConfig({ testTimeout: 120_000 });

const slos = ['front', 'shop', 'bank', 'mail'].map((service) => availability(service, { policy: FAST_PAGE }));

test('one cause over three SLOs is one page, and what has another cause is a page of its own', async () => {
  const story = new Timeline({ store: 'duckdb', slos, tickMs: 30_000 });
  const { at, expectPage, expectResolved, run } = story;
  for (const service of ['front', 'shop']) at('00:00').traffic({ service, perMinute: 40, backend: 'bank' });
  at('00:00').traffic({ service: 'mail', perMinute: 40 });
  for (const service of ['front', 'shop']) at('00:05').fault({ service, failing: 0.6 });
  at('00:08').fault({ service: 'mail', failing: 0.6 });
  expectPage(between('00:05', '00:06'));
  expectPage(between('00:08', '00:09'), { slo: 'mail-availability', check: ({ incident }) => { expect(incident.causes).toBeUndefined(); } });
  at('00:12').do(async ({ life }) => {
    const [shared, own] = await life.openIncidents();
    expect(shared!.alerts.filter(({ status }) => status === 'firing').map(({ labels }) => labels['slo']).sort()).toEqual(['bank-availability', 'front-availability', 'shop-availability']);
    expect(shared!.causes).toMatchObject([{ place: { service: 'bank', operation: 'POST /charge' } }, { place: { service: 'bank' } }]);
    expect(own!.alerts).toHaveLength(1);
  });
  at('00:14').restart();
  for (const service of ['front', 'shop', 'mail']) at('00:17').heal(service);
  expectResolved(between('00:20', '00:26'));
  expectResolved(between('00:20', '00:26'), { slo: 'mail-availability' });
  await run('00:27');
});
