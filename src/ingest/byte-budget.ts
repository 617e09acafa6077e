/** Bytes that receivers hold at one time, counted after decompression. One budget serves all receivers of a process. */
export class ByteBudget {
  readonly limit: number;
  #used = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  /** Takes the bytes, or refuses and takes none. */
  tryReserve(byteCount: number): boolean {
    if (this.#used + byteCount > this.limit) return false;
    this.#used += byteCount;
    return true;
  }

  release(byteCount: number): void {
    this.#used -= byteCount;
  }
}
