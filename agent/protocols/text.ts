/** One character a byte. */
export function latin1(bytes: Buffer, from: number, end = bytes.length): string {
  return bytes.toString('latin1', from, end);
}

export function utf8(bytes: Buffer, from: number, end = bytes.length): string {
  return bytes.toString('utf8', from, end);
}

const CR = 0x0d;
const LF = 0x0a;

/**
 * Where the line that begins at `from` ends, before its line break; -1: not before `end`. Lines that are searched so are short: calling the runtime would take longer. A line break has two
 * bytes, so that it is seen by looking at every second one.
 */
export function endOfLine(bytes: Buffer, from: number, end = bytes.length): number {
  for (let at = from + 1; at < end; at += 2) {
    const byte = bytes[at];
    if (byte === LF && bytes[at - 1] === CR) return at - 1;
    if (byte === CR && at + 1 < end && bytes[at + 1] === LF) return at;
  }
  return -1;
}
