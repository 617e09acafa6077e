import type { Clock } from '../lib/clock.js';
import { MINUTE_MS, SECOND_MS } from '../lib/duration.js';
import { systemClock } from '../lib/system-clock.js';
import type { Delivery, DeliveryResult, Notification, Notifier } from './delivery.js';
import type { ClaimedDelivery, Outbox, Settlement } from './outbox.js';
import { settlementOf } from './retry-policy.js';
import { SYSTEM_TIMER, type Timer } from './system-timer.js';

/** An attempt is a few calls of at most ten seconds each; one that takes longer has gone wrong, and its outcome is unknown. */
export const ATTEMPT_TIMEOUT_MS = 45 * SECOND_MS;
/** Longer than any attempt: a lease that ends belongs to an attempt that died. */
export const LEASE_MS = MINUTE_MS;
/** Attempts at once for one integration of one receiver. Slack takes about one message a second and channel. */
export const PER_INTEGRATION_MAX = 4;
/** Attempts at once altogether. Every integration has its own share, so a slow one fills only that. */
export const IN_FLIGHT_MAX = 64;
/** Looks for work at least this often, whatever it was told. */
const IDLE_MS = 30 * SECOND_MS;
/** Pause after the outbox itself failed (disk full). */
const OUTBOX_RETRY_MS = SECOND_MS;
const SETTLE_TRIES = 3;

/** What the dispatcher tells logs and metrics. */
export interface DeliveryObserver {
  /** Just before the request of an attempt goes out: `atMs - delivery.breachReceivedAtMs` of a first attempt is the promised latency. */
  attempted?(delivery: Delivery, atMs: number): void;
  settled?(delivery: Delivery, settlement: Settlement): void;
  /** The outbox could not be read or written. */
  failed?(error: unknown): void;
}

export interface DispatcherOptions {
  readonly outbox: Outbox;
  /** Undefined when routing.yaml no longer has it. Asked for every attempt, so that changed rules count at once. */
  readonly notifierFor: (receiver: string, integration: string) => Notifier | undefined;
  readonly publicUrl: string | (() => string);
  /** The runbook rendered for the delivery's incident. A failure is a message without runbook, never no message. */
  readonly runbookFor?: (delivery: Delivery) => Promise<Notification['runbook']> | Notification['runbook'];
  readonly observer?: DeliveryObserver;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly timer?: Timer;
}

/**
 * Sends what waits in the outbox: in order within a conversation, beside each other otherwise. Wakes when told and when something is due.
 * All state is in the outbox; after a crash the next start goes on where this one was.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #clock: Clock;
  readonly #timer: Timer;
  readonly #inFlight = new Set<Promise<void>>();
  #running = false;
  #round: Promise<void> | undefined;
  #again = false;
  #cancelTimer: () => void = () => undefined;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#timer = options.timer ?? SYSTEM_TIMER;
  }

  /** Takes over what an earlier process left in flight, and begins. */
  async start(): Promise<void> {
    await this.#options.outbox.releaseLeases(this.#clock.nowMs());
    this.#running = true;
    this.wake();
  }

  /** Call after every save that enqueued something. Cheap, and never throws. */
  wake(): void {
    if (!this.#running) return;
    this.#again = true;
    this.#round ??= this.#rounds().finally(() => {
      this.#round = undefined;
      // Woken while it was looking when to sleep until.
      if (this.#again) this.wake();
    });
  }

  /** Starts nothing more and waits for what is in flight, at most `graceMs`. What is left then comes back after the next start. */
  async stop(graceMs = ATTEMPT_TIMEOUT_MS): Promise<void> {
    this.#running = false;
    this.#cancelTimer();
    let cancelGrace: () => void = () => undefined;
    const grace = new Promise<void>((resolve) => { cancelGrace = this.#timer.after(graceMs, resolve); });
    await Promise.race([this.#quiet(), grace]);
    cancelGrace();
  }

  /** Resolves when nothing is in flight and nothing is due now. */
  async idle(): Promise<void> {
    this.wake();
    await this.#quiet();
  }

  async #quiet(): Promise<void> {
    while (this.#round !== undefined || this.#inFlight.size > 0) await Promise.all([this.#round, ...this.#inFlight]);
  }

  async #rounds(): Promise<void> {
    this.#cancelTimer();
    try {
      while (this.#again && this.#running) {
        this.#again = false;
        await this.#launchDue();
      }
      await this.#sleepUntilDue();
    } catch (error) {
      this.#options.observer?.failed?.(error);
      this.#sleep(OUTBOX_RETRY_MS);
    }
  }

  async #launchDue(): Promise<void> {
    const limit = IN_FLIGHT_MAX - this.#inFlight.size;
    if (limit <= 0) return;
    const claimed = await this.#options.outbox.claim({ nowMs: this.#clock.nowMs(), leaseMs: LEASE_MS, perIntegration: PER_INTEGRATION_MAX, limit });
    for (const one of claimed) {
      const attempt = this.#attempt(one).finally(() => {
        this.#inFlight.delete(attempt);
        this.wake();
      });
      this.#inFlight.add(attempt);
    }
  }

  async #sleepUntilDue(): Promise<void> {
    if (!this.#running || this.#again) return;
    const dueMs = await this.#options.outbox.nextDueMs();
    const waitMs = dueMs === undefined ? IDLE_MS : Math.min(Math.max(dueMs - this.#clock.nowMs(), 0), IDLE_MS);
    // Due but not claimed: its integration is busy, and the end of an attempt wakes us.
    this.#sleep(waitMs === 0 ? OUTBOX_RETRY_MS : waitMs);
  }

  #sleep(delayMs: number): void {
    if (!this.#running) return;
    this.#cancelTimer();
    this.#cancelTimer = this.#timer.after(delayMs, () => { this.wake(); });
  }

  async #attempt(claimed: ClaimedDelivery): Promise<void> {
    const result = await this.#send(claimed);
    const settlement = settlementOf(claimed, result, { nowMs: this.#clock.nowMs(), random: (this.#options.random ?? Math.random)() });
    if (await this.#settle(settlement)) this.#options.observer?.settled?.(claimed.delivery, settlement);
  }

  async #send(claimed: ClaimedDelivery): Promise<DeliveryResult> {
    const { delivery } = claimed;
    const notifier = this.#options.notifierFor(delivery.receiver, delivery.integration);
    if (notifier === undefined) return { kind: 'rejected', reason: `routing.yaml has no ${delivery.integration} of receiver "${delivery.receiver}" any more` };
    const notification = await this.#notificationOf(claimed);
    this.#options.observer?.attempted?.(delivery, this.#clock.nowMs());
    let cancel: () => void = () => undefined;
    const late = new Promise<DeliveryResult>((resolve) => {
      cancel = this.#timer.after(ATTEMPT_TIMEOUT_MS, () => {
        resolve({ kind: 'retryable', reason: `no outcome within ${String(ATTEMPT_TIMEOUT_MS / SECOND_MS)} s`, retryAfterMs: undefined, ambiguous: true });
      });
    });
    try {
      return await Promise.race([notifier.notify(notification), late]);
    } catch (error) {
      // A notifier must not throw; one that does all the same must not lose the page.
      return { kind: 'retryable', reason: `the notifier failed: ${error instanceof Error ? error.message : String(error)}`, retryAfterMs: undefined, ambiguous: true };
    } finally {
      cancel();
    }
  }

  async #notificationOf({ delivery, previousReceipt }: ClaimedDelivery): Promise<Notification> {
    const { publicUrl, runbookFor, observer } = this.#options;
    let runbook: Notification['runbook'];
    try {
      runbook = await runbookFor?.(delivery);
    } catch (error) {
      observer?.failed?.(error);
    }
    return { delivery, previousReceipt, runbook, publicUrl: typeof publicUrl === 'string' ? publicUrl : publicUrl() };
  }

  /** The message is out; not being able to write that down is the one way to double it. So: some tries, then the lease decides. */
  async #settle(settlement: Settlement): Promise<boolean> {
    for (let attempt = 1; attempt <= SETTLE_TRIES; attempt += 1) {
      try {
        await this.#options.outbox.settle(settlement);
        return true;
      } catch (error) {
        this.#options.observer?.failed?.(error);
        await new Promise<void>((resolve) => { this.#timer.after(attempt * OUTBOX_RETRY_MS, resolve); });
      }
    }
    return false;
  }
}
