/**
 * Turns of the event loop of the thread that holds the database. A group of thousands of spans is written a few milliseconds at a time, one piece in each turn:
 * were it done in one go, whoever reads a row would wait for all of it, at each step of his statement.
 */
export class Turns {
  /** Resolves in the next turn, after what has become ready meanwhile. */
  next(): Promise<void> {
    return new Promise((resolve) => { setImmediate(resolve); });
  }
}
