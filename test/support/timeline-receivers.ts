import type { FakeClock } from '../../src/lib/clock.js';
import type { Incident } from '../../src/incident/incident.js';
import type { Delivery, DeliveryResult, Notification, Notifier } from '../../src/notify/delivery.js';

/** A message that reached its receiver. */
export interface Told {
  readonly atMs: number;
  readonly receiver: string;
  readonly integration: string;
  readonly delivery: Delivery;
  readonly incident: Incident;
  readonly runbook: Notification['runbook'];
}

export type Behaviour =
  | 'fine'
  /** Refuses connections. */
  | 'down'
  /** Never answers. */
  | 'hangs'
  /** Answers 429, with a time to wait. */
  | 'is busy'
  /** Answers 500. */
  | 'fails'
  /** Resets the connection, and takes nothing. */
  | 'resets'
  /** Takes the message, and the answer is lost. */
  | 'takes it and loses the answer';

/** The world outside: it outlives every restart of Tocsin. Each message is recorded when it arrives. */
export class Receivers {
  readonly told: Told[] = [];
  /** Messages that arrived twice without Tocsin knowing that the first may have arrived. */
  readonly doubled: Told[] = [];
  readonly #behaviours = new Map<string, Behaviour>();
  readonly #clock: FakeClock;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  behave(receiver: string, behaviour: Behaviour): void {
    this.#behaviours.set(receiver, behaviour);
  }

  hangs(receiver: string): boolean {
    return this.#behaviours.get(receiver) === 'hangs';
  }

  /** A receiver that keeps what it is given. It drops a repeat by its id, as Standard Webhooks asks. */
  notifier(): Notifier {
    return {
      notify: (notification) => {
        const { receiver } = notification.delivery;
        switch (this.#behaviours.get(receiver) ?? 'fine') {
          case 'fine': return Promise.resolve(this.take(notification));
          case 'down': return Promise.resolve({ kind: 'retryable', reason: 'connection refused', retryAfterMs: undefined });
          case 'is busy': return Promise.resolve({ kind: 'retryable', reason: 'HTTP 429', retryAfterMs: 45_000 });
          case 'fails': return Promise.resolve({ kind: 'retryable', reason: 'HTTP 500', retryAfterMs: undefined });
          case 'resets': return Promise.resolve({ kind: 'retryable', reason: 'read ECONNRESET', retryAfterMs: undefined, ambiguous: true });
          case 'hangs': return new Promise<DeliveryResult>(() => undefined);
          case 'takes it and loses the answer': {
            this.take(notification);
            return Promise.resolve({ kind: 'retryable', reason: 'socket hang up', retryAfterMs: undefined, ambiguous: true });
          }
        }
      },
    };
  }

  /** Writes down that the message arrived. */
  take({ delivery, runbook, previousReceipt }: Notification): DeliveryResult {
    const { receiver, integration } = delivery;
    const told: Told = { atMs: this.#clock.nowMs(), receiver, integration, delivery, incident: delivery.transition.incident, runbook };
    const before = this.told.some((other) => other.delivery.id === delivery.id);
    if (!before) this.told.push(told);
    else if (delivery.ambiguous !== true) this.doubled.push(told);
    return { kind: 'delivered', receipt: { messages: String(Number(previousReceipt?.['messages'] ?? 0) + 1) } };
  }
}
