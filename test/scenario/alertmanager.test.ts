import { describe, expect, test, vi } from 'vitest';
import { Timeline } from '../support/timeline.js';
import { between, momentOf } from '../support/timeline-clock.js';

vi.setConfig({ testTimeout: 120_000 });

/** The scenarios of Alertmanager's own acceptance tests (test/with_api_v2/acceptance), told anew: a second there is a minute here. */
const routing = (route: string, more = ''): string => `
global: { resolve_timeout: 1d }
route: { receiver: hook, ${route} }
receivers:
  - name: hook
    webhook_configs: [{ url: 'http://127.0.0.1:9/hook' }]
${more}`;
const QUICK = 'group_by: [alertname], group_wait: 1m, group_interval: 1m, repeat_interval: 1s';
const story = (text: string): Timeline => new Timeline({ slos: [], routing: text });

test('MergeAlerts: an alert that is posted again keeps its earliest begin, takes the youngest words, and ends at the later of two ends', async () => {
  const { at, expectNotification, run } = story(routing(QUICK));
  const begins = (moment: string, note?: string) => ({ delivery: { group } }: { delivery: { group: { alerts: readonly { startsAtMs: number; annotations: Readonly<Record<string, string>> }[] } } }): void => {
    expect(group.alerts).toMatchObject([{ startsAtMs: momentOf(moment), annotations: note === undefined ? {} : { note } }]);
  };
  at('00:01').alert({ alertname: 'test' }, { startsAt: '00:01:06' });
  // Another Prometheus sends later, with an earlier begin.
  at('00:01:12').alert({ alertname: 'test' }, { startsAt: '00:01' });
  expectNotification(between('00:02', '00:02:30'), 'hook', ['firing test'], begins('00:01'));
  at('00:02:06').alert({ alertname: 'test' }, { startsAt: '00:02', annotations: { note: 'v1' } });
  expectNotification(between('00:03', '00:03:30'), 'hook', ['firing test'], begins('00:01', 'v1'));
  at('00:03:36').alert({ alertname: 'test' }, { startsAt: '00:01:30', annotations: { note: 'v2' } });
  expectNotification(between('00:04', '00:04:30'), 'hook', ['firing test'], begins('00:01', 'v2'));
  // Marked as over three times: the latest end counts.
  at('00:04:36').alert({ alertname: 'test' }, { startsAt: '00:03', endsAt: '00:04:30', annotations: { note: 'v2' } });
  at('00:04:48').alert({ alertname: 'test' }, { startsAt: '00:02:54', endsAt: '00:04:48', annotations: { note: 'v3' } });
  at('00:04:49').alert({ alertname: 'test' }, { startsAt: '00:02:54', endsAt: '00:04:06', annotations: { note: 'v3' } });
  expectNotification(between('00:05', '00:05:30'), 'hook', ['resolved test'], ({ delivery: { group } }) => {
    expect(group.alerts).toMatchObject([{ endsAtMs: momentOf('00:04:48') }]);
  });
  await run('00:10');
});

test('Repeat: what still fires is told again when repeat_interval is over, at the turns of the group', async () => {
  const { at, expectNotification, run } = story(routing('group_by: [alertname], group_wait: 1m, group_interval: 1m, repeat_interval: 150s'));
  at('00:01').alert({ alertname: 'test' });
  for (const [from, to] of [['00:02', '00:02:01'], ['00:05', '00:05:01'], ['00:08', '00:08:01']] as const) expectNotification(between(from, to), 'hook', ['firing test']);
  at('00:08:30').alert({ alertname: 'test' }, { endsAt: '00:08:20' });
  expectNotification(between('00:09', '00:09:01'), 'hook', ['resolved test'], ({ delivery }) => { expect(delivery.group.reason).toBe('all alerts resolved'); });
  await run('00:20');
});

test('Retry: a receiver that fails is tried again, and no other waits for it', async () => {
  const text = `
route: { receiver: both, group_by: [alertname], group_wait: 1m, group_interval: 1m, repeat_interval: 1h, routes: [{ receiver: hook, continue: true }, { receiver: other }] }
receivers:
  - { name: both }
  - { name: hook, webhook_configs: [{ url: 'http://127.0.0.1:9/hook' }] }
  - { name: other, webhook_configs: [{ url: 'http://127.0.0.1:9/other' }] }
`;
  const { at, expectNotification, run } = story(text);
  at('00:00').receiver('other', 'down');
  at('00:01').alert({ alertname: 'test' }, { endsAt: '01:00' });
  at('00:02:10').receiver('other', 'fine');
  expectNotification(between('00:02', '00:02:01'), 'hook', ['firing test']);
  expectNotification(between('00:02:10', '00:02:30'), 'other', ['firing test']);
  await run('00:06');
});

test('Batching: a group waits for company, then tells changes at its turns, and everything at the repeat', async () => {
  const { at, expectNotification, run } = story(routing('group_by: [], group_wait: 1m, group_interval: 1m, repeat_interval: 5m'));
  at('00:01:06').alert({ alertname: 'test1' });
  at('00:01:42').alert({ alertname: 'test5' });
  expectNotification(between('00:02', '00:02:30'), 'hook', ['firing test1', 'firing test5']);
  at('00:03:18').alert({ alertname: 'test2' }, { startsAt: '00:01:30' }).alert({ alertname: 'test3' }, { startsAt: '00:01:30' }).alert({ alertname: 'test4' }, { startsAt: '00:01:36' });
  const all = ['firing test1', 'firing test2', 'firing test3', 'firing test4', 'firing test5'];
  expectNotification(between('00:04', '00:04:30'), 'hook', all, ({ delivery: { group } }) => { expect(group.reason).toBe('new alerts added'); });
  // Five minutes after the last one, at the next turn.
  expectNotification(between('00:09:06', '00:10:07'), 'hook', all, ({ delivery: { group } }) => { expect(group.reason).toBe('repeat interval elapsed'); });
  await run('00:12');
});

test('Resolved: every group hears of its end', async () => {
  const { at, expectNotification, run } = story(routing('group_by: [alertname], group_wait: 1m, group_interval: 5m, repeat_interval: 5m'));
  at('00:01').alert({ alertname: 'test', lbl: 'v1' }).alert({ alertname: 'test', lbl: 'v2' }).alert({ alertname: 'test', lbl: 'v3' });
  expectNotification(between('00:02', '00:02:01'), 'hook', ['firing test v1', 'firing test v2', 'firing test v3']);
  for (const lbl of ['v1', 'v2', 'v3']) at('00:04').alert({ alertname: 'test', lbl }, { endsAt: '00:03:30' });
  expectNotification(between('00:07', '00:07:01'), 'hook', ['resolved test v1', 'resolved test v2', 'resolved test v3']);
  await run('00:20');
});

test('ResolvedFilter: with send_resolved off nobody hears of an end', async () => {
  const text = `
route: { receiver: all, group_by: [alertname], group_wait: 1m, group_interval: 2m, repeat_interval: 1h, routes: [{ receiver: hook, continue: true }, { receiver: quiet }] }
receivers:
  - { name: all }
  - { name: hook, webhook_configs: [{ url: 'http://127.0.0.1:9/hook', send_resolved: true }] }
  - { name: quiet, webhook_configs: [{ url: 'http://127.0.0.1:9/quiet', send_resolved: false }] }
`;
  const { at, expectNotification, run } = story(text);
  at('00:01').alert({ alertname: 'test', lbl: 'v1' }, { endsAt: '01:00' }).alert({ alertname: 'test', lbl: 'v2' }, { endsAt: '01:00' });
  at('00:03').alert({ alertname: 'test', lbl: 'v1' }, { endsAt: '00:02:30' });
  for (const receiver of ['hook', 'quiet']) expectNotification(between('00:02', '00:02:01'), receiver, ['firing test v1', 'firing test v2']);
  expectNotification(between('00:04', '00:04:01'), 'hook', ['firing test v2', 'resolved test v1']);
  at('00:05').alert({ alertname: 'test', lbl: 'v2' }, { endsAt: '00:04:30' });
  expectNotification(between('00:06', '00:06:01'), 'hook', ['resolved test v2']);
  // What it did not hear the end of is news when it comes again.
  at('00:10').alert({ alertname: 'test', lbl: 'v1' }, { endsAt: '01:00' });
  for (const receiver of ['hook', 'quiet']) expectNotification(between('00:11', '00:11:01'), receiver, ['firing test v1']);
  await run('00:20');
});

test('ColdStart: alerts that are posted again after a restart tell nobody twice, and what came meanwhile is told', async () => {
  const text = routing('group_by: [], group_wait: 1m, group_interval: 6m, repeat_interval: 10m');
  const { at, expectNotification, run } = story(text);
  at('00:01').alert({ alertname: 'test1' });
  expectNotification(between('00:02', '00:02:01'), 'hook', ['firing test1']);
  at('00:03').restart();
  at('00:04').alert({ alertname: 'test1' }).alert({ alertname: 'test2' });
  expectNotification(between('00:08', '00:08:01'), 'hook', ['firing test1', 'firing test2']);
  await run('00:12');
});

test('an alert that had waited long enough before it came is told at once', async () => {
  const { at, expectNotification, run } = story(routing('group_by: [alertname], group_wait: 5m, group_interval: 6m, repeat_interval: 1h'));
  at('00:10').alert({ alertname: 'old' }, { startsAt: '00:01', endsAt: '01:00' }).alert({ alertname: 'new' }, { endsAt: '01:00' });
  expectNotification(between('00:10', '00:10:01'), 'hook', ['firing old']);
  expectNotification(between('00:15', '00:15:01'), 'hook', ['firing new']);
  await run('00:16');
});

test('an alert that ends within group_wait is never told', async () => {
  const { at, run } = story(routing('group_by: [alertname], group_wait: 1m, group_interval: 1m, repeat_interval: 1h'));
  at('00:10').alert({ alertname: 'flap' }, { endsAt: '01:00' });
  at('00:10:30').alert({ alertname: 'flap' }, { endsAt: '00:10:20' });
  await run('00:30');
});

test('Reload: a changed file tells nobody twice, and counts from then on', async () => {
  const { at, expectNotification, run } = story(routing('group_by: [], group_wait: 1m, group_interval: 6m, repeat_interval: 10m'));
  at('00:01').alert({ alertname: 'test1' });
  at('00:03').routing(routing('group_by: [], group_wait: 1m, group_interval: 3m, repeat_interval: 10m'));
  expectNotification(between('00:02', '00:02:01'), 'hook', ['firing test1']);
  at('00:04').alert({ alertname: 'test2' });
  expectNotification(between('00:08', '00:08:01'), 'hook', ['firing test1', 'firing test2']);
  at('00:09').alert({ alertname: 'test3' });
  expectNotification(between('00:11', '00:11:01'), 'hook', ['firing test1', 'firing test2', 'firing test3']);
  await run('00:14');
});

test('Reload: who heard of the fire hears of its end, although the file no longer leads there', async () => {
  const text = (receiver: string): string => `
route: { receiver: ${receiver}, group_by: [alertname], group_wait: 0s, group_interval: 1m, repeat_interval: 1h }
receivers:
  - { name: before, webhook_configs: [{ url: 'http://127.0.0.1:9/before' }] }
  - { name: after, webhook_configs: [{ url: 'http://127.0.0.1:9/after' }] }
`;
  const { at, expectNotification, run } = story(text('before'));
  at('00:01').alert({ alertname: 'test' }, { endsAt: '01:00' });
  at('00:05').routing(text('after'));
  at('00:10').alert({ alertname: 'test' }, { endsAt: '00:09:50' });
  expectNotification(between('00:01', '00:01:01'), 'before', ['firing test']);
  expectNotification(between('00:10', '00:11:01'), 'before', ['resolved test']);
  expectNotification(between('00:05', '00:05:15'), 'after', ['firing test']);
  expectNotification(between('00:10', '00:11:01'), 'after', ['resolved test']);
  await run('00:20');
});

test('WebhookTimeout: a receiver that hangs hears of it later, once', async () => {
  const { at, expectNotification, run } = story(routing('group_by: [alertname], group_wait: 1m, group_interval: 1m, repeat_interval: 1h'));
  at('00:00').receiver('hook', 'hangs');
  at('00:01').alert({ alertname: 'test' }, { endsAt: '01:00' });
  at('00:04').receiver('hook', 'fine');
  expectNotification(between('00:04', '00:05:30'), 'hook', ['firing test']);
  await run('00:10');
});

describe('inhibition', () => {
  const JOB_DOWN = 'inhibit_rules: [{ source_matchers: [alertname=JobDown], target_matchers: [alertname=InstanceDown], equal: [job, zone] }]\n';

  test('Inhibiting: a source keeps targets quiet where all of `equal` is the same', async () => {
    const { at, expectNotification, run } = story(routing('group_by: [], group_wait: 1m, group_interval: 1m, repeat_interval: 1h', JOB_DOWN));
    at('00:01').alert({ alertname: 'test1', job: 'testjob', zone: 'aa' }).alert({ alertname: 'InstanceDown', job: 'testjob', zone: 'aa' }).alert({ alertname: 'InstanceDown', job: 'testjob', zone: 'ab' });
    // The source comes later: the receiver has heard of the target, and nothing is taken back.
    at('00:02:12').alert({ alertname: 'JobDown', job: 'testjob', zone: 'aa' }).alert({ alertname: 'InstanceDown', job: 'testjob', zone: 'aa', instance: 'i2' });
    at('00:05:36').alert({ alertname: 'JobDown', job: 'testjob', zone: 'aa' }, { endsAt: '00:05:30' });
    expectNotification(between('00:02', '00:02:30'), 'hook', ['firing InstanceDown testjob aa', 'firing InstanceDown testjob ab', 'firing test1 testjob aa']);
    expectNotification(between('00:03', '00:03:30'), 'hook', ['firing InstanceDown testjob aa', 'firing InstanceDown testjob ab', 'firing test1 testjob aa', 'firing JobDown testjob aa']);
    expectNotification(between('00:06', '00:06:30'), 'hook', ['firing InstanceDown i2 testjob aa', 'firing InstanceDown testjob aa', 'firing InstanceDown testjob ab', 'firing test1 testjob aa', 'resolved JobDown testjob aa']);
    await run('00:08');
  });

  test('AlwaysInhibiting: a target that was inhibited all its life is never told', async () => {
    const { at, expectNotification, run } = story(routing('group_by: [], group_wait: 1m, group_interval: 1m, repeat_interval: 1h', JOB_DOWN));
    at('00:01').alert({ alertname: 'JobDown', job: 'j', zone: 'aa' }).alert({ alertname: 'InstanceDown', job: 'j', zone: 'aa' });
    at('00:02:36').alert({ alertname: 'JobDown', job: 'j', zone: 'aa' }, { endsAt: '00:02:30' }).alert({ alertname: 'InstanceDown', job: 'j', zone: 'aa' }, { endsAt: '00:02:30' });
    expectNotification(between('00:02', '00:02:30'), 'hook', ['firing JobDown j aa']);
    expectNotification(between('00:03', '00:03:30'), 'hook', ['resolved JobDown j aa']);
    await run('00:08');
  });

  test('EmptyInhibitionRule: a rule without matchers inhibits nobody, for every alert is on both of its sides', async () => {
    const { at, expectNotification, run } = story(routing('group_by: [], group_wait: 1m, group_interval: 1m, repeat_interval: 1h', 'inhibit_rules: [{}]\n'));
    at('00:01').alert({ alertname: 'test1' }).alert({ alertname: 'test2' });
    expectNotification(between('00:02', '00:02:30'), 'hook', ['firing test1', 'firing test2']);
    await run('00:04');
  });
});

describe('time intervals', () => {
  const OFFICE = 'time_intervals: [{ name: office, time_intervals: [{ weekdays: [\'monday:friday\'], times: [{ start_time: \'09:00\', end_time: \'17:00\' }], location: Europe/Berlin }] }]\n';
  const text = (key: string): string => `
route: { receiver: nobody, group_by: [alertname], group_wait: 1m, group_interval: 5m, repeat_interval: 1h, routes: [{ receiver: hook, ${key}: [office] }] }
receivers: [{ name: nobody }, { name: hook, webhook_configs: [{ url: 'http://127.0.0.1:9/hook' }] }]
${OFFICE}`;

  test('a route that is active in office hours tells what still fires when they begin', async () => {
    // The story begins on a Friday; Berlin is an hour ahead.
    const { at, expectNotification, run } = story(text('active_time_intervals'));
    at('06:00').alert({ alertname: 'night' }, { endsAt: '23:00' });
    at('07:00').alert({ alertname: 'short' }, { endsAt: '07:30' });
    expectNotification(between('08:00', '08:00:16'), 'hook', ['firing night'], ({ delivery: { group } }) => { expect(group.reason).toBe('first notification'); });
    await run('08:30');
  });

  test('a mute time keeps quiet, and the end of what was told before is told all the same', async () => {
    const { at, expectNotification, run } = story(text('mute_time_intervals'));
    at('07:50').alert({ alertname: 'early' }, { endsAt: '23:00' });
    at('08:10').alert({ alertname: 'late' }, { endsAt: '23:00' });
    at('12:00').alert({ alertname: 'early' }, { endsAt: '11:59' });
    expectNotification(between('07:51', '07:51:01'), 'hook', ['firing early']);
    expectNotification(between('12:00', '12:06'), 'hook', ['resolved early']);
    expectNotification(between('16:00', '16:00:16'), 'hook', ['firing late']);
    await run('16:10');
  });
});

describe('silences', () => {
  const text = routing('group_by: [alertname], group_wait: 1m, group_interval: 1m, repeat_interval: 1h');

  test('AddSilence, Silencing: what is silenced tells nobody, and what still fires at the end is told at once', async () => {
    const { at, expectNotification, run } = story(text);
    at('00:01').silence({ alertname: 'quiet' }, '00:20:30');
    at('00:02').alert({ alertname: 'quiet' }, { endsAt: '02:00' }).alert({ alertname: 'loud' }, { endsAt: '02:00' });
    expectNotification(between('00:03', '00:03:01'), 'hook', ['firing loud']);
    expectNotification(between('00:20:30', '00:20:46'), 'hook', ['firing quiet']);
    await run('00:30');
  });

  test('SilenceDelete: one that is ended by hand lets speak at once, also after a restart in between', async () => {
    const { at, expectNotification, run } = story(text);
    at('00:01').alert({ alertname: 'test' }, { endsAt: '02:00' });
    expectNotification(between('00:02', '00:02:01'), 'hook', ['firing test']);
    at('00:05').silence({ alertname: 'test' }, '01:30');
    at('00:08').restart();
    at('00:10').endSilences();
    expectNotification(between('00:10', '00:10:01'), 'hook', ['firing test'], ({ delivery }) => { expect(delivery.group.reason).toBe('mute ended'); });
    await run('00:30');
  });

  test('the end of what was told before reaches those who heard of it (Alertmanager #226); an alert that is over within the silence reaches nobody', async () => {
    const { at, expectNotification, run } = story(text);
    at('00:01').alert({ alertname: 'told' }, { endsAt: '02:00' });
    expectNotification(between('00:02', '00:02:01'), 'hook', ['firing told']);
    at('00:05').silence({ alertname: 'told' }, '01:30').silence({ alertname: 'short' }, '01:30');
    at('00:06').alert({ alertname: 'short' }, { endsAt: '00:12' });
    at('00:20').alert({ alertname: 'told' }, { endsAt: '00:19:50' });
    expectNotification(between('00:20', '00:21:01'), 'hook', ['resolved told']);
    await run('01:40');
  });

  test('a recurring one holds in its hours', async () => {
    // Two to four at night in Berlin: one to three in UTC.
    const night = { times: [{ begin: 120, end: 240 }], weekdays: undefined, daysOfMonth: undefined, months: undefined, years: undefined, location: 'Europe/Berlin' };
    const { at, expectNotification, run } = story(text);
    at('00:30').silence({ alertname: 'import' }, '20d 00:00', { recurring: [night] });
    at('00:40').alert({ alertname: 'import', run: '1' }, { endsAt: '00:50' });
    expectNotification(between('00:41', '00:41:01'), 'hook', ['firing import 1']);
    expectNotification(between('00:50', '00:51:01'), 'hook', ['resolved import 1']);
    at('01:10').alert({ alertname: 'import', run: '2' }, { endsAt: '02:50' });
    at('02:55').alert({ alertname: 'import', run: '3' }, { endsAt: '23:00' });
    expectNotification(between('03:00', '03:00:16'), 'hook', ['firing import 3']);
    await run('03:30');
  });
});

test('a page within a group that waits is told at once when it is upgraded', async () => {
  const { at, expectNotification, run } = story(routing('group_by: [alertname], group_wait: 10m, group_interval: 10m, repeat_interval: 1h'));
  at('00:01').alert({ alertname: 'disk', instance: 'a', severity: 'warning' }, { endsAt: '02:00' });
  at('00:03').alert({ alertname: 'disk', instance: 'b', severity: 'critical' }, { endsAt: '02:00' });
  expectNotification(between('00:03', '00:03:01'), 'hook', ['firing disk a warning', 'firing disk b critical']);
  await run('00:20');
});
