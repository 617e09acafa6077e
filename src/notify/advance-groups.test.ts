import { describe, expect, test } from 'vitest';
import type { CauseLink } from '../incident/cause.js';
import { alertIdOf } from '../incident/condition-signal.js';
import type { Alert, Incident, Labels, Transition } from '../incident/incident.js';
import { sampleAlert, sampleIncident, sampleReading, SAMPLE_START_MS as T0 } from '../incident/sample-incident.js';
import { SilencesInForce, type Silence } from '../incident/silence.js';
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../lib/duration.js';
import type { IncidentId, SilenceId } from '../lib/ids.js';
import { advanceGroups, type GroupingChange } from './advance-groups.js';
import { HELD_MS } from './group-turn.js';
import { groupId, type NotificationGroup } from './notification-group.js';
import type { Routing } from './routing.js';
import { routingOf } from './sample-routing.js';

const TEAM = routingOf(`
route: { receiver: team, group_by: [incident], group_wait: 0s, group_interval: 1m, repeat_interval: 1h }
receivers:
  - name: team
    slack_configs: [{ channel: '#a' }]
    webhook_configs: [{ url: 'http://127.0.0.1:9/hook' }]
`);

const alert = (labels: Labels, changes: Partial<Alert> = {}): Alert => sampleAlert({ incidentId: 'inc-1' as IncidentId, id: alertIdOf(labels), labels: { ...labels, incident: 'inc-1' }, severity: labels['severity'] === 'page' ? 'page' : 'ticket', ...changes });
const incident = (alerts: readonly Alert[], changes: Partial<Incident> = {}): Incident => sampleIncident({ id: 'inc-1' as IncidentId, alerts, ...changes });

/** Steps of the groups with their memory, as the pipeline keeps it. */
class Groups {
  #groups = new Map<string, NotificationGroup>();
  readonly told: string[] = [];
  readonly decisions: string[] = [];
  readonly routing: Routing;

  constructor(routing = TEAM) {
    this.routing = routing;
  }

  step(atMs: number, incidents: readonly Incident[], more: { readonly transitions?: readonly Transition[]; readonly silences?: readonly Silence[]; readonly routing?: Routing } = {}): GroupingChange {
    const nowMs = T0 + atMs;
    const change = advanceGroups({ nowMs, routing: more.routing ?? this.routing, silences: new SilencesInForce(more.silences ?? [], nowMs), groups: this.#groups.values(), incidents, transitions: more.transitions ?? [] });
    for (const group of change.removed) this.#groups.delete(groupId(group));
    for (const group of change.groups) this.#groups.set(groupId(group), group);
    this.told.push(...change.deliveries.map(({ integration, transition: { kind }, group }) => `${integration} ${kind} ${String(group.alerts.length)}`));
    this.decisions.push(...change.decisions.map(({ integration, outcome, reason }) => [outcome, integration, reason].filter((part) => part !== '').join(' ')));
    return change;
  }

  all(): NotificationGroup[] {
    return [...this.#groups.values()];
  }
}

const PAGE = alert({ alertname: 'Burn', severity: 'page' });
const OPEN = incident([PAGE]);
const ENDED = incident([{ ...PAGE, status: 'resolved', endsAtMs: T0 + MINUTE_MS }], { status: 'resolved', endedAtMs: T0 + MINUTE_MS });
const silence = (changes: Partial<Silence> = {}): Silence => ({
  id: 'sil-1' as SilenceId, matchers: [{ name: 'alertname', value: 'Burn', isRegex: false, isEqual: true }], startsAtMs: T0, endsAtMs: T0 + HOUR_MS, updatedAtMs: T0, createdBy: 'ann', comment: 'maintenance', ...changes,
});

test('a page goes out at once, changes at the turns of its group, reminders after repeat_interval, and the end', () => {
  const groups = new Groups();
  groups.step(0, [OPEN]);
  for (let minute = 1; minute <= 62; minute += 1) groups.step(minute * MINUTE_MS, [OPEN]);
  groups.step(62.5 * MINUTE_MS, [ENDED]);
  expect(groups.told).toEqual(['slack[0] opened 1', 'webhook[0] opened 1', 'slack[0] repeated 1', 'webhook[0] repeated 1']);
  groups.step(63 * MINUTE_MS, [ENDED]);
  expect(groups.told.slice(4)).toEqual(['slack[0] resolved 1', 'webhook[0] resolved 1']);
  expect(groups.all()).toEqual([]);
});

test('the same step again tells nobody anything', () => {
  const groups = new Groups();
  groups.step(0, [OPEN]);
  expect(groups.step(0, [OPEN])).toEqual({ groups: [], removed: [], deliveries: [], decisions: [] });
});

test('messages are made the same way twice: a save that failed and is tried again cannot double them', () => {
  const [one, two] = [new Groups(), new Groups()].map((groups) => groups.step(0, [OPEN]).deliveries);
  expect(one).toEqual(two);
  expect(new Set(one?.map(({ id }) => id)).size).toBe(2);
});

test('a group is one conversation; after its end a new fire is a new one', () => {
  const coarse = new Groups(routingOf(`route: { receiver: team, group_by: [alertname], group_wait: 0s, group_interval: 1m, repeat_interval: 1h }\nreceivers: [{ name: team, webhook_configs: [{ url: 'http://127.0.0.1:9' }] }]\n`));
  const conversations = [coarse.step(0, [OPEN]), coarse.step(MINUTE_MS, [ENDED]), coarse.step(5 * MINUTE_MS, [incident([{ ...PAGE, startsAtMs: T0 + 5 * MINUTE_MS }])])]
    .flatMap(({ deliveries }) => deliveries.map(({ conversation }) => conversation));
  expect(conversations).toHaveLength(3);
  expect(conversations[0]).toBe(conversations[1]);
  expect(conversations[2]).not.toBe(conversations[0]);
});

test('an incident that goes on in another ends its own conversation at once; the other has the alert, and its end', () => {
  const groups = new Groups();
  const other = alert({ alertname: 'Other', severity: 'page' }, { incidentId: 'inc-2' as IncidentId, labels: { alertname: 'Other', severity: 'page', incident: 'inc-2' } });
  const second = incident([other], { id: 'inc-2' as IncidentId, key: 'slo:other' });
  groups.step(0, [OPEN, second]);
  const merged: Incident = { ...second, status: 'resolved', endedAtMs: T0 + MINUTE_MS, mergedInto: OPEN.id, alerts: [{ ...other, status: 'resolved', endsAtMs: T0 + MINUTE_MS }] };
  const moved: Alert = { ...other, labels: { ...other.labels, incident: 'inc-1' }, incidentId: OPEN.id };
  const both = incident([PAGE, moved]);
  const step = groups.step(MINUTE_MS, [merged, both], { transitions: [{ kind: 'resolved', incident: merged, atMs: T0 + MINUTE_MS, atOnce: true }, { kind: 'updated', incident: both, atMs: T0 + MINUTE_MS, news: 'Other joins.', joined: [moved.id] }] });
  expect(step.deliveries.map(({ integration, incidentId, transition: { kind } }) => `${integration} ${kind} ${incidentId}`).sort()).toEqual(
    ['slack[0] alerts-added inc-1', 'slack[0] resolved inc-2', 'webhook[0] alerts-added inc-1', 'webhook[0] resolved inc-2']);
  expect(groups.all().map(({ labels, members }) => [labels['incident'], Object.keys(members).length])).toEqual([['inc-1', 2]]);
});

describe('an alert that joins the incident of its cause', () => {
  const other = alert({ alertname: 'Other', severity: 'page' });
  const cause: CauseLink = { rule: 'same-origin', place: undefined, shares: [], words: 'both began in the bank', atMs: T0, alertIds: [other.id], from: undefined, subject: undefined, traces: [] };
  const both = incident([PAGE, other], { causes: [cause] });
  const joins = { kind: 'updated', incident: both, atMs: T0, news: '"Other" joins: both began in the bank.', joined: [other.id] } as const satisfies Transition;
  const toldIn = ({ deliveries }: GroupingChange): string[] => deliveries.map(({ integration, transition: { kind, news = '' } }) => `${integration} ${kind}: ${news}`);

  test('is told once, with the proof: at the next turn of its group', () => {
    const groups = new Groups();
    groups.step(0, [OPEN]);
    expect(toldIn(groups.step(20 * SECOND_MS, [both], { transitions: [joins] }))).toEqual([]);
    expect(toldIn(groups.step(MINUTE_MS, [both]))).toEqual(['slack[0]', 'webhook[0]'].map((integration) => `${integration} alerts-added: Other joins: both began in the bank.`));
    expect(toldIn(groups.step(2 * MINUTE_MS, [both]))).toEqual([]);
  });

  test('is told once where its coming and the turn fall together', () => {
    const groups = new Groups();
    groups.step(0, [OPEN]);
    expect(toldIn(groups.step(MINUTE_MS, [both], { transitions: [joins] }))).toEqual(['slack[0]', 'webhook[0]'].map((integration) => `${integration} alerts-added: Other joins: both began in the bank.`));
  });

  test('is told at once to those who know the incident and whom its own route does not lead to', () => {
    const groups = new Groups(routingOf(`
route: { receiver: team, group_by: [incident], group_wait: 0s, group_interval: 1m, routes: [{ matchers: [alertname=Other], receiver: others }] }
receivers: [{ name: team, webhook_configs: [{ url: 'http://127.0.0.1:9/team' }] }, { name: others, webhook_configs: [{ url: 'http://127.0.0.1:9/others' }] }]
`));
    groups.step(0, [OPEN]);
    const change = groups.step(20 * SECOND_MS, [both], { transitions: [joins] });
    expect(change.deliveries.map(({ receiver, transition: { kind } }) => `${receiver} ${kind}`)).toEqual(['team updated', 'others opened']);
  });
});

test('news of the incident is told beside what its group tells at that moment, unless that is the first message', () => {
  const groups = new Groups();
  const spent: Transition = { kind: 'updated', incident: OPEN, atMs: T0, news: 'The error budget is spent.' };
  const added = alert({ alertname: 'Other', severity: 'page' });
  groups.step(0, [OPEN], { transitions: [spent] });
  expect(groups.told).toEqual(['slack[0] opened 1', 'webhook[0] opened 1']);
  const more = incident([PAGE, added]);
  const noted: Transition = { kind: 'updated', incident: more, atMs: T0, news: 'ann: rolled back', threadOnly: true };
  groups.step(MINUTE_MS, [more], { transitions: [noted, { kind: 'updated', incident: more, atMs: T0 }] });
  expect(groups.told.slice(2)).toEqual(['slack[0] alerts-added 2', 'webhook[0] alerts-added 2', 'slack[0] updated 2']);
});

describe('a ticket that a page is about to follow', () => {
  const reading = sampleReading();
  const near = sampleReading({ firing: undefined, state: 'ticket', tiers: reading.tiers.map((tier) => ({ ...tier, firing: false, evidence: { passed: false, pValue: 0.004, words: '' } })) });
  const ticket = alert({ alertname: 'Burn', severity: 'ticket' }, { id: PAGE.id, reading: near });
  const lone = incident([ticket], { severity: 'ticket' });

  test('is held, and the page is the first that is told, at once', () => {
    const groups = new Groups();
    groups.step(0, [lone]);
    groups.step(5 * SECOND_MS, [lone]);
    expect(groups.told).toEqual([]);
    expect(groups.all().map(({ nextFlushMs }) => nextFlushMs)).toEqual([T0 + HELD_MS]);
    const { deliveries } = groups.step(6 * SECOND_MS, [OPEN], { transitions: [{ kind: 'upgraded', incident: OPEN, atMs: T0 + 6 * SECOND_MS, breachReceivedAtMs: T0 + 5.5 * SECOND_MS }] });
    expect(deliveries.map(({ integration, transition: { kind, incident: { severity } }, breachReceivedAtMs }) => [integration, kind, severity, breachReceivedAtMs])).toEqual([
      ['slack[0]', 'opened', 'page', T0 + 5.5 * SECOND_MS], ['webhook[0]', 'opened', 'page', T0 + 5.5 * SECOND_MS],
    ]);
    groups.step(MINUTE_MS, [OPEN]);
    expect(groups.told).toHaveLength(2);
  });

  test('is told all the same where none follows', () => {
    const groups = new Groups();
    groups.step(0, [lone]);
    groups.step(HELD_MS, [lone]);
    expect(groups.told).toEqual(['slack[0] opened 1', 'webhook[0] opened 1']);
    expect(groups.decisions[0]).toBe('waits a page is about to follow: the ticket is told at 2026-11-20 03:04:20 UTC if none does');
  });

  test('holds nothing else: neither another ticket nor a page of the same group', () => {
    for (const other of [alert({ alertname: 'Else', severity: 'ticket' }, { reading: sampleReading({ tiers: [] }) }), alert({ alertname: 'Else', severity: 'page' }), alert({ alertname: 'Else', severity: 'ticket' }, { reading: undefined })]) {
      const groups = new Groups();
      groups.step(0, [lone]);
      groups.step(5 * SECOND_MS, [incident([ticket, other])]);
      expect(groups.told).toEqual(['slack[0] opened 2', 'webhook[0] opened 2']);
    }
  });

  test('is not held where a page needs more than evidence, and waits no longer than group_wait where that is more', () => {
    const patient = new Groups();
    patient.step(0, [incident([{ ...ticket, reading: sampleReading({ tiers: near.tiers.map((tier) => ({ ...tier, exceeded: false })) }) }])]);
    expect(patient.told).toHaveLength(2);
    const waiting = new Groups(routingOf(`route: { receiver: team, group_by: [incident], group_wait: 30s }\nreceivers: [{ name: team, webhook_configs: [{ url: 'http://127.0.0.1:9' }] }]\n`));
    waiting.step(0, [lone]);
    waiting.step(29 * SECOND_MS, [lone]);
    expect(waiting.told).toEqual([]);
    waiting.step(30 * SECOND_MS, [lone]);
    expect(waiting.told).toEqual(['webhook[0] opened 1']);
  });
});

describe('news that does not wait for the turn of its group', () => {
  const ticket = alert({ alertname: 'Burn', severity: 'ticket' }, { id: PAGE.id });
  const routes = routingOf(`
route: { receiver: quiet, group_by: [incident], group_wait: 5m, group_interval: 1h, routes: [{ matchers: [severity=page], receiver: loud }] }
receivers:
  - { name: quiet, webhook_configs: [{ url: 'http://127.0.0.1:9/quiet' }] }
  - { name: loud, webhook_configs: [{ url: 'http://127.0.0.1:9/loud' }] }
`);

  test('an upgrade is told to who had the ticket and to who gets pages, and both hear of the end', () => {
    const groups = new Groups(routes);
    groups.step(0, [incident([ticket], { severity: 'ticket' })]);
    groups.step(5 * MINUTE_MS, [incident([ticket], { severity: 'ticket' })]);
    expect(groups.told).toEqual(['webhook[0] opened 1']);
    const upgraded = { kind: 'upgraded', incident: OPEN, atMs: T0 + 6 * MINUTE_MS } as const;
    groups.step(6 * MINUTE_MS, [OPEN], { transitions: [upgraded] });
    expect(groups.told.slice(1)).toEqual(['webhook[0] upgraded 1', 'webhook[0] opened 1']);
    for (const minute of [90, 180]) groups.step(minute * MINUTE_MS, [ENDED]);
    expect(groups.told.slice(3)).toEqual(['webhook[0] resolved 1', 'webhook[0] resolved 1']);
  });

  test('who took it, and a step of the budget, for those who know the incident; new numbers only where they can be edited in', () => {
    const groups = new Groups();
    groups.step(0, [OPEN]);
    groups.step(10 * SECOND_MS, [OPEN], { transitions: [{ kind: 'acknowledged', incident: OPEN, atMs: T0 }] });
    groups.step(20 * SECOND_MS, [OPEN], { transitions: [{ kind: 'updated', incident: OPEN, atMs: T0 }] });
    groups.step(30 * SECOND_MS, [OPEN], { transitions: [{ kind: 'updated', incident: OPEN, atMs: T0, news: 'The error budget is spent.' }] });
    expect(groups.told.slice(2)).toEqual(['slack[0] acknowledged 1', 'webhook[0] acknowledged 1', 'slack[0] updated 1', 'slack[0] updated 1', 'webhook[0] updated 1']);
  });

  test('a person who resolves', () => {
    const groups = new Groups();
    groups.step(0, [OPEN]);
    groups.step(10 * SECOND_MS, [ENDED], { transitions: [{ kind: 'resolved', incident: ENDED, atMs: T0, atOnce: true }] });
    expect(groups.told.slice(2)).toEqual(['slack[0] resolved 1', 'webhook[0] resolved 1']);
  });
});

describe('a silence', () => {
  test('keeps quiet, and what still fires when it ends is told at once', () => {
    const groups = new Groups();
    groups.step(0, [OPEN], { silences: [silence()] });
    for (let minute = 1; minute < 60; minute += 7) groups.step(minute * MINUTE_MS, [OPEN], { silences: [silence()] });
    expect(groups.told).toEqual([]);
    groups.step(HOUR_MS, [OPEN], { silences: [silence()] });
    expect(groups.told).toEqual(['slack[0] opened 1', 'webhook[0] opened 1']);
    expect(groups.decisions[0]).toBe('silenced silenced by sil-1: maintenance (ann)');
  });

  test('over what was told already: its end is told all the same, and so is that it goes on when the silence is over', () => {
    for (const ending of [true, false]) {
      const groups = new Groups();
      groups.step(0, [OPEN]);
      for (let minute = 1; minute < 10; minute += 1) groups.step(minute * MINUTE_MS, [OPEN], { silences: [silence({ startsAtMs: T0 + 1 })] });
      if (ending) groups.step(10 * MINUTE_MS, [ENDED], { silences: [silence()] });
      else groups.step(9.5 * MINUTE_MS, [OPEN]);
      expect(groups.told.slice(2)).toEqual(ending ? ['slack[0] resolved 1', 'webhook[0] resolved 1'] : ['slack[0] unmuted 1', 'webhook[0] unmuted 1']);
    }
  });

  test('never reminds, and reports of another alert of the group do not call it over', () => {
    const other = alert({ alertname: 'Other', severity: 'ticket' });
    const groups = new Groups();
    groups.step(0, [incident([PAGE, other])]);
    const change = groups.step(2 * HOUR_MS, [incident([PAGE, { ...other, status: 'resolved', endsAtMs: T0 + HOUR_MS }])], { silences: [silence({ endsAtMs: T0 + DAY_MS })] });
    expect(change.deliveries.map(({ transition: { kind }, group }) => `${kind}: ${group.alerts.map(({ status }) => status).join(', ')}`)).toEqual(['alerts-resolved: firing, resolved', 'alerts-resolved: firing, resolved']);
    groups.step(5 * HOUR_MS, [incident([PAGE])], { silences: [silence({ endsAtMs: T0 + DAY_MS })] });
    expect(groups.told).toHaveLength(4);
  });
});

describe('every decision is explained', () => {
  test('waiting, told, ended too early, nobody to tell', () => {
    const waits = routingOf(`route: { receiver: team, group_by: [incident], group_wait: 5m, routes: [{ matchers: [alertname=Void], receiver: void }] }\nreceivers: [{ name: team, webhook_configs: [{ url: 'http://127.0.0.1:9' }] }, { name: void }]\n`);
    const groups = new Groups(waits);
    const nobody = alert({ alertname: 'Void', severity: 'ticket' });
    groups.step(0, [incident([PAGE, nobody])]);
    groups.step(MINUTE_MS, [incident([{ ...PAGE, status: 'resolved' }, nobody])]);
    groups.step(5 * MINUTE_MS, [incident([{ ...PAGE, status: 'resolved' }, nobody])]);
    expect(groups.decisions).toEqual([
      'waits group_wait is 5m: the first message is due at 2026-11-20 03:09:05 UTC', 'waits group_wait is 5m: the first message is due at 2026-11-20 03:09:05 UTC',
      'not-sent webhook[0] it ended before anybody was told, within the group_wait of 5m', 'not-sent the receiver has no integrations: it swallows what is routed to it',
    ]);
  });

  test('once each, however often it is looked at', () => {
    const groups = new Groups();
    for (let minute = 0; minute < 30; minute += 1) groups.step(minute * MINUTE_MS, [OPEN], { silences: [silence()] });
    expect(groups.decisions).toEqual(['silenced silenced by sil-1: maintenance (ann)']);
  });
});

test('a message carries at most a thousand alerts and counts the others', () => {
  const many = Array.from({ length: 1_500 }, (_, index) => alert({ alertname: 'Many', instance: String(index) }));
  const groups = new Groups();
  const [message] = groups.step(0, [incident(many)]).deliveries;
  expect([message?.group.alerts.length, message?.group.truncated]).toEqual([1_000, 500]);
});

test('two silences that end within one millisecond are two messages, each with an id of its own', () => {
  const [first, second] = ['1', '2'].map((instance) => alert({ alertname: 'Burn', severity: 'page', instance })) as [Alert, Alert];
  const both = [incident([first, second])];
  const quiet = (instance: string): Silence => silence({ id: `sil-${instance}` as SilenceId, matchers: [{ name: 'instance', value: instance, isRegex: false, isEqual: true }] });
  const groups = new Groups();
  groups.step(0, both);
  groups.step(MINUTE_MS, both, { silences: [quiet('1'), quiet('2')] });
  const messages = [groups.step(2 * MINUTE_MS, both, { silences: [quiet('2')] }), groups.step(2 * MINUTE_MS, both)].flatMap(({ deliveries }) => deliveries);
  expect(messages.map(({ transition: { kind } }) => kind)).toEqual(['unmuted', 'unmuted', 'unmuted', 'unmuted']);
  expect(new Set(messages.map(({ id }) => id)).size).toBe(4);
});
