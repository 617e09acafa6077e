/** A bounded number of tasks at once. The first failure comes out of the next call; none goes unhandled. */
export class UnderWay {
  readonly #limit: number;
  readonly #tasks = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Resolves when there is room for another. */
  async add(work: Promise<void>): Promise<void> {
    const task: Promise<void> = work
      .catch((error: unknown) => { this.#failure ??= { error }; })
      .finally(() => { this.#tasks.delete(task); });
    this.#tasks.add(task);
    if (this.#tasks.size >= this.#limit) await Promise.race(this.#tasks);
    this.#throwFailure();
  }

  async end(): Promise<void> {
    await Promise.all(this.#tasks);
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
