import type { Delivery } from './delivery.js';

/** A request on its way. */
export interface Letter {
  readonly body: Buffer;
  readonly isGzip: boolean;
  readonly spans: number;
  readonly attempts: number;
  /** Not before. */
  readonly dueMs: number;
}

export interface OutboxCounters {
  sentSpans: number;
  sentBytes: number;
  rejectedSpans: number;
  /** No room: the oldest go first. */
  overflownSpans: number;
  /** Tried too often, or refused. */
  refusedSpans: number;
  retries: number;
}

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;
/** With the delays above five to ten minutes. */
const MAX_ATTEMPTS = 24;

/** Encoded requests that wait to be sent. Bounded; a receiver that is away costs memory up to the limit, then the oldest spans, which are counted. Pure. */
export class Outbox {
  readonly counters: OutboxCounters = { sentSpans: 0, sentBytes: 0, rejectedSpans: 0, overflownSpans: 0, refusedSpans: 0, retries: 0 };
  readonly #maxBytes: number;
  #letters: Letter[] = [];
  #bytes = 0;
  #lastWhy: string | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get length(): number {
    return this.#letters.length;
  }

  get waitingSpans(): number {
    return this.#letters.reduce((sum, { spans }) => sum + spans, 0);
  }

  /** Why the last attempt failed; undefined since one succeeded. */
  get trouble(): string | undefined {
    return this.#lastWhy;
  }

  add({ body, isGzip, spans }: Pick<Letter, 'body' | 'isGzip' | 'spans'>, nowMs: number): void {
    this.#letters.push({ body, isGzip, spans, attempts: 0, dueMs: nowMs });
    this.#bytes += body.length;
    while (this.#bytes > this.#maxBytes && this.#letters.length > 1) {
      const oldest = this.#letters.shift();
      if (oldest === undefined) break;
      this.#bytes -= oldest.body.length;
      this.counters.overflownSpans += oldest.spans;
    }
  }

  /** Takes the first letter that is due. */
  take(nowMs: number): Letter | undefined {
    const index = this.#letters.findIndex(({ dueMs }) => dueMs <= nowMs);
    if (index === -1) return undefined;
    const [letter] = this.#letters.splice(index, 1);
    if (letter !== undefined) this.#bytes -= letter.body.length;
    return letter;
  }

  /** A letter that was taken, for another receiver: due at once, and not tried yet. */
  handOver(letter: Letter, nowMs: number): void {
    this.#putBack({ ...letter, attempts: 0, dueMs: nowMs });
  }

  #putBack(letter: Letter): void {
    this.#letters.unshift(letter);
    this.#bytes += letter.body.length;
  }

  /** What became of a letter that was taken. `random`: 0 to 1. */
  settle(letter: Letter, delivery: Delivery, { nowMs, random }: { readonly nowMs: number; readonly random: number }): void {
    if (delivery.outcome === 'delivered') {
      this.#lastWhy = undefined;
      this.counters.sentSpans += letter.spans - delivery.rejectedSpans;
      this.counters.rejectedSpans += delivery.rejectedSpans;
      this.counters.sentBytes += letter.body.length;
      return;
    }
    this.#lastWhy = delivery.why;
    if (delivery.outcome === 'rejected' || letter.attempts + 1 >= MAX_ATTEMPTS) {
      this.counters.refusedSpans += letter.spans;
      return;
    }
    this.counters.retries += 1;
    const backoffMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** letter.attempts) * (0.5 + random / 2);
    const dueMs = nowMs + Math.max(backoffMs, delivery.afterMs ?? 0);
    this.#putBack({ ...letter, attempts: letter.attempts + 1, dueMs });
    // While the receiver is in trouble the others would only hammer it.
    this.#letters = this.#letters.map((other) => (other.dueMs < dueMs ? { ...other, dueMs } : other));
  }
}
