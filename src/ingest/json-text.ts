import type { DecodeLimits } from './decode-limits.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const MINUS = 0x2d;
const DOT = 0x2e;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const LOWER_E = 0x65;
const UPPER_E = 0x45;
/** Integers of so many digits may not fit a double exactly. */
const EXACT_DIGITS = 15;

/** JSON text that is safe to parse, or what is wrong with it. */
export type JsonText = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: string };

/**
 * Looks at JSON bytes before JSON.parse does. Nesting and number of values are bounded, because both are cheap to send and
 * dear to hold; and integers too long for a double are put into quotes, because ProtoJSON allows `"timeUnixNano": 1700…` as a
 * number and JSON.parse would round it.
 */
export function prepareJson(bytes: Uint8Array, limits: DecodeLimits): JsonText {
  const longIntegers: number[] = [];
  let depth = 0;
  let values = 0;
  let position = 0;
  while (position < bytes.length) {
    const byte = bytes[position]!;
    if (byte === QUOTE) {
      position = endOfString(bytes, position + 1);
    } else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
      depth += 1;
      values += 1;
      if (depth > limits.jsonDepth) return { ok: false, problem: `nested deeper than ${limits.jsonDepth} levels at byte ${position}` };
      position += 1;
    } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
      depth -= 1;
      position += 1;
    } else if (byte === MINUS || isDigit(byte)) {
      position = endOfNumber(bytes, position, longIntegers);
    } else {
      if (byte === COMMA) values += 1;
      position += 1;
    }
    if (values > limits.jsonValues) return { ok: false, problem: `more than ${limits.jsonValues} values; send smaller batches` };
  }
  return { ok: true, text: textOf(bytes, longIntegers) };
}

function endOfString(bytes: Uint8Array, start: number): number {
  let position = start;
  while (position < bytes.length) {
    const byte = bytes[position]!;
    if (byte === QUOTE) return position + 1;
    position += byte === BACKSLASH ? 2 : 1;
  }
  return position;
}

function endOfNumber(bytes: Uint8Array, start: number, longIntegers: number[]): number {
  let position = start + 1;
  let isInteger = true;
  for (; position < bytes.length; position += 1) {
    const byte = bytes[position]!;
    if (isDigit(byte)) continue;
    if (byte !== DOT && byte !== LOWER_E && byte !== UPPER_E && byte !== MINUS && byte !== 0x2b) break;
    isInteger = false;
  }
  if (isInteger && position - start > EXACT_DIGITS) longIntegers.push(start, position);
  return position;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** UTF-8 with U+FFFD for what is not, without a byte order mark. */
function textOf(bytes: Uint8Array, longIntegers: readonly number[]): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = buffer[0] === 0xef && buffer[1] === 0xbb && buffer[2] === 0xbf ? 3 : 0;
  if (longIntegers.length === 0) return buffer.toString('utf8', start);
  const parts: string[] = [];
  let from = start;
  for (let index = 0; index < longIntegers.length; index += 2) {
    const numberStart = longIntegers[index]!;
    const numberEnd = longIntegers[index + 1]!;
    parts.push(buffer.toString('utf8', from, numberStart), `"${buffer.toString('latin1', numberStart, numberEnd)}"`);
    from = numberEnd;
  }
  parts.push(buffer.toString('utf8', from));
  return parts.join('');
}
