/** So that requests of about the same length fit in each other's memory. */
const STEP = 65_536;
/** As many as are under way at once. */
const MAX_SPARE = 2;

/**
 * Memory of requests that have arrived, for those that follow. Left to the garbage collector it lies there until V8 looks through its old objects, which it does not do for what is outside its
 * heap: several MiB at 5,000 requests a second.
 */
export class BodyMemory {
  readonly #lent = new WeakSet<ArrayBufferLike>();
  readonly #spare: ArrayBufferLike[] = [];

  take(length: number): Buffer {
    const index = this.#spare.findIndex(({ byteLength }) => byteLength >= length);
    const [memory] = index === -1 ? [Buffer.allocUnsafeSlow(Math.ceil(length / STEP) * STEP).buffer] : this.#spare.splice(index, 1);
    this.#lent.add(memory!);
    return Buffer.from(memory!, 0, length);
  }

  /** Nobody reads it any more. Anything that is not from here is left alone. */
  giveBack(body: Buffer): void {
    if (!this.#lent.delete(body.buffer)) return;
    // Those that have become too short make room.
    if (this.#spare.length === MAX_SPARE) this.#spare.shift();
    this.#spare.push(body.buffer);
  }
}
