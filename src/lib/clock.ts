/** Time as a port: shells read it and hand `nowMs` to the core. Milliseconds since the Unix epoch. */
export interface Clock {
  nowMs(): number;
}

/** A clock that stands still until it is moved: for tests and replay. */
export class FakeClock implements Clock {
  #nowMs: number;

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  advance(byMs: number): void {
    this.#nowMs += byMs;
  }

  set(nowMs: number): void {
    this.#nowMs = nowMs;
  }
}
