import type { TraceKey } from './trace-key.js';

/** Of one chunk: 32 KiB. */
const CHUNK_WORDS = 1 << 13;
const BIT_MASK = CHUNK_WORDS * 32 - 1;
/** 24 bits for each trace: one that a chunk does not have is taken for one that it has four times in 100,000 (Bloom 1970, with eight probes). */
const MOST_TRACES = Math.floor((CHUNK_WORDS * 32) / 24);
const PROBES = 8;
/** A chunk holds no more rows than that, two row groups, so that it takes a millisecond to look through. */
const MOST_ROWS = 1 << 15;
/** 32 MiB, and 33 million rows. What came before is looked through as a whole. */
const MOST_CHUNKS = 1_024;

/** Both ends included, Unix milliseconds. */
export interface ArrivalRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** When the rows of some traces may have come: within these ranges, or before `knownFromMs`. */
export interface Arrivals {
  readonly knownFromMs: number;
  /** They do not overlap; the oldest first. */
  readonly ranges: readonly ArrivalRange[];
}

interface Chunk {
  readonly bits: Uint32Array;
  fromMs: number;
  toMs: number;
  traces: number;
  rows: number;
}

/**
 * When rows of which traces came, as Bloom filters over what came one after the other. Hot rows lie in the order in which they came, so that those of
 * a trace are found in the few row groups of that time: without it, every id is read.
 */
export class TraceArrivals {
  readonly #mostChunks: number;
  readonly #chunks: Chunk[] = [];
  #knownFromMs: number;
  #lastHigh = 0;
  #lastLow = 0;
  #last: Chunk | undefined;

  /** Knows every row that came at `knownFromMs` or later, once they are added. */
  constructor(knownFromMs: number, mostChunks = MOST_CHUNKS) {
    this.#knownFromMs = knownFromMs;
    this.#mostChunks = mostChunks;
  }

  get knownFromMs(): number {
    return this.#knownFromMs;
  }

  /** Bytes of its filters. */
  get bytes(): number {
    return this.#chunks.length * CHUNK_WORDS * 4;
  }

  /** A row of the trace whose id ends in these two words (its random part: W3C Trace Context, level 2), as Int32. Before the row can be read, and once more does no harm. */
  add(high: number, low: number, arrivalMs: number): void {
    const chunk = this.#chunkAt(arrivalMs);
    chunk.rows += 1;
    // Spans of a trace come together.
    if (high === this.#lastHigh && low === this.#lastLow && chunk === this.#last) return;
    this.#lastHigh = high;
    this.#lastLow = low;
    this.#last = chunk;
    if (setBits(chunk.bits, high, low)) chunk.traces += 1;
  }

  /** Whether there is no room for more without forgetting what came first. */
  get isFull(): boolean {
    return this.#chunks.length >= this.#mostChunks;
  }

  /** Takes over what `older` knows, which is all that came before what this knows. */
  precede(older: TraceArrivals): void {
    // Nothing is added to them, which would stretch them to now.
    this.#chunks.unshift(...older.#chunks.map((chunk) => ({ ...chunk, rows: MOST_ROWS })));
    this.#knownFromMs = older.#knownFromMs;
    while (this.#chunks.length > this.#mostChunks) this.#forgetOldest();
  }

  of(traces: readonly TraceKey[]): Arrivals {
    const ids = traces.map(({ low }) => [Number(low >> 32n) | 0, Number(low & 0xffff_ffffn) | 0] as const);
    const ranges = this.#chunks.filter(({ bits }) => ids.some(([high, low]) => hasBits(bits, high, low)));
    return { knownFromMs: this.#knownFromMs, ranges: joined(ranges) };
  }

  #chunkAt(arrivalMs: number): Chunk {
    const open = this.#chunks.at(-1);
    if (open !== undefined && open.traces < MOST_TRACES && open.rows < MOST_ROWS) {
      open.fromMs = Math.min(open.fromMs, arrivalMs);
      open.toMs = Math.max(open.toMs, arrivalMs);
      return open;
    }
    const chunk = { bits: this.#emptyBits(), fromMs: arrivalMs, toMs: arrivalMs, traces: 0, rows: 0 };
    this.#chunks.push(chunk);
    return chunk;
  }

  #emptyBits(): Uint32Array {
    const forgotten = this.isFull ? this.#forgetOldest() : undefined;
    return forgotten?.fill(0) ?? new Uint32Array(CHUNK_WORDS);
  }

  #forgetOldest(): Uint32Array | undefined {
    const oldest = this.#chunks.shift();
    if (oldest !== undefined) this.#knownFromMs = Math.max(this.#knownFromMs, oldest.toMs + 1);
    return oldest?.bits;
  }
}

/** Whether one of them was not set. */
function setBits(bits: Uint32Array, high: number, low: number): boolean {
  let isNew = false;
  let at = mixed(high, low);
  const step = mixed(low, high) | 1;
  for (let probe = 0; probe < PROBES; probe += 1) {
    const word = (at & BIT_MASK) >>> 5;
    const bit = 1 << (at & 31);
    const before = bits[word]!;
    if ((before & bit) === 0) {
      bits[word] = before | bit;
      isNew = true;
    }
    at = (at + step) | 0;
  }
  return isNew;
}

function hasBits(bits: Uint32Array, high: number, low: number): boolean {
  let at = mixed(high, low);
  const step = mixed(low, high) | 1;
  for (let probe = 0; probe < PROBES; probe += 1) {
    if ((bits[(at & BIT_MASK) >>> 5]! & (1 << (at & 31))) === 0) return false;
    at = (at + step) | 0;
  }
  return true;
}

/** Ids need not be random: they are mixed (finaliser of MurmurHash3, Appleby 2011). */
function mixed(one: number, other: number): number {
  let word = one ^ Math.imul(other, 0x9e37_79b1);
  word = Math.imul(word ^ (word >>> 16), 0x85eb_ca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2_ae35);
  return word ^ (word >>> 16);
}

function joined(ranges: readonly ArrivalRange[]): readonly ArrivalRange[] {
  const result: ArrivalRange[] = [];
  for (const { fromMs, toMs } of [...ranges].sort((left, right) => left.fromMs - right.fromMs)) {
    const last = result.at(-1);
    if (last !== undefined && fromMs <= last.toMs + 1) result[result.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, toMs) };
    else result.push({ fromMs, toMs });
  }
  return result;
}
