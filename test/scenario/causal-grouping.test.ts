import { expect, test, vi } from 'vitest';
import type { Incident } from '../../src/incident/incident.js';
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

/** The demo's shape: what each SLO has seen of a fault when it opens is a handful of failures, and the upstream one opens first. */
test('one fault is one page, though it pages after four failures; what was told with so few is completed', async () => {
  const slos = [availability('bank', { policy: FAST_PAGE }), availability('shop', { policy: FAST_PAGE }), availability('front', { policy: FAST_PAGE, target: 0.995 })];
  const { at, expectPage, expectUpdate, expectAlertsAdded, expectResolved, run } = new Timeline({ store: 'duckdb', slos, tickMs: 1_000, exportMs: 5_000 });
  at('00:04').traffic({ service: 'front', perMinute: 60, backend: 'bank' });
  at('00:04').traffic({ service: 'shop', perMinute: 20, backend: 'bank' });
  at('00:05').fault({ service: 'front', failing: 0.4 });
  at('00:05').fault({ service: 'shop', failing: 0.3 });
  expectPage(between('00:05', '00:05:20'), {
    slo: 'bank-availability', check: ({ delivery: { transition } }) => { expect(transition.incident.evidence).toMatchObject({ badEvents: 4, examined: 4 }); },
  });
  at('00:05:26').restart();
  at('00:07').do(async ({ life }) => {
    const open = await life.openIncidents();
    expect(open).toHaveLength(1);
    const [{ alerts, causes = [], evidence, timeline }] = open as [Incident];
    expect(alerts.map(({ labels, status }) => `${labels['slo'] ?? ''} ${status}`).sort()).toEqual(['bank-availability firing', 'front-availability firing', 'shop-availability firing']);
    expect(causes.find(({ subject }) => subject?.slo === 'shop-availability')!.shares[0]).toMatchObject({ explained: 3, examined: 3, all: true });
    expect(evidence!.examined).toBeGreaterThanOrEqual(10);
    expect(timeline.map(({ text }) => text)).toContainEqual(expect.stringMatching(/^"shop works" joins: 3 of 3 bad events of "shop works" and /));
    expect(timeline.map(({ text }) => text)).toContainEqual(expect.stringMatching(/^Looked at again, with \d+ bad events: when it opened there were 4\.$/));
  });
  for (const service of ['front', 'shop']) at('00:08').heal(service);
  // The second look is an edit, which makes no sound; that front and shop joined is told at the group's turn.
  expectUpdate(between('00:05', '00:06'));
  expectAlertsAdded(between('00:06', '00:07'), {
    check: ({ delivery: { transition: { news } } }) => { expect(news).toMatch(/^"front works" joins: .+\. "shop works" joins: /); },
  });
  expectResolved(between('00:12', '00:20'));
  await run('00:21');
});
