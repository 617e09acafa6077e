const INITIAL = 65_536;

/** As much of protobuf's encoding as OTLP needs. One buffer that grows; a nested message is moved when its length is known. */
export class ProtobufWriter {
  #bytes = Buffer.allocUnsafe(INITIAL);
  #at = 0;

  get length(): number {
    return this.#at;
  }

  /** A copy of what was written; the writer begins anew. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#at));
    this.#at = 0;
    return taken;
  }

  /** A copy of what was written from a place on. */
  since(from: number): Buffer {
    return Buffer.from(this.#bytes.subarray(from, this.#at));
  }

  /** Fields that were written before. */
  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** A field with a message that `write` fills in. */
  message(field: number, write: () => void): void {
    this.#tag(field, 2);
    const lengthAt = this.#at;
    this.#room(1);
    this.#at += 1;
    write();
    const length = this.#at - lengthAt - 1;
    const more = sizeOfVarint(length) - 1;
    if (more > 0) {
      this.#room(more);
      this.#bytes.copyWithin(lengthAt + 1 + more, lengthAt + 1, this.#at);
      this.#at += more;
    }
    const end = this.#at;
    this.#at = lengthAt;
    this.#varint(length);
    this.#at = end;
  }

  text(field: number, text: string): void {
    this.#tag(field, 2);
    const length = Buffer.byteLength(text);
    this.#varint(length);
    this.#room(length);
    this.#at += this.#bytes.write(text, this.#at, 'utf8');
  }

  /** Bytes, given as lower-case hexadecimal digits. */
  hex(field: number, digits: string): void {
    this.#tag(field, 2);
    this.#varint(digits.length / 2);
    this.#room(digits.length / 2);
    this.#at += this.#bytes.write(digits, this.#at, 'hex');
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

  fixed64(field: number, value: bigint): void {
    this.#tag(field, 1);
    this.#room(8);
    this.#at = this.#bytes.writeBigUInt64LE(value, this.#at);
  }

  fixed32(field: number, value: number): void {
    this.#tag(field, 5);
    this.#room(4);
    this.#at = this.#bytes.writeUInt32LE(value, this.#at);
  }

  #tag(field: number, wire: number): void {
    this.#varint(field * 8 + wire);
  }

  #varint(value: number): void {
    this.#room(10);
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
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + count));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

function sizeOfVarint(value: number): number {
  let size = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) size += 1;
  return size;
}
