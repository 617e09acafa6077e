import { describe, expect, test } from 'vitest';
import type { EscalationRule, PersonRule } from '../config/escalation.js';
import { MemoryIncidentTable } from '../incident/memory-incident-table.js';
import type { Alert, Incident } from '../incident/incident.js';
import { acknowledge, resolve } from '../incident/person-actions.js';
import { sampleAlert, sampleIncident, SAMPLE_START_MS as T0 } from '../incident/sample-incident.js';
import type { Silence } from '../incident/silence.js';
import { HOUR_MS, MINUTE_MS } from '../lib/duration.js';
import type { AlertId, IncidentId, SilenceId } from '../lib/ids.js';
import { bindRules, checkBoundRules } from '../notify/bind-rules.js';
import { MemoryOutbox } from '../notify/memory-outbox.js';
import type { Routing } from '../notify/routing.js';
import { routingOf } from '../notify/sample-routing.js';
import type { AlertingChange } from './alerting-change.js';
import { Alerting } from './alerting.js';
import { MemoryEvaluationStore } from './memory-evaluation-store.js';

const AT = { file: 'rules/escalation.yaml', line: 3, column: 1 };
const BASE = routingOf(`
route: { receiver: team, group_by: [incident], group_wait: 0s, group_interval: 1m, repeat_interval: 12h }
time_intervals: [{ name: office, time_intervals: [{ times: [{ start_time: '09:00', end_time: '17:00' }] }] }]
receivers:
  - { name: team, webhook_configs: [{ url: 'http://127.0.0.1:9/team' }] }
  - { name: second, pagerduty_configs: [{ routing_key_file: k }] }
  - { name: ann, webhook_configs: [{ url: 'http://127.0.0.1:9/ann', send_resolved: false }] }
`);
const PERSONS: readonly PersonRule[] = [{ name: 'Ann', receiver: 'ann', slackUser: undefined, at: AT }, { name: 'Bob', receiver: undefined, slackUser: 'U1', at: AT }];
const rule = (changes: Partial<EscalationRule> = {}): EscalationRule => ({
  name: 'pages', receivers: ['team'], severity: 'page', repeat: 0, during: [], remindAcknowledgedMs: undefined, at: AT,
  steps: [{ afterMs: 5 * MINUTE_MS, receivers: ['second'], persons: [], during: [] }, { afterMs: 10 * MINUTE_MS, receivers: [], persons: ['Ann'], during: [] }], ...changes,
});
const routing = (changes: Partial<EscalationRule> = {}): Routing => bindRules(BASE, { receivers: [], escalations: [rule(changes)], persons: PERSONS });
const silence = (startsAtMs: number, endsAtMs: number): Silence => ({ id: 'sil-1' as SilenceId, matchers: [{ name: 'alertname', value: 'ErrorBudgetBurn', isRegex: false, isEqual: true }], startsAtMs, endsAtMs, updatedAtMs: startsAtMs, createdBy: 'ann', comment: 'we know' });

/** Alerting that is started anew for every step: all that it remembers is what was saved. */
class Night {
  readonly #table = new MemoryIncidentTable();
  readonly #outbox = new MemoryOutbox();
  readonly store = new MemoryEvaluationStore(this.#table, this.#outbox);
  readonly #routing: Routing;

  constructor(routingInForce: Routing) {
    this.#routing = routingInForce;
  }

  step(atMs: number, change: AlertingChange = { incidents: [], transitions: [] }): Promise<void> {
    return new Alerting({ store: this.store, routing: () => this.#routing, wakeDispatcher: () => undefined }).save(change, T0 + atMs);
  }

  async ticks(fromMs: number, toMs: number): Promise<void> {
    for (let atMs = fromMs; atMs <= toMs; atMs += MINUTE_MS) await this.step(atMs);
  }

  async incident(): Promise<Incident> {
    return (await this.#table.byId(sampleIncident().id))!;
  }

  async told(): Promise<string[]> {
    return (await this.#outbox.ofIncident(sampleIncident().id)).map(({ createdAtMs, receiver, transition }) => `${String((createdAtMs - T0) / MINUTE_MS)} ${receiver} ${transition.kind}`);
  }

  why(receiver: string): string[] {
    return this.store.decisions.filter((decision) => decision.receiver === receiver).map(({ outcome, reason }) => `${outcome}: ${reason}`);
  }
}

const open: AlertingChange = { incidents: [sampleIncident()], transitions: [{ kind: 'opened', incident: sampleIncident(), atMs: T0 }] };

test('nobody acknowledges: one step after the other, and each that was called hears of the end', async () => {
  const night = new Night(routing());
  await night.step(0, open);
  await night.ticks(MINUTE_MS, 40 * MINUTE_MS);
  expect(await night.told()).toEqual(['0 team opened', '5 second escalated', '15 ann escalated']);
  await night.step(41 * MINUTE_MS, resolve(await night.incident(), 'eve', T0 + 41 * MINUTE_MS));
  expect((await night.told()).slice(3).sort()).toEqual(['41 second resolved', '41 team resolved']);
  expect((await night.incident()).timeline.filter(({ kind }) => kind === 'escalated').map(({ text }) => text)).toEqual([
    'Nobody has acknowledged it, 5 min after it began: escalated to second (step 1 of 2 of the escalation "pages").', 'Nobody has acknowledged it, 15 min after it began: escalated to ann (step 2 of 2 of the escalation "pages").',
  ]);
  expect(night.why('second')).toEqual(['waits: step 1 of 2 of the escalation "pages" is due at 2026-11-20 03:09:05 UTC, unless somebody acknowledges', 'sent: nobody acknowledged: step 1 of 2 of the escalation "pages"', 'sent: all alerts resolved']);
});

test('an acknowledgement ends it, and those who were called hear who has it', async () => {
  const night = new Night(routing());
  await night.step(0, open);
  await night.ticks(MINUTE_MS, 6 * MINUTE_MS);
  await night.step(7 * MINUTE_MS, acknowledge(await night.incident(), 'eve', T0 + 7 * MINUTE_MS));
  await night.ticks(8 * MINUTE_MS, 60 * MINUTE_MS);
  expect(await night.told()).toEqual(['0 team opened', '5 second escalated', '7 team acknowledged', '7 second acknowledged']);
  expect(night.why('ann').at(-1)).toBe('not-sent: eve acknowledged before step 2 of 2 of the escalation "pages"');
});

test('all steps again, as often as the policy says, in the conversations that are there', async () => {
  const night = new Night(routing({ repeat: 1, steps: [{ afterMs: 5 * MINUTE_MS, receivers: ['second'], persons: [], during: [] }] }));
  await night.step(0, open);
  await night.ticks(MINUTE_MS, 60 * MINUTE_MS);
  expect(await night.told()).toEqual(['0 team opened', '5 second escalated', '10 second escalated']);
});

test('what is acknowledged and still burns is brought to mind', async () => {
  const night = new Night(routing({ remindAcknowledgedMs: HOUR_MS }));
  await night.step(0, open);
  await night.step(MINUTE_MS, acknowledge(await night.incident(), 'eve', T0 + MINUTE_MS));
  await night.ticks(2 * MINUTE_MS, 125 * MINUTE_MS);
  expect(await night.told()).toEqual(['0 team opened', '1 team acknowledged', '61 team repeated', '121 team repeated']);
});

test('who was told that all is over is not reminded of what nobody told him', async () => {
  const quiet = routingOf(`
route: { receiver: team, group_by: [alertname], group_wait: 0s, group_interval: 2h, repeat_interval: 12h }
inhibit_rules: [{ source_matchers: [alertname=Root], target_matchers: [instance=b] }]
receivers: [{ name: team, webhook_configs: [{ url: 'http://127.0.0.1:9/team' }] }, { name: second, webhook_configs: [{ url: 'http://127.0.0.1:9/second' }] }]
`);
  const night = new Night(bindRules(quiet, { receivers: [], persons: [], escalations: [rule({ remindAcknowledgedMs: HOUR_MS, steps: [{ afterMs: 5 * MINUTE_MS, receivers: ['second'], persons: [], during: [] }] })] }));
  const [a, b, root] = ['a', 'b', 'root'].map((instance) => sampleAlert({ id: instance as AlertId, labels: { alertname: instance === 'root' ? 'Root' : 'Leaf', instance }, incidentId: instance === 'root' ? ('inc-root' as IncidentId) : sampleIncident().id })) as [Alert, Alert, Alert];
  const rootIncident = sampleIncident({ id: 'inc-root' as IncidentId, key: 'root', severity: 'ticket', alerts: [root] });
  const leaves = sampleIncident({ alerts: [a, b] });
  await night.step(0, { incidents: [rootIncident, leaves], transitions: [{ kind: 'opened', incident: leaves, atMs: T0 }] });
  await night.step(MINUTE_MS, acknowledge(await night.incident(), 'eve', T0 + MINUTE_MS));
  const ended = { ...(await night.incident()), alerts: [{ ...a, status: 'resolved' as const, endsAtMs: T0 + 90 * MINUTE_MS }, b] };
  await night.step(90 * MINUTE_MS, { incidents: [ended], transitions: [] });
  await night.step(120 * MINUTE_MS);
  await night.step(130 * MINUTE_MS, { incidents: [{ ...rootIncident, status: 'resolved', endedAtMs: T0 + 130 * MINUTE_MS, alerts: [{ ...root, status: 'resolved', endsAtMs: T0 + 130 * MINUTE_MS }] }], transitions: [] });
  await night.ticks(131 * MINUTE_MS, 245 * MINUTE_MS);
  expect(await night.told()).toEqual(['0 team opened', '1 team acknowledged', '120 team resolved', '240 team opened']);
});

test('what ended, fires again and is told by a reminder is told when it ends again', async () => {
  const night = new Night(routing({ remindAcknowledgedMs: 10 * MINUTE_MS }));
  const [a, b] = ['a', 'b'].map((instance) => sampleAlert({ id: instance as AlertId, labels: { alertname: 'Leaf', instance }, incidentId: sampleIncident().id })) as [Alert, Alert];
  const over = (atMs: number): Alert => ({ ...a, status: 'resolved', endsAtMs: T0 + atMs });
  const incident = sampleIncident({ alerts: [a, b] });
  await night.step(0, { incidents: [incident], transitions: [{ kind: 'opened', incident, atMs: T0 }] });
  await night.ticks(MINUTE_MS, 6 * MINUTE_MS);
  await night.step(7 * MINUTE_MS, acknowledge(await night.incident(), 'eve', T0 + 7 * MINUTE_MS));
  await night.step(8 * MINUTE_MS, { incidents: [{ ...(await night.incident()), alerts: [over(8 * MINUTE_MS), b] }], transitions: [] });
  await night.ticks(9 * MINUTE_MS, 15 * MINUTE_MS);
  await night.step(17 * MINUTE_MS + 1, { incidents: [{ ...(await night.incident()), alerts: [a, b] }], transitions: [] });
  await night.step(18 * MINUTE_MS, { incidents: [{ ...(await night.incident()), alerts: [over(18 * MINUTE_MS), b] }], transitions: [] });
  await night.ticks(19 * MINUTE_MS, 25 * MINUTE_MS);
  expect((await night.told()).filter((line) => line.includes('second'))).toEqual(['5 second escalated', '7 second acknowledged', '10 second alerts-resolved', expect.stringMatching(/^17\.\d+ second repeated$/), '20 second alerts-resolved']);
});

test('outside of its hours a step waits, says so once, and is taken when they begin', async () => {
  // 03:04 in the night; the office opens at 09:00.
  const night = new Night(routing({ during: ['office'] }));
  await night.step(0, open);
  await night.ticks(MINUTE_MS, 360 * MINUTE_MS);
  expect(await night.told()).toEqual(['0 team opened', '356 second escalated']);
  expect(night.why('second').filter((line) => line.startsWith('muted'))).toEqual(['muted: step 1 of 2 of the escalation "pages" waits: outside of office']);
});

test('a silence holds steps back, and its end lets them go', async () => {
  const night = new Night(routing());
  await night.step(0, open);
  await night.step(MINUTE_MS, { incidents: [], transitions: [], silences: [silence(T0, T0 + 30 * MINUTE_MS)] });
  await night.ticks(2 * MINUTE_MS, 31 * MINUTE_MS);
  expect((await night.told()).filter((line) => line.includes('second'))).toEqual(['30 second escalated']);
  expect(night.why('second')[1]).toContain('silenced by sil-1: we know (ann)');
});

test.each([['a ticket', { severity: 'page' as const }, 'ticket' as const], ['another receiver\'s incident', { receivers: ['ann'] }, 'page' as const]])('%s is not its business', async (_name, policy, severity) => {
  const night = new Night(routing(policy));
  const incident = sampleIncident({ severity });
  await night.step(0, { incidents: [incident], transitions: [{ kind: 'opened', incident, atMs: T0 }] });
  await night.ticks(MINUTE_MS, 30 * MINUTE_MS);
  expect(await night.told()).toEqual(['0 team opened']);
});

describe('names that are not there', () => {
  test.each([
    ['a receiver', { receivers: ['tem'] }, { code: 'routing/unknown-receiver', hint: 'did you mean "team"?' }],
    ['a time interval', { during: ['offce'] }, { code: 'rules/invalid-value', hint: 'did you mean "office"?' }],
    ['a person', { steps: [{ afterMs: 1, receivers: [], persons: ['An'], during: [] }] }, { code: 'rules/invalid-value', hint: 'did you mean "Ann"?' }],
    ['a person\'s receiver', { steps: [{ afterMs: 1, receivers: [], persons: ['Bob'], during: [] }] }, { code: 'rules/invalid-value', message: '"Bob" cannot be reached: the document has no spec.receiver' }],
  ])('%s', (_name, changes, problem) => {
    expect(checkBoundRules(BASE, { receivers: [], escalations: [rule(changes)], persons: PERSONS })).toMatchObject([problem]);
  });

  test('none, when all are', () => {
    expect(checkBoundRules(BASE, { receivers: [], escalations: [rule()], persons: PERSONS })).toEqual([]);
  });
});
