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
