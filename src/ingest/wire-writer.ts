/** As much of protobuf's encoding as answers need. */
export function varintField(field: number, value: number): Uint8Array {
  return value === 0 ? new Uint8Array(0) : concatBytes([varint(field << 3), varint(value)]);
}

export function lengthDelimited(field: number, payload: Uint8Array): Uint8Array {
  return concatBytes([varint((field << 3) | 2), varint(payload.length), payload]);
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Uint8Array.from([...bytes, rest]);
}
