/**
 * Turns of the event loop of the thread that holds the database: work on what comes in is cut into pieces of a few milliseconds, one of which is done in
 * each turn. Exports arrive by the dozen and are stored by the thousand spans: were that done in one go, whoever reads a row would wait for all of it,
 * at each step of his statement.
 */
export class Turns {
  readonly #urgent: (() => void)[] = [];
  readonly #waiting: (() => void)[] = [];

  /** Whether anybody waits for `next`. */
  get areWaitedFor(): boolean {
    return this.#waiting.length > 0;
  }

  /** Resolves in a turn of its own, in the order in which it was asked for. */
  next(): Promise<void> {
    return this.#join(this.#waiting);
  }

  /** The same, before all that wait for `next`: what was begun is finished first, so that its memory is free again. */
  first(): Promise<void> {
    return this.#join(this.#urgent);
  }

  #join(queue: (() => void)[]): Promise<void> {
    return new Promise((resolve) => {
      queue.push(resolve);
      if (this.#urgent.length + this.#waiting.length === 1) setImmediate(() => this.#turn());
    });
  }

  #turn(): void {
    const resolve = this.#urgent.shift() ?? this.#waiting.shift();
    if (this.#urgent.length + this.#waiting.length > 0) setImmediate(() => this.#turn());
    resolve?.();
  }
}
