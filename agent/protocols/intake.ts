import { MAX_HELD_BYTES } from './limits.js';
import type { Piece } from './protocol.js';

/** More bytes are needed before the unit can be read. */
export const MORE = 0;
/** The bytes are not what the protocol has here. */
export const WRONG = -1;

/** How one side of a protocol reads its bytes, unit by unit. */
export interface Units {
  /** Reads the unit at `from`: how many bytes it took, `MORE` or `WRONG`. It may ask the intake to pass over a number of further bytes. */
  unit(bytes: Buffer, from: number, atNs: number): number;
  /** A hole follows the bytes of an unfinished unit: how many bytes the rest of the unit has (all bytes from `from` were taken), or `WRONG`. */
  cut(bytes: Buffer, from: number, atNs: number): number;
  /** Bytes that were passed over; `from` is -1 where nobody saw them. */
  passed(bytes: Buffer, from: number, count: number): void;
  /** The last of the bytes that were to be passed over is through. */
  passedAll(atNs: number): void;
  /** The place in the stream is lost, because of a hole or of bytes that do not fit. */
  lost(why: 'hole' | 'wrong', atNs: number): void;
}

const NOTHING = Buffer.alloc(0);

/**
 * Turns pieces into units, however they are cut. Holds at most one unfinished unit; bytes that are only counted (bodies, rows, values) pass
 * without being held, and a hole inside them is no loss.
 */
export class Intake {
  readonly #units: Units;
  #held = NOTHING;
  /** When the first of the held bytes came. */
  #heldNs = 0;
  #skip = 0;
  #isLost = false;
  #taken = 0;
  #nowNs = 0;

  constructor(units: Units) {
    this.#units = units;
  }

  get heldBytes(): number {
    return this.#held.length;
  }

  /** When the bytes being read came; for the end of something. */
  get nowNs(): number {
    return this.#nowNs;
  }

  /** Bytes that went by before the unit being read, seen or not. */
  get offset(): number {
    return this.#taken;
  }

  /** Nothing is begun: the next byte begins a unit. */
  get isBetween(): boolean {
    return this.#held.length === 0 && this.#skip === 0;
  }

  /** Passes over `count` bytes behind the present unit; `Infinity`: all there will be. */
  skip(count: number): void {
    this.#skip += count;
  }

  /** Forgets what is begun and stands at the next byte that comes. */
  reset(): void {
    this.#held = NOTHING;
    this.#skip = 0;
    this.#isLost = true;
  }

  feed({ bytes: fresh, atNs, missing }: Piece): void {
    this.#isLost = false;
    this.#nowNs = atNs;
    const heldLength = this.#held.length;
    const bytes = heldLength === 0 ? fresh : Buffer.concat([this.#held, fresh]);
    const rest = this.#read(bytes, heldLength === 0 ? atNs : this.#heldNs, atNs);
    if (this.#isLost) this.#taken += bytes.length - rest;
    else this.#hold(bytes, rest, atNs);
    if (missing > 0) this.#hole(missing, atNs);
  }

  /** Counts bytes that are not read. */
  ignore({ bytes, missing }: Piece): void {
    this.#taken += bytes.length;
    this.#count(missing);
  }

  /** Where the first byte is that could not be read yet. */
  #read(bytes: Buffer, heldNs: number, atNs: number): number {
    let startNs = heldNs;
    let from = 0;
    while (!this.#isLost) {
      if (this.#skip > 0) {
        const count = Math.min(this.#skip, bytes.length - from);
        this.#pass(bytes, from, count);
        from += count;
        if (this.#skip > 0) return from;
        this.#units.passedAll(atNs);
        startNs = atNs;
        continue;
      }
      if (from >= bytes.length) return from;
      const took = this.#units.unit(bytes, from, startNs);
      if (took === MORE) return from;
      if (took === WRONG) {
        this.#lose('wrong', atNs);
        return from;
      }
      this.#taken += took;
      from += took;
      // Whatever is left came with this piece: the unit before it was not complete without it.
      startNs = atNs;
    }
    return from;
  }

  #hold(bytes: Buffer, rest: number, atNs: number): void {
    const length = bytes.length - rest;
    if (length > MAX_HELD_BYTES) {
      this.#taken += length;
      this.#lose('hole', atNs);
      return;
    }
    const isSameUnit = rest === 0 && this.#held.length > 0;
    if (!isSameUnit) this.#heldNs = atNs;
    this.#held = length === 0 ? NOTHING : Buffer.from(bytes.subarray(rest));
  }

  #hole(missing: number, atNs: number): void {
    if (this.#isLost) {
      this.#count(missing);
      return;
    }
    if (this.#held.length > 0) {
      const more = this.#units.cut(this.#held, 0, this.#heldNs);
      this.#taken += this.#held.length;
      this.#held = NOTHING;
      if (more === WRONG) {
        this.#count(missing);
        this.#lose('hole', atNs);
        return;
      }
      this.#skip += more;
    }
    if (this.#skip < missing) {
      this.#count(missing);
      this.#lose('hole', atNs);
      return;
    }
    this.#pass(NOTHING, -1, missing);
    if (this.#skip === 0) this.#units.passedAll(atNs);
  }

  #count(missing: number): void {
    if (Number.isFinite(missing)) this.#taken += missing;
  }

  #pass(bytes: Buffer, from: number, count: number): void {
    if (Number.isFinite(count)) this.#skip -= count;
    this.#count(count);
    if (count > 0) this.#units.passed(bytes, from, count);
  }

  #lose(why: 'hole' | 'wrong', atNs: number): void {
    this.reset();
    this.#units.lost(why, atNs);
  }
}
