/** One character a byte. */
export function latin1(bytes: Buffer, from: number, end = bytes.length): string {
  return bytes.toString('latin1', from, end);
}

export function utf8(bytes: Buffer, from: number, end = bytes.length): string {
  return bytes.toString('utf8', from, end);
}

const CR = 0x0d;
const LF = 0x0a;

/** Where the line that begins at `from` ends, before its line break; -1: not there yet. Lines that are searched so are short: calling the runtime would take longer. */
export function endOfLine(bytes: Buffer, from: number): number {
  for (let at = from + 1; at < bytes.length; at += 1) if (bytes[at] === LF && bytes[at - 1] === CR) return at - 1;
  return -1;
}
