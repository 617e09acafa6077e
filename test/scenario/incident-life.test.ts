import { expect, test, vi } from 'vitest';
import { WORKBOOK_POLICY } from '../../src/budget/slo-builder.js';
import { Timeline } from '../support/timeline.js';
import { between } from '../support/timeline-clock.js';
import { availability, FAST_PAGE } from '../support/timeline-rules.js';

vi.setConfig({ testTimeout: 120_000 });

const CHECKOUT = 'checkout-availability';

test('a ticket that becomes a page is one incident and one Slack message, told at once', async () => {
  const story = new Timeline({ slack: 'stand-in', slos: [availability('checkout', { policy: WORKBOOK_POLICY })] });
  const { at, expectTicket, expectUpgrade, run } = story;
  at('00:00').traffic({ service: 'checkout', perMinute: 60 });
  // Burning five times: no page tier takes that.
  at('00:30').fault({ service: 'checkout', failing: 0.005 });
  at('03:00').fault({ service: 'checkout', failing: 0.5 });
  let ticket = '';
  expectTicket(between('00:31', '02:59'), { check: ({ incident }) => { ticket = incident.id; } });
  expectUpgrade(between('03:00', '03:10'), { check: ({ incident }) => { expect(incident.id).toBe(ticket); } });
  for (const step of ['02:00', '04:00'] as const) story.expectUpdate(between('00:31', step));
  await run('03:20');
  const [parent, ...replies] = story.slack.messages();
  expect(parent!.text).toContain('Page');
  expect(parent!.edits).toBeGreaterThan(0);
  expect(replies.every(({ threadTs }) => threadTs === parent!.ts)).toBe(true);
  // Edits make no sound; an upgrade must.
  expect(replies.filter(({ broadcast }) => broadcast).map(({ text }) => text)).toEqual([expect.stringContaining('Upgraded from ticket to page')]);
});

test('an acknowledged incident stays acknowledged while it burns, grows and is upgraded', async () => {
  const story = new Timeline({ slos: [availability('checkout', { policy: WORKBOOK_POLICY })] });
  const { at, expectTicket, expectAcknowledged, expectUpgrade, run } = story;
  at('00:00').traffic({ service: 'checkout', perMinute: 60 });
  at('00:30').fault({ service: 'checkout', failing: 0.005 });
  at('02:30').acknowledge(CHECKOUT, 'ann').do(({ life }) => { life.act('acknowledge', CHECKOUT, 'bob'); });
  at('03:00').fault({ service: 'checkout', failing: 0.5 });
  at('03:30').do(async ({ life }) => {
    expect(await life.openIncidents()).toMatchObject([{ status: 'acknowledged', acknowledgedBy: 'ann', severity: 'page' }]);
  });
  expectTicket(between('00:31', '02:29'));
  expectAcknowledged(between('02:30', '02:31'));
  expectUpgrade(between('03:00', '03:10'), { check: ({ incident }) => { expect(incident.acknowledgedBy).toBe('ann'); } });
  await run('03:30');
});

test('a person who resolves what still burns is contradicted at once by a new incident', async () => {
  const story = new Timeline({ slos: [availability('checkout')] });
  const { at, expectPage, expectResolved, run } = story;
  at('00:00').traffic({ service: 'checkout', perMinute: 40 });
  at('00:10').fault({ service: 'checkout', failing: 0.5 });
  at('00:15:01').resolve(CHECKOUT, 'ann');
  const ids: string[] = [];
  expectPage(between('00:10', '00:12'), { check: ({ incident }) => { ids.push(incident.id); } });
  expectResolved(between('00:15', '00:15:02'), { check: ({ incident }) => { expect(incident.timeline.at(-1)).toMatchObject({ actor: 'ann', kind: 'resolved' }); } });
  expectPage(between('00:15:01', '00:15:20'), { check: ({ incident }) => { ids.push(incident.id); } });
  await run('00:25');
  expect(new Set(ids).size).toBe(2);
});

test('resolving and opening anew within one second are two incidents all the same', async () => {
  const story = new Timeline({ slos: [availability('checkout')], tickMs: 200, exportMs: 60_000 });
  const { at, expectPage, expectResolved, run } = story;
  at('00:00').traffic({ service: 'checkout', perMinute: 40 });
  at('00:01:30').fault({ service: 'checkout', failing: 0.5 });
  story.at('00:02:07').do(({ clock }) => story.schedule(clock.nowMs() + 300, () => { story.life.act('resolve', CHECKOUT, 'a script'); }));
  const ids: string[] = [];
  expectPage(between('00:02:07', '00:02:08'), { check: ({ incident }) => { ids.push(incident.id); } });
  expectResolved(between('00:02:07', '00:02:08'));
  expectPage(between('00:02:07', '00:02:08'), { check: ({ incident }) => { ids.push(incident.id); } });
  await run('00:02:10');
  expect(new Set(ids).size).toBe(2);
});

test('an SLO that leaves the rules takes its incident along, and says why', async () => {
  const story = new Timeline({ slos: [availability('checkout'), availability('front')] });
  const { at, expectPage, expectResolved, run } = story;
  at('00:00').traffic({ service: 'checkout', perMinute: 40 }).traffic({ service: 'front', perMinute: 40 });
  at('00:10').fault({ service: 'checkout', failing: 0.5 }).fault({ service: 'front', failing: 0.5 });
  at('00:20:01').rules([availability('front')]);
  expectPage(between('00:10', '00:12'), { slo: CHECKOUT });
  expectPage(between('00:10', '00:12'), { slo: 'front-availability' });
  expectResolved(between('00:20', '00:20:20'), {
    slo: CHECKOUT, check: ({ incident }) => { expect(incident.timeline.at(-1)!.actor).toContain('removed from the rules'); },
  });
  at('00:30').do(async ({ life }) => { expect((await life.openIncidents()).map(({ key }) => key)).toEqual(['slo:front-availability']); });
  await run('00:30');
});

test('a target that is changed in the middle of an incident keeps the incident and its history', async () => {
  const story = new Timeline({ slos: [availability('checkout', { policy: FAST_PAGE })] });
  const { at, expectPage, expectResolved, run } = story;
  at('00:00').traffic({ service: 'checkout', perMinute: 40 });
  at('00:10').fault({ service: 'checkout', failing: 0.1 });
  at('00:20:01').rules([availability('checkout', { policy: FAST_PAGE, target: 0.998 })]);
  at('00:30').heal('checkout');
  expectPage(between('00:10', '00:14'));
  expectResolved(between('00:33', '00:45'));
  await run('01:00');
});

test('an indicator that is changed in the middle of an incident does not end it: its new counts have shown nothing yet', async () => {
  const at_ = { file: 'rules/story.yaml', line: 1, column: 1 };
  const indicator = { total: { text: '{ resource.service.name = "checkout" && kind = server && name = "POST /checkout" }', at: at_ }, bad: { text: '{ status = error }', at: at_ }, weight: 'auto' } as const;
  const story = new Timeline({ slos: [availability('checkout', { policy: FAST_PAGE })] });
  const { at, expectPage, expectResolved, run } = story;
  at('00:00').traffic({ service: 'checkout', perMinute: 10 });
  at('00:10').fault({ service: 'checkout', failing: 0.1 });
  at('00:40:01').rules([availability('checkout', { policy: FAST_PAGE, indicator })]);
  at('01:10').heal('checkout');
  expectPage(between('00:10', '00:20'));
  expectResolved(between('01:11', '01:20'));
  await run('01:40');
});
