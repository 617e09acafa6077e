import { randomOf } from '../../src/budget/random-source.js';
import type { Slo } from '../../src/config/slo.js';
import { FakeClock } from '../../src/lib/clock.js';
import { SECOND_MS } from '../../src/lib/duration.js';
import type { Labels } from '../../src/incident/incident.js';
import type { SilenceRequest } from '../../src/incident/silence-rules.js';
import type { Delivery, Notifier } from '../../src/notify/delivery.js';
import type { Routing } from '../../src/notify/routing.js';
import { routingOf } from '../../src/notify/sample-routing.js';
import { SlackNotifier } from '../../src/notify/slack-notifier.js';
import { startSlackStandIn, type SlackStandIn } from '../../src/notify/stand-in/http-slack-stand-in.js';
import type { Runbook } from '../../src/runbook/runbook.js';
import type { CompiledSlo } from '../../src/sli/compile-slo.js';
import { Activity, type Between, momentInWords, momentOf, STORY_START_MS } from './timeline-clock.js';
import { type Expected, judge, judgeNotifications, toldInWords, transcript, type WantedNotification } from './timeline-expectations.js';
import { type CrashPlan, Life } from './timeline-life.js';
import { DuckdbMachine, type Machine, MemoryMachine } from './timeline-machine.js';
import { type Behaviour, Receivers, type Told } from './timeline-receivers.js';
import { compiled, shippedRunbooks, TEAM_ROUTING } from './timeline-rules.js';
import { Sender, type Traffic } from './timeline-sender.js';
import type { Shipment } from './timeline-traffic.js';

export interface TimelineOptions {
  readonly slos: readonly Slo[];
  /** Text of routing.yaml, or what was made of it and other rules. */
  readonly routing?: string | Routing;
  /** `memory` for long runs, `duckdb` where spans, files or restarts matter. */
  readonly store?: 'memory' | 'duckdb';
  /** Slack messages go to the stand-in through the real notifier; otherwise they are only recorded. */
  readonly slack?: 'stand-in';
  readonly tickMs?: number;
  readonly exportMs?: number;
  readonly seed?: number;
}

type Expectation = Omit<Expected, 'kind' | 'during' | 'severity'>;

/**
 * A story about Tocsin on a clock that stands still between events. First it is written down (`at(…)` what happens, `expect…` what
 * people hear), then it is run; at the end every message must have been expected and every expectation met.
 */
export class Timeline {
  readonly clock = new FakeClock(STORY_START_MS);
  readonly receivers = new Receivers(this.clock);
  readonly #options: TimelineOptions;
  readonly #activity = new Activity();
  readonly #machine: Machine;
  readonly #script: { readonly atMs: number; readonly act: () => void | Promise<void> }[] = [];
  readonly #expected: Expected[] = [];
  readonly #wanted: WantedNotification[] = [];
  readonly #senders = new Map<string, Sender>();
  readonly #crashPlan: { plan: CrashPlan | undefined } = { plan: undefined };
  readonly #failures: unknown[] = [];
  readonly #slackNotifiers = new Map<string, Notifier>();
  #runbooks: readonly Runbook[] = [];
  #slos: readonly CompiledSlo[];
  #routing: Routing;
  #slack: SlackStandIn | undefined;
  #judgement: ((told: readonly Told[]) => string[]) | undefined;
  #ticketsAllowed: Between = { fromMs: Infinity, toMs: -Infinity };
  #life: Life | undefined;
  #upAtMs = STORY_START_MS;
  #restartAfterMs = 10 * SECOND_MS;
  #nextTickMs = STORY_START_MS;
  /** Exports and ticks do not wait for each other. */
  #nextExportMs = STORY_START_MS + 7 * SECOND_MS;
  /** All messages that were saved, in the order in which they were made. */
  readonly made: Delivery[] = [];
  /** How often the process died. */
  crashes = 0;

  constructor(options: TimelineOptions) {
    this.#options = options;
    this.#machine = options.store === 'duckdb' ? new DuckdbMachine() : new MemoryMachine();
    this.#slos = compiled(options.slos);
    const { routing = TEAM_ROUTING } = options;
    this.#routing = typeof routing === 'string' ? routingOf(routing) : routing;
  }

  readonly at = (text: string): Moment => new Moment(this, momentOf(text));

  readonly expectPage = (during: Between, more: Expectation = {}): void => { this.#expected.push({ kind: 'opened', severity: 'page', during, ...more }); };
  readonly expectTicket = (during: Between, more: Expectation = {}): void => { this.#expected.push({ kind: 'opened', severity: 'ticket', during, ...more }); };
  readonly expectUpgrade = (during: Between, more: Expectation = {}): void => { this.#expected.push({ kind: 'upgraded', severity: 'page', during, ...more }); };
  readonly expectUpdate = (during: Between, more: Expectation = {}): void => { this.#expected.push({ kind: 'updated', during, ...more }); };
  readonly expectAlertsAdded = (during: Between, more: Expectation = {}): void => { this.#expected.push({ kind: 'alerts-added', during, ...more }); };
  readonly expectAcknowledged = (during: Between, more: Expectation = {}): void => { this.#expected.push({ kind: 'acknowledged', during, ...more }); };
  readonly expectResolved = (during: Between, more: Expectation = {}): void => { this.#expected.push({ kind: 'resolved', during, ...more }); };

  /** In a story of posted alerts: what a receiver hears, exactly and in this order. */
  readonly expectNotification = (during: Between, receiver: string, alerts: readonly string[], check?: (told: Told) => void): void => {
    this.#wanted.push({ during, receiver, alerts, ...(check === undefined ? {} : { check }) });
  };

  /** In a story by chance, where nobody can write down what people hear: what must hold all the same. */
  readonly judgedBy = (judgement: (told: readonly Told[]) => string[]): void => { this.#judgement = judgement; };

  /** Tickets that may come, as often as they like. */
  readonly allowTickets = (during: Between): void => { this.#ticketsAllowed = during; };

  get slack(): SlackStandIn {
    if (this.#slack === undefined) throw new Error('this story has no Slack stand-in');
    return this.#slack;
  }

  get isUp(): boolean {
    return this.#life !== undefined && !this.#life.dead;
  }

  /** The process that runs now. */
  get life(): Life {
    if (this.#life === undefined) throw new Error('Tocsin is down');
    return this.#life;
  }

  /** Plays the story up to and including this moment, and judges it. */
  readonly run = async (until: string): Promise<void> => {
    this.#script.sort((left, right) => left.atMs - right.atMs);
    this.#runbooks = await shippedRunbooks();
    if (this.#options.slack === 'stand-in') this.#slack = await startSlackStandIn({ nowMs: () => this.clock.nowMs() });
    try {
      while (await this.#step(momentOf(until)));
      this.#judge();
    } finally {
      this.#life?.die();
      await this.#machine.close();
      await this.#slack?.close();
    }
  };

  // What follows is for Moment.

  schedule(atMs: number, act: () => void | Promise<void>): void {
    this.#script.push({ atMs, act });
  }

  sender(traffic: Traffic): Sender {
    const known = this.#senders.get(traffic.service);
    const sender = known ?? new Sender(traffic, randomOf((this.#options.seed ?? 1) * 1_000 + this.#senders.size));
    this.#senders.set(traffic.service, sender);
    return sender;
  }

  useRules(slos: readonly Slo[]): void {
    this.#slos = compiled(slos);
    this.#life?.useRules(this.#slos);
  }

  useRouting(text: string): void {
    this.#routing = routingOf(text);
  }

  /** Somebody sets the clock on the wall, forward or back. */
  setClock(byMs: number): void {
    this.clock.set(this.clock.nowMs() + byMs);
    this.#life?.clockWasSet(byMs);
    this.#nextTickMs += byMs;
    this.#nextExportMs += byMs;
    this.#upAtMs += byMs;
  }

  planCrash(plan: CrashPlan, restartAfterMs: number): void {
    this.#crashPlan.plan = plan;
    this.#restartAfterMs = restartAfterMs;
  }

  goDown(): void {
    this.life.die();
    this.#restartAfterMs = Infinity;
  }

  comeUp(): void {
    this.#upAtMs = this.clock.nowMs();
  }

  async restart(): Promise<void> {
    await this.life.stop();
    this.#failures.push(...this.life.failures);
    this.#life = undefined;
    await this.#machine.shutDown();
    this.#upAtMs = this.clock.nowMs();
  }

  async #step(untilMs: number): Promise<boolean> {
    const nextMs = Math.min(this.#script[0]?.atMs ?? Infinity, this.#senders.size > 0 ? this.#nextExportMs : Infinity, this.#life === undefined ? this.#upAtMs : this.#nextOfLifeMs(this.#life));
    if (nextMs > untilMs) return false;
    this.clock.set(Math.max(nextMs, this.clock.nowMs()));
    const nowMs = this.clock.nowMs();
    if (this.#life === undefined && this.#upAtMs <= nowMs) await this.#boot();
    for (let next = this.#script[0]; next !== undefined && next.atMs <= nowMs; next = this.#script[0]) {
      this.#script.shift();
      await next.act();
      await this.#settle();
    }
    if (this.#senders.size > 0 && this.#nextExportMs <= nowMs) await this.#export(nowMs);
    await this.#advance(nowMs);
    return true;
  }

  #nextOfLifeMs(life: Life): number {
    return Math.min(this.#nextTickMs, life.earlyTickMs, life.timer.nextMs());
  }

  async #boot(): Promise<void> {
    this.#life = new Life({
      machine: this.#machine, clock: this.clock, activity: this.#activity, slos: this.#slos, runbooks: this.#runbooks, crashPlan: this.#crashPlan,
      made: this.made, routing: () => this.#routing, hangs: (receiver) => this.receivers.hangs(receiver), notifierFor: (receiver, integration) => this.#notifier(receiver, integration),
    });
    this.#nextTickMs = this.clock.nowMs() + this.#tickMs;
    await this.#life.start();
    await this.#settle();
  }

  async #export(nowMs: number): Promise<void> {
    const exportMs = this.#options.exportMs ?? 30 * SECOND_MS;
    this.#nextExportMs = nowMs + exportMs;
    for (const sender of this.#senders.values()) sender.export(nowMs - exportMs, nowMs);
    await this.deliver();
  }

  /** Senders send what waits. A shipment that is not answered stays with its sender. */
  async deliver(): Promise<void> {
    const life = this.#life;
    if (life === undefined) return;
    for (const sender of this.#senders.values()) {
      for (const shipment of [...sender.queue]) {
        void life.absorb(shipment).then((stored) => { if (stored) sender.queue.splice(sender.queue.indexOf(shipment), 1); });
      }
    }
    await this.#settle();
  }

  async ship(shipment: Shipment): Promise<boolean> {
    return this.life.absorb(shipment);
  }

  async #advance(nowMs: number): Promise<void> {
    if (this.#life !== undefined && this.#life.timer.nextMs() <= nowMs) {
      this.#life.timer.fire();
      await this.#settle();
    }
    if (this.#life !== undefined && Math.min(this.#nextTickMs, this.#life.earlyTickMs) <= nowMs) {
      if (this.#nextTickMs <= nowMs) this.#nextTickMs = nowMs + this.#tickMs;
      this.#life.tick();
      await this.#settle();
    }
  }

  /** Lets everything happen that happens at this moment; then buries a process that died of it. */
  async #settle(): Promise<void> {
    await this.#activity.settle();
    const life = this.#life;
    if (life?.dead !== true) return;
    this.#failures.push(...life.failures);
    this.#life = undefined;
    this.crashes += 1;
    await this.#machine.crash();
    this.#upAtMs = this.clock.nowMs() + this.#restartAfterMs;
  }

  get #tickMs(): number {
    return this.#options.tickMs ?? 15 * SECOND_MS;
  }

  #notifier(receiver: string, integration: string): Notifier | undefined {
    const [kind = '', index = '0'] = integration.split(/[[\]]/);
    const config = this.#routing.receivers.get(receiver);
    if ((kind === 'slack' ? config?.slacks : config?.webhooks)?.[Number(index)] === undefined) return undefined;
    if (kind !== 'slack' || this.#slack === undefined) return this.receivers.notifier();
    const slack = this.#slackNotifier(`${receiver} ${integration}`, config?.slacks[Number(index)]?.channel ?? '');
    return {
      notify: async (notification) => {
        const result = await slack.notify(notification);
        if (result.kind === 'delivered') this.receivers.take(notification);
        return result;
      },
    };
  }

  #slackNotifier(key: string, channel: string): Notifier {
    const known = this.#slackNotifiers.get(key);
    const notifier = known ?? new SlackNotifier({ token: 'xoxb-story', channel, sendResolved: true, apiUrl: this.slack.apiUrl });
    this.#slackNotifiers.set(key, notifier);
    return notifier;
  }

  #judge(): void {
    const { doubled } = this.receivers;
    const { fromMs, toMs } = this.#ticketsAllowed;
    const told = this.receivers.told.filter(({ incident }) => incident.severity === 'page' || incident.startedAtMs < fromMs || incident.startedAtMs > toMs);
    const failures = [...this.#failures, ...(this.#life?.failures ?? [])].map((error) => `failed inside: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    const judged = this.#judgement !== undefined ? this.#judgement(this.receivers.told) : this.#options.slos.length === 0 ? judgeNotifications(this.receivers.told, this.#wanted) : judge(told, this.#expected);
    const problems = [...judged, ...doubled.map((message) => `doubled: ${toldInWords(message)}`), ...failures];
    if (problems.length === 0) return;
    throw new Error([...problems, '', `up to ${momentInWords(this.clock.nowMs())} people heard:`, ...transcript(told)].join('\n'));
  }
}

/** What happens at one moment of the story. */
export class Moment {
  readonly #story: Timeline;
  readonly #atMs: number;

  constructor(story: Timeline, atMs: number) {
    this.#story = story;
    this.#atMs = atMs;
  }

  traffic(traffic: Traffic): this {
    return this.do((story) => { story.sender(traffic).use(traffic); });
  }

  /** A share of the service's requests fails from now on. */
  fault({ service, failing }: { readonly service: string; readonly failing: number }): this {
    return this.do((story) => { story.sender({ service, perMinute: 0 }).failing = failing; });
  }

  /** An alert is posted, as Prometheus does it: `alert({ alertname: 'test' }, { startsAt: '00:01', endsAt: '00:05' })`. */
  alert(labels: Labels, more: { readonly startsAt?: string; readonly endsAt?: string; readonly annotations?: Labels } = {}): this {
    const { startsAt, endsAt, annotations } = more;
    const posted = { labels, ...(annotations === undefined ? {} : { annotations }), ...(startsAt === undefined ? {} : { startsAtMs: momentOf(startsAt) }), ...(endsAt === undefined ? {} : { endsAtMs: momentOf(endsAt) }) };
    return this.do((story) => { story.life.post([posted]); });
  }

  /** Whoever has these labels is quiet until then. */
  silence(labels: Labels, until: string, more: Partial<SilenceRequest> = {}): this {
    const matchers = Object.entries(labels).map(([name, value]) => ({ name, value, isRegex: false, isEqual: true }));
    return this.do((story) => { story.life.silence({ matchers, endsAtMs: momentOf(until), createdBy: 'ann', comment: 'maintenance', ...more }); });
  }

  endSilences(): this {
    return this.do((story) => { story.life.endSilences(); });
  }

  heal(service: string): this {
    return this.fault({ service, failing: 0 });
  }

  /** The service falls silent. */
  noTraffic(service: string): this {
    return this.traffic({ service, perMinute: 0 });
  }

  /** One export beside the ordinary ones. */
  ships(shipment: Shipment): this {
    return this.do(async (story) => { await story.ship(shipment); });
  }

  acknowledge(slo: string, who: string): this {
    return this.do((story) => { story.life.act('acknowledge', slo, who); });
  }

  resolve(slo: string, who: string): this {
    return this.do((story) => { story.life.act('resolve', slo, who); });
  }

  rules(slos: readonly Slo[]): this {
    return this.do((story) => { story.useRules(slos); });
  }

  routing(text: string): this {
    return this.do((story) => { story.useRouting(text); });
  }

  receiver(name: string, behaviour: Behaviour): this {
    return this.do((story) => { story.receivers.behave(name, behaviour); });
  }

  /** From now on, at the first such step. */
  crash(plan: CrashPlan, restartAfterMs = 10 * SECOND_MS): this {
    return this.do((story) => { story.planCrash(plan, restartAfterMs); });
  }

  down(): this {
    return this.do((story) => { story.goDown(); });
  }

  up(): this {
    return this.do((story) => { story.comeUp(); });
  }

  restart(): this {
    return this.do((story) => story.restart());
  }

  do(act: (story: Timeline) => void | Promise<void>): this {
    this.#story.schedule(this.#atMs, () => act(this.#story));
    return this;
  }
}
