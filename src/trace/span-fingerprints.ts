import type { SpanBatch } from './span-batch.js';

/** Two words a span: 64 bits of (trace id, span id, kind). Never (0, 0) nor (0, 1), which tables use as marks. */
export type Fingerprints = Uint32Array<ArrayBuffer>;

/** Mixed into every fingerprint, so that nobody outside can choose ids that collide. Any two 32-bit numbers. */
export interface FingerprintSeed {
  readonly high: number;
  readonly low: number;
}

/** Ids as the store has them: 64-bit numbers as two words each, the low one first. */
export interface StoredIds {
  readonly count: number;
  readonly traceHigh: Uint32Array;
  readonly traceLow: Uint32Array;
  readonly spanId: Uint32Array;
  readonly kinds: Uint8Array;
}

/**
 * The kind belongs to a span's identity: Zipkin and B3 give the client's and the server's half of one call the same span id, and both are to be
 * kept. Among 6 million remembered spans a new one is taken for another with a probability of 6·10⁶ / 2⁶⁴ = 3·10⁻¹³.
 */
export function fingerprintsOf({ count, traceIds, spanIds, kinds }: Pick<SpanBatch, 'count' | 'traceIds' | 'spanIds' | 'kinds'>, seed: FingerprintSeed): Fingerprints {
  const traces = new DataView(traceIds.buffer, traceIds.byteOffset, traceIds.byteLength);
  const spans = new DataView(spanIds.buffer, spanIds.byteOffset, spanIds.byteLength);
  const into = new Uint32Array(count * 2);
  const mixer = new Mixer(seed);
  for (let row = 0; row < count; row += 1) {
    mixer.begin();
    for (let at = row * 16; at < row * 16 + 16; at += 4) mixer.add(traces.getInt32(at));
    mixer.add(spans.getInt32(row * 8));
    mixer.add(spans.getInt32(row * 8 + 4));
    mixer.add(kinds[row]!);
    mixer.write(into, row);
  }
  return into;
}

/** The same fingerprints, of spans that are stored. */
export function fingerprintsOfStored({ count, traceHigh, traceLow, spanId, kinds }: StoredIds, seed: FingerprintSeed): Fingerprints {
  const into = new Uint32Array(count * 2);
  const mixer = new Mixer(seed);
  for (let row = 0; row < count; row += 1) {
    mixer.begin();
    for (const words of [traceHigh, traceLow, spanId]) {
      mixer.add(words[row * 2 + 1]!);
      mixer.add(words[row * 2]!);
    }
    mixer.add(kinds[row]!);
    mixer.write(into, row);
  }
  return into;
}

/** A span's (trace id, span id) as one exact number: 53 bits of its fingerprint, for maps that live for minutes. */
export class SpanKeys {
  readonly #mixer = new Mixer({ high: 0x1b56c4e9, low: 0x0ddba11 });
  readonly #words = new Uint32Array(2);
  #traces: DataView = new DataView(new ArrayBuffer(0));
  #spans: DataView = new DataView(new ArrayBuffer(0));

  /** `spanIds`: those of the spans or those of their parents. */
  load(traceIds: Uint8Array, spanIds: Uint8Array): void {
    this.#traces = new DataView(traceIds.buffer, traceIds.byteOffset, traceIds.byteLength);
    this.#spans = new DataView(spanIds.buffer, spanIds.byteOffset, spanIds.byteLength);
  }

  of(row: number): number {
    this.#mixer.begin();
    for (let at = row * 16; at < row * 16 + 16; at += 4) this.#mixer.add(this.#traces.getInt32(at));
    this.#mixer.add(this.#spans.getInt32(row * 8));
    this.#mixer.add(this.#spans.getInt32(row * 8 + 4));
    this.#mixer.write(this.#words, 0);
    return this.#words[0]! * 0x20_0000 + (this.#words[1]! >>> 11);
  }
}

/** Two lanes of multiply and shift over the same words (constants and finaliser of MurmurHash3, Appleby 2011). */
class Mixer {
  readonly #seed: FingerprintSeed;
  #high = 0;
  #low = 0;

  constructor(seed: FingerprintSeed) {
    this.#seed = seed;
  }

  begin(): void {
    this.#high = this.#seed.high;
    this.#low = this.#seed.low;
  }

  add(word: number): void {
    const high = Math.imul(this.#high ^ word, 0xcc9e2d51);
    const low = Math.imul(this.#low + word, 0x1b873593);
    this.#high = high ^ (high >>> 15) ^ (low << 7);
    this.#low = low ^ (low >>> 13);
  }

  write(into: Uint32Array, row: number): void {
    const high = finish(this.#high ^ this.#low);
    const low = finish(this.#low);
    into[row * 2] = high;
    into[row * 2 + 1] = high === 0 && low >>> 0 < 2 ? 2 : low;
  }
}

function finish(word: number): number {
  let mixed = word ^ (word >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
