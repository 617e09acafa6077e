import type { SpanBatch } from '../trace/span-batch.js';
import { selectRows } from '../trace/select-rows.js';
import { FingerprintTable } from './fingerprint-table.js';
import { fingerprintsOf, fingerprintsOfStored, type Fingerprints, type FingerprintSeed, type StoredIds } from '../trace/span-fingerprints.js';

/** Of each of two tables: 3.1 million spans, 32 MiB. */
const MAX_SLOTS = 1 << 22;
const FULL_SHARE = 6 / 8;
/** A table is put aside when it is full or this old, and dropped when the next one is. */
export const GENERATION_MS = 3_600_000;
/** Spans that are remembered at least, as long as they are younger than GENERATION_MS; twice as many at most. */
export const REMEMBERED_SPANS = MAX_SLOTS * FULL_SHARE;

/** Spans on their way into the store: whoever sends them again meanwhile waits for what becomes of them. */
export interface Claim {
  /** Of the rows that are new. */
  readonly prints: Fingerprints;
  /** Resolves when it was settled, either way. */
  readonly settled: Promise<void>;
}

export interface Admission {
  /** The rows that are new; the batch itself where all are. */
  readonly batch: SpanBatch;
  readonly deduplicated: number;
  readonly claim: Claim;
}

export interface SpanIndexOptions {
  readonly seed: FingerprintSeed;
  readonly maxSlots?: number;
}

interface OpenClaim extends Claim {
  prints: Fingerprints;
  resolve: () => void;
}

const NONE: Fingerprints = new Uint32Array(0);

/**
 * Which spans are stored already. It remembers fingerprints of the last REMEMBERED_SPANS spans or more, for an hour or more, whichever ends
 * first; the same span after that is stored again. Two tables: new spans go into the young one, and when that is full the old one is dropped.
 */
export class SpanIndex {
  readonly #seed: FingerprintSeed;
  readonly #maxSlots: number;
  readonly #claims = new Set<OpenClaim>();
  #young: FingerprintTable;
  #old: FingerprintTable;
  #youngSinceMs = -Infinity;

  constructor({ seed, maxSlots = MAX_SLOTS }: SpanIndexOptions) {
    this.#seed = seed;
    this.#maxSlots = maxSlots;
    this.#young = new FingerprintTable(maxSlots);
    this.#old = new FingerprintTable(maxSlots);
  }

  /** Bytes of both tables. */
  get bytes(): number {
    return this.#young.bytes + this.#old.bytes;
  }

  /** Takes the rows that are new. Where some of the others are only on their way, it waits for them, because their commit may yet fail. */
  async admit(batch: SpanBatch, nowMs: number): Promise<Admission> {
    for (;;) {
      const admission = this.admitNow(batch, nowMs);
      if (admission !== undefined) return admission;
      await Promise.race([...this.#claims].map((claim) => claim.settled));
    }
  }

  /** As `admit`, at once; undefined where it would have to wait. */
  admitNow(batch: SpanBatch, nowMs: number): Admission | undefined {
    this.#age(nowMs);
    const prints = fingerprintsOf(batch, this.#seed);
    const fresh: number[] = [];
    const known: number[] = [];
    for (let row = 0; row < batch.count; row += 1) {
      if (this.#young.has(prints, row) || this.#old.has(prints, row)) known.push(row);
      else {
        this.#add(prints, row, nowMs);
        fresh.push(row);
      }
    }
    if (known.length === 0) return { batch, deduplicated: 0, claim: this.#open(prints) };
    const taken = pick(prints, fresh);
    if (this.#someAreClaimed(prints, known)) {
      this.#removeAll(taken);
      return undefined;
    }
    return { batch: selectRows(batch, fresh), deduplicated: known.length, claim: this.#open(taken) };
  }

  /** Called once for every claim. What was not committed is forgotten, so that it can come again. */
  settle(claim: Claim, committed: boolean): void {
    const open = claim as OpenClaim;
    this.#claims.delete(open);
    if (!committed) this.#removeAll(open.prints);
    open.resolve();
  }

  /** Starts anew from what is stored, oldest first, keeping what is under way. */
  async reload(stored: AsyncIterable<StoredIds>, nowMs: number): Promise<void> {
    this.#young = new FingerprintTable(this.#maxSlots);
    this.#old = new FingerprintTable(this.#maxSlots);
    this.#youngSinceMs = nowMs;
    for await (const ids of stored) this.#addMissing(fingerprintsOfStored(ids, this.#seed), nowMs);
    // A commit that failed may have reached the disk all the same: those rows are stored, whatever their claim comes to.
    for (const claim of this.#claims) claim.prints = pick(claim.prints, this.#addMissing(claim.prints, nowMs));
  }

  #open(prints: Fingerprints): Claim {
    let resolve = (): void => undefined;
    const settled = new Promise<void>((done) => { resolve = done; });
    const claim: OpenClaim = { prints, settled, resolve };
    this.#claims.add(claim);
    return claim;
  }

  #add(prints: Fingerprints, row: number, nowMs: number): void {
    if (this.#young.isFull) this.#turn(nowMs);
    this.#young.add(prints, row);
  }

  /** Rows that were not there. */
  #addMissing(prints: Fingerprints, nowMs: number): number[] {
    const added: number[] = [];
    for (let row = 0; row < prints.length / 2; row += 1) {
      if (this.#young.has(prints, row) || this.#old.has(prints, row)) continue;
      this.#add(prints, row, nowMs);
      added.push(row);
    }
    return added;
  }

  #removeAll(prints: Fingerprints): void {
    for (let row = 0; row < prints.length / 2; row += 1) if (!this.#young.remove(prints, row)) this.#old.remove(prints, row);
  }

  #age(nowMs: number): void {
    if (this.#youngSinceMs === -Infinity) this.#youngSinceMs = nowMs;
    else if (nowMs - this.#youngSinceMs >= GENERATION_MS) this.#turn(nowMs);
  }

  #turn(nowMs: number): void {
    this.#old = this.#young;
    this.#young = new FingerprintTable(this.#maxSlots, this.#old.isFull ? this.#old.slots : undefined);
    this.#youngSinceMs = nowMs;
  }

  /** Looked up in a set that is made when it is needed: hardly ever does one sender resend what another still waits for. */
  #someAreClaimed(prints: Fingerprints, rows: readonly number[]): boolean {
    if (this.#claims.size === 0) return false;
    const claimed = new Set<number>();
    for (const claim of this.#claims) for (let row = 0; row < claim.prints.length / 2; row += 1) claimed.add(keyOf(claim.prints, row));
    return rows.some((row) => claimed.has(keyOf(prints, row)));
  }
}

/** 53 of the 64 bits, as one number: enough to find out whether to wait. */
function keyOf(prints: Fingerprints, row: number): number {
  return prints[row * 2]! * 0x20_0000 + (prints[row * 2 + 1]! >>> 11);
}

function pick(prints: Fingerprints, rows: readonly number[]): Fingerprints {
  if (rows.length === 0) return NONE;
  const picked = new Uint32Array(rows.length * 2);
  rows.forEach((row, index) => picked.set(prints.subarray(row * 2, row * 2 + 2), index * 2));
  return picked;
}
