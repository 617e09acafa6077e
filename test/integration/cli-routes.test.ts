import { afterAll, expect, test, vi } from 'vitest';
import { disposeServices, newGround, runTocsin } from '../support/service-process.js';

afterAll(disposeServices);
vi.setConfig({ testTimeout: 60_000 });

const ROUTING = `
route:
  receiver: nobody
  group_by: [incident]
  routes:
    - { matchers: [severity="page"], receiver: on-call, group_wait: 0s, mute_time_intervals: [weekend] }
    - { matchers: [severity="page"], receiver: on-call }
receivers:
  - name: nobody
  - name: on-call
    slack_configs: [{ channel: '#pages' }]
    webhook_configs: [{ url: 'http://127.0.0.1:9/hook' }]
time_intervals:
  - { name: weekend, time_intervals: [{ weekdays: [saturday, sunday] }] }
`;
const ground = (): ReturnType<typeof newGround> => newGround({ 'rules/routing.yaml': ROUTING });

test('routes test shows where an alert goes, through which routes, and when', async () => {
  const { code, stdout } = await runTocsin(['routes', 'test', 'severity=page', '{service="checkout"}', '--at', '2026-11-20T03:04:05Z'], { ground: ground() });
  expect(code).toBe(0);
  expect(stdout).toContain('→ route.routes[0] {severity="page"}: all its matchers match');
  expect(stdout).toContain('✗ route.routes[1] {severity="page"}: route.routes[0] took it and does not say continue');
  expect(stdout).toContain('route.routes[0] tells on-call: slack[0] #pages, webhook[0] http://127.0.0.1:9/hook');
  expect(stdout).toContain('first message after 0s, changes every 5m, repeated after 4h');
  expect(stdout).toContain('at 2026-11-20 03:04:05 UTC: active');
});

test('exit code 1 where nobody would be told: muted at that time, or a receiver without integrations', async () => {
  const muted = await runTocsin(['routes', 'test', 'severity=page', '--at', '2026-11-21T03:04:05Z', '--json'], { ground: ground() });
  expect(muted.code).toBe(1);
  expect(JSON.parse(muted.stdout)).toMatchObject({ at: '2026-11-21T03:04:05.000Z', routes: [{ route: 'route.routes[0]', mutedBy: 'within the mute time interval weekend', groupKey: '{}/{severity="page"}:{}' }] });
  const nobody = await runTocsin(['routes', 'test', 'severity=ticket'], { ground: ground() });
  expect([nobody.code, nobody.stdout]).toEqual([1, expect.stringContaining('severity is "ticket", which is not severity="page"')]);
});

test.each([
  [['routes'], 'tocsin routes test'], [['routes', 'test'], 'name the labels'], [['routes', 'test', 'a!=b'], 'is a matcher; an alert has labels'],
  [['routes', 'test', 'a=b', '--at', 'noon'], '"noon" is not a time'],
])('%j is one clear line and exit code 2', async (words, message) => {
  const { code, stderr } = await runTocsin(words, { ground: ground() });
  expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
});
