import { CoverageIndex } from '../../src/budget/coverage-index.js';
import { minuteOf } from '../../src/budget/minute-series.js';
import { SliceIndex } from '../../src/budget/slice-index.js';
import type { Incident, Transition } from '../../src/incident/incident.js';
import type { PostedAlertInput } from '../../src/incident/posted-alert.js';
import type { SilenceRequest } from '../../src/incident/silence-rules.js';
import type { FakeClock } from '../../src/lib/clock.js';
import { DAY_MS, MINUTE_MS } from '../../src/lib/duration.js';
import type { Delivery, Notifier } from '../../src/notify/delivery.js';
import type { Routing } from '../../src/notify/routing.js';
import { Dispatcher } from '../../src/notify/system-dispatcher.js';
import { Engine, type CommittedSlices } from '../../src/pipeline/engine.js';
import { gatherEvidence } from '../../src/pipeline/gather-evidence.js';
import { MemoryEvaluationStore } from '../../src/pipeline/memory-evaluation-store.js';
import { findRunbook } from '../../src/runbook/find-runbook.js';
import { renderRunbookOrRaw } from '../../src/runbook/render-runbook.js';
import { runbookContextOf } from '../../src/runbook/runbook-context.js';
import type { Runbook } from '../../src/runbook/runbook.js';
import type { CompiledSlo } from '../../src/sli/compile-slo.js';
import { type Activity, FakeTimer } from './timeline-clock.js';
import type { Booted, Machine } from './timeline-machine.js';
import type { Shipment } from './timeline-traffic.js';

export const PUBLIC_URL = 'http://tocsin.test';
const HISTORY_MINUTES = (31 * DAY_MS) / 60_000;
/** As the tick job has it: an early tick keeps this distance from the one before. */
const EARLY_TICK_PAUSE_MS = 250;
const PRESSED_SILENCE_MS = 20 * MINUTE_MS;

/** The places between two steps at which a process can die. */
export type CrashStep =
  /** Spans and slices are on disk; the sender has no answer and nothing was evaluated. */
  | 'committed'
  /** Evaluated, not saved. */
  | 'evaluated'
  /** The incident and its messages are on disk; nobody was woken to send them. */
  | 'saved'
  /** A message is leased, not sent. */
  | 'claimed'
  /** A message was sent; that it was is not written down. */
  | 'sent'
  /** That it was sent is written down. */
  | 'settled';

export interface CrashPlan {
  readonly step: CrashStep;
  /** Dies at the first such news; `committed` has none. */
  readonly kind?: Transition['kind'];
}

export interface LifeParts {
  readonly machine: Machine;
  readonly clock: FakeClock;
  readonly activity: Activity;
  readonly slos: readonly CompiledSlo[];
  readonly routing: () => Routing;
  readonly runbooks: readonly Runbook[];
  readonly notifierFor: (receiver: string, integration: string) => Notifier | undefined;
  /** A receiver that hangs is not waited for. */
  readonly hangs: (receiver: string) => boolean;
  /** All messages that were saved, in the order in which they were made. It outlives the process. */
  readonly made: Delivery[];
  /** Taken (and forgotten) when the process reaches it. */
  readonly crashPlan: { plan: CrashPlan | undefined };
}

const NEVER = new Promise<never>(() => undefined);

/**
 * One life of the process: engine and dispatcher wired as `tocsin serve` wires them, on the story's clock. When it dies, what it
 * was waiting for never comes, and nothing of it reaches the machine or the world any more.
 */
export class Life {
  readonly timer: FakeTimer;
  earlyTickMs = Infinity;
  readonly failures: unknown[] = [];
  readonly #parts: LifeParts;
  readonly #slices = new SliceIndex();
  readonly #coverage = new CoverageIndex();
  #booted: Booted | undefined;
  #engine: Engine | undefined;
  #dispatcher: Dispatcher | undefined;
  #lastTickMs = 0;
  #maintainedMinute = 0;
  #slos: readonly CompiledSlo[];
  dead = false;

  constructor(parts: LifeParts) {
    this.#parts = parts;
    this.#slos = parts.slos;
    this.timer = new FakeTimer(parts.clock);
  }

  async start(): Promise<void> {
    const { machine, clock } = this.#parts;
    const booted = await machine.boot({ slos: this.#slos, clock, onCommit: (news) => { this.#committed(news); } });
    this.#booted = booted;
    const since = minuteOf(clock.nowMs()) - HISTORY_MINUTES;
    for (const rule of this.#slos) this.#slices.track(rule);
    this.#slices.add(await booted.loadSlices(since));
    for (const minute of await booted.loadUptime(since)) this.#coverage.markCovered(minute);
    this.#dispatcher = this.#newDispatcher(booted);
    this.#engine = this.#newEngine(booted, this.#dispatcher);
    this.#engine.useRules(this.#slos);
    await this.#dispatcher.start();
    this.tick();
  }

  die(): void {
    this.dead = true;
  }

  /** The clock on the wall was set: what waits for a length of time waits as long as before. */
  clockWasSet(byMs: number): void {
    this.timer.shift(byMs);
    this.earlyTickMs += byMs;
    this.#lastTickMs += byMs;
  }

  /** SIGTERM: what is in flight may end, nothing new begins. */
  async stop(): Promise<void> {
    const stopped = this.#dispatcher?.stop(0);
    await this.#parts.activity.settle();
    this.timer.fire();
    await stopped;
    this.die();
  }

  tick(): void {
    const { clock } = this.#parts;
    this.earlyTickMs = Infinity;
    this.#lastTickMs = clock.nowMs();
    this.#note(this.#maintain());
    this.#note(this.#required(this.#engine).tick(clock.nowMs()));
  }

  /** Undefined when the process died before it answered. */
  async absorb(shipment: Shipment): Promise<boolean> {
    const outcome = await this.#living(() => this.#required(this.#booted).absorb(shipment));
    return outcome.kind === 'stored';
  }

  act(action: 'acknowledge' | 'resolve', slo: string, who: string): void {
    this.#note((async () => {
      const incident = (await this.openIncidents()).find(({ key }) => key === `slo:${slo}`);
      if (incident === undefined) throw new Error(`there is no open incident of ${slo} to ${action}`);
      await this.#required(this.#engine)[action](incident.id, who, this.#parts.clock.nowMs());
    })());
  }

  post(alerts: readonly PostedAlertInput[]): void {
    this.#note(this.#required(this.#engine).post(alerts, this.#parts.clock.nowMs()));
  }

  silence(request: SilenceRequest): void {
    this.#note((async () => {
      const set = await this.#required(this.#engine).setSilence(request, this.#parts.clock.nowMs());
      if (!set.ok) throw new Error(set.error.message);
    })());
  }

  /** What a person presses below an incident that is open; nothing where there is none. `pick` is within [0, 1). */
  press(button: 'acknowledge' | 'resolve' | 'silence', who: string, pick: number): void {
    this.#note((async () => {
      const open = await this.openIncidents();
      const incident = open[Math.floor(pick * open.length)];
      if (incident === undefined) return;
      const [engine, nowMs] = [this.#required(this.#engine), this.#parts.clock.nowMs()];
      if (button === 'silence') await engine.silenceIncident(incident.id, { durationMs: PRESSED_SILENCE_MS, comment: 'pressed', createdBy: who }, nowMs);
      else await engine[button](incident.id, who, nowMs);
    })());
  }

  /** Ends every silence that is in force. */
  endSilences(): void {
    this.#note((async () => {
      const engine = this.#required(this.#engine);
      for (const { id } of (await engine.picture(this.#parts.clock.nowMs())).silences) await engine.expireSilence(id, this.#parts.clock.nowMs());
    })());
  }

  /** Messages of which no stored decision says why they were sent. Only where alerting is kept in memory. */
  unexplained(deliveries: readonly Delivery[]): Promise<string[]> {
    const store = this.#required(this.#booted).evaluation;
    if (!(store instanceof MemoryEvaluationStore)) throw new Error('decisions are looked at in memory only');
    const explained = new Set(store.decisions.map(({ deliveryId, alertId }) => `${deliveryId ?? ''} ${alertId}`));
    return Promise.resolve(deliveries.flatMap(({ id, group }) => group.alerts.filter((alert) => !explained.has(`${id} ${alert.id}`)).map((alert) => `${id} ${alert.id}`)));
  }

  /** As LiveRules takes them: what is stored of a new key is read before the store counts for it. */
  useRules(slos: readonly CompiledSlo[]): void {
    this.#note((async () => {
      const booted = this.#required(this.#booted);
      const known = new Set(this.#slos.map(({ sliceKey }) => sliceKey));
      const added = new Set(slos.map(({ sliceKey }) => sliceKey).filter((sliceKey) => !known.has(sliceKey)));
      const stored = await this.#living(() => booted.loadSlices(minuteOf(this.#parts.clock.nowMs()) - HISTORY_MINUTES));
      for (const rule of slos) if (added.has(rule.sliceKey)) this.#slices.track(rule);
      this.#slices.add([...stored].filter(({ sliceKey }) => added.has(sliceKey)));
      this.#slices.add(await this.#living(() => booted.useRules(slos)));
      this.#required(this.#engine).useRules(slos);
      this.#slos = slos;
    })());
  }

  async openIncidents(): Promise<readonly Incident[]> {
    return (await this.#living(() => this.#required(this.#booted).evaluation.loadMemory())).openIncidents;
  }

  /** Good and bad events of an SLO in [fromMs, toMs), as the engine counts them. */
  counted(slo: string, fromMs: number, toMs: number): { readonly good: number; readonly bad: number } {
    const { sliceKey } = this.#required(this.#slos.find((compiled) => compiled.slo.name === slo));
    const { good, bad } = this.#slices.series(sliceKey).sum(minuteOf(fromMs), minuteOf(toMs));
    return { good, bad };
  }

  #newEngine(booted: Booted, dispatcher: Dispatcher): Engine {
    const { routing } = this.#parts;
    return new Engine({
      store: {
        loadMemory: () => this.#living(() => booted.evaluation.loadMemory()),
        save: async (changes) => {
          this.#dieAt('evaluated', changes.deliveries);
          await this.#living(async () => {
            await booted.evaluation.save(changes);
            this.#parts.made.push(...changes.deliveries);
          });
          this.#dieAt('saved', changes.deliveries);
          if (this.dead) await NEVER;
        },
      },
      gatherEvidence: async ({ sliceKey }, status) => {
        const compiled = this.#slos.find((slo) => slo.sliceKey === sliceKey);
        const { evidence } = booted;
        if (compiled === undefined || evidence === undefined) return undefined;
        return this.#living(() => gatherEvidence(evidence, compiled, status));
      },
      routing,
      wakeDispatcher: () => { dispatcher.wake(); },
      requestEarlyTick: () => {
        this.#dieAt('committed', []);
        this.earlyTickMs = Math.max(this.#parts.clock.nowMs(), this.#lastTickMs + EARLY_TICK_PAUSE_MS);
      },
      requestTickAt: (atMs) => { this.earlyTickMs = Math.min(this.earlyTickMs, Math.max(atMs, this.#lastTickMs + EARLY_TICK_PAUSE_MS)); },
    }, { slices: this.#slices, coverage: this.#coverage });
  }

  #newDispatcher({ outbox }: Booted): Dispatcher {
    const { clock } = this.#parts;
    return new Dispatcher({
      outbox: {
        claim: async (request) => {
          const claimed = await this.#living(() => outbox.claim(request));
          this.#dieAt('claimed', claimed.map(({ delivery }) => delivery));
          return this.dead ? NEVER : claimed;
        },
        settle: async (settlement) => {
          await this.#living(() => outbox.settle(settlement));
          this.#dieAt('settled', [settlement.claimed.delivery]);
          if (this.dead) await NEVER;
        },
        releaseLeases: (nowMs) => this.#living(() => outbox.releaseLeases(nowMs)),
        nextDueMs: () => this.#living(() => outbox.nextDueMs()),
        ofIncident: (id) => this.#living(() => outbox.ofIncident(id)),
        rejected: (limit) => this.#living(() => outbox.rejected(limit)),
        retry: (id, nowMs) => this.#living(() => outbox.retry(id, nowMs)),
        counts: () => this.#living(() => outbox.counts()),
      },
      notifierFor: (receiver, integration) => this.#notifierOf(receiver, integration),
      runbookFor: ({ transition: { incident } }) => this.#runbookOf(incident),
      publicUrl: PUBLIC_URL, clock, timer: this.timer, random: () => 0.5,
      observer: { failed: (error) => { this.failures.push(error); } },
    });
  }

  #notifierOf(receiver: string, integration: string): Notifier | undefined {
    const notifier = this.#parts.notifierFor(receiver, integration);
    if (notifier === undefined) return undefined;
    return {
      notify: async (notification) => {
        if (this.dead || this.#parts.hangs(receiver)) return NEVER;
        const result = await this.#living(() => notifier.notify(notification));
        if (result.kind === 'delivered') this.#dieAt('sent', [notification.delivery]);
        return this.dead ? NEVER : result;
      },
    };
  }

  #runbookOf(incident: Incident): { title: string; markdown: string; url: string } | undefined {
    const labels = incident.alerts[0]?.labels ?? {};
    const runbook = findRunbook(this.#parts.runbooks, { name: incident.runbook, labels });
    if (runbook === undefined) return undefined;
    const context = runbookContextOf({ incident, slo: this.#required(this.#engine).slo(labels['slo'] ?? ''), publicUrl: PUBLIC_URL });
    return { title: runbook.title, markdown: renderRunbookOrRaw(runbook, context), url: `${PUBLIC_URL}/incidents/${incident.id}#runbook` };
  }

  #committed(news: CommittedSlices): void {
    if (!this.dead) this.#engine?.committed(news, this.#parts.clock.nowMs());
  }

  async #maintain(): Promise<void> {
    const minute = minuteOf(this.#parts.clock.nowMs());
    if (minute === this.#maintainedMinute) return;
    this.#maintainedMinute = minute;
    await this.#living(() => this.#required(this.#booted).maintain(this.#parts.clock.nowMs()));
  }

  #dieAt(step: CrashStep, deliveries: readonly Delivery[]): void {
    const { crashPlan } = this.#parts;
    const { plan } = crashPlan;
    if (this.dead || plan?.step !== step) return;
    if (plan.kind !== undefined && !deliveries.some(({ transition }) => transition.kind === plan.kind)) return;
    crashPlan.plan = undefined;
    this.die();
  }

  /** Runs work towards the machine or the world, if there is still somebody to run it. */
  async #living<T>(work: () => Promise<T>): Promise<T> {
    if (this.dead) return NEVER;
    try {
      const result = await this.#parts.activity.track(work());
      return this.dead ? await NEVER : result;
    } catch (error) {
      if (this.dead) await NEVER;
      throw error;
    }
  }

  #note(work: Promise<unknown>): void {
    work.catch((error: unknown) => { this.failures.push(error); });
  }

  #required<T>(part: T | undefined): T {
    if (part === undefined) throw new Error('the process has not started');
    return part;
  }
}
