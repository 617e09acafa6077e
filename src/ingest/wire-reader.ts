/** The bytes are not protobuf. Thrown inside the decoders only, where it leaves many loops at once; their callers get a value. */
export class WireError extends Error {
  constructor(readonly problem: string, readonly offset: number) {
    super(problem);
  }
}

/** Node's own slicing, several times faster for short strings than toString or TextDecoder, but missing in its types. */
interface SlicingBuffer {
  utf8Slice(start: number, end: number): string;
  latin1Slice(start: number, end: number): string;
}

const NO_BYTES = new Uint8Array(0);
/** Strings of up to this many bytes are cheaper to build in JavaScript than by a call into C++. */
const SHORT_STRING = 12;

/**
 * A cursor over protobuf bytes that allocates nothing per field (encoding: protobuf.dev/programming-guides/encoding).
 * Methods that read a field take the end of the message it stands in; a loop ends with `finish(end)`.
 */
export class WireReader {
  bytes: Uint8Array = NO_BYTES;
  view: DataView = new DataView(NO_BYTES.buffer);
  position = 0;
  #buffer = Buffer.alloc(0) as unknown as SlicingBuffer;

  load(bytes: Uint8Array): void {
    // A plain view: slice of a Buffer would not copy, and values would hold on to the whole request.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as unknown as SlicingBuffer;
    this.position = 0;
  }

  /** Field number and wire type, `field << 3 | type`. */
  tag(): number {
    const byte = this.bytes[this.position];
    if (byte !== undefined && byte < 0x80 && byte > 7) {
      this.position += 1;
      return byte;
    }
    return this.#longTag();
  }

  #longTag(): number {
    const start = this.position;
    const tag = this.varint();
    if (tag > 0xffff_ffff) throw new WireError('a field number is out of range', start);
    if (tag < 8) throw new WireError('field number 0 does not exist', start);
    return tag;
  }

  /** An unsigned varint; exact up to 2^53, beyond that only its order of magnitude is right. */
  varint(): number {
    const start = this.position;
    let value = 0;
    let factor = 1;
    for (let index = 0; index < 10; index += 1) {
      const byte = this.bytes[this.position];
      if (byte === undefined) throw new WireError('the bytes end inside a number', start);
      this.position += 1;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    throw new WireError('a number is longer than 10 bytes', start);
  }

  /** int64: a number where it is exact, else a bigint. */
  int64(): number | bigint {
    const start = this.position;
    const unsigned = this.varint();
    if (unsigned <= Number.MAX_SAFE_INTEGER) return unsigned;
    let value = 0n;
    for (let index = this.position - 1; index >= start; index -= 1) value = (value << 7n) | BigInt((this.bytes[index] ?? 0) & 0x7f);
    const signed = BigInt.asIntN(64, value);
    return signed >= BigInt(Number.MIN_SAFE_INTEGER) && signed <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(signed) : signed;
  }

  /** Reads the length of a length-delimited field and returns where its payload ends; the position is then at its start. */
  payload(end: number): number {
    const start = this.position;
    let length = this.bytes[start] ?? 0x80;
    if (length < 0x80) this.position = start + 1;
    else length = this.varint();
    const payloadEnd = this.position + length;
    if (payloadEnd > end) throw new WireError(`a length of ${length} runs past the end of its message`, start);
    return payloadEnd;
  }

  /** Moves over `size` bytes of a fixed32 or fixed64 and returns where they began. */
  fixed(size: 4 | 8, end: number): number {
    const start = this.position;
    if (start + size > end) throw new WireError('the message ends inside a number', start);
    this.position = start + size;
    return start;
  }

  skip(tag: number, end: number): void {
    switch (tag & 7) {
      case 0: this.varint(); return;
      case 1: this.fixed(8, end); return;
      case 2: this.position = this.payload(end); return;
      case 5: this.fixed(4, end); return;
      case 3: case 4: throw new WireError('a group, which OTLP does not have', this.position);
      default: throw new WireError(`wire type ${tag & 7} does not exist`, this.position);
    }
  }

  /** A message's loop stops at or after its end; after means that its last field was cut off. */
  finish(end: number): void {
    if (this.position !== end) throw new WireError('the last field runs past the end of its message', end);
  }

  /** Whether these bytes are printable ASCII without `"` and `\\`: four at a time, by the carries of "Bit Twiddling Hacks". */
  isPlain(start: number, end: number): boolean {
    let index = start;
    for (; index + 4 <= end; index += 4) {
      const word = this.view.getInt32(index, true);
      const quote = word ^ 0x22222222;
      const backslash = word ^ 0x5c5c5c5c;
      const suspect = word | (word - 0x20202020) | (quote - 0x01010101) | (backslash - 0x01010101) | (word + 0x01010101);
      if ((suspect & 0x80808080) !== 0) return false;
    }
    for (; index < end; index += 1) {
      const byte = this.bytes[index]!;
      if (byte < 0x20 || byte >= 0x7f || byte === 0x22 || byte === 0x5c) return false;
    }
    return true;
  }

  /** Text of bytes that are ASCII. */
  ascii(start: number, end: number): string {
    if (end - start > SHORT_STRING) return this.#buffer.latin1Slice(start, end);
    let text = '';
    for (let index = start; index < end; index += 1) text += String.fromCharCode(this.bytes[index]!);
    return text;
  }

  /** UTF-8, with U+FFFD for what is not. */
  utf8(start: number, end: number): string {
    return this.#buffer.utf8Slice(start, end);
  }
}

/** Where a string of more than `limit` bytes is to be cut so that no code point is. */
export function cutAt(bytes: Uint8Array, start: number, limit: number): number {
  const cut = start + limit;
  for (let back = 0; back < 4; back += 1) {
    if (((bytes[cut - back] ?? 0) & 0xc0) !== 0x80) return cut - back;
  }
  return cut;
}
