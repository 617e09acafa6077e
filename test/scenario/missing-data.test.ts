import { expect, test, vi } from 'vitest';
import { HOUR_MS, MINUTE_MS } from '../../src/lib/duration.js';
import { Timeline } from '../support/timeline.js';
import { between, momentOf, STORY_START_MS } from '../support/timeline-clock.js';
import { availability, FAST_PAGE, PAGES_ONLY } from '../support/timeline-rules.js';
import type { Shipment } from '../support/timeline-traffic.js';

vi.setConfig({ testTimeout: 120_000 });

const CHECKOUT = 'checkout-availability';

test('traffic that stops in the middle of an incident does not end it', async () => {
  const story = new Timeline({ slos: [availability('checkout', { policy: PAGES_ONLY })], tickMs: 60_000 });
  const { at, expectPage, run } = story;
  at('00:00').traffic({ service: 'checkout', perMinute: 40 });
  at('00:10').fault({ service: 'checkout', failing: 0.5 });
  at('00:15').noTraffic('checkout');
  expectPage(between('00:10', '00:12'));
  at('1d 12:00').do(async ({ life }) => { expect(await life.openIncidents()).toMatchObject([{ status: 'open', severity: 'page' }]); });
  await run('1d 12:00');
});

test('traffic that comes back and is well ends it then', async () => {
  const story = new Timeline({ slos: [availability('checkout', { policy: PAGES_ONLY })] });
  const { at, expectPage, expectResolved, run } = story;
  at('00:00').traffic({ service: 'checkout', perMinute: 40 });
  at('00:10').fault({ service: 'checkout', failing: 0.5 });
  at('00:15').noTraffic('checkout').heal('checkout');
  at('09:00').traffic({ service: 'checkout', perMinute: 40 });
  expectPage(between('00:10', '00:12'));
  expectResolved(between('09:00', '09:10'));
  await run('10:00');
});

test('twenty minutes without Tocsin end no incident, and what its senders kept lands in the minutes where it happened', async () => {
  const story = new Timeline({ store: 'duckdb', slos: [availability('checkout', { policy: FAST_PAGE })], tickMs: 30_000 });
  const { at, expectPage, expectResolved, run } = story;
  at('00:00').traffic({ service: 'checkout', perMinute: 20 });
  at('00:05').fault({ service: 'checkout', failing: 0.5 });
  at('00:10').down();
  at('00:20').heal('checkout');
  at('00:30').up();
  at('00:30:20').do(async ({ life }) => { expect(await life.openIncidents()).toHaveLength(1); });
  at('00:31').do(({ life }) => {
    // Half of 200, but for the export that a healed sender made of the last seconds.
    expect(life.counted(CHECKOUT, momentOf('00:10'), momentOf('00:20'))).toEqual({ good: 104, bad: 96 });
    expect(life.counted(CHECKOUT, momentOf('00:20'), momentOf('00:30'))).toEqual({ good: 200, bad: 0 });
  });
  expectPage(between('00:05', '00:06'));
  // The late spans say that it is over since 00:20. Nine tenths of five minutes must have been watched before that is believed.
  expectResolved(between('00:34', '00:36'));
  await run('00:40');
});

test('old data pages nobody, neither when it comes nor after a restart', async () => {
  const story = new Timeline({ store: 'duckdb', slos: [availability('checkout')] });
  const { at, run } = story;
  at('00:00').traffic({ service: 'checkout', perMinute: 4 });
  // Imported, however fresh.
  at('00:06').ships({ service: 'checkout', fromMs: momentOf('00:01'), toMs: momentOf('00:06'), good: 0, bad: 500, protocol: 'import' });
  // Sent by an exporter, a minute more than an hour late.
  at('00:07').ships({ service: 'checkout', fromMs: STORY_START_MS - 60 * MINUTE_MS, toMs: STORY_START_MS - 55 * MINUTE_MS, good: 0, bad: 500 });
  at('00:09').restart();
  for (const time of ['00:08', '00:10']) {
    at(time).do(({ life }) => { expect(life.counted(CHECKOUT, STORY_START_MS - 2 * HOUR_MS, momentOf('00:10')).bad).toBe(0); });
  }
  await run('00:12');
});

test('a batch that is sent again counts once, also after a crash', async () => {
  const story = new Timeline({ store: 'duckdb', slos: [availability('checkout')] });
  const { at, run } = story;
  const batch: Shipment = { service: 'checkout', fromMs: momentOf('00:01'), toMs: momentOf('00:02'), good: 99, bad: 0 };
  const once = { good: 99, bad: 0 };
  at('00:02').ships(batch).ships(batch);
  at('00:02:30').do(({ life }) => { expect(life.counted(CHECKOUT, momentOf('00:00'), momentOf('00:05'))).toEqual(once); });
  at('00:03').down();
  at('00:04').up();
  at('00:05').ships(batch).do(({ life }) => { expect(life.counted(CHECKOUT, momentOf('00:00'), momentOf('00:05'))).toEqual(once); });
  at('00:06').restart();
  at('00:07').do(({ life }) => { expect(life.counted(CHECKOUT, momentOf('00:00'), momentOf('00:05'))).toEqual(once); });
  await run('00:08');
});
