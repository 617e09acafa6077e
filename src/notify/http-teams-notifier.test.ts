import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sampleIncident } from '../incident/sample-incident.js';
import { HttpTeamsNotifier } from './http-teams-notifier.js';
import { notifierContract } from './notifier.contract.js';
import { sampleDelivery, sampleNotification } from './sample-delivery.js';
import { startTeamsStandIn, type TeamsStandIn } from './stand-in/http-teams-stand-in.js';
import { failAsTold } from './stand-in/http-webhook-stand-in.js';

let teams: TeamsStandIn;
beforeEach(async () => { teams = await startTeamsStandIn(); });
afterEach(async () => { await teams.close(); });
const notifier = (timeoutMs?: number): HttpTeamsNotifier => new HttpTeamsNotifier({ url: teams.url, ...(timeoutMs === undefined ? {} : { timeoutMs }) });

describe('HttpTeamsNotifier', () => {
  notifierContract(async () => ({
    build: notifier,
    failNext: (fault) => { failAsTold(teams, fault); },
    requests: () => teams.requests(),
    taken: () => teams.cards().length,
    close: () => teams.close(),
  }));
});

test('a card says what a woken person asks, and offers where to look', async () => {
  await notifier().notify(sampleNotification('opened'));
  await expect(`${JSON.stringify(JSON.parse(teams.received()[0]!.body), undefined, 2)}\n`).toMatchFileSnapshot('golden/teams-opened.json');
});

test('the end is told in green words, without the runbook', async () => {
  await notifier().notify(sampleNotification('resolved'));
  const [card] = teams.cards();
  expect(card?.texts[0]).toBe('Resolved: Checkout works');
  expect(card?.texts.join('\n')).not.toContain('payment provider');
  expect(teams.received()[0]?.body).toContain('"color":"Good"');
});

test('a repeat after a lost answer says that it is one', async () => {
  teams.failNext({ acceptThenReset: true });
  const delivery = sampleDelivery('opened');
  expect(await notifier().notify(sampleNotification('opened'))).toMatchObject({ kind: 'retryable', ambiguous: true });
  await notifier().notify(sampleNotification('opened', { delivery: { ...delivery, ambiguous: true } }));
  expect(teams.cards().map(({ texts }) => texts.some((text) => text.startsWith('Sent again')))).toEqual([false, true]);
});

test('what others wrote is no Markdown, and never too much for Teams', async () => {
  const reason = '[click](https://evil.example) *now* '.repeat(200);
  const { evidence } = sampleIncident();
  const huge = evidence!.traces.map((trace) => ({ ...trace, rootName: 'ä'.repeat(9_000), reason }));
  const runbook = { title: 'x'.repeat(9_000), url: `https://tocsin.example/${'u'.repeat(2_000)}`, markdown: `${'word [a](https://b.example) '.repeat(500)}\n`.repeat(50) };
  const result = await notifier().notify(sampleNotification('opened', { runbook, delivery: sampleDelivery('opened', { title: '<at>all</at> [x](http://y)', evidence: { ...evidence!, traces: huge } }) }));
  expect(result).toMatchObject({ kind: 'delivered' });
  expect(teams.cards()[0]?.texts[0]).toBe('Page: \\<at\\>all\\</at\\> \\[x\\](http://y)');
  expect(teams.cards()[0]?.texts.join('\n')).not.toMatch(/[^\\]\[click/);
});
