/** Runs tasks one after the other: DuckDB answers concurrent statements of one connection out of order. */
export class TaskQueue {
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** Tasks queued or running. */
  get length(): number {
    return this.#waiting;
  }

  run<T>(task: () => Promise<T>): Promise<T> {
    this.#waiting += 1;
    const result = this.#tail.then(task).finally(() => { this.#waiting -= 1; });
    this.#tail = result.catch(() => undefined);
    return result;
  }
}
