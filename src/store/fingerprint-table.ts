import type { Fingerprints } from '../trace/span-fingerprints.js';

const FIRST_SLOTS = 1 << 12;
/** Of every eight slots, six may be taken; beyond that chains grow long. */
const FULL_EIGHTHS = 6;

/** A set of 64-bit fingerprints: open addressing over one array, eight bytes a slot, doubled until `maxSlots`. */
export class FingerprintTable {
  readonly #maxSlots: number;
  #slots: number;
  #words: Uint32Array;
  /** Slots that are not empty, removed ones included. */
  #taken = 0;

  /** Both powers of two. */
  constructor(maxSlots: number, slots = Math.min(FIRST_SLOTS, maxSlots)) {
    this.#maxSlots = maxSlots;
    this.#slots = slots;
    this.#words = new Uint32Array(slots * 2);
  }

  get slots(): number {
    return this.#slots;
  }

  /** Bytes of the table. */
  get bytes(): number {
    return this.#words.byteLength;
  }

  /** No more may be added. */
  get isFull(): boolean {
    return this.#slots >= this.#maxSlots && this.#isCrowded();
  }

  has(prints: Fingerprints, row: number): boolean {
    return this.#find(prints, row) >= 0;
  }

  /** The caller has asked `has`, and `isFull`, before. */
  add(prints: Fingerprints, row: number): void {
    if (this.#isCrowded()) this.#grow();
    this.#place(prints[row * 2]!, prints[row * 2 + 1]!);
  }

  /** Whether it was there. The slot stays taken (0, 1), so that chains that pass it hold. */
  remove(prints: Fingerprints, row: number): boolean {
    const slot = this.#find(prints, row);
    if (slot < 0) return false;
    this.#words[slot * 2] = 0;
    this.#words[slot * 2 + 1] = 1;
    return true;
  }

  #isCrowded(): boolean {
    return this.#taken * 8 >= this.#slots * FULL_EIGHTHS;
  }

  #find(prints: Fingerprints, row: number): number {
    const high = prints[row * 2]!;
    const low = prints[row * 2 + 1]!;
    const words = this.#words;
    const mask = this.#slots - 1;
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      if (words[slot * 2] === high && words[slot * 2 + 1] === low) return slot;
      if (words[slot * 2] === 0 && words[slot * 2 + 1] === 0) return -1;
    }
  }

  #place(high: number, low: number): void {
    const words = this.#words;
    const mask = this.#slots - 1;
    let slot = low & mask;
    while (words[slot * 2] !== 0 || words[slot * 2 + 1] !== 0) slot = (slot + 1) & mask;
    words[slot * 2] = high;
    words[slot * 2 + 1] = low;
    this.#taken += 1;
  }

  #grow(): void {
    const old = this.#words;
    if (this.#slots < this.#maxSlots) this.#slots *= 2;
    this.#words = new Uint32Array(this.#slots * 2);
    this.#taken = 0;
    for (let at = 0; at < old.length; at += 2) {
      const isMark = old[at] === 0 && old[at + 1]! < 2;
      if (!isMark) this.#place(old[at]!, old[at + 1]!);
    }
  }
}
