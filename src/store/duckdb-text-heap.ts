/** A DuckDB string of up to this many bytes lives inside its 16-byte cell; longer ones are a pointer (`duckdb_string_t` in duckdb.h). */
export const INLINE_BYTES = 12;

const INITIAL_BYTES = 4 << 20;
/** After a batch of giant strings the buffer is let go, so that one odd sender does not cost memory for ever. */
const KEPT_BYTES = 16 << 20;
/** UTF-16 code unit to UTF-8, at worst. */
const MAX_BYTES_PER_UNIT = 3;
/** Nothing starts at 0, so the heap as a whole is always longer than what DuckDB keeps inline. */
const FIRST_OFFSET = 16;

/**
 * The strings of one data chunk as one run of UTF-8. The native binding costs a call per string; this costs one per chunk:
 * cells are written as `duckdb_string_t` with an offset, and the offsets become pointers once the run was handed over.
 */
export class TextHeap {
  #bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  #used = FIRST_OFFSET;
  /** Where cells of strings that repeat were written first: four words each in #cells. */
  readonly #known = new Map<string, number>();
  #cells = new Uint32Array(4 * 256);

  get used(): number {
    return this.#used;
  }

  /** All strings so far; valid until the next `put`. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#used);
  }

  /** Writes the cell of `text` to the four words at `at`. */
  put(text: string, words: Uint32Array, at: number): void {
    words[at + 1] = words[at + 2] = words[at + 3] = 0;
    if (text === '') {
      words[at] = 0;
      return;
    }
    this.#ensure(text.length * MAX_BYTES_PER_UNIT);
    const bytes = this.#bytes;
    const start = this.#used;
    const length = bytes.write(text, start);
    words[at] = length;
    if (length > INLINE_BYTES) {
      words[at + 1] = bytes.readUInt32LE(start);
      words[at + 2] = start;
      this.#used = start + length;
      return;
    }
    for (let index = 0; index < length; index += 1) {
      const word = at + 1 + (index >> 2);
      words[word] = (words[word] ?? 0) | ((bytes[start + index] ?? 0) << ((index & 3) * 8));
    }
  }

  /** As `put`, for strings that come again: each is encoded once a chunk. */
  putShared(text: string, words: Uint32Array, at: number): void {
    if (text === '') {
      words[at] = words[at + 1] = words[at + 2] = words[at + 3] = 0;
      return;
    }
    const known = this.#known.get(text);
    if (known === undefined) {
      this.put(text, words, at);
      this.#remember(text, words, at);
      return;
    }
    const cells = this.#cells;
    words[at] = cells[known] ?? 0;
    words[at + 1] = cells[known + 1] ?? 0;
    words[at + 2] = cells[known + 2] ?? 0;
    words[at + 3] = cells[known + 3] ?? 0;
  }

  clear(): void {
    this.#used = FIRST_OFFSET;
    this.#known.clear();
    if (this.#bytes.length > KEPT_BYTES) this.#bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  }

  #remember(text: string, words: Uint32Array, at: number): void {
    const slot = this.#known.size * 4;
    if (slot + 4 > this.#cells.length) {
      const larger = new Uint32Array(this.#cells.length * 2);
      larger.set(this.#cells);
      this.#cells = larger;
    }
    this.#cells.set(words.subarray(at, at + 4), slot);
    this.#known.set(text, slot);
  }

  #ensure(more: number): void {
    if (this.#used + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#used + more));
    larger.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = larger;
  }
}

/** Turns offsets into addresses: `base` is where the bytes of the heap now lie in DuckDB's memory. */
export function relocate(words: Uint32Array, rows: number, base: bigint): void {
  const baseLow = Number(base & 0xffff_ffffn);
  const baseHigh = Number(base >> 32n);
  for (let at = 0; at < rows * 4; at += 4) {
    if ((words[at] ?? 0) <= INLINE_BYTES) continue;
    const low = baseLow + (words[at + 2] ?? 0);
    words[at + 2] = low;
    words[at + 3] = low > 0xffff_ffff ? baseHigh + 1 : baseHigh;
  }
}
