import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { Transition } from '../incident/incident.js';
import { sampleIncident, SAMPLE_START_MS as T0 } from '../incident/sample-incident.js';
import { FakeClock } from '../lib/clock.js';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../lib/duration.js';
import type { DeliveryId, IncidentId } from '../lib/ids.js';
import { openDatabase } from '../store/duckdb-database.js';
import { groupOf } from './sample-delivery.js';
import type { Delivery, DeliveryResult, Notification, Notifier } from './delivery.js';
import { DuckdbOutbox, enqueueStatement } from './duckdb-outbox.js';
import { MemoryOutbox } from './memory-outbox.js';
import type { Outbox } from './outbox.js';
import { SlackNotifier } from './slack-notifier.js';
import { startSlackStandIn } from './stand-in/http-slack-stand-in.js';
import { ATTEMPT_TIMEOUT_MS, Dispatcher, PER_INTEGRATION_MAX, type DeliveryObserver } from './system-dispatcher.js';
import type { Timer } from './system-timer.js';

/** Timers that fire when the test says so. */
class FakeTimer implements Timer {
  readonly #clock: FakeClock;
  #timers: { readonly atMs: number; readonly run: () => void }[] = [];

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#clock.nowMs() + delayMs, run };
    this.#timers.push(timer);
    return () => { this.#timers = this.#timers.filter((other) => other !== timer); };
  }

  /** Moves the clock to the next timer within `untilMs` and fires it; false when there is none. */
  fireNext(untilMs: number): boolean {
    const next = this.#timers.filter((timer) => timer.atMs <= untilMs).sort((left, right) => left.atMs - right.atMs)[0];
    if (next === undefined) return false;
    this.#timers = this.#timers.filter((timer) => timer !== next);
    this.#clock.set(Math.max(next.atMs, this.#clock.nowMs()));
    next.run();
    return true;
  }
}

/** A receiver in memory: remembers what it took and when, and fails as told. */
class Receiver implements Notifier {
  readonly taken: { readonly id: string; readonly atMs: number }[] = [];
  attempts = 0;
  mode: 'fine' | 'down' | 'hangs' | 'throws' | 'refuses' = 'fine';

  constructor(readonly clock: FakeClock) {}

  async notify({ delivery, previousReceipt }: Notification): Promise<DeliveryResult> {
    this.attempts += 1;
    switch (this.mode) {
      case 'down': return { kind: 'retryable', reason: 'HTTP 503', retryAfterMs: undefined };
      case 'hangs': return new Promise(() => undefined);
      case 'throws': throw new Error('a bug');
      case 'refuses': return { kind: 'rejected', reason: 'HTTP 404' };
      case 'fine': {
        if (!this.taken.some(({ id }) => id === delivery.id)) this.taken.push({ id: delivery.id, atMs: this.clock.nowMs() });
        return { kind: 'delivered', receipt: { count: String(Number(previousReceipt?.['count'] ?? 0) + 1) } };
      }
    }
  }

  ids(): string[] {
    return this.taken.map(({ id }) => id);
  }
}

/** `a1 updated shop`: first delivery of incident a, to the receiver shop. */
function delivery(text: string, nowMs: number): Delivery {
  const [id = '', kind = 'opened', receiver = 'shop'] = text.split(' ');
  const incidentId = id.slice(0, 1) as IncidentId;
  const transition: Transition = { kind: kind as Transition['kind'], incident: sampleIncident({ id: incidentId }), atMs: nowMs };
  return { id: id as DeliveryId, incidentId, receiver, integration: 'slack[0]', conversation: incidentId, group: groupOf(transition.incident), transition, status: 'pending', attempts: 0, createdAtMs: nowMs, notBeforeMs: nowMs, lastError: undefined };
}

class Scene {
  readonly clock = new FakeClock(T0);
  readonly timer = new FakeTimer(this.clock);
  readonly receivers = new Map<string, Notifier>();
  readonly failures: unknown[] = [];
  readonly latencies: number[] = [];
  dispatcher: Dispatcher;

  readonly outbox = new MemoryOutbox();

  constructor() {
    this.dispatcher = this.#build();
  }

  #build(): Dispatcher {
    const observer: DeliveryObserver = {
      attempted: ({ attempts, breachReceivedAtMs }, atMs) => { if (attempts === 1 && breachReceivedAtMs !== undefined) this.latencies.push(atMs - breachReceivedAtMs); },
      failed: (error) => { this.failures.push(error); },
    };
    return new Dispatcher({
      outbox: this.outbox, notifierFor: (receiver) => this.receivers.get(receiver), publicUrl: 'http://t', clock: this.clock, random: () => 0.5, timer: this.timer, observer,
    });
  }

  receiver(name: string): Receiver {
    const receiver = new Receiver(this.clock);
    this.receivers.set(name, receiver);
    return receiver;
  }

  async start(): Promise<void> {
    await this.dispatcher.start();
    await turns();
  }

  /** As after a crash: nobody stopped the old one, it is just gone. */
  async restart(): Promise<void> {
    void this.dispatcher.stop(0);
    this.timer.fireNext(this.clock.nowMs());
    this.dispatcher = this.#build();
    await this.start();
  }

  async enqueue(...texts: string[]): Promise<void> {
    this.outbox.enqueue(texts.map((text) => delivery(text, this.clock.nowMs())));
    this.dispatcher.wake();
    await turns();
  }

  async pass(durationMs: number): Promise<void> {
    const untilMs = this.clock.nowMs() + durationMs;
    await turns();
    while (this.timer.fireNext(untilMs)) await turns();
    this.clock.set(untilMs);
  }
}

/** Lets everything that is ready run; nothing here waits for the outside. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => { setImmediate(resolve); });
}

describe('sending', () => {
  test('goes out at once when woken, and the latency is measured', async () => {
    const scene = new Scene();
    const shop = scene.receiver('shop');
    await scene.start();
    scene.outbox.enqueue([{ ...delivery('a1', T0), breachReceivedAtMs: T0 - 1_200 }]);
    scene.dispatcher.wake();
    await turns();
    expect(shop.taken).toEqual([{ id: 'a1', atMs: T0 }]);
    expect(scene.latencies).toEqual([1_200]);
  });

  test('goes out by itself when nobody wakes it', async () => {
    const scene = new Scene();
    const shop = scene.receiver('shop');
    await scene.start();
    scene.outbox.enqueue([delivery('a1', T0)]);
    await scene.pass(MINUTE_MS);
    expect(shop.ids()).toEqual(['a1']);
  });

  test('a wake-up that comes while it looks how long to sleep is not lost', async () => {
    const scene = new Scene();
    const shop = scene.receiver('shop');
    let answer: () => void = () => undefined;
    scene.outbox.nextDueMs = () => new Promise((resolve) => { answer = () => { resolve(undefined); }; });
    await scene.start();
    await scene.enqueue('a1');
    expect(shop.ids()).toEqual([]);
    answer();
    await turns();
    expect(shop.ids()).toEqual(['a1']);
  });

  test('a receiver that routing.yaml no longer has is rejected with that reason', async () => {
    const scene = new Scene();
    await scene.start();
    await scene.enqueue('a1 opened gone');
    expect((await scene.outbox.ofIncident('a' as IncidentId))[0]).toMatchObject({ status: 'rejected', lastError: 'routing.yaml has no slack[0] of receiver "gone" any more' });
  });

  test('what a receiver refuses is not tried again, and does not hold up what follows', async () => {
    const scene = new Scene();
    const shop = scene.receiver('shop');
    shop.mode = 'refuses';
    await scene.start();
    await scene.enqueue('a1 opened', 'a2 resolved');
    await scene.pass(HOUR_MS);
    expect(shop.attempts).toBe(2);
    expect(await scene.outbox.counts()).toMatchObject({ rejected: 2, pending: 0 });
  });

  test('a notifier with a bug delays its message and loses none', async () => {
    const scene = new Scene();
    const shop = scene.receiver('shop');
    shop.mode = 'throws';
    await scene.start();
    await scene.enqueue('a1');
    shop.mode = 'fine';
    await scene.pass(5 * SECOND_MS);
    expect(shop.ids()).toEqual(['a1']);
    expect((await scene.outbox.ofIncident('a' as IncidentId))[0]).toMatchObject({ attempts: 2, status: 'delivered' });
  });
});

describe('a receiver that is down for an hour', () => {
  test('gets everything afterwards, once and in order, stale numbers left out', async () => {
    const scene = new Scene();
    const shop = scene.receiver('shop');
    shop.mode = 'down';
    await scene.start();
    await scene.enqueue('a1 opened', 'b1 opened');
    for (let round = 2; round <= 6; round += 1) {
      await scene.pass(10 * MINUTE_MS);
      await scene.enqueue(`a${String(round)} updated`);
    }
    await scene.enqueue('a7 resolved');
    await scene.pass(10 * MINUTE_MS);
    const inVain = shop.attempts;
    expect(inVain).toBeGreaterThan(10);
    expect(inVain).toBeLessThan(100);
    shop.mode = 'fine';
    await scene.pass(6 * MINUTE_MS);
    expect(shop.ids().filter((id) => id.startsWith('a'))).toEqual(['a1', 'a7']);
    expect(shop.ids().filter((id) => id.startsWith('b'))).toEqual(['b1']);
    expect(await scene.outbox.counts()).toEqual({ pending: 0, delivered: 3, rejected: 0, superseded: 5 });
  });

  test('that stays down for a day is given up, and says so', async () => {
    const scene = new Scene();
    scene.receiver('shop').mode = 'down';
    await scene.start();
    await scene.enqueue('a1');
    await scene.pass(25 * HOUR_MS);
    expect((await scene.outbox.ofIncident('a' as IncidentId))[0]).toMatchObject({ status: 'rejected', lastError: expect.stringMatching(/^gave up after .*the last said: HTTP 503$/) });
  });
});

describe('a receiver that hangs', () => {
  test('delays nobody else, however many messages it keeps waiting', async () => {
    const scene = new Scene();
    const stuck = scene.receiver('stuck');
    const shop = scene.receiver('shop');
    stuck.mode = 'hangs';
    await scene.start();
    await scene.enqueue(...Array.from('abcdefghijklmnopqrstuvwxyz', (letter) => `${letter}1 opened stuck`), 'a2', 'b2', 'c2', 'd2', 'e2', 'f2');
    expect(stuck.attempts).toBe(PER_INTEGRATION_MAX);
    expect(shop.ids()).toEqual(['a2', 'b2', 'c2', 'd2', 'e2', 'f2']);
    expect(shop.taken.every(({ atMs }) => atMs === T0)).toBe(true);
  });

  test('is tried again after the time limit', async () => {
    const scene = new Scene();
    const shop = scene.receiver('shop');
    shop.mode = 'hangs';
    await scene.start();
    await scene.enqueue('a1');
    shop.mode = 'fine';
    await scene.pass(ATTEMPT_TIMEOUT_MS + 2 * SECOND_MS);
    expect(shop.ids()).toEqual(['a1']);
  });
});

describe('stopping and starting', () => {
  test('a stop waits for what is in flight and starts nothing more', async () => {
    const scene = new Scene();
    let finish: (result: DeliveryResult) => void = () => undefined;
    scene.receivers.set('shop', { notify: () => new Promise((resolve) => { finish = resolve; }) });
    await scene.start();
    await scene.enqueue('a1 opened', 'a2 resolved');
    let stopped = false;
    const stopping = scene.dispatcher.stop().then(() => { stopped = true; });
    await turns();
    expect(stopped).toBe(false);
    finish({ kind: 'delivered', receipt: {} });
    await stopping;
    expect(await scene.outbox.counts()).toMatchObject({ delivered: 1, pending: 1 });
  });

  test('a stop gives up waiting after its grace', async () => {
    const scene = new Scene();
    scene.receiver('shop').mode = 'hangs';
    await scene.start();
    await scene.enqueue('a1');
    const stopping = scene.dispatcher.stop(3 * SECOND_MS);
    await scene.pass(3 * SECOND_MS);
    await expect(stopping).resolves.toBeUndefined();
  });

  test('a restart in the middle goes on in order, with what was in flight marked as in doubt', async () => {
    const scene = new Scene();
    const shop = scene.receiver('shop');
    shop.mode = 'hangs';
    await scene.start();
    await scene.enqueue('a1 opened', 'a2 upgraded', 'b1 opened');
    shop.mode = 'fine';
    await scene.restart();
    expect(shop.ids()).toEqual(['a1', 'b1', 'a2']);
    expect((await scene.outbox.ofIncident('a' as IncidentId))[0]).toMatchObject({ attempts: 2, status: 'delivered' });
  });

  test('an outbox that fails for a while is tried again', async () => {
    const scene = new Scene();
    const shop = scene.receiver('shop');
    const { outbox } = scene;
    const claim = outbox.claim.bind(outbox);
    let broken = true;
    outbox.claim = (request) => (broken ? Promise.reject(new Error('disk full')) : claim(request));
    await scene.start();
    await scene.enqueue('a1');
    expect(scene.failures.length).toBeGreaterThan(0);
    broken = false;
    await scene.pass(2 * SECOND_MS);
    expect(shop.ids()).toEqual(['a1']);
  });
});

describe('with the database', () => {
  const cleanups: (() => Promise<void> | void)[] = [];
  afterEach(async () => { for (const cleanup of cleanups.splice(0).reverse()) await cleanup(); });

  test('Slack takes the post and the service dies before it hears so: after the restart there is one message, and it is resolved', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tocsin-notify-'));
    cleanups.push(() => { rmSync(directory, { recursive: true, force: true }); });
    const slack = await startSlackStandIn();
    cleanups.push(() => slack.close());
    const run = async (work: (dispatcher: Dispatcher, enqueue: (text: string) => Promise<void>, outbox: Outbox) => Promise<void>): Promise<void> => {
      const database = await openDatabase(join(directory, 'tocsin.duckdb'));
      const outbox = new DuckdbOutbox(database);
      const notifier = new SlackNotifier({ token: 'xoxb-1', apiUrl: slack.apiUrl, channel: '#alerts', sendResolved: true, timeoutMs: 60_000 });
      const dispatcher = new Dispatcher({ outbox, notifierFor: () => notifier, publicUrl: 'http://t' });
      try {
        await work(dispatcher, (text) => database.transaction([enqueueStatement(delivery(text, Date.now()))]), outbox);
      } finally {
        await dispatcher.stop(0);
        await database.close();
      }
    };

    slack.failNext({ acceptThenTimeout: true });
    await run(async (dispatcher, enqueue) => {
      await enqueue('a1 opened');
      await enqueue('a2 resolved');
      await dispatcher.start();
      while (slack.messages().length === 0) await new Promise((resolve) => { setImmediate(resolve); });
    });
    expect(slack.messages()).toHaveLength(1);

    await run(async (dispatcher, _enqueue, outbox) => {
      await dispatcher.start();
      await dispatcher.idle();
      expect(await outbox.counts()).toMatchObject({ delivered: 2, pending: 0 });
      expect((await outbox.ofIncident('a' as IncidentId))[0]).toMatchObject({ attempts: 2 });
    });
    expect(slack.messages().filter((message) => message.threadTs === undefined)).toHaveLength(1);
    expect(slack.calls().filter(({ method }) => method === 'chat.update')).toHaveLength(1);
  });
});

test('whatever fails and whenever it restarts: nothing is lost, nothing is doubled, order is kept', async () => {
  const step = fc.oneof(
    fc.record({ act: fc.constant('enqueue' as const), incident: fc.constantFrom('a', 'b', 'c'), kind: fc.constantFrom('upgraded', 'updated', 'acknowledged'), receiver: fc.constantFrom('shop', 'team') }),
    fc.record({ act: fc.constant('mode' as const), receiver: fc.constantFrom('shop', 'team'), mode: fc.constantFrom('fine' as const, 'down' as const, 'hangs' as const, 'throws' as const) }),
    fc.record({ act: fc.constant('pass' as const), ms: fc.integer({ min: 100, max: 10 * MINUTE_MS }) }),
    fc.record({ act: fc.constant('restart' as const) }),
  );
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
    const scene = new Scene();
    const receivers = { shop: scene.receiver('shop'), team: scene.receiver('team') };
    const sent: { id: string; kind: string; receiver: string }[] = [];
    await scene.start();
    for (const one of steps) {
      if (one.act === 'mode') receivers[one.receiver].mode = one.mode;
      else if (one.act === 'pass') await scene.pass(one.ms);
      else if (one.act === 'restart') await scene.restart();
      else {
        sent.push({ id: `${one.incident}${String(sent.length)}`, kind: one.kind, receiver: one.receiver });
        await scene.enqueue(`${sent.at(-1)!.id} ${one.kind} ${one.receiver}`);
      }
    }
    for (const receiver of Object.values(receivers)) receiver.mode = 'fine';
    await scene.pass(20 * MINUTE_MS);
    for (const [name, receiver] of Object.entries(receivers)) {
      for (const incident of ['a', 'b', 'c']) {
        const expected = sent.filter(({ id, receiver: to }) => to === name && id.startsWith(incident));
        const got = receiver.ids().filter((id) => id.startsWith(incident));
        // In order, each once; only updates may be missing, and never the last.
        expect(got).toEqual(expected.map(({ id }) => id).filter((id) => got.includes(id)));
        for (const [index, { id, kind }] of expected.entries()) if (kind !== 'updated' || index === expected.length - 1) expect(got).toContain(id);
      }
    }
  }), { numRuns: 60 });
}, 120_000);
