import { expect, test } from 'vitest';
import type { ActOutcome } from './director.js';
import { NO_FAULTS } from './shop/messages.js';
import { summarise } from './summary.js';

const PAGED: ActOutcome = {
  act: { startMs: 0, endMs: 60_000, title: 'fault: payment fails', faults: NO_FAULTS, pages: true },
  pages: [{ incident: { id: 'i-1', status: 'open', severity: 'page', title: 'Checkout burns' }, afterMs: 9_000, post: undefined }],
  visitors: { answered: 1_500, slow: 0 },
};
const HEALTHY: ActOutcome = { act: { ...PAGED.act, title: 'healthy', pages: false }, pages: [], visitors: { answered: 700, slow: 0 } };
const LINK = { url: 'http://127.0.0.1:4400/incidents/i-1', verdict: 'OK' };
const LATENCY = { count: 2, meanSeconds: 1.25, slowestSeconds: 2 };

test('all is fine when each fault was paged and each link opens', () => {
  const { lines, fine } = summarise({ outcomes: [HEALTHY, PAGED], links: [LINK], latency: LATENCY });
  expect(fine).toBe(true);
  expect(lines).toEqual([
    '✓ fault: payment fails: the page was there after 9 s',
    '    page, 9 s: Checkout burns',
    '✓ links: 1 of 1 open',
    '✓ from receipt of the crossing span to the Slack request: 1.25 s on average, at most 2 s, over 2 (promise: 6 s)',
  ]);
});

test('a fault that nobody was paged for is said, and is a failure', () => {
  const { lines, fine } = summarise({ outcomes: [{ ...PAGED, pages: [] }], links: [LINK], latency: LATENCY });
  expect(fine).toBe(false);
  expect(lines[0]).toBe('✗ fault: payment fails: no page arrived');
});

test('a ticket is not the page that was promised', () => {
  const ticket: ActOutcome = { ...PAGED, pages: PAGED.pages.map((page) => ({ ...page, incident: { ...page.incident, severity: 'ticket' } })) };
  const { lines, fine } = summarise({ outcomes: [ticket], links: [LINK], latency: LATENCY });
  expect(fine).toBe(false);
  expect(lines.slice(0, 2)).toEqual(['✗ fault: payment fails: no page arrived', '    ticket, 9 s: Checkout burns']);
});

test('a link that does not open is named, and is a failure', () => {
  const { lines, fine } = summarise({ outcomes: [PAGED], links: [LINK, { url: 'http://127.0.0.1:4400/traces/1', verdict: '404' }], latency: undefined });
  expect(fine).toBe(false);
  expect(lines).toContain('✗ links: 1 of 2 open');
  expect(lines).toContain('    http://127.0.0.1:4400/traces/1: 404');
  expect(lines.at(-1)).toMatch(/^✗ .*not measured$/);
});

test('a page outside any fault is a false page, and is a failure', () => {
  const { lines, fine } = summarise({ outcomes: [{ ...HEALTHY, pages: PAGED.pages }, PAGED], links: [LINK], latency: LATENCY });
  expect(fine).toBe(false);
  expect(lines[0]).toBe('✗ healthy: paged although nothing was broken: Checkout burns');
});

test('where the shop itself was slow, that is said beside the false page', () => {
  const { lines, fine } = summarise({ outcomes: [{ ...HEALTHY, pages: PAGED.pages, visitors: { answered: 700, slow: 31 } }, PAGED], links: [LINK], latency: LATENCY });
  expect(fine).toBe(false);
  expect(lines[0]).toBe('✗ healthy: paged although nothing was broken: Checkout burns. The shop itself was slow then, and the page right where it says so: 31 of 700 visitors waited more than 800 ms. Is the machine busy with something else?');
});
