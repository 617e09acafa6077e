/**
 * Work that takes any of some connections, one at a time on each: whoever has waited longest gets the first that is free. Were it assigned to one when
 * it comes, it could wait for seconds behind a long search while another connection has nothing to do.
 */
export class SharedLanes {
  readonly #count: number;
  readonly #free: number[];
  readonly #waiting: ((lane: number) => void)[] = [];
  #idle: (() => void)[] = [];

  constructor(lanes: readonly number[]) {
    this.#count = lanes.length;
    this.#free = lanes.toReversed();
  }

  async run<T>(work: (lane: number) => Promise<T>): Promise<T> {
    const lane = this.#free.pop() ?? await new Promise<number>((resolve) => this.#waiting.push(resolve));
    try {
      return await work(lane);
    } finally {
      this.#leave(lane);
    }
  }

  /** Resolves once no work runs and none waits. */
  async drained(): Promise<void> {
    if (this.#free.length < this.#count) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #leave(lane: number): void {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next(lane);
      return;
    }
    this.#free.push(lane);
    if (this.#free.length < this.#count) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }
}
