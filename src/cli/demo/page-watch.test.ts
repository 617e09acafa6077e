import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { watchPages, type IncidentSummary, type SlackPost } from './page-watch.js';

const INCIDENT: IncidentSummary = { id: 'i-1', status: 'open', severity: 'page', title: 'Checkout burns' };
const POST: SlackPost = { threadTs: undefined, text: 'Checkout burns <http://127.0.0.1:4400/incidents/i-1|open>' };

let incidents: IncidentSummary[];
let server: Server;
let url: string;

beforeEach(async () => {
  incidents = [];
  server = createServer((_, response) => response.end(JSON.stringify({ incidents })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(() => server.close());

test('a page has arrived when its message is at Slack, not when the incident is open, and is told once', async () => {
  const posts: SlackPost[] = [];
  const watch = watchPages(url, () => posts);
  incidents = [INCIDENT];
  expect(await watch.poll()).toEqual([]);
  posts.push({ ...POST, threadTs: '1.2' });
  expect(await watch.poll()).toEqual([]);
  posts.push(POST);
  expect(await watch.poll()).toEqual([{ kind: 'opened', incident: INCIDENT, post: POST }]);
  expect(await watch.poll()).toEqual([]);
});

test('a resolved incident is told once', async () => {
  const watch = watchPages(url, () => [POST]);
  incidents = [INCIDENT];
  await watch.poll();
  incidents = [{ ...INCIDENT, status: 'resolved' }];
  expect(await watch.poll()).toEqual([{ kind: 'resolved', incident: incidents[0], post: POST }]);
  expect(await watch.poll()).toEqual([]);
});

test('a ticket that becomes a page is news, once', async () => {
  const watch = watchPages(url, () => [POST]);
  incidents = [{ ...INCIDENT, severity: 'ticket' }];
  expect((await watch.poll()).map(({ kind }) => kind)).toEqual(['opened']);
  incidents = [INCIDENT];
  expect((await watch.poll()).map(({ kind }) => kind)).toEqual(['upgraded']);
  expect(await watch.poll()).toEqual([]);
});

test('an upgrade is told with the message of the page, not with the one of the ticket that is there a moment longer', async () => {
  const header = (text: string): SlackPost => ({ ...POST, blocks: [{ type: 'header', text: { type: 'plain_text', text } }] });
  const ticket = header('🟡 Ticket: Checkout burns');
  const page = header('🔴 Page: Checkout burns');
  const posts = [ticket];
  const watch = watchPages(url, () => posts);
  incidents = [{ ...INCIDENT, severity: 'ticket' }];
  await watch.poll();
  incidents = [INCIDENT];
  expect(await watch.poll()).toEqual([]);
  posts[0] = page;
  expect(await watch.poll()).toEqual([{ kind: 'upgraded', incident: INCIDENT, post: page }]);
});

test('with the real Slack the incident itself is the news', async () => {
  const watch = watchPages(url, undefined);
  incidents = [INCIDENT];
  expect(await watch.poll()).toEqual([{ kind: 'opened', incident: INCIDENT, post: undefined }]);
});

test('the message of an incident that goes on in this one, and leads to it, is not its own', async () => {
  const merged: SlackPost = { ...POST, blocks: [{ type: 'header', text: { type: 'plain_text', text: '➡️ Part of i-1 now: Payment burns' } }] };
  const watch = watchPages(url, () => [merged, POST]);
  incidents = [INCIDENT];
  expect(await watch.poll()).toEqual([{ kind: 'opened', incident: INCIDENT, post: POST }]);
});

test('one incident does not take the message of another whose id begins the same', async () => {
  const watch = watchPages(url, () => [{ threadTs: undefined, text: 'http://127.0.0.1:4400/incidents/i-12' }]);
  incidents = [INCIDENT];
  expect(await watch.poll()).toEqual([]);
});
