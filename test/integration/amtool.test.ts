import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startWebhookStandIn, type WebhookStandIn } from '../../src/notify/stand-in/http-webhook-stand-in.js';
import { eventually } from '../support/eventually.js';
import { requireOrSkip } from '../support/require.js';
import { disposeServices, newGround, runTocsin, startServiceProcess, type Addresses, type ServiceProcess } from '../support/service-process.js';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
const hasAmtool = requireOrSkip('amtool', 'apt-get install prometheus-alertmanager');
const run = promisify(execFile);

let hook: WebhookStandIn;
let service: ServiceProcess;
let addresses: Addresses;
const ground = newGround();

const amtool = async (...words: string[]): Promise<string> => {
  const { stdout } = await run('amtool', [...words, '--alertmanager.url', addresses.http], { env: { ...process.env, HOME: ground.directory } });
  return stdout.trim();
};
const json = async <T>(...words: string[]): Promise<T> => JSON.parse(await amtool(...words, '-o', 'json')) as T;

beforeAll(async () => {
  hook = await startWebhookStandIn();
  ground.write('rules/routing.yaml', `
route: { receiver: hook, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 1h }
receivers: [{ name: hook, webhook_configs: [{ url: '${hook.url}' }] }]
`);
  service = startServiceProcess({ ground });
  addresses = await service.ready;
});
afterAll(async () => {
  await disposeServices();
  await hook.close();
});

/** Each message once: a repeat after a crash carries the same `webhook-id`. */
const heard = (): string[] => [...new Map(hook.received().map(({ headers, body }) => [headers['webhook-id'], body])).values()].map((body) => {
  const { status, alerts } = JSON.parse(body) as { status: string; alerts: { labels: { alertname: string } }[] };
  return `${status} ${alerts.map(({ labels }) => labels.alertname).join(' ')}`;
});

test.skipIf(!hasAmtool)('amtool adds alerts, sees them, silences them and ends the silence', async () => {
  await amtool('alert', 'add', 'disk', 'instance=a', 'severity=critical', '--annotation=summary=the disk is full');
  await eventually(() => { expect(heard()).toEqual(['firing disk']); });
  interface Alert { labels: Record<string, string>; annotations: Record<string, string>; status: { state: string; silencedBy: string[] }; receivers: { name: string }[] }
  expect(await json<Alert[]>('alert', 'query')).toMatchObject([{ labels: { alertname: 'disk', instance: 'a', severity: 'critical', incident: expect.stringMatching(/^inc-/) }, annotations: { summary: 'the disk is full' }, status: { state: 'active' }, receivers: [{ name: 'hook' }] }]);
  expect(await json<Alert[]>('alert', 'query', 'alertname=other')).toEqual([]);

  const id = await amtool('silence', 'add', 'alertname=disk', '--duration=1h', '--comment=a new one is coming', '--author=ann');
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(await json<unknown[]>('silence', 'query')).toMatchObject([{ id, comment: 'a new one is coming', createdBy: 'ann', status: { state: 'active' }, matchers: [{ name: 'alertname', value: 'disk', isRegex: false, isEqual: true }] }]);
  expect(await json<Alert[]>('alert', 'query')).toEqual([]);
  expect(await json<Alert[]>('alert', 'query', '--silenced')).toMatchObject([{ status: { state: 'suppressed', silencedBy: [id] } }]);

  await amtool('silence', 'expire', id);
  expect(await json<unknown[]>('silence', 'query')).toEqual([]);
  expect(await json<unknown[]>('silence', 'query', '--expired')).toMatchObject([{ id, status: { state: 'expired' } }]);
  await eventually(() => { expect(heard()).toEqual(['firing disk', 'firing disk']); });
});

test.skipIf(!hasAmtool)('tocsin why tells the whole story of it', async () => {
  const { incidents } = (await (await fetch(`${addresses.http}/api/v1/incidents`)).json()) as { incidents: { id: string; title: string }[] };
  const id = incidents.find(({ title }) => title === 'the disk is full')?.id ?? '';
  const { code, stdout } = await runTocsin(['why', id, '--server', addresses.http], { ground });
  expect(code).toBe(0);
  expect(stdout).toMatch(/alert [0-9a-f]{16} → route → hook, group \{\}:\{alertname="disk"\}/);
  expect(stdout).toMatch(/webhook\[0\] sent: first notification; delivered/);
  expect(stdout).toContain('silenced: silenced by ');
  expect(stdout).toMatch(/webhook\[0\] sent: mute ended; /);
  expect((await runTocsin(['why', 'inc-none', '--server', addresses.http], { ground })).code).toBe(1);
});

test.skipIf(!hasAmtool)('amtool is told what is wrong', async () => {
  await expect(amtool('silence', 'add', 'alertname=~".*"', '--duration=1h', '--comment=all')).rejects.toMatchObject({ stderr: expect.stringContaining('match every alert') });
});

test('an alert that ends is told, and posted alerts and silences outlive a restart', async () => {
  const post = async (path: string, body: unknown): Promise<Response> => fetch(`${addresses.http}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  expect((await post('/api/v2/alerts', [{ labels: { alertname: 'queue' } }])).status).toBe(200);
  const silence = (await (await post('/api/v2/silences', { matchers: [{ name: 'alertname', value: 'other', isRegex: false }], startsAt: new Date().toISOString(), endsAt: new Date(Date.now() + 3_600_000).toISOString(), createdBy: 'ann', comment: 'c' })).json()) as { silenceID: string };
  await eventually(() => { expect(heard()).toContain('firing queue'); });
  await service.kill();
  service = startServiceProcess({ ground });
  addresses = await service.ready;
  const groups = await (await fetch(`${addresses.http}/api/v2/alerts/groups?filter=alertname="queue"`)).json();
  expect(groups).toMatchObject([{ labels: { alertname: 'queue' }, receiver: { name: 'hook' }, alerts: [{ labels: { alertname: 'queue' } }] }]);
  expect(await (await fetch(`${addresses.http}/api/v2/silence/${silence.silenceID}`)).json()).toMatchObject({ status: { state: 'active' } });
  await post('/api/v2/alerts', [{ labels: { alertname: 'queue' }, endsAt: new Date().toISOString() }]);
  await eventually(() => { expect(heard()).toContain('resolved queue'); });
  expect(heard().filter((words) => words === 'firing queue')).toHaveLength(1);
  expect(await (await fetch(`${addresses.http}/api/v2/status`)).json()).toMatchObject({ cluster: { status: 'disabled' }, versionInfo: { version: expect.stringMatching(/^tocsin-/) } });
  expect(await (await fetch(`${addresses.http}/api/v2/receivers`)).json()).toEqual([{ name: 'hook' }]);
});

test.each<[string, unknown, string]>([
  ['no list', { labels: {} }, 'expected array'], ['no labels', [{ labels: {} }], 'at least one label pair'], ['a bad label', [{ labels: { 'a-b': 'c' } }], 'not a label name'],
  ['an end before the begin', [{ labels: { a: 'b' }, startsAt: '2026-01-02T00:00:00Z', endsAt: '2026-01-01T00:00:00Z' }], 'start time must be before end time'],
])('%s is refused as Alertmanager refuses it: with a JSON string', async (_, body, message) => {
  const answer = await fetch(`${addresses.http}/api/v2/alerts`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  expect([answer.status, await answer.json()]).toEqual([400, expect.stringContaining(message)]);
});
