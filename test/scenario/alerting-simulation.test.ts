import { expect, test, vi } from 'vitest';
import { randomOf } from '../../src/budget/random-source.js';
import { Timeline } from '../support/timeline.js';
import { STORY_START_MS } from '../support/timeline-clock.js';
import type { CrashStep } from '../support/timeline-life.js';
import type { Behaviour, Told } from '../support/timeline-receivers.js';

/** `npm run torture:alerting` tells more stories; each failure prints the seed that tells it again. */
const STORIES = Number(process.env['TOCSIN_STORIES'] ?? 5);
const FIRST_SEED = Number(process.env['TOCSIN_SEED'] ?? 1);
vi.setConfig({ testTimeout: 120_000 + STORIES * 2_000 });

const ROUTING = `
global: { resolve_timeout: 1d }
route:
  receiver: everyone
  group_by: [alertname]
  group_wait: 30s
  group_interval: 2m
  repeat_interval: 20m
  routes:
    - { matchers: [severity=critical], receiver: pager, group_wait: 0s, continue: true }
    - { matchers: [team=quiet], receiver: silent }
receivers:
  - { name: everyone, webhook_configs: [{ url: 'http://127.0.0.1:9/a' }, { url: 'http://127.0.0.1:9/b', send_resolved: false }] }
  - { name: pager, webhook_configs: [{ url: 'http://127.0.0.1:9/c' }] }
  - { name: silent, webhook_configs: [{ url: 'http://127.0.0.1:9/d' }] }
inhibit_rules:
  - { source_matchers: [alertname=Root], target_matchers: [alertname=Leaf], equal: [team] }
`;
const NAMES = ['Root', 'Leaf', 'Disk', 'Queue'];
const TEAMS = ['quiet', 'loud'];
const STEPS: readonly CrashStep[] = ['evaluated', 'saved', 'claimed', 'sent', 'settled'];
const BEHAVIOURS: readonly Behaviour[] = ['fine', 'down', 'takes it and loses the answer', 'is busy', 'fails', 'resets', 'fine', 'fine'];
const RECEIVERS = ['everyone', 'pager', 'silent'];
/** Trouble lasts so long; afterwards everything is mended, and the story waits until all is told. */
const TROUBLE_MINUTES = 90;
const ACTS = 60;
const JUMP_MAX_MS = 5 * 60_000;

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

/** A story by chance. `firing` is what is left burning at its end. */
function story(seed: number): { readonly timeline: Timeline; readonly firing: ReadonlyMap<string, Labels> } {
  const random = randomOf(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.next() * list.length)]!;
  const timeline = new Timeline({ slos: [], routing: ROUTING, seed });
  const sender = new Sender();
  const firing = new Map<string, Labels>();
  const moment = (second: number): string => new Date(STORY_START_MS + second * 1_000).toISOString().slice(11, 19);
  const seconds = Array.from({ length: ACTS }, () => Math.floor(random.next() * TROUBLE_MINUTES * 60)).sort((left, right) => left - right);
  for (const second of seconds) {
    const at = timeline.at(moment(second));
    const labels: Labels = { alertname: pick(NAMES), team: pick(TEAMS), severity: pick(['critical', 'warning']), instance: pick(['1', '2']) };
    const chance = random.next();
    if (chance < 0.4) {
      firing.set(JSON.stringify(labels), labels);
      at.do((now) => { sender.set(labels, undefined, now); });
    } else if (chance < 0.65) {
      firing.delete(JSON.stringify(labels));
      at.do((now) => { sender.set(labels, now.clock.nowMs(), now); });
    } else if (chance < 0.75) {
      const matchers = [labels.alertname, labels['team']!].map((value, index) => ({ name: index === 0 ? 'alertname' : 'team', value, isRegex: false, isEqual: true }));
      const endsAtMs = STORY_START_MS + (second + 60 + Math.floor(random.next() * 1_800)) * 1_000;
      at.do((now) => { ifUp(now, (life) => { life.silence({ matchers, endsAtMs, createdBy: 'ann', comment: 'by chance' }); }); });
    } else if (chance < 0.8) at.do((now) => { ifUp(now, (life) => { life.endSilences(); }); });
    else if (chance < 0.87) at.crash({ step: pick(STEPS) }, 1_000 + Math.floor(random.next() * 60_000));
    else if (chance < 0.9) at.do((now) => (now.isUp ? now.restart() : undefined));
    // The machine slept, or its clock was set: what was due meanwhile is late.
    else if (chance < 0.92) {
      const jumpMs = 1_000 + Math.floor(random.next() * JUMP_MAX_MS);
      at.do((now) => { now.clock.set(now.clock.nowMs() + jumpMs); });
    } else at.receiver(pick(RECEIVERS), pick(BEHAVIOURS));
  }
  for (let minute = 1; minute < TROUBLE_MINUTES + 30; minute += 1) timeline.at(moment(minute * 60 + 11)).do((now) => { sender.sendAll(now); });
  const mended = timeline.at(moment(TROUBLE_MINUTES * 60 + 120));
  for (const receiver of RECEIVERS) mended.receiver(receiver, 'fine');
  return { timeline, firing };
}

test(`${String(STORIES)} stories of alerts, silences, crashes and broken receivers, from seed ${String(FIRST_SEED)}: nothing lost, nothing doubled, in order, explained`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + STORIES; seed += 1) {
    const { timeline, firing } = story(seed);
    const heard = timeline.receivers.told;
    const label = `seed ${String(seed)}`;
    timeline.judgedBy((told) => [...lost(told, firing), ...outOfOrder(told)].map((problem) => `${label}: ${problem}`));
    timeline.at('03:50').do(async ({ life }) => {
      const open = await life.openIncidents();
      expect([label, new Set(open.map(({ key }) => key)).size]).toEqual([label, open.length]);
      expect([label, await life.unexplained(heard.map(({ delivery }) => delivery))]).toEqual([label, []]);
    });
    await timeline.run('04:00');
  }
});

/** What each integration thinks is burning must be what burns: an alert that ended was taken back, one that burns was told, unless it is inhibited. */
function lost(told: readonly Told[], firing: ReadonlyMap<string, Labels>): string[] {
  const problems: string[] = [];
  const burning = new Set([...firing.values()].map(identity));
  const roots = new Set([...firing.values()].filter(({ alertname }) => alertname === 'Root').map(({ team }) => team));
  for (const [receiver, integration] of [['everyone', 'webhook[0]'], ['pager', 'webhook[0]'], ['silent', 'webhook[0]']] as const) {
    const believed = new Map<string, string>();
    for (const message of told) {
      if (message.receiver !== receiver || message.integration !== integration) continue;
      for (const { labels, status } of message.delivery.group.alerts) believed.set(identity(labels), status);
    }
    for (const [alert, status] of believed) if (status === 'firing' && !burning.has(alert)) problems.push(`${receiver} was never told that ${alert} ended`);
    for (const labels of firing.values()) {
      const isInhibited = labels.alertname === 'Leaf' && roots.has(labels['team']);
      const concerns = receiver === 'pager' ? labels['severity'] === 'critical' : receiver === 'silent' ? labels['team'] === 'quiet' : labels['team'] === 'loud' && labels['severity'] !== 'critical';
      if (concerns && !isInhibited && believed.get(identity(labels)) !== 'firing') problems.push(`${receiver} does not know that ${identity(labels)} burns`);
    }
  }
  return problems;
}

/** Within a conversation: it begins once, its messages come in the order in which they were made, and nothing follows its end. */
function outOfOrder(told: readonly Told[]): string[] {
  const problems: string[] = [];
  const lasts = new Map<string, Told>();
  for (const message of told) {
    const key = JSON.stringify([message.delivery.conversation, message.receiver, message.integration]);
    const last = lasts.get(key);
    const { kind, atMs } = message.delivery.transition;
    if ((last === undefined) !== (kind === 'opened')) problems.push(`${key} ${last === undefined ? 'does not begin' : 'begins again'} with ${kind}`);
    if (last?.delivery.transition.kind === 'resolved') problems.push(`${key} goes on after its end with ${kind}`);
    if (last !== undefined && last.delivery.transition.atMs > atMs) problems.push(`${key} is out of order`);
    lasts.set(key, message);
  }
  return problems;
}

function identity(labels: Readonly<Record<string, string>>): string {
  return Object.keys(labels).filter((name) => name !== 'incident').sort().map((name) => `${name}=${labels[name] ?? ''}`).join(',');
}
