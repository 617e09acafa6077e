const BAR_WIDTH = 30;
const BAR_EVERY_MS = 100;
const LINE_EVERY_MS = 5_000;

/** A bar on a terminal, plain lines elsewhere, nothing where the work is over before anybody wonders. */
export class Progress {
  readonly #what: string;
  #shownMs = Date.now();
  #isShown = false;

  constructor(what: string) {
    this.#what = what;
  }

  show(share: number): void {
    const nowMs = Date.now();
    if (nowMs - this.#shownMs < (process.stderr.isTTY ? BAR_EVERY_MS : LINE_EVERY_MS)) return;
    this.#shownMs = nowMs;
    this.#isShown = true;
    const percent = `${Math.round(share * 100)} %`;
    if (!process.stderr.isTTY) process.stderr.write(`${this.#what}: ${percent}\n`);
    else process.stderr.write(`\r\x1b[K[${'#'.repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH)}] ${this.#what} ${percent}`);
  }

  /** Takes the bar off the terminal. */
  clear(): void {
    if (this.#isShown && process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    this.#isShown = false;
  }
}
