import { readB3, readB3Headers, readTraceparent, type TraceContext } from '../trace-context.js';
import { endOfLine, latin1 } from './text.js';
import type { Words } from './words.js';

/** What of a head is read beyond what framing needs. */
export interface HeadWishes {
  /** Lower-case names of headers to keep. */
  readonly headers: ReadonlySet<string>;
  /** Zipkin's headers count as context too. */
  readonly b3: boolean;
}

const MAX_KEPT_HEADERS = 64;
const MAX_KEPT_LENGTH = 1_024;
export const NO_HEADERS: ReadonlyMap<string, string> = new Map();

const SPACE = 0x20;
const TAB = 0x09;
const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;
const LINE_BREAK = 2;
const MAX_DIGITS = 15;
const FOLD = /\r\n[\t ]+/g;

/** Where the fields of a head end, behind their last line break: an empty line follows. -1: not there yet. */
export function endOfFields(bytes: Buffer, from: number): number {
  // Only every fourth byte is looked at, unless it may be part of the end.
  for (let at = from + 3; at < bytes.length;) {
    const byte = bytes[at]!;
    if (byte === LF) {
      if (bytes[at - 1] === CR && bytes[at - 2] === LF && bytes[at - 3] === CR) return at - 1;
      at += 2;
    } else at += byte === CR ? 1 : 4;
  }
  return -1;
}

/** The names that mean something, by length and first letter: most headers need no look at more than that. */
const NAMES: readonly (readonly string[] | undefined)[] = (() => {
  const names: (string[] | undefined)[] = Array.from({ length: 32 * 32 }, () => undefined);
  for (const name of ['content-length', 'transfer-encoding', 'host', 'user-agent', 'x-request-id', 'content-type', 'traceparent', 'tracestate', 'b3', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled']) {
    (names[placeOf(name.length, name.charCodeAt(0))] ??= []).push(name);
  }
  return names;
})();

function placeOf(length: number, letter: number): number {
  return (length << 5) | (letter & 31);
}

/** A line's value, without the blanks around it. */
interface Value {
  bytes: Buffer;
  from: number;
  end: number;
}

/** Reads the lines behind the first one. What was found stands in its members until the next head is read. */
export class HeadFields {
  /** -1: none; NaN: there is one that cannot be trusted. */
  contentLength = -1;
  isChunked = false;
  host: string | undefined;
  userAgent: string | undefined;
  requestId: string | undefined;
  contentType: string | undefined;
  context: TraceContext | undefined;
  kept: ReadonlyMap<string, string> = NO_HEADERS;
  readonly #wishes: HeadWishes;
  readonly #words: Words;
  readonly #value: Value = { bytes: Buffer.alloc(0), from: 0, end: 0 };
  #traceparent: string | undefined;
  #tracestate: string | undefined;
  #b3: string | undefined;
  #b3Trace: string | undefined;
  #b3Span: string | undefined;
  #b3Sampled: string | undefined;

  constructor(wishes: HeadWishes, words: Words) {
    this.#wishes = wishes;
    this.#words = words;
  }

  /** A last line without its end is left out. */
  read(bytes: Buffer, start: number, end: number): void {
    this.#forget();
    this.#value.bytes = bytes;
    for (let from = start; from < end;) {
      let lineEnd = endOfLine(bytes, from, end);
      const isFolded = lineEnd !== -1 && isBlank(bytes[lineEnd + LINE_BREAK]);
      while (lineEnd !== -1 && isBlank(bytes[lineEnd + LINE_BREAK])) lineEnd = endOfLine(bytes, lineEnd + LINE_BREAK, end);
      if (lineEnd <= from) break;
      let colon = from;
      while (colon < lineEnd && bytes[colon] !== COLON) colon += 1;
      if (colon > from && colon < lineEnd) {
        if (isFolded) this.#foldedLine(from, lineEnd);
        else this.#line(from, colon, lineEnd);
      }
      from = lineEnd + LINE_BREAK;
    }
    this.context = this.#contextOf();
  }

  #forget(): void {
    this.contentLength = -1;
    this.isChunked = false;
    this.host = this.userAgent = this.requestId = this.contentType = undefined;
    this.context = undefined;
    this.kept = NO_HEADERS;
    this.#traceparent = this.#tracestate = this.#b3 = this.#b3Trace = this.#b3Span = this.#b3Sampled = undefined;
  }

  /** What begins with a blank goes on with the line before (obs-fold; RFC 9112, 5.2). */
  #foldedLine(from: number, end: number): void {
    const { bytes } = this.#value;
    const line = Buffer.from(latin1(bytes, from, end).replace(FOLD, ' '), 'latin1');
    this.#value.bytes = line;
    this.#line(0, line.indexOf(COLON), line.length);
    this.#value.bytes = bytes;
  }

  #line(from: number, colon: number, end: number): void {
    const value = this.#value;
    const { bytes } = value;
    const length = colon - from;
    const wishes = this.#wishes.headers;
    const named = length < 32 ? NAMES[placeOf(length, bytes[from]!)] : undefined;
    if (named === undefined && wishes.size === 0) return;
    value.from = colon + 1;
    value.end = end;
    trim(value);
    for (const name of named ?? []) if (isName(name, bytes, from)) this.#field(name);
    if (wishes.size === 0) return;
    const name = latin1(bytes, from, colon).toLowerCase();
    if (wishes.has(name)) this.#keep(name, readable(this.#text()));
  }

  #field(name: string): void {
    switch (name) {
      case 'content-length': {
        const length = digitsIn(this.#value);
        this.contentLength = this.contentLength === -1 || this.contentLength === length ? length : Number.NaN;
        break;
      }
      case 'transfer-encoding': this.isChunked = /(?:^|,)\s*chunked$/i.test(this.#word()); break;
      case 'host': this.host ??= this.#word(); break;
      case 'user-agent': this.userAgent ??= readable(this.#word()); break;
      case 'x-request-id': this.requestId ??= this.#text(); break;
      case 'content-type': this.contentType ??= this.#word(); break;
      case 'traceparent': this.#traceparent = this.#text(); break;
      // Several lines are one list (W3C Trace Context 3.3.1).
      case 'tracestate': this.#tracestate = this.#tracestate === undefined ? this.#text() : `${this.#tracestate},${this.#text()}`; break;
      case 'b3': this.#b3 = this.#text(); break;
      case 'x-b3-traceid': this.#b3Trace = this.#text(); break;
      case 'x-b3-spanid': this.#b3Span = this.#text(); break;
      case 'x-b3-sampled': this.#b3Sampled = this.#text(); break;
      default: break;
    }
  }

  /** A value that comes again and again. */
  #word(): string {
    const { bytes, from, end } = this.#value;
    return this.#words.of(bytes, from, end);
  }

  #text(): string {
    const { bytes, from, end } = this.#value;
    return latin1(bytes, from, end);
  }

  #keep(name: string, value: string): void {
    const kept = this.kept === NO_HEADERS ? new Map<string, string>() : (this.kept as Map<string, string>);
    if (kept.size >= MAX_KEPT_HEADERS) return;
    const before = kept.get(name);
    kept.set(name, (before === undefined ? value : `${before}, ${value}`).slice(0, MAX_KEPT_LENGTH));
    this.kept = kept;
  }

  #contextOf(): TraceContext | undefined {
    if (this.#traceparent !== undefined) return readTraceparent(this.#traceparent, this.#tracestate ?? '');
    if (!this.#wishes.b3) return undefined;
    if (this.#b3 !== undefined) return readB3(this.#b3);
    if (this.#b3Trace === undefined || this.#b3Span === undefined) return undefined;
    return readB3Headers({ traceId: this.#b3Trace, spanId: this.#b3Span, sampled: this.#b3Sampled });
  }
}

function trim(value: Value): void {
  const { bytes } = value;
  while (value.from < value.end && isBlank(bytes[value.from])) value.from += 1;
  while (value.end > value.from && isBlank(bytes[value.end - 1])) value.end -= 1;
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}

/** `name` is in lower case; the length is known to be the same. */
function isName(name: string, bytes: Buffer, from: number): boolean {
  for (let index = 0; index < name.length; index += 1) {
    const byte = bytes[from + index]!;
    if ((byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte) !== name.charCodeAt(index)) return false;
  }
  return true;
}

/** A whole number; NaN for anything else. */
function digitsIn({ bytes, from, end }: Value): number {
  if (end === from || end - from > MAX_DIGITS) return Number.NaN;
  let number = 0;
  for (let at = from; at < end; at += 1) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return Number.NaN;
    number = number * 10 + digit;
  }
  return number;
}

const NOT_ASCII = /[\x80-\xff]/;

/** Header values are bytes; most that are not ASCII are UTF-8. */
function readable(text: string): string {
  return NOT_ASCII.test(text) ? Buffer.from(text, 'latin1').toString('utf8') : text;
}
