import { expect, test, vi } from 'vitest';
import { randomOf } from '../../src/budget/random-source.js';
import { WORKBOOK_POLICY } from '../../src/budget/slo-builder.js';
import type { BurnRatePolicy } from '../../src/config/slo.js';
import type { Incident } from '../../src/incident/incident.js';
import type { AlertId } from '../../src/lib/ids.js';
import { MINUTE_MS } from '../../src/lib/duration.js';
import { bindRules } from '../../src/notify/bind-rules.js';
import type { Delivery } from '../../src/notify/delivery.js';
import { routingOf } from '../../src/notify/sample-routing.js';
import { Timeline } from '../support/timeline.js';
import { STORY_START_MS } from '../support/timeline-clock.js';
import type { CrashStep } from '../support/timeline-life.js';
import type { Behaviour, Told } from '../support/timeline-receivers.js';
import { availability } from '../support/timeline-rules.js';

/** `npm run torture:alerting` tells more stories; each failure prints the seed that tells it again. */
const STORIES = Number(process.env['TOCSIN_STORIES'] ?? 5);
const FIRST_SEED = Number(process.env['TOCSIN_SEED'] ?? 1);
vi.setConfig({ testTimeout: 120_000 + STORIES * 20_000 });

const ROUTING = bindRules(routingOf(`
global: { resolve_timeout: 1d }
route:
  receiver: everyone
  group_by: [alertname]
  group_wait: 30s
  group_interval: 2m
  repeat_interval: 20m
  routes:
    - { matchers: ['severity=~"critical|page"'], receiver: pager, group_wait: 0s, continue: true }
    - { matchers: [alertname=ErrorBudgetBurn], receiver: watch, group_by: [incident], group_wait: 0s }
    - { matchers: [team=quiet], receiver: silent }
receivers:
  - { name: everyone, webhook_configs: [{ url: 'http://127.0.0.1:9/a' }, { url: 'http://127.0.0.1:9/b', send_resolved: false }] }
  - { name: pager, webhook_configs: [{ url: 'http://127.0.0.1:9/c' }] }
  - { name: silent, webhook_configs: [{ url: 'http://127.0.0.1:9/d' }] }
  - { name: watch, webhook_configs: [{ url: 'http://127.0.0.1:9/g' }] }
  - { name: second, webhook_configs: [{ url: 'http://127.0.0.1:9/e' }] }
  - { name: ann, webhook_configs: [{ url: 'http://127.0.0.1:9/f' }] }
inhibit_rules:
  - { source_matchers: [alertname=Root], target_matchers: [alertname=Leaf], equal: [team] }
`), {
  receivers: [], persons: [{ name: 'Ann', receiver: 'ann', slackUser: undefined, at: { file: 'rules/escalation.yaml', line: 1, column: 1 } }],
  escalations: [{
    name: 'pages', receivers: ['pager'], severity: 'page', repeat: 1, during: [], remindAcknowledgedMs: 15 * MINUTE_MS, at: { file: 'rules/escalation.yaml', line: 1, column: 1 },
    steps: [{ afterMs: 3 * MINUTE_MS, receivers: ['second'], persons: [], during: [] }, { afterMs: 6 * MINUTE_MS, receivers: [], persons: ['Ann'], during: [] }],
  }],
});
const NAMES = ['Root', 'Leaf', 'Disk', 'Queue'];
const TEAMS = ['quiet', 'loud'];
const STEPS: readonly CrashStep[] = ['evaluated', 'saved', 'claimed', 'sent', 'settled'];
const BEHAVIOURS: readonly Behaviour[] = ['fine', 'down', 'takes it and loses the answer', 'is busy', 'fails', 'resets', 'hangs', 'fine', 'fine'];
const RECEIVERS = ['everyone', 'pager', 'silent', 'watch', 'second', 'ann'];
/** Windows so short that a handful of failures crosses both tiers within seconds, the ticket's evidence first. */
const TIERS: BurnRatePolicy = { ...WORKBOOK_POLICY, name: 'short', tiers: [{ severity: 'page', factor: 14.4, longMs: 5 * MINUTE_MS, shortMs: MINUTE_MS }, { severity: 'ticket', factor: 3, longMs: 5 * MINUTE_MS, shortMs: MINUTE_MS }] };
const SERVICES = ['web', 'api'];
const PER_MINUTE = [3, 8, 30];
/** A fifth of three requests a minute burns like a page, and is never enough to be sure of one. */
const SHARES = [0.2, 0.5, 1];
const BUTTONS = ['acknowledge', 'acknowledge', 'resolve', 'silence'] as const;
/** Trouble lasts so long; afterwards everything is mended, and the story waits until all is told. */
const TROUBLE_MINUTES = 60;
const ACTS = 70;
const JUMP_MAX_MS = 5 * MINUTE_MS;
/** Longer than a ticket is held, though the machine slept, the clock was set and the process was away. */
const SURELY_TOLD_MS = JUMP_MAX_MS + 3 * MINUTE_MS;

interface Labels extends Readonly<Record<string, string>> {
  readonly alertname: string;
}

function ifUp(now: Timeline, act: (life: Timeline['life']) => void): void {
  if (now.isUp) act(now.life);
}

/** As Prometheus: what fires is sent every minute, and what ended for a while after. Nobody waits for an answer. */
class Sender {
  readonly #alerts = new Map<string, { readonly labels: Labels; readonly startsAtMs: number; readonly endsAtMs: number | undefined }>();

  set(labels: Labels, endsAtMs: number | undefined, now: Timeline): void {
    const id = JSON.stringify(labels);
    const known = this.#alerts.get(id);
    if (endsAtMs !== undefined && (known === undefined || known.endsAtMs !== undefined)) return;
    if (endsAtMs === undefined && known !== undefined && known.endsAtMs === undefined) return;
    this.#alerts.set(id, { labels, startsAtMs: endsAtMs === undefined ? now.clock.nowMs() : known!.startsAtMs, endsAtMs });
    this.sendAll(now);
  }

  sendAll(now: Timeline): void {
    const alerts = [...this.#alerts.values()].map(({ labels, startsAtMs, endsAtMs }) => ({ labels, startsAtMs, ...(endsAtMs === undefined ? {} : { endsAtMs }) }));
    if (alerts.length > 0) ifUp(now, (life) => { life.post(alerts); });
  }
}

/** An alert of an SLO that fired when somebody looked. */
interface Seen {
  readonly id: AlertId;
  readonly startsAtMs: number;
  readonly atMs: number;
}

interface Story {
  readonly timeline: Timeline;
  /** What was posted and is left burning at its end. */
  readonly firing: ReadonlyMap<string, Labels>;
  /** Services that fail at its end. */
  readonly failing: ReadonlySet<string>;
  /** Alerts of SLOs that nobody silenced, looked at once a minute. */
  readonly seen: readonly Seen[];
}

/** A story by chance. */
function story(seed: number): Story {
  const random = randomOf(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.next() * list.length)]!;
  const slos = SERVICES.map((service) => availability(service, { policy: TIERS, target: 0.99 }));
  const timeline = new Timeline({ slos, routing: ROUTING, seed, tickMs: 15_000, exportMs: 10_000 });
  const sender = new Sender();
  const firing = new Map<string, Labels>();
  const failing = new Set<string>();
  const seen: Seen[] = [];
  const moment = (second: number): string => new Date(STORY_START_MS + second * 1_000).toISOString().slice(11, 19);
  const seconds = Array.from({ length: ACTS }, () => Math.floor(random.next() * TROUBLE_MINUTES * 60)).sort((left, right) => left - right);
  for (const second of seconds) {
    const at = timeline.at(moment(second));
    const labels: Labels = { alertname: pick(NAMES), team: pick(TEAMS), severity: pick(['critical', 'warning']), instance: pick(['1', '2']) };
    const chance = random.next();
    if (chance < 0.15) {
      const service = pick(SERVICES);
      if (random.next() < 0.4) at.traffic({ service, perMinute: pick(PER_MINUTE) });
      const share = failing.has(service) ? 0 : pick(SHARES);
      failing.delete(service);
      if (share > 0) failing.add(service);
      at.fault({ service, failing: share });
    } else if (chance < 0.4) {
      firing.set(JSON.stringify(labels), labels);
      at.do((now) => { sender.set(labels, undefined, now); });
    } else if (chance < 0.58) {
      firing.delete(JSON.stringify(labels));
      at.do((now) => { sender.set(labels, now.clock.nowMs(), now); });
    } else if (chance < 0.68) {
      const [button, whom] = [pick(BUTTONS), random.next()];
      at.do((now) => { ifUp(now, (life) => { life.press(button, 'bob', whom); }); });
    } else if (chance < 0.76) {
      const matchers = [labels.alertname, labels['team']!].map((value, index) => ({ name: index === 0 ? 'alertname' : 'team', value, isRegex: false, isEqual: true }));
      const forMs = (60 + Math.floor(random.next() * 1_800)) * 1_000;
      at.do((now) => { ifUp(now, (life) => { life.silence({ matchers, endsAtMs: now.clock.nowMs() + forMs, createdBy: 'ann', comment: 'by chance' }); }); });
    } else if (chance < 0.8) at.do((now) => { ifUp(now, (life) => { life.endSilences(); }); });
    else if (chance < 0.87) at.crash({ step: pick(STEPS) }, 1_000 + Math.floor(random.next() * 60_000));
    else if (chance < 0.9) at.do((now) => (now.isUp ? now.restart() : undefined));
    // The machine slept: what was due meanwhile is late.
    else if (chance < 0.91) {
      const sleptMs = 1_000 + Math.floor(random.next() * JUMP_MAX_MS);
      at.do((now) => { now.clock.set(now.clock.nowMs() + sleptMs); });
    } else if (chance < 0.93) {
      const byMs = Math.floor((random.next() * 2 - 1) * JUMP_MAX_MS);
      at.do((now) => { now.setClock(byMs); });
    } else at.receiver(pick(RECEIVERS), pick(BEHAVIOURS));
  }
  for (const service of SERVICES) timeline.at(moment(0)).traffic({ service, perMinute: pick(PER_MINUTE) });
  for (let minute = 1; minute < TROUBLE_MINUTES + 95; minute += 1) {
    timeline.at(moment(minute * 60 + 11)).do(async (now) => {
      sender.sendAll(now);
      if (now.isUp) seen.push(...firingNow(await now.life.openIncidents(), now.clock.nowMs()));
    });
  }
  const mended = timeline.at(moment(TROUBLE_MINUTES * 60 + 120));
  for (const receiver of RECEIVERS) mended.receiver(receiver, 'fine');
  for (const service of failing) mended.fault({ service, failing: 1 });
  return { timeline, firing, failing, seen };
}

function firingNow(open: readonly Incident[], atMs: number): Seen[] {
  const loud = open.filter(({ key, timeline }) => key.startsWith('slo:') && !timeline.some(({ kind }) => kind === 'silenced'));
  return loud.flatMap(({ alerts }) => alerts.filter(({ status }) => status === 'firing').map(({ id, startsAtMs }) => ({ id, startsAtMs, atMs })));
}

test(`${String(STORIES)} stories of alerts, burning SLOs, buttons, silences, escalations, crashes, set clocks and broken receivers, from seed ${String(FIRST_SEED)}: nothing lost, nothing doubled, in order, explained`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + STORIES; seed += 1) {
    const { timeline, firing, failing, seen } = story(seed);
    const heard = timeline.receivers.told;
    const label = `seed ${String(seed)}`;
    let open: readonly Incident[] = [];
    timeline.judgedBy((told) => [...lost(told, firing, open), ...late(told, seen, timeline.made), ...outOfOrder(told, timeline.made), ...wronglyEscalated(told, open, firing), ...failing.size === burningOf(open).length ? [] : [`${[...failing].join(', ')} fail, and ${burningOf(open).join(', ')} burn`]].map((problem) => `${label}: ${problem}`));
    timeline.at('02:35').do(async ({ life }) => {
      open = await life.openIncidents();
      expect([label, new Set(open.map(({ key }) => key)).size]).toEqual([label, open.length]);
      expect([label, await life.unexplained(heard.map(({ delivery }) => delivery))]).toEqual([label, []]);
    });
    await timeline.run('02:40');
  }
});

/** What each integration thinks is burning must be what burns: an alert that ended was taken back, one that burns was told, unless it is inhibited. */
function lost(told: readonly Told[], firing: ReadonlyMap<string, Labels>, open: readonly Incident[]): string[] {
  const problems: string[] = [];
  const slos = burningOf(open);
  const burning = new Set([...[...firing.values()].map(identity), ...slos]);
  for (const receiver of RECEIVERS) {
    const believed = new Map<string, string>();
    for (const message of told) {
      if (message.receiver !== receiver || message.integration !== 'webhook[0]') continue;
      for (const { labels, status } of message.delivery.group.alerts) believed.set(identity(labels), status);
    }
    for (const [alert, status] of believed) if (status === 'firing' && !burning.has(alert)) problems.push(`${receiver} was never told that ${alert} ended`);
    for (const labels of firing.values()) {
      if (concerns(receiver, labels) && !isInhibited(labels, firing) && believed.get(identity(labels)) !== 'firing') problems.push(`${receiver} does not know that ${identity(labels)} burns`);
    }
    // Half an hour after the last act all that fails is a page.
    if (receiver === 'watch' || receiver === 'pager') for (const slo of slos) if (believed.get(slo) !== 'firing') problems.push(`${receiver} does not know that ${slo} burns`);
  }
  return problems;
}

function burningOf(open: readonly Incident[]): string[] {
  return open.flatMap(({ key, alerts }) => (key.startsWith('slo:') ? alerts.filter(({ status }) => status === 'firing').map(({ labels }) => identity(labels)) : []));
}

/** Who watches SLOs hears of a page with the step that makes it one, and of a ticket soon: it is held for moments only. */
function late(told: readonly Told[], seen: readonly Seen[], made: readonly Delivery[]): string[] {
  const watched = told.filter(({ receiver }) => receiver === 'watch');
  const waited = watched.filter(({ delivery: { createdAtMs, transition: { kind } }, incident: { severity, timeline } }) => {
    const became = timeline.findLast((entry) => entry.kind === 'opened' || entry.kind === 'upgraded');
    return severity === 'page' && (kind === 'opened' || kind === 'upgraded') && !timeline.some((entry) => entry.kind === 'silenced') && became?.atMs !== createdAtMs;
  });
  // Also what waits for a receiver that is broken, and what later news overtook there.
  const said = made.filter(({ receiver }) => receiver === 'watch');
  // What ended and fired again between two turns of its group is no news.
  const lastOf = ({ id, atMs }: Seen): string | undefined => said.findLast(({ createdAtMs, group }) => createdAtMs <= atMs && group.alerts.some((alert) => alert.id === id))?.group.alerts.find((alert) => alert.id === id)?.status;
  const unheard = seen.filter((each) => each.atMs - each.startsAtMs > SURELY_TOLD_MS && lastOf(each) !== 'firing');
  return [...waited.map(({ delivery }) => `${delivery.id} is a page and waited`), ...unheard.map(({ id, atMs }) => `nobody had been told of ${id} at ${new Date(atMs).toISOString()}`)];
}

function concerns(receiver: string, { severity, team }: Labels): boolean {
  if (receiver === 'pager') return severity === 'critical';
  if (receiver === 'silent') return team === 'quiet';
  return receiver === 'everyone' && team === 'loud' && severity !== 'critical';
}

function isInhibited({ alertname, team }: Labels, firing: ReadonlyMap<string, Labels>): boolean {
  return alertname === 'Leaf' && [...firing.values()].some((other) => other.alertname === 'Root' && other['team'] === team);
}

/** Within a conversation: it begins once, its messages come in the order in which they were made, and nothing follows its end. */
function outOfOrder(told: readonly Told[], made: readonly Delivery[]): string[] {
  const problems: string[] = [];
  const lasts = new Map<string, Told>();
  const place = new Map(made.map(({ id }, index) => [id, index]));
  for (const message of told) {
    const key = JSON.stringify([message.delivery.conversation, message.receiver, message.integration]);
    const last = lasts.get(key);
    const { kind } = message.delivery.transition;
    if (last === undefined ? kind !== 'opened' && kind !== 'escalated' : kind === 'opened') problems.push(`${key} ${last === undefined ? 'does not begin' : 'begins again'} with ${kind}`);
    if (last?.delivery.transition.kind === 'resolved') problems.push(`${key} goes on after its end with ${kind}`);
    if (last !== undefined && place.get(last.delivery.id)! >= place.get(message.delivery.id)!) problems.push(`${key} is out of order`);
    lasts.set(key, message);
  }
  return problems;
}

/** Nobody is called about what somebody has, and both steps are called about what nobody took. */
function wronglyEscalated(told: readonly Told[], open: readonly Incident[], firing: ReadonlyMap<string, Labels>): string[] {
  const called = told.filter(({ delivery }) => delivery.transition.kind === 'escalated');
  const problems = called.filter(({ incident }) => incident.status !== 'open').map(({ receiver, incident }) => `${receiver} was called about ${incident.id}, which is ${incident.status}`);
  for (const { id, status, severity, alerts } of open) {
    const isLoud = alerts.some(({ status: state, labels }) => state === 'firing' && (labels['severity'] === 'critical' || labels['severity'] === 'page') && !isInhibited(labels as Labels, firing));
    if (status !== 'open' || severity !== 'page' || !isLoud) continue;
    for (const receiver of ['second', 'ann']) if (!told.some((message) => message.receiver === receiver && message.incident.id === id)) problems.push(`${receiver} was never called about ${id}, which nobody took`);
  }
  return problems;
}

function identity(labels: Readonly<Record<string, string>>): string {
  // A ticket that becomes a page is the same alert.
  return Object.keys(labels).filter((name) => name !== 'incident' && (name !== 'severity' || labels['slo'] === undefined)).sort().map((name) => `${name}=${labels[name] ?? ''}`).join(',');
}
