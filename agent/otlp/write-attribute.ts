import type { PlainValue } from '../otlp-span.js';
import { ProtobufWriter, sizeOfVarint } from './protobuf-writer.js';

/** Of 2^53. */
const MOST_BYTES = 8;

/** A KeyValue (opentelemetry-proto 1.x, common/v1). */
export function writeAttribute(writer: ProtobufWriter, field: number, [key, value]: readonly [string, PlainValue]): void {
  const attribute = writer.open(field);
  writer.text(1, key);
  const any = writer.open(2);
  if (typeof value === 'string') writer.text(1, value);
  else if (typeof value === 'boolean') writer.varint(2, value ? 1 : 0);
  else if (typeof value === 'number') {
    if (Number.isSafeInteger(value)) writer.int64(3, value);
    else writer.double(4, value);
  } else {
    const list = writer.open(5);
    for (const item of value) {
      const element = writer.open(1);
      writer.text(1, item);
      writer.close(element);
    }
    writer.close(list);
  }
  writer.close(any);
  writer.close(attribute);
}

/** An attribute whose value is a whole number from 0 on: all but the value is written beforehand, for each number of bytes that it may take. */
export class NumberAttribute {
  readonly #heads: readonly Uint8Array[];

  constructor(field: number, key: string) {
    const writer = new ProtobufWriter(64);
    writer.text(1, key);
    const name = writer.take();
    this.#heads = Array.from({ length: MOST_BYTES + 1 }, (_, size) => {
      const value = [0x12, 1 + size];
      return Buffer.from([...varint(field * 8 + 2), ...varint(name.length + value.length + 1 + size), ...name, ...value]);
    });
  }

  write(writer: ProtobufWriter, value: number): void {
    writer.raw(this.#heads[sizeOfVarint(value)]!);
    writer.varint(3, value);
  }
}

function varint(value: number): number[] {
  return value > 0x7f ? [(value % 128) | 0x80, ...varint(Math.floor(value / 128))] : [value];
}
