import { afterAll, expect, test, vi } from 'vitest';
import { eventually } from '../support/eventually.js';
import { disposeServices, newGround, runTocsin, startServiceProcess } from '../support/service-process.js';

afterAll(disposeServices);
vi.setConfig({ testTimeout: 120_000 });

const routing = (routes: string): string => `
route: { receiver: team, group_by: [incident], group_wait: 0s, routes: [${routes}] }
receivers:
  - { name: team, webhook_configs: [{ url: 'http://127.0.0.1:9/team' }] }
  - { name: disks, webhook_configs: [{ url: 'http://127.0.0.1:9/disks' }] }
  - { name: nobody }
`;

test('the stored past is told again under another file, with the difference', async () => {
  const ground = newGround({
    'rules/routing.yaml': routing(''), 'new.yaml': routing('{ matchers: [alertname=Disk], receiver: disks }, { matchers: [alertname=Toy], receiver: nobody }'),
    'rules2/routing.yaml': routing(''), 'rules2/escalation.yaml': 'apiVersion: tocsin.dev/v1\nkind: EscalationPolicy\nmetadata: { name: pages }\nspec: { receivers: [team], steps: [{ after: 1s, receivers: [disks] }] }\n',
    'same.yaml': routing('{ matchers: [alertname=Never], receiver: disks }'), 'broken.yaml': 'route: {}\n',
  });
  const { http } = await startServiceProcess({ ground }).ready;
  for (const alertname of ['Disk', 'Toy', 'Other']) {
    const posted = await fetch(`${http}/api/v2/alerts`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify([{ labels: { alertname, severity: 'page' } }]) });
    expect(posted.status).toBe(200);
  }
  await eventually(async () => { expect(((await (await fetch(`${http}/api/v1/incidents`)).json()) as { incidents: unknown[] }).incidents).toHaveLength(3); });

  const changed = await runTocsin(['what-if', '--config', `${ground.directory}/new.yaml`, '--server', http, '--json'], { ground });
  expect(changed.code).toBe(1);
  expect(JSON.parse(changed.stdout)).toMatchObject({ incidents: 3, lost: 1, receivers: [{ receiver: 'disks', before: 0, after: 1 }, { receiver: 'team', before: 3, after: 1 }], changed: [{ before: ['team'] }, { before: ['team'] }] });
  const words = await runTocsin(['what-if', '--config', `${ground.directory}/new.yaml`, '--server', http], { ground });
  expect(words.stdout).toContain('team: 3 → 1 (-2)');
  expect(words.stdout).toContain('Nobody would hear of 1 that somebody was told of.');

  const same = await runTocsin(['what-if', '--config', `${ground.directory}/same.yaml`, '--server', http], { ground });
  expect([same.code, same.stdout]).toEqual([0, expect.stringContaining('Every incident tells the same receivers.')]);
  const escalating = await runTocsin(['what-if', '--config', `${ground.directory}/rules2`, '--server', http, '--json'], { ground });
  expect(JSON.parse(escalating.stdout)).toMatchObject({ lost: 0, receivers: [{ receiver: 'disks', before: 0, after: 3 }, { receiver: 'team', before: 3, after: 3 }] });
  const broken = await runTocsin(['what-if', '--config', `${ground.directory}/broken.yaml`, '--server', http], { ground });
  expect([broken.code, broken.stderr]).toEqual([2, expect.stringContaining('broken.yaml')]);
});
