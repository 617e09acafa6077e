/** One character a byte. */
export function latin1(bytes: Buffer, from: number, end = bytes.length): string {
  return bytes.toString('latin1', from, end);
}

export function utf8(bytes: Buffer, from: number, end = bytes.length): string {
  return bytes.toString('utf8', from, end);
}
