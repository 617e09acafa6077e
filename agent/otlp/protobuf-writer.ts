import type { SpanId, TraceId } from './id.js';

const INITIAL = 16_384;
/** Longer texts are written by the runtime; for short ones calling it takes longer than writing them. */
const SHORT_TEXT = 64;
const TWO_TO_32 = 4_294_967_296;
/** What `0` to `9` and `a` to `f`, of either case, stand for. */
const DIGITS = Uint8Array.from({ length: 128 }, (_, code) => Number.parseInt(String.fromCharCode(code), 16) || 0);
const MAX_VARINT = 10;
const SPAN_ID_BYTES = 8;
const TRACE_ID_BYTES = 16;
const NOTHING = Buffer.alloc(0);

/** A 64-bit number in two halves, so that adding to it needs no BigInt. */
export interface Wide {
  readonly high: number;
  readonly low: number;
}

export function wideOf(value: bigint): Wide {
  const unsigned = BigInt.asUintN(64, value);
  return { high: Number(unsigned >> 32n), low: Number(unsigned & 0xffff_ffffn) };
}

/** As much of protobuf's encoding as OTLP needs. One buffer that grows, and no object for anything that is written. */
export class ProtobufWriter {
  #bytes: Buffer;
  #at = 0;

  /** `memory`: where it begins, or how much to begin with. */
  constructor(memory: number | Buffer = INITIAL) {
    this.#bytes = typeof memory === 'number' ? Buffer.allocUnsafeSlow(memory) : memory;
  }

  get length(): number {
    return this.#at;
  }

  /** What was written, in bytes of its own; the writer begins anew. */
  take(): Buffer {
    const taken = this.#at === this.#bytes.length ? this.#bytes : Buffer.allocUnsafeSlow(this.#at);
    if (taken === this.#bytes) this.#bytes = NOTHING;
    else this.#bytes.copy(taken, 0, 0, this.#at);
    this.#at = 0;
    return taken;
  }

  /** Forgets what was written after `length` had this value. */
  rewind(length: number): void {
    this.#at = length;
  }

  /** Fields that were written before. */
  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** What another writer wrote. */
  copy(from: ProtobufWriter, begin: number, end: number): void {
    this.#room(end - begin);
    this.#at += from.#bytes.copy(this.#bytes, this.#at, begin, end);
  }

  /** Begins a field with a message, or other bytes, of a known length. */
  messageHead(field: number, length: number): void {
    this.#tag(field, 2);
    this.#varint(length);
  }

  /** Begins a field with a message; what is written until `close` is its content. Most messages that are nested here have 128 bytes or more: two for the length. */
  open(field: number): number {
    this.#tag(field, 2);
    this.#room(2);
    this.#at += 2;
    return this.#at;
  }

  /** `begin`: what `open` returned. */
  close(begin: number): void {
    const length = this.#at - begin;
    const move = sizeOfVarint(length) - 2;
    if (move !== 0) {
      if (move > 0) this.#room(move);
      this.#bytes.copyWithin(begin + move, begin, this.#at);
    }
    this.#at = begin - 2;
    this.#varint(length);
    this.#at += length;
  }

  text(field: number, text: string): void {
    this.#tag(field, 2);
    if (text.length > SHORT_TEXT || !this.#shortText(text)) this.#longText(text);
  }

  /** False, with nothing written, where the text is not ASCII. */
  #shortText(text: string): boolean {
    this.#room(text.length + 1);
    const bytes = this.#bytes;
    const from = this.#at + 1;
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) return false;
      bytes[from + index] = code;
    }
    bytes[this.#at] = text.length;
    this.#at = from + text.length;
    return true;
  }

  #longText(text: string): void {
    const length = Buffer.byteLength(text);
    this.#varint(length);
    this.#room(length);
    this.#at += this.#bytes.write(text, this.#at, 'utf8');
  }

  spanId(field: number, id: SpanId): void {
    if (typeof id === 'string') {
      this.hex(field, id);
      return;
    }
    this.messageHead(field, SPAN_ID_BYTES);
    this.#digits(id.first);
    this.#digits(id.second);
  }

  traceId(field: number, id: TraceId): void {
    if (typeof id === 'string') {
      this.hex(field, id);
      return;
    }
    this.messageHead(field, TRACE_ID_BYTES);
    this.#digits(id.first);
    this.#digits(id.second);
    this.#digits(id.third);
    this.#digits(id.fourth);
  }

  /** Bytes, given as hexadecimal digits. */
  hex(field: number, digits: string): void {
    const length = digits.length >> 1;
    this.#tag(field, 2);
    this.#varint(length);
    this.#room(length);
    const bytes = this.#bytes;
    const from = this.#at;
    for (let index = 0; index < length; index += 1) bytes[from + index] = (DIGITS[digits.charCodeAt(index * 2)]! << 4) | DIGITS[digits.charCodeAt(index * 2 + 1)]!;
    this.#at = from + length;
  }

  /** An integer from 0 to 2^53. */
  varint(field: number, value: number): void {
    this.#tag(field, 0);
    this.#varint(value);
  }

  /** An integer that may be negative: ten bytes then. */
  int64(field: number, value: number): void {
    if (value >= 0) {
      this.varint(field, value);
      return;
    }
    this.#tag(field, 0);
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest > 0x7fn; rest >>= 7n) this.#byte(Number(rest & 0x7fn) | 0x80);
    this.#byte(Number(rest));
  }

  double(field: number, value: number): void {
    this.#tag(field, 1);
    this.#room(8);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  /** `base` and a whole number from 0 to 2^53 more. */
  fixed64(field: number, base: Wide, more: number): void {
    this.#tag(field, 1);
    const moreHigh = Math.floor(more / TWO_TO_32);
    const low = base.low + (more - moreHigh * TWO_TO_32);
    this.#word(low >= TWO_TO_32 ? low - TWO_TO_32 : low);
    this.#word(base.high + moreHigh + (low >= TWO_TO_32 ? 1 : 0));
  }

  fixed32(field: number, value: number): void {
    this.#tag(field, 5);
    this.#word(value);
  }

  #word(value: number): void {
    this.#room(4);
    const bytes = this.#bytes;
    const at = this.#at;
    bytes[at] = value;
    bytes[at + 1] = value >>> 8;
    bytes[at + 2] = value >>> 16;
    bytes[at + 3] = value >>> 24;
    this.#at = at + 4;
  }

  /** Eight hexadecimal digits, in the order in which they are written down. */
  #digits(word: number): void {
    this.#room(4);
    const bytes = this.#bytes;
    const at = this.#at;
    bytes[at] = word >>> 24;
    bytes[at + 1] = word >>> 16;
    bytes[at + 2] = word >>> 8;
    bytes[at + 3] = word;
    this.#at = at + 4;
  }

  #tag(field: number, wire: number): void {
    this.#varint(field * 8 + wire);
  }

  #varint(value: number): void {
    this.#room(MAX_VARINT);
    let rest = value;
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) this.#bytes[this.#at++] = (rest % 128) | 0x80;
    this.#bytes[this.#at++] = rest;
  }

  #byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#at++] = value;
  }

  #room(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#at + count));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

export function sizeOfVarint(value: number): number {
  let size = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) size += 1;
  return size;
}
