/** Steps of which none keeps the others from running, and what went wrong with them. */
export class Failures {
  readonly #errors: Error[] = [];

  get any(): boolean {
    return this.#errors.length > 0;
  }

  /** Whether the step came to its end. */
  async of(step: () => Promise<unknown> | undefined): Promise<boolean> {
    try {
      await step();
      return true;
    } catch (error) {
      this.#errors.push(error instanceof Error ? error : new Error(String(error)));
      return false;
    }
  }

  /** @throws what failed; an AggregateError that tells each where it was more than one. */
  throwAll(): void {
    const [first, ...more] = this.#errors;
    if (more.length > 0) throw new AggregateError(this.#errors, this.#errors.map(({ message }) => message).join('; '));
    if (first !== undefined) throw first;
  }
}
