/** Cookies that something was said about in the last moments: between the `age` before the last one and now. */
export class Recent {
  readonly #max: number;
  #now = new Set<number>();
  #before: ReadonlySet<number> = new Set();

  constructor(max: number) {
    this.#max = max;
  }

  get isFull(): boolean {
    return this.#now.size >= this.#max;
  }

  has(cookie: number): boolean {
    return this.#now.has(cookie) || this.#before.has(cookie);
  }

  add(cookie: number): void {
    if (!this.isFull) this.#now.add(cookie);
  }

  age(): void {
    this.#before = this.#now;
    this.#now = new Set();
  }
}
