import { afterAll, expect, test, vi } from 'vitest';
import { startWebhookStandIn } from '../../src/notify/stand-in/http-webhook-stand-in.js';
import { eventually } from '../support/eventually.js';
import { disposeServices, newGround, runTocsin, startServiceProcess } from '../support/service-process.js';

afterAll(disposeServices);
vi.setConfig({ testTimeout: 60_000 });

test('a message that was given up is listed with its reason, and sent again when told to', async () => {
  const hook = await startWebhookStandIn();
  hook.failNext({ status: 422, body: 'no such team' });
  const ground = newGround({ 'rules/routing.yaml': `route: { receiver: a, group_by: [incident], group_wait: 0s }\nreceivers: [{ name: a, webhook_configs: [{ url: '${hook.url}' }] }]\n` });
  const { http } = await startServiceProcess({ ground, env: { TOCSIN_EVALUATION_INTERVAL: '1s' } }).ready;
  await fetch(new URL('/api/v2/alerts', http), { method: 'POST', body: JSON.stringify([{ labels: { alertname: 'DiskFull', severity: 'critical' } }]), headers: { 'content-type': 'application/json' } });
  const run = (...words: string[]): ReturnType<typeof runTocsin> => runTocsin(['dead-letters', ...words, '--server', http], { ground });
  const { id } = await eventually(async () => {
    const { deadLetters } = JSON.parse((await run('list', '--json')).stdout) as { readonly deadLetters: readonly { readonly id: string }[] };
    const [first] = deadLetters;
    if (first === undefined) throw new Error('nothing was given up yet');
    return first;
  });
  expect((await run('list')).stdout).toMatch(/a webhook\[0\] {2}opened of inc-.*\n {2}1 attempts: HTTP 422: no such team/);
  expect(await run('retry', 'dlv-nobody')).toMatchObject({ code: 1, stdout: expect.stringContaining('dlv-nobody is not sent') });
  expect(await run('retry', id)).toMatchObject({ code: 0, stdout: `${id} is sent again\n` });
  await eventually(() => { expect(hook.received()).toHaveLength(1); });
  await eventually(async () => { expect((await run('list')).stdout).toBe('nothing was given up\n'); });
  await hook.close();
});
