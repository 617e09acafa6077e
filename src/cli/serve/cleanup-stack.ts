import type { Logger } from 'pino';

/** Undoes what was started, last first. Each step is registered right after its resource exists. */
export class CleanupStack {
  readonly #steps: { readonly name: string; readonly run: () => Promise<unknown> }[] = [];
  #done: Promise<void> | undefined;

  push(name: string, run: () => Promise<unknown>): void {
    this.#steps.push({ name, run });
  }

  /** One failing step does not keep the others from running. Twice is once. */
  run(log: Logger): Promise<void> {
    this.#done ??= this.#runAll(log);
    return this.#done;
  }

  async #runAll(log: Logger): Promise<void> {
    for (const step of this.#steps.reverse()) {
      try {
        await step.run();
      } catch (error) {
        log.error({ err: error, step: step.name }, 'a part of the service did not stop cleanly');
      }
    }
  }
}
