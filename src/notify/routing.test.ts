import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { requireOrSkip } from '../../test/support/require.js';
import { formatProblem } from '../lib/problem.js';
import { checkReceiverRules, matchRoutes, parseRouting, type Routing, withReceiverRules } from './routing.js';
import { integrationsOf } from './integrations.js';

const parse = (text: string): ReturnType<typeof parseRouting> => parseRouting({ path: 'routing.yaml', text });
const routing = (text: string): Routing => {
  const parsed = parse(text);
  if (!parsed.ok) throw new Error(parsed.error.map(formatProblem).join('\n'));
  return parsed.value;
};
const problems = (text: string): string[] => {
  const parsed = parse(text);
  return parsed.ok ? [] : parsed.error.map(({ at, code, path }) => `${at.line}:${at.column} ${code} ${path}`);
};
const receivers = (text: string, labels: Record<string, string>): string[] => matchRoutes(routing(text), labels).map(({ receiver }) => receiver);
const NAMES = 'receivers: [{ name: root }, { name: a }, { name: b }, { name: c }, { name: d }]\n';

/** The tree of Alertmanager's own TestRouteMatch (dispatch/route_test.go), with our words. */
const TREE = `
route:
  receiver: root
  routes:
    - matchers: [owner="team-A"]
      receiver: a
      routes:
        - { matchers: [env="testing"], receiver: b, group_by: [] }
        - { match: { env: production }, receiver: c, group_wait: 1m, continue: true }
        - { match_re: { env: 'produ.*' }, receiver: d, group_by: ['job'] }
    - matchers: ['owner=~"team-(B|C)"']
      group_by: [foo, bar]
      group_wait: 2m
      receiver: b
${NAMES}`;

describe('the shipped routing file', () => {
  const path = fileURLToPath(new URL('../../rules/routing.yaml', import.meta.url));
  const text = readFileSync(path, 'utf8');

  test('sends everything to Slack at once, one group per incident', () => {
    const matched = matchRoutes(routing(text), { severity: 'page', slo: 'x', incident: 'inc-1' });
    expect(matched).toMatchObject([{ receiver: 'slack', groupBy: ['incident'], groupWaitMs: 0, groupLabels: { incident: 'inc-1' }, groupKey: '{}:{incident="inc-1"}' }]);
    expect(routing(text).receivers.get('slack')?.slacks).toEqual([{ channel: '#alerts', apiUrl: 'https://slack.com/api/', tokenFile: undefined, sendResolved: true }]);
  });

  test.skipIf(!requireOrSkip('amtool', 'apt-get install prometheus-alertmanager'))('is accepted by amtool, also with what is commented out', () => {
    expect(execFileSync('amtool', ['check-config', path], { encoding: 'utf8' })).toContain('SUCCESS');
    const directory = mkdtempSync(join(tmpdir(), 'tocsin-routing-'));
    try {
      // Every comment that holds YAML, switched on.
      const uncommented = text.split('\n').map((line) => line.replace(/^( *)# (?=( {2})*(?:- (?:name|matchers|channel|url)|receiver|group_wait|slack_configs|webhook_configs|send_resolved|\s+(?:-|receiver|group_wait|channel|send_resolved|slack_configs)))/, '$1')).join('\n');
      expect(problems(uncommented)).toEqual([]);
      expect(routing(uncommented).receivers.size).toBe(2);
      writeFileSync(join(directory, 'routing.yaml'), uncommented);
      expect(execFileSync('amtool', ['check-config', join(directory, 'routing.yaml')], { encoding: 'utf8' })).toContain('2 receivers');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('matching, as Alertmanager does it', () => {
  test.each([
    ['no child matches: the node itself', { owner: 'team-X' }, ['root']],
    ['a child without a matching grandchild', { owner: 'team-A' }, ['a']],
    ['a grandchild instead of its parent', { owner: 'team-A', env: 'testing' }, ['b']],
    ['continue goes on among the siblings', { owner: 'team-A', env: 'production' }, ['c', 'd']],
    ['a regular expression is anchored', { owner: 'team-A', env: 'preproduction' }, ['a']],
    ['without continue the first one wins', { owner: 'team-A', env: 'producing' }, ['d']],
    ['alternatives', { owner: 'team-C' }, ['b']],
    ['an alert without labels', {}, ['root']],
  ])('%s', (_, labels, expected) => {
    expect(receivers(TREE, labels as unknown as Record<string, string>)).toEqual(expected);
  });

  test('continue on the last child does not bring the parent back', () => {
    expect(receivers(`route: { receiver: root, routes: [{ matchers: [x=1], receiver: a, continue: true }] }\n${NAMES}`, { x: '1' })).toEqual(['a']);
  });

  test('the same receiver may be reached twice, by two routes', () => {
    const text = `route: { receiver: root, routes: [{ matchers: [x=1], receiver: a, continue: true }, { matchers: [y=1], receiver: a }] }\n${NAMES}`;
    expect(matchRoutes(routing(text), { x: '1', y: '1' }).map(({ path }) => path)).toEqual(['route.routes[0]', 'route.routes[1]']);
  });

  test('a missing label matches the empty string', () => {
    expect(receivers(`route: { receiver: root, routes: [{ matchers: ['team!="web"'], receiver: a }] }\n${NAMES}`, {})).toEqual(['a']);
  });
});

describe('inheritance', () => {
  test('children take everything but matchers and continue from above', () => {
    const text = `route: { receiver: root, group_by: [incident], group_wait: 1s, group_interval: 2m, repeat_interval: 3h, routes: [{ matchers: [x=1], continue: true, routes: [{ matchers: [y=1], group_wait: 0s }] }] }\n${NAMES}`;
    expect(matchRoutes(routing(text), { x: '1', y: '1' })).toMatchObject([{ receiver: 'root', groupBy: ['incident'], groupWaitMs: 0, groupIntervalMs: 120_000, repeatIntervalMs: 10_800_000, key: '{}/{x="1"}/{y="1"}' }]);
    expect(routing(text).root.routes[0]?.routes[0]?.continues).toBe(false);
  });

  test('defaults are Alertmanager\'s', () => {
    expect(matchRoutes(routing(`route: { receiver: root }\n${NAMES}`), { a: 'b' })).toMatchObject([{ groupBy: [], groupWaitMs: 30_000, groupIntervalMs: 300_000, repeatIntervalMs: 14_400_000, groupLabels: {}, groupKey: '{}:{}' }]);
  });

  test('an empty group_by overrides the one above (Alertmanager #4825)', () => {
    const text = `route: { receiver: root, group_by: [incident], routes: [{ matchers: [x=1], group_by: [] }] }\n${NAMES}`;
    expect(matchRoutes(routing(text), { x: '1', incident: 'i' })[0]?.groupLabels).toEqual({});
  });

  test("group_by: ['...'] groups by all labels", () => {
    const text = `route: { receiver: root, group_by: ['...'] }\n${NAMES}`;
    expect(matchRoutes(routing(text), { b: '2', a: '1' })).toMatchObject([{ groupBy: 'all', groupKey: '{}:{a="1", b="2"}' }]);
  });

  test('a label that the alert lacks is no part of its group', () => {
    const text = `route: { receiver: root, group_by: [incident, team] }\n${NAMES}`;
    expect(matchRoutes(routing(text), { incident: 'i' })[0]?.groupLabels).toEqual({ incident: 'i' });
  });

  test('durations as Prometheus writes them', () => {
    const text = `route: { receiver: root, group_wait: 0, group_interval: 1h30m, repeat_interval: 1y }\n`.replace('group_wait: 0,', "group_wait: '0',");
    expect(matchRoutes(routing(text + NAMES), {})).toMatchObject([{ groupWaitMs: 0, groupIntervalMs: 5_400_000, repeatIntervalMs: 31_536_000_000 }]);
  });
});

describe('inhibit_rules, time_intervals and resolve_timeout', () => {
  const text = `
global: { resolve_timeout: 10m }
route: { receiver: root, routes: [{ matchers: [team=a], receiver: a, mute_time_intervals: [weekend], active_time_intervals: [office], routes: [{ matchers: [x=1] }] }] }
${NAMES}inhibit_rules:
  - source_match: { severity: critical }
    source_matchers: ['zone=~"a|b"']
    target_match_re: { severity: 'warning|info' }
    equal: [alertname]
mute_time_intervals: [{ name: weekend, time_intervals: [{ weekdays: ['saturday', 'sunday'] }] }]
time_intervals: [{ name: office, time_intervals: [{ times: [{ start_time: '09:00', end_time: '17:00' }], location: Europe/Berlin, months: [1, 'may:august'], days_of_month: ['1:5', -1], years: [2026] }] }]
`;
  test('are read, and the intervals of a route are not inherited', () => {
    const { root, timeIntervals, inhibitRules, resolveTimeoutMs } = routing(text);
    expect(resolveTimeoutMs).toBe(600_000);
    expect(root.routes[0]).toMatchObject({ muteTimeIntervals: ['weekend'], activeTimeIntervals: ['office'], routes: [{ muteTimeIntervals: [], activeTimeIntervals: [] }] });
    expect(timeIntervals.get('weekend')).toMatchObject([{ weekdays: [{ begin: 6, end: 6 }, { begin: 0, end: 0 }], location: 'UTC', times: undefined }]);
    expect(timeIntervals.get('office')).toEqual([{ times: [{ begin: 540, end: 1_020 }], weekdays: undefined, daysOfMonth: [{ begin: 1, end: 5 }, { begin: -1, end: -1 }], months: [{ begin: 1, end: 1 }, { begin: 5, end: 8 }], years: [{ begin: 2026, end: 2026 }], location: 'Europe/Berlin' }]);
    expect(inhibitRules).toMatchObject([{ source: [{ name: 'severity', operator: '=' }, { name: 'zone', operator: '=~' }], target: [{ name: 'severity', operator: '=~' }], equal: ['alertname'], path: 'inhibit_rules[0]' }]);
  });

  test.skipIf(!requireOrSkip('amtool', 'apt-get install prometheus-alertmanager'))('amtool reads the same file', () => {
    const directory = mkdtempSync(join(tmpdir(), 'tocsin-routing-'));
    try {
      writeFileSync(join(directory, 'routing.yaml'), text.replace('months: [1, ', "months: ['1', ").replace("'1:5', -1]", "'1:5', '-1']").replace('years: [2026]', "years: ['2026']"));
      expect(execFileSync('amtool', ['check-config', join(directory, 'routing.yaml')], { encoding: 'utf8' })).toContain('1 inhibit rules');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('receivers', () => {
  test('Slack and webhooks with their defaults, files and authorization', () => {
    const { receivers: found } = routing(`
global: { slack_api_url: 'https://slack.com/api/chat.postMessage' }
route: { receiver: both }
receivers:
  - name: nobody
  - name: both
    slack_configs:
      - channel: '#a'
      - { channel: C123, send_resolved: true, api_url: 'http://127.0.0.1:9/api/chat.postMessage', http_config: { authorization: { credentials_file: /run/token } } }
    webhook_configs:
      - url: http://127.0.0.1:9/hook
      - { url_file: /run/url, send_resolved: false, max_alerts: 5, http_config: { authorization: { type: Token, credentials_file: /run/x } } }
`);
    expect(found.get('nobody')).toEqual({ name: 'nobody', slacks: [], webhooks: [], pagerduties: [], teams: [], opsgenies: [], emails: [], alertmanagers: [] });
    expect(found.get('both')?.slacks).toEqual([
      { channel: '#a', apiUrl: 'https://slack.com/api/', tokenFile: undefined, sendResolved: false },
      { channel: 'C123', apiUrl: 'http://127.0.0.1:9/api/', tokenFile: '/run/token', sendResolved: true },
    ]);
    expect(found.get('both')?.webhooks).toEqual([
      { url: { text: 'http://127.0.0.1:9/hook' }, sendResolved: true, maxAlerts: 0, authorization: undefined },
      { url: { file: '/run/url' }, sendResolved: false, maxAlerts: 5, authorization: { type: 'Token', credentialsFile: '/run/x' } },
    ]);
  });

  test('a webhook may have certificates, a proxy and a name of its own', () => {
    const { receivers: found } = routing(`route: { receiver: hook }\nreceivers: [{ name: hook, webhook_configs: [{ url: 'https://127.0.0.1/', http_config: { tls_config: { ca_file: /ca, cert_file: /cert, key_file: /key, server_name: hook }, proxy_url: 'http://proxy:3128', basic_auth: { username: tocsin, password_file: /password } } }] }]\n`);
    expect(found.get('hook')?.webhooks).toMatchObject([{ basicAuth: { username: 'tocsin', passwordFile: '/password' }, connection: { caFile: '/ca', certFile: '/cert', keyFile: '/key', serverName: 'hook', isInsecure: false, proxyUrl: 'http://proxy:3128' } }]);
  });

  test('Opsgenie may have its key and address from global', () => {
    const { receivers: found } = routing('global: { opsgenie_api_key_file: /run/key, opsgenie_api_url: "https://api.eu.opsgenie.com" }\nroute: { receiver: ops }\nreceivers: [{ name: ops, opsgenie_configs: [{ tags: "a, b", responders: [{ username: ann@example.com, type: user }] }] }]\n');
    expect(found.get('ops')?.opsgenies).toEqual([{ url: 'https://api.eu.opsgenie.com/', apiKeyFile: '/run/key', priority: undefined, tags: ['a', 'b'], responders: [{ type: 'user', username: 'ann@example.com' }], sendResolved: true }]);
  });

  test('email has from global what it does not say itself', () => {
    const { receivers: found } = routing('global: { smtp_from: t@example.com, smtp_smarthost: "smtp.example.com:465", smtp_auth_username: t, smtp_auth_password_file: /run/mail, smtp_require_tls: false }\nroute: { receiver: mail }\nreceivers: [{ name: mail, email_configs: [{ to: "a@example.com, b@example.com" }] }]\n');
    expect(found.get('mail')?.emails).toEqual([{ to: ['a@example.com', 'b@example.com'], from: 't@example.com', host: 'smtp.example.com', port: 465, implicitTls: true, hello: 'localhost', auth: { username: 't', passwordFile: '/run/mail' }, requireTls: false, sendResolved: false }]);
  });

  test('a Receiver document must name one that exists and has a webhook to sign', () => {
    const at = { file: 'hooks.yaml', line: 3, column: 1 };
    const known = routing('route: { receiver: hooks }\nreceivers: [{ name: hooks, webhook_configs: [{ url: "http://127.0.0.1:9" }] }, { name: quiet }]\n');
    const rule = (name: string): { name: string; webhookSecretFile: string; at: typeof at } => ({ name, webhookSecretFile: 'f', at });
    expect(checkReceiverRules(known, [rule('hooks')])).toEqual([]);
    expect(checkReceiverRules(known, [rule('hook')])).toMatchObject([{ code: 'routing/unknown-receiver', hint: 'did you mean "hooks"?', at }]);
    expect(checkReceiverRules(known, [rule('quiet')])).toMatchObject([{ code: 'rules/invalid-value' }]);
  });
});

test('a Receiver document adds Alertmanagers to forward to', () => {
  const alertmanagers = [{ url: 'http://127.0.0.1:9093/', credentialsFile: undefined, sendResolved: true }];
  const bound = withReceiverRules(routing('route: { receiver: hooks }\nreceivers: [{ name: hooks }, { name: quiet }]\n'), [{ name: 'hooks', webhookSecretFile: undefined, alertmanagers, at: { file: 'a', line: 1, column: 1 } }]);
  expect(integrationsOf(bound.receivers.get('hooks')!)).toEqual([{ name: 'alertmanager[0]', tellsResolved: true, updatesInPlace: false }]);
  expect(integrationsOf(bound.receivers.get('quiet')!)).toEqual([]);
});

describe('what this version cannot honour is an error, never ignored', () => {
  const base = 'route:\n  receiver: root\nreceivers:\n  - name: root\n';
  test.each([
    ['templates', `${base}templates: [x.tmpl]\n`, '5:1 routing/not-supported-yet templates'],
    ['PagerDuty\'s old API', `${base}    pagerduty_configs: [{ routing_key_file: x, service_key_file: y }]\n`, '5:48 routing/not-supported-yet receivers[0].pagerduty_configs[0].service_key_file'],
    ['a PagerDuty description', `${base}    pagerduty_configs: [{ routing_key_file: x, description: y }]\n`, '5:48 routing/not-supported-yet receivers[0].pagerduty_configs[0].description'],
    ['headers of a mail', `${base}    email_configs: [{ to: x, from: y, smarthost: 'z:25', headers: {} }]\n`, '5:58 routing/not-supported-yet receivers[0].email_configs[0].headers'],
    ['Discord', `${base}    discord_configs: [{ webhook_url: x }]\n`, '5:5 routing/not-supported-yet receivers[0].discord_configs'],
    ['a Slack title', `${base}    slack_configs: [{ channel: a, title: x }]\n`, '5:35 routing/not-supported-yet receivers[0].slack_configs[0].title'],
    ['a templated channel', `${base}    slack_configs: [{ channel: '{{ .x }}' }]\n`, '5:32 routing/not-supported-yet receivers[0].slack_configs[0].channel'],
    ['Teams by the old connectors', `${base}    msteams_configs: [{ webhook_url_file: x }]\n`, '5:5 routing/not-supported-yet receivers[0].msteams_configs'],
    ['a Teams text', `${base}    msteamsv2_configs: [{ webhook_url_file: x, text: y }]\n`, '5:48 routing/not-supported-yet receivers[0].msteamsv2_configs[0].text'],
    ['a webhook timeout', `${base}    webhook_configs: [{ url: 'http://127.0.0.1', timeout: 5s }]\n`, '5:50 routing/not-supported-yet receivers[0].webhook_configs[0].timeout'],
    ['a proxy of another receiver', `${base}    slack_configs: [{ channel: a, http_config: { proxy_url: x } }]\n`, '5:50 routing/not-supported-yet receivers[0].slack_configs[0].http_config.proxy_url'],
    ['a proxy that is none', `${base}    webhook_configs: [{ url: 'http://127.0.0.1', http_config: { proxy_url: x } }]\n`, '5:76 routing/invalid-value receivers[0].webhook_configs[0].http_config.proxy_url'],
    ['half a client certificate', `${base}    webhook_configs: [{ url: 'http://127.0.0.1', http_config: { tls_config: { cert_file: c } } }]\n`, '5:77 routing/missing-key receivers[0].webhook_configs[0].http_config.tls_config'],
    ['a password in the file', `${base}    webhook_configs: [{ url: 'http://127.0.0.1', http_config: { basic_auth: { username: a, password: b } } }]\n`, '5:102 routing/inline-secret receivers[0].webhook_configs[0].http_config.basic_auth.password'],
    ['two ways to log in', `${base}    webhook_configs: [{ url: 'http://127.0.0.1', http_config: { basic_auth: { username: a, password_file: b }, authorization: { credentials_file: c } } }]\n`, '5:77 routing/invalid-value receivers[0].webhook_configs[0].http_config.basic_auth'],
    ['labels of a route', base.replace('  receiver: root\n', '  receiver: root\n  labels: { a: b }\n'), '3:3 routing/not-supported-yet route.labels'],
  ])('%s', (_, text, expected) => {
    expect(problems(text)).toEqual([expected]);
  });

  test('empty lists of it ask for nothing', () => {
    expect(problems(`${base}inhibit_rules: []\ntime_intervals:\ntemplates:\nglobal:\n`)).toEqual([]);
  });
});

describe('mistakes', () => {
  const base = 'route:\n  receiver: root\nreceivers:\n  - name: root\n';
  test('of a second receiver of the same name are told together with the name', () => {
    expect(problems(`${base}  - name: root\n    webhook_configs: [{ url: 'ftp://x' }]\n`)).toEqual([
      '5:11 routing/duplicate-receiver receivers[1].name', '6:30 routing/invalid-value receivers[1].webhook_configs[0].url',
    ]);
  });

  test.each([
    ['an empty file', '', '1:1 routing/missing-key '],
    ['mute times at the root', base.replace('root\n', 'root\n  mute_time_intervals: [x]\n'), '3:24 routing/invalid-value route.mute_time_intervals'],
    ['a time interval that nobody defines', base.replace('root\n', 'root\n  routes: [{ mute_time_intervals: [x] }]\n'), '3:36 routing/invalid-value route.routes[0].mute_time_intervals[0]'],
    ['a time interval twice', `${base}time_intervals: [{ name: x }, { name: x }]\n`, '5:39 routing/invalid-value time_intervals[1].name'],
    ['a day that is none', `${base}time_intervals: [{ name: x, time_intervals: [{ weekdays: [funday] }] }]\n`, '5:59 routing/invalid-value time_intervals[0].time_intervals[0].weekdays[0]'],
    ['a place that is none', `${base}time_intervals: [{ name: x, time_intervals: [{ location: Berlin }] }]\n`, '5:58 routing/invalid-value time_intervals[0].time_intervals[0].location'],
    ['a time that ends before it begins', `${base}time_intervals: [{ name: x, time_intervals: [{ times: [{ start_time: '17:00', end_time: '09:00' }] }] }]\n`, '5:56 routing/invalid-value time_intervals[0].time_intervals[0].times[0]'],
    ['a bad matcher of an inhibit rule', `${base}inhibit_rules: [{ source_matchers: ['a=~('] }]\n`, '5:37 routing/bad-matcher inhibit_rules[0].source_matchers[0]'],
    ['a resolve_timeout without a unit', `${base}global: { resolve_timeout: '5' }\n`, '5:28 routing/invalid-value global.resolve_timeout'],
    ['no receiver at the root', 'route: {}\nreceivers: [{ name: root }]\n', '1:8 routing/missing-key route'],
    ['matchers at the root', base.replace('root\n', 'root\n  matchers: [a=b]\n'), '3:13 routing/invalid-value route.matchers'],
    ['continue at the root', base.replace('root\n', 'root\n  continue: true\n'), '3:13 routing/invalid-value route.continue'],
    ['an unknown receiver', base.replace('receiver: root', 'receiver: rooot'), '2:13 routing/unknown-receiver route.receiver'],
    ['a receiver twice', `${base}  - name: root\n`, '5:11 routing/duplicate-receiver receivers[1].name'],
    ['an unknown key', `${base}recievers: []\n`, '5:1 routing/unknown-key recievers'],
    ['a bad matcher', base.replace('root\n', 'root\n  routes: [{ matchers: ["a=~("] }]\n'), '3:25 routing/bad-matcher route.routes[0].matchers[0]'],
    ['a bad match_re', base.replace('root\n', 'root\n  routes: [{ match_re: { a: "(" } }]\n'), '3:29 routing/bad-matcher route.routes[0].match_re.a'],
    ['a duplicate label in group_by', base.replace('root\n', 'root\n  group_by: [a, a]\n'), '3:13 routing/invalid-value route.group_by'],
    ['... beside a label', base.replace('root\n', "root\n  group_by: ['...', a]\n"), '3:13 routing/invalid-value route.group_by'],
    ['a group_interval of 0', base.replace('root\n', 'root\n  group_interval: 0s\n'), '3:19 routing/invalid-value route.group_interval'],
    ['a repeat_interval of 0', base.replace('root\n', 'root\n  repeat_interval: 0s\n'), '3:20 routing/invalid-value route.repeat_interval'],
    ['a duration without a unit', base.replace('root\n', "root\n  group_wait: '30'\n"), '3:15 routing/invalid-value route.group_wait'],
    ['a duration with a fraction', base.replace('root\n', 'root\n  group_wait: 1.5m\n'), '3:15 routing/invalid-value route.group_wait'],
    ['Slack without a channel', `${base}    slack_configs: [{ send_resolved: true }]\n`, '5:21 routing/missing-key receivers[0].slack_configs[0]'],
    ['a webhook without a url', `${base}    webhook_configs: [{ send_resolved: true }]\n`, '5:23 routing/missing-key receivers[0].webhook_configs[0]'],
    ['PagerDuty without a key', `${base}    pagerduty_configs: [{ send_resolved: true }]\n`, '5:25 routing/missing-key receivers[0].pagerduty_configs[0]'],
    ['PagerDuty at an address of another API', `${base}    pagerduty_configs: [{ routing_key_file: x, url: 'https://events.pagerduty.com/generic' }]\n`, '5:53 routing/invalid-value receivers[0].pagerduty_configs[0].url'],
    ['Teams without an address', `${base}    msteamsv2_configs: [{ send_resolved: true }]\n`, '5:25 routing/missing-key receivers[0].msteamsv2_configs[0]'],
    ['a responder without a name', `${base}    opsgenie_configs: [{ api_key_file: x, responders: [{ type: team }] }]\n`, '5:56 routing/missing-key receivers[0].opsgenie_configs[0].responders[0]'],
    ['a priority that is none', `${base}    opsgenie_configs: [{ api_key_file: x, priority: high }]\n`, '5:53 routing/invalid-value receivers[0].opsgenie_configs[0].priority'],
    ['email without a smarthost', `${base}    email_configs: [{ to: x, from: y }]\n`, '5:21 routing/missing-key receivers[0].email_configs[0]'],
    ['a smarthost without a port', `${base}    email_configs: [{ to: x, from: y, smarthost: z }]\n`, '5:50 routing/invalid-value receivers[0].email_configs[0].smarthost'],
    ['email with a name and no password', `${base}    email_configs: [{ to: x, from: y, smarthost: 'z:25', auth_username: a }]\n`, '5:21 routing/missing-key receivers[0].email_configs[0]'],
    ['a url that is none', `${base}    webhook_configs: [{ url: nowhere }]\n`, '5:30 routing/invalid-value receivers[0].webhook_configs[0].url'],
    ['a url of another scheme', `${base}    webhook_configs: [{ url: 'file:///etc/passwd' }]\n`, '5:30 routing/invalid-value receivers[0].webhook_configs[0].url'],
    ['a second document', `${base}---\na: 1\n`, '6:1 routing/invalid-value '],
  ])('%s', (_, text, expected) => {
    expect(problems(text)).toEqual([expected]);
  });

  test.each([
    ['an incoming webhook', `${base}    slack_configs: [{ channel: a, api_url: 'https://hooks.slack.com/services/T0/B0/s3cret' }]\n`],
    ['credentials', `${base}    webhook_configs: [{ url: 'http://127.0.0.1', http_config: { authorization: { credentials: s3cret } } }]\n`],
    ['a routing key', `${base}    pagerduty_configs: [{ routing_key: s3cret }]\n`],
    ['the address of a Teams workflow', `${base}    msteamsv2_configs: [{ webhook_url: 'https://x.example/?sig=s3cret' }]\n`],
    ['an API key', `${base}    opsgenie_configs: [{ api_key: s3cret }]\n`],
    ['a mail password', `${base}    email_configs: [{ to: x, from: y, smarthost: 'z:25', auth_username: a, auth_password: s3cret }]\n`],
    ['a password in the url', `${base}    webhook_configs: [{ url: 'http://me:s3cret@127.0.0.1' }]\n`],
  ])('%s is a secret: refused, and not repeated', (_, text) => {
    const parsed = parse(text);
    expect(parsed.ok ? [] : parsed.error.map(({ code }) => code)).toEqual(['routing/inline-secret']);
    expect(JSON.stringify(parsed)).not.toContain('s3cret');
  });

  test('all of them come at once', () => {
    expect(problems('route:\n  receiver: nope\n  group_interval: 0s\nreceivers:\n  - name: a\n    slack_configs: [{}]\n  - name: a\n')).toHaveLength(4);
  });
});
