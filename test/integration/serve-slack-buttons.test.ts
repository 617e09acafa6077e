import { afterAll, expect, test, vi } from 'vitest';
import { slackSignature } from '../../src/notify/slack-signature.js';
import { startSlackStandIn } from '../../src/notify/stand-in/http-slack-stand-in.js';
import { eventually } from '../support/eventually.js';
import { disposeServices, newGround, startServiceProcess } from '../support/service-process.js';

afterAll(disposeServices);
vi.setConfig({ testTimeout: 60_000 });

const ROUTING = 'route: { receiver: a, group_by: [incident], group_wait: 0s }\nreceivers: [{ name: a, slack_configs: [{ channel: "#alerts" }] }]\n';
const PERSON = 'apiVersion: tocsin.dev/v1\nkind: Person\nmetadata: { name: ann }\nspec: { slackUser: U0ANN }\n';

interface Button { readonly action_id: string; readonly value?: string }

test('who presses Acknowledge in Slack has the incident, once, and only with a signature', async () => {
  const slack = await startSlackStandIn({ token: 'xoxb-test' });
  const service = startServiceProcess({
    ground: newGround({ 'rules/routing.yaml': ROUTING, 'rules/people.yaml': PERSON }),
    env: { TOCSIN_SLACK_TOKEN: 'xoxb-test', TOCSIN_SLACK_SIGNING_SECRET: 's3cret', TOCSIN_SLACK_API_URL: slack.apiUrl, TOCSIN_EVALUATION_INTERVAL: '1s' },
  });
  const { http } = await service.ready;
  const post = (path: string, body: string, headers: Record<string, string>): Promise<Response> => fetch(new URL(path, http), { method: 'POST', body, headers });
  await post('/api/v2/alerts', JSON.stringify([{ labels: { alertname: 'DiskFull', severity: 'critical' }, annotations: { summary: 'full' } }]), { 'content-type': 'application/json' });
  const value = await eventually(() => {
    const buttons = slack.messages().flatMap(({ blocks }) => blocks.flatMap((block) => (block.type === 'actions' ? (block.elements as readonly Button[]) : [])));
    const found = buttons.find(({ action_id }) => action_id === 'acknowledge')?.value;
    if (found === undefined) throw new Error('no button yet');
    return found;
  });
  const payload = { type: 'block_actions', user: { id: 'U0ANN' }, channel: { id: 'C1' }, actions: [{ action_id: 'acknowledge', value }] };
  const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const press = (signature: string): Promise<Response> => post('/slack/interactions', body, { 'content-type': 'application/x-www-form-urlencoded', 'x-slack-request-timestamp': timestamp, 'x-slack-signature': signature });
  expect((await press('v0=forged')).status).toBe(401);
  const signature = slackSignature('s3cret', timestamp, Buffer.from(body));
  expect((await press(signature)).status).toBe(200);
  expect((await press(signature)).status).toBe(401);
  await eventually(async () => {
    const { incidents } = (await (await fetch(new URL('/api/v1/incidents', http))).json()) as { readonly incidents: readonly { readonly status: string; readonly acknowledgedBy?: string }[] };
    expect(incidents).toMatchObject([{ status: 'acknowledged' }]);
  });
  await eventually(() => { expect(slack.messages()[0]?.text).toContain('ann has it'); });
  await slack.close();
});

test('the same by Socket Mode, without an address that Slack could reach; whom nobody knows is told so where the press says', async () => {
  const slack = await startSlackStandIn({ token: 'xoxb-test', appToken: 'xapp-test' });
  const ground = newGround({ 'rules/routing.yaml': ROUTING, 'rules/people.yaml': PERSON });
  const service = startServiceProcess({ ground, env: { TOCSIN_SLACK_TOKEN: 'xoxb-test', TOCSIN_SLACK_APP_TOKEN: 'xapp-test', TOCSIN_SLACK_API_URL: slack.apiUrl, TOCSIN_ALLOW_INTERNAL_TARGETS: '127.0.0.1' } });
  const { http } = await service.ready;
  await fetch(new URL('/api/v2/alerts', http), { method: 'POST', body: JSON.stringify([{ labels: { alertname: 'DiskFull', severity: 'critical' } }]), headers: { 'content-type': 'application/json' } });
  const value = await eventually(() => {
    const [found] = slack.messages().flatMap(({ blocks }) => blocks.flatMap((block) => (block.type === 'actions' ? (block.elements as readonly Button[]) : []))).filter(({ action_id }) => action_id === 'acknowledge');
    if (found?.value === undefined) throw new Error('no button yet');
    return found.value;
  });
  await eventually(async () => { expect(await (await fetch(new URL('/metrics', http))).text()).toMatch(/tocsin_slack_socket_connected 1/); });
  const press = (user: string, responseUrl: string): string => slack.sockets.send({ type: 'block_actions', user: { id: user }, channel: { id: 'C1' }, response_url: responseUrl, actions: [{ action_id: 'acknowledge', value }] });
  press('U0EVE', `${slack.url}response/1`);
  await eventually(() => { expect(slack.responses()).toMatchObject([{ response_type: 'ephemeral', replace_original: false, text: expect.stringContaining('slackUser: U0EVE') as string }]); });
  // An address that leads inside is not asked; the answer goes by Slack's API.
  press('U0EVE', 'http://169.254.169.254/latest/meta-data/');
  await eventually(() => { expect(slack.calls().filter(({ method }) => method === 'chat.postEphemeral')).toMatchObject([{ args: { channel: 'C1', user: 'U0EVE' } }]); });
  press('U0ANN', `${slack.url}response/2`);
  await eventually(() => { expect(slack.messages()[0]?.text).toContain('ann has it'); });
  expect(slack.responses()).toHaveLength(1);
  expect((await service.stop()).code).toBe(0);
  await slack.close();
});
