import { afterAll, expect, test, vi } from 'vitest';
import { startSlackStandIn } from '../../src/notify/stand-in/http-slack-stand-in.js';
import { startWebhookStandIn } from '../../src/notify/stand-in/http-webhook-stand-in.js';
import { eventually } from '../support/eventually.js';
import { disposeServices, newGround, runTocsin, startServiceProcess } from '../support/service-process.js';

afterAll(disposeServices);
vi.setConfig({ testTimeout: 90_000 });

test('drills go the whole way, survive a restart, and a broken receiver is told of by another', async () => {
  const [slack, hook] = [await startSlackStandIn({ token: 'xoxb-test' }), await startWebhookStandIn()];
  const ground = newGround({
    'rules/routing.yaml': `route: { receiver: chat }\nreceivers:\n  - { name: chat, slack_configs: [{ channel: "#alerts" }] }\n  - { name: hook, webhook_configs: [{ url: '${hook.url}' }] }\n`,
    'rules/drills.yaml': 'apiVersion: tocsin.dev/v1\nkind: Drill\nmetadata: { name: yearly }\nspec: { receivers: [chat, hook], cron: "0 0 1 1 *", tell: [chat, hook] }\n',
  });
  const env = { TOCSIN_SLACK_TOKEN: 'xoxb-test', TOCSIN_SLACK_API_URL: slack.apiUrl };
  const first = startServiceProcess({ ground, env });
  const server = (await first.ready).http;
  expect(await runTocsin(['drill', '--server', server], { ground })).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^chat: it arrived after [\d.]+ s \(drill-.*\)\nhook: it arrived after .*\n$/) as string });
  expect(slack.calls().find(({ method }) => method === 'chat.postMessage')?.args['text']).toContain('DRILL: nothing is wrong, "chat" is tested');
  await eventually(() => { expect(hook.received().map(({ body }) => (JSON.parse(body) as { status: string }).status)).toEqual(['firing', 'resolved']); });
  expect(JSON.parse(hook.received()[0]?.body ?? '')).toMatchObject({ receiver: 'hook', commonLabels: { alertname: 'TocsinDrill', receiver: 'hook' }, tocsin: { drill: true } });
  await eventually(() => { expect(slack.messages()[0]?.text).toContain('DRILL, over'); });
  await first.stop();

  hook.failNext({ status: 410 }, 9);
  const { http } = await startServiceProcess({ ground, env }).ready;
  expect(await (await fetch(new URL('/readyz', http))).json()).toMatchObject({ drills: [{ receiver: 'chat' }, { receiver: 'hook' }] });
  const failed = await runTocsin(['drill', 'hook', '--server', http, '--json'], { ground });
  expect(failed.code).toBe(1);
  expect(JSON.parse(failed.stdout)).toMatchObject({ drills: [{ receiver: 'hook', outcome: 'failed', integrations: [{ reason: expect.stringContaining('HTTP 410') as string }] }] });
  await eventually(() => { expect(slack.messages().map(({ text }) => text)).toContainEqual(expect.stringContaining('Alerts to "hook" do not arrive as promised')); });
  await eventually(async () => {
    const metrics = await (await fetch(new URL('/metrics', http))).text();
    expect(metrics).toMatch(/tocsin_delivery_sli_ratio\{receiver="hook"\} 0.5/);
    expect(metrics).toMatch(/tocsin_drill_last_failed\{receiver="hook"\} 1/);
    expect(metrics).toMatch(/tocsin_delivery_error_budget_remaining_ratio\{receiver="chat"\} 1/);
  });
  expect((await runTocsin(['drill', 'nobody', '--server', http], { ground })).stderr).toContain('no document of kind: Drill names the receiver "nobody"');
  const page = await (await fetch(new URL('/drills', http), { headers: { accept: 'text/html' } })).text();
  expect(page).toContain('webhook[0] did not get it: HTTP 410');
  const { incidents } = (await (await fetch(new URL('/api/v1/incidents', http))).json()) as { readonly incidents: readonly { readonly title: string }[] };
  expect(incidents.map(({ title }) => title)).toEqual(['Alerts to "hook" do not arrive as promised']);
  await Promise.all([slack.close(), hook.close()]);
});
