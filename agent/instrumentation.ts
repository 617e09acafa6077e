/** So many calls in a row without a context: an SDK would have given them one. */
const MAX_BARE_CALLS = 3;

/**
 * Whether a process makes spans of its own. Its looks and the telemetry that it sends prove it. A context that nobody was seen to give it only makes it
 * seem so: it may have come with a request that could not be read, or was lost, or was on its way when the agent began, and have been passed on.
 */
export class Instrumentation {
  #isProven: boolean;
  #seemsThere = false;
  #passesOn = false;
  #bareCalls = 0;

  constructor(isProven: boolean) {
    this.#isProven = isProven;
  }

  get isThere(): boolean {
    return this.#isProven || this.#seemsThere;
  }

  prove(): void {
    this.#isProven = true;
  }

  /** It sent a context that it was not seen to be given. */
  sentOwnContext(): void {
    this.#bareCalls = 0;
    if (!this.#passesOn) this.#seemsThere = true;
  }

  /** It sent the very context that it was given: an SDK puts a span of its own in between. */
  passedOnContext(): void {
    this.#passesOn = true;
    this.#seemsThere = false;
  }

  sentNoContext(): void {
    this.#bareCalls += 1;
    if (this.#bareCalls >= MAX_BARE_CALLS) this.#seemsThere = false;
  }
}
