import { utf8 } from './text.js';

/** Type byte and length, which counts itself. */
export const HEADER = 5;
const MAX_LENGTH = 1 << 30;
const MAX_TILES = 10;

export const STARTUP_CODE = { ssl: 80_877_103, gss: 80_877_104, cancel: 80_877_102, protocol3: 3 } as const;

/** Messages of the two sides (PostgreSQL documentation 55.7), with the length where it is fixed, else 0. */
const FRONTEND: ReadonlyMap<number, number> = types({ Q: 0, P: 0, B: 0, E: 0, D: 0, C: 0, S: 4, H: 4, F: 0, X: 4, p: 0, d: 0, c: 4, f: 0 });
const BACKEND: ReadonlyMap<number, number> = types({
  1: 4, 2: 4, 3: 4, T: 0, D: 0, C: 0, E: 0, Z: 5, I: 4, t: 0, n: 4, N: 0, S: 0, R: 0, K: 0, A: 0, G: 0, H: 0, W: 0, s: 4, V: 0, v: 0, d: 0, c: 4,
});

function types(lengths: Readonly<Record<string, number>>): ReadonlyMap<number, number> {
  return new Map(Object.entries(lengths).map(([type, length]) => [type.charCodeAt(0), length]));
}

export type Sender = 'frontend' | 'backend';

/** Whether a message of that type may have that length. */
export function isMessage(sender: Sender, type: number, length: number): boolean {
  const fixed = (sender === 'frontend' ? FRONTEND : BACKEND).get(type);
  if (fixed === undefined) return false;
  return fixed === 0 ? length >= 4 && length <= MAX_LENGTH : length === fixed;
}

/** Whether the bytes are messages, one behind the other; the last one may go on further. A beginning that is too short to tell fits. */
export function areMessages(sender: Sender, bytes: Buffer): boolean {
  let from = 0;
  for (let count = 0; count < MAX_TILES && from < bytes.length; count += 1) {
    if (bytes.length - from < HEADER) return (sender === 'frontend' ? FRONTEND : BACKEND).has(bytes[from]!);
    const length = bytes.readUInt32BE(from + 1);
    if (!isMessage(sender, bytes[from]!, length)) return false;
    from += 1 + length;
  }
  return true;
}

/** StartupMessage, SSLRequest, GSSENCRequest or CancelRequest: they have no type byte. */
export function isStartup(bytes: Buffer): boolean {
  if (bytes[0] !== 0) return false;
  if (bytes.length < 8) return bytes.length < 2 || bytes[1] === 0;
  const length = bytes.readUInt32BE(0);
  const code = bytes.readUInt32BE(4);
  if (code === STARTUP_CODE.ssl || code === STARTUP_CODE.gss) return length === 8;
  if (code === STARTUP_CODE.cancel) return length === 16;
  return code >>> 16 === STARTUP_CODE.protocol3 && (code & 0xffff) < 16 && length >= 9 && length <= 10_240;
}

/** Text up to its zero byte, or to the end of what is there. */
export function textAt(bytes: Buffer, from: number, end: number): { readonly text: string; readonly next: number; readonly isWhole: boolean } {
  const zero = bytes.indexOf(0, from);
  const isWhole = zero !== -1 && zero < end;
  const last = isWhole ? zero : end;
  return { text: utf8(bytes, from, last), next: isWhole ? zero + 1 : end, isWhole };
}

/** Names and values of a StartupMessage. */
export function startupParameters(bytes: Buffer, from: number, end: number): Map<string, string> {
  const parameters = new Map<string, string>();
  for (let at = from; at < end && parameters.size < 32;) {
    const name = textAt(bytes, at, end);
    if (name.text === '' || !name.isWhole) break;
    const value = textAt(bytes, name.next, end);
    if (!value.isWhole) break;
    parameters.set(name.text, value.text);
    at = value.next;
  }
  return parameters;
}

/** SQLSTATE and message of an ErrorResponse. */
export function errorFields(bytes: Buffer, from: number, end: number): { readonly code: string | undefined; readonly message: string | undefined } {
  let code: string | undefined;
  let message: string | undefined;
  for (let at = from; at < end && bytes[at] !== 0;) {
    const field = String.fromCharCode(bytes[at]!);
    const { text, next } = textAt(bytes, at + 1, end);
    if (field === 'C') code = text;
    if (field === 'M') message = text;
    at = next;
  }
  return { code, message };
}

/** The values of a Bind, as far as they are there and text. */
export function boundValues(bytes: Buffer, from: number, end: number): string[] {
  const values: string[] = [];
  if (from + 2 > end) return values;
  const formatCount = bytes.readUInt16BE(from);
  const formats = from + 2;
  let at = formats + formatCount * 2;
  if (at + 2 > end) return values;
  const count = bytes.readUInt16BE(at);
  at += 2;
  for (let index = 0; index < count && at + 4 <= end; index += 1) {
    const length = bytes.readInt32BE(at);
    at += 4;
    const format = formatCount === 0 ? 0 : bytes.readUInt16BE(formats + (formatCount === 1 ? 0 : Math.min(index, formatCount - 1) * 2));
    if (length < 0) values.push('NULL');
    else if (at + length > end) break;
    else values.push(format === 0 ? utf8(bytes, at, at + length) : `(${length} bytes)`);
    at += Math.max(0, length);
  }
  return values;
}
