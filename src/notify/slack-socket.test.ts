import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../../test/support/eventually.js';
import { startSlackStandIn, type SlackStandIn } from './stand-in/http-slack-stand-in.js';
import { SlackApi } from './slack-api.js';
import type { Press } from './slack-press.js';
import type { Timer } from './system-timer.js';
import { SlackSocket, type SlackSocketOptions } from './slack-socket.js';

let slack: SlackStandIn;
let socket: SlackSocket;
let presses: Press[];
let troubles: { readonly reason: string; readonly isFinal: boolean }[];
let waits: { readonly delayMs: number; readonly run: () => void; cancelled: boolean }[];

/** Remembers what was asked for; the test says when it is time. */
const timer: Timer = {
  after: (delayMs, run) => {
    const wait = { delayMs, run, cancelled: false };
    waits.push(wait);
    return () => { wait.cancelled = true; };
  },
};
const pass = (fits: (delayMs: number) => boolean): void => {
  const due = waits.filter(({ delayMs, cancelled }) => !cancelled && fits(delayMs));
  expect(due).not.toEqual([]);
  for (const wait of due) {
    wait.cancelled = true;
    wait.run();
  }
};

beforeEach(async () => {
  [presses, troubles, waits] = [[], [], []];
  slack = await startSlackStandIn({ appToken: 'xapp-test' });
});
afterEach(async () => {
  socket.stop();
  await slack.close();
});

function begin(changes: Partial<SlackSocketOptions> = {}, token = 'xapp-test'): void {
  const api = new SlackApi({ token, apiUrl: slack.apiUrl });
  socket = new SlackSocket({ open: () => api.call('apps.connections.open', {}), isPlain: true, onPress: (press) => presses.push(press), onTrouble: (trouble) => troubles.push(trouble), timer, random: () => 1, ...changes });
  socket.start();
}
const payload = (value: string): unknown => ({ type: 'block_actions', user: { id: 'U1' }, channel: { id: 'C1' }, response_url: 'https://hooks.slack.com/x', actions: [{ action_id: 'acknowledge', value }] });
const connected = (): Promise<void> => eventually(() => { expect([socket.isConnected, slack.sockets.connected()]).toEqual([true, 1]); });

test('a press comes in over the connection, is answered, and counts once however often it is sent', async () => {
  begin();
  await connected();
  const id = slack.sockets.send(payload('btn-1'));
  slack.sockets.send(payload('btn-1'), id);
  slack.sockets.send({ type: 'view_submission' });
  await eventually(() => { expect(slack.sockets.acknowledged()).toHaveLength(3); });
  expect(presses).toEqual([{ action: 'acknowledge', value: 'btn-1', user: 'U1', channel: 'C1', responseUrl: 'https://hooks.slack.com/x' }]);
  expect(slack.sockets.acknowledged().slice(0, 2)).toEqual([id, id]);
  expect(troubles).toEqual([]);
});

test.each(['warning', 'refresh_requested'])('another connection takes over before the old one goes (%s), and nothing is missed', async (reason) => {
  begin();
  await connected();
  slack.sockets.disconnect(reason);
  await eventually(() => { expect(slack.sockets.opened()).toBe(2); });
  await eventually(() => { expect(waits.some(({ delayMs, cancelled }) => !cancelled && delayMs === 5_000)).toBe(true); });
  slack.sockets.send(payload('btn-2'));
  await eventually(() => { expect(presses).toHaveLength(1); });
  pass((delayMs) => delayMs === 5_000);
  await connected();
  expect(troubles).toEqual([]);
});

test('a connection is replaced before Slack would end it', async () => {
  slack.sockets.setAliveSeconds(3_600);
  begin();
  await connected();
  pass((delayMs) => delayMs === 3_540_000);
  await eventually(() => { expect(slack.sockets.opened()).toBe(2); });
});

test('one that breaks is made anew, after a pause that grows while Slack is away', async () => {
  begin();
  await connected();
  slack.failNext({ status: 500 }, { times: 2, method: 'apps.connections.open' });
  slack.sockets.cut();
  await eventually(() => { expect(troubles).toHaveLength(1); });
  pass((delayMs) => delayMs === 1_000);
  await eventually(() => { expect(troubles).toHaveLength(2); });
  pass((delayMs) => delayMs === 2_000);
  await eventually(() => { expect(troubles).toHaveLength(3); });
  pass((delayMs) => delayMs === 4_000);
  await connected();
  expect(troubles.every(({ isFinal }) => !isFinal)).toBe(true);
});

test('a token that Slack refuses is said so, and tried every minute', async () => {
  begin({}, 'xapp-other');
  await eventually(() => { expect(troubles).toEqual([{ reason: 'Slack refuses the connection: invalid_auth', isFinal: true }]); });
  pass((delayMs) => delayMs === 60_000);
  await eventually(() => { expect(troubles).toHaveLength(2); });
});

test('Retry-After is kept', async () => {
  slack.failNext({ status: 429, retryAfterSeconds: 30 }, { method: 'apps.connections.open' });
  begin();
  await eventually(() => { expect(waits.map(({ delayMs }) => delayMs)).toEqual([30_000]); });
});

test('a connection without a greeting, and one that is dead, are given up', async () => {
  slack.sockets.setSilent(true);
  begin();
  await eventually(() => { expect(slack.sockets.opened()).toBe(1); });
  pass((delayMs) => delayMs === 15_000);
  await eventually(() => { expect(troubles).toMatchObject([{ reason: 'Slack did not say hello' }]); });
  slack.sockets.setSilent(false);
  pass((delayMs) => delayMs === 1_000);
  await connected();
  // Asked twice in a row without time for an answer between: as if none had come.
  pass((delayMs) => delayMs === 20_000);
  pass((delayMs) => delayMs === 20_000);
  await eventually(() => { expect(troubles.at(-1)?.reason).toBe('the connection to Slack is dead'); });
});

test('without TLS it speaks to stand-ins only', async () => {
  begin({ isPlain: false });
  await eventually(() => { expect(troubles).toMatchObject([{ reason: 'Slack named no address for the connection', isFinal: true }]); });
});

test('a stop ends it for good', async () => {
  begin();
  await connected();
  socket.stop();
  await eventually(() => { expect(slack.sockets.connected()).toBe(0); });
  expect([slack.sockets.opened(), troubles]).toEqual([1, []]);
});
