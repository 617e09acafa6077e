/** The time that all proofs of one tick share. A tick is known by its moment: all its statuses have the same one. */
export class EvidenceBudget {
  readonly #budgetMs: number;
  #tickMs: number | undefined;
  #endMs = 0;

  constructor(budgetMs: number) {
    this.#budgetMs = budgetMs;
  }

  /** What is left for the tick of `tickMs`; its first call starts the clock. */
  leftMs(tickMs: number, nowMs: number): number {
    if (this.#tickMs !== tickMs) {
      this.#tickMs = tickMs;
      this.#endMs = nowMs + this.#budgetMs;
    }
    return Math.max(0, this.#endMs - nowMs);
  }
}
