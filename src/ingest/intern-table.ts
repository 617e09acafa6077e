import type { WireReader } from './wire-reader.js';

const WAYS = 4;

/**
 * Finds byte sequences seen before, so that what repeats on the wire (methods, routes, regions) is decoded once.
 * A 4-way set-associative cache over one fixed arena: its memory never grows, a miss replaces an entry that was not
 * used lately, and bytes chosen to collide cost misses but no time. Owners keep what a slot stands for in arrays of their own.
 */
export class InternTable {
  readonly slots: number;
  readonly #slotBytes: number;
  readonly #setMask: number;
  readonly #hashes: Int32Array;
  readonly #lengths: Int32Array;
  readonly #used: Uint8Array;
  readonly #arena: Uint8Array;
  readonly #arenaView: DataView;
  #hash = 0;

  /** `slots`: a power of two. Sequences longer than `slotBytes` are not kept. */
  constructor(slots: number, slotBytes: number) {
    this.slots = slots;
    this.#slotBytes = slotBytes;
    this.#setMask = slots / WAYS - 1;
    this.#hashes = new Int32Array(slots);
    this.#lengths = new Int32Array(slots).fill(-1);
    this.#used = new Uint8Array(slots);
    this.#arena = new Uint8Array(slots * slotBytes);
    this.#arenaView = new DataView(this.#arena.buffer);
  }

  /** The slot that holds these bytes, or -1. */
  find(reader: WireReader, start: number, end: number): number {
    const length = end - start;
    if (length > this.#slotBytes) return -1;
    const hash = hashOf(reader, start, end);
    this.#hash = hash;
    const first = (hash & this.#setMask) * WAYS;
    for (let slot = first; slot < first + WAYS; slot += 1) {
      if (this.#hashes[slot] === hash && this.#lengths[slot] === length && this.#equal(reader, start, slot)) {
        this.#used[slot] = 1;
        return slot;
      }
    }
    return -1;
  }

  /** Takes a slot for the bytes that the last `find` did not find; -1 where they are too long to be kept. */
  claim(reader: WireReader, start: number, end: number): number {
    const length = end - start;
    if (length > this.#slotBytes) return -1;
    const hash = this.#hash;
    const slot = this.#victim((hash & this.#setMask) * WAYS);
    this.#hashes[slot] = hash;
    this.#lengths[slot] = length;
    this.#used[slot] = 0;
    const target = slot * this.#slotBytes;
    let index = 0;
    for (; index + 4 <= length; index += 4) this.#arenaView.setInt32(target + index, reader.view.getInt32(start + index, true), true);
    for (; index < length; index += 1) this.#arena[target + index] = reader.bytes[start + index]!;
    return slot;
  }

  clear(): void {
    this.#lengths.fill(-1);
    this.#used.fill(0);
  }

  /** One that was not found again since it came, else any: what repeats outlives what comes once. */
  #victim(first: number): number {
    for (let slot = first; slot < first + WAYS; slot += 1) if (this.#lengths[slot] === -1) return slot;
    const start = (this.#hash >>> 28) & (WAYS - 1);
    for (let way = 0; way < WAYS; way += 1) {
      const slot = first + ((start + way) & (WAYS - 1));
      if (this.#used[slot] === 0) return slot;
    }
    this.#used.fill(0, first, first + WAYS);
    return first + start;
  }

  #equal(reader: WireReader, start: number, slot: number): boolean {
    const length = this.#lengths[slot] ?? 0;
    const stored = slot * this.#slotBytes;
    let index = 0;
    for (; index + 4 <= length; index += 4) {
      if (reader.view.getInt32(start + index, true) !== this.#arenaView.getInt32(stored + index, true)) return false;
    }
    for (; index < length; index += 1) if (reader.bytes[start + index] !== this.#arena[stored + index]) return false;
    return true;
  }
}

/** Four bytes at a step. Equality is always verified, so this need only be quick and spread well. */
function hashOf(reader: WireReader, start: number, end: number): number {
  let hash = end - start;
  let index = start;
  for (; index + 4 <= end; index += 4) {
    hash = Math.imul(hash ^ reader.view.getInt32(index, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (; index < end; index += 1) hash = Math.imul(hash ^ (reader.bytes[index] ?? 0), 0x01000193);
  hash ^= hash >>> 13;
  return hash;
}
