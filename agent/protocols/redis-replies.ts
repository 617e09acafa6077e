import { MORE, WRONG } from './intake.js';
import { MAX_HELD_BYTES } from './limits.js';
import { endOfLine, latin1 } from './text.js';
import type { Words } from './words.js';

/** A reply as far as anybody needs to know it. */
export interface Reply {
  /** First byte of the outermost value. */
  readonly type: string;
  /** First element of an aggregate, where it is a short text. */
  readonly first: string | undefined;
  /** Last element of an aggregate, where it is a number. */
  readonly last: number | undefined;
  /** First word of an error. */
  readonly errorPrefix: string | undefined;
}

const MAX_DEPTH = 64;
const MAX_COUNT = 1 << 30;
const MAX_DIGITS = 10;
const MAX_PEEK = 32;
const COUNTED: Readonly<Record<string, number>> = { '*': 1, '~': 1, '>': 1, '%': 2, '|': 2 };

interface Level {
  left: number;
  readonly isAttribute: boolean;
}

/** Reads RESP2 and RESP3 replies value by value; long texts are passed over unseen. */
export class ReplyReader {
  readonly #words: Words;
  readonly #skip: (count: number) => void;
  readonly #done: (reply: Reply) => void;
  readonly #levels: Level[] = [];
  #type = '';
  #first: string | undefined;
  #last: number | undefined;
  #errorPrefix: string | undefined;
  #hasElement = false;
  /** Length of a text that is to be looked at: its first line was read. */
  #peek = -1;
  #isPassing = false;

  constructor(words: Words, skip: (count: number) => void, done: (reply: Reply) => void) {
    this.#words = words;
    this.#skip = skip;
    this.#done = done;
  }

  /** Something of the present reply was read. */
  get isInside(): boolean {
    return this.#levels.length > 0 || this.#peek >= 0 || this.#isPassing;
  }

  reset(): void {
    this.#levels.length = 0;
    this.#peek = -1;
    this.#isPassing = false;
    this.#clear();
  }

  unit(bytes: Buffer, from: number): number {
    if (this.#peek >= 0) return this.#text(bytes, from);
    const end = endOfLine(bytes, from);
    if (end === -1) return bytes.length - from < MAX_HELD_BYTES && isType(bytes[from]!) ? MORE : WRONG;
    const type = String.fromCharCode(bytes[from]!);
    const took = end + 2 - from;
    if (this.#levels.length === 0) this.#type = type;
    const rest = this.#words.of(bytes, from + 1, Math.min(end, from + 1 + MAX_PEEK));
    switch (type) {
      case ':':
        if (this.#levels.length === 1) this.#last = numberOf(rest);
        this.#value(undefined);
        return took;
      case '+': case '_': case '#': case ',': case '(':
        this.#value(type === '+' ? rest : undefined);
        return took;
      case '-':
        if (this.#levels.length === 0) this.#errorPrefix = prefixOf(rest);
        this.#value(undefined);
        return took;
      case '$': case '!': case '=': return this.#length(type, rest) ? took : WRONG;
      case '*': case '~': case '>': case '%': case '|': return this.#count(type, rest) ? took : WRONG;
      default: return WRONG;
    }
  }

  /** A text that was passed over is through. */
  passedAll(): void {
    if (!this.#isPassing) return;
    this.#isPassing = false;
    this.#value(undefined);
  }

  #length(type: string, text: string): boolean {
    if (text === '-1') {
      this.#value(undefined);
      return true;
    }
    const length = numberOf(text);
    if (length === undefined) return false;
    const isTold = (type === '!' && this.#levels.length === 0) || (this.#levels.length === 1 && !this.#hasElement);
    if (isTold && length <= MAX_PEEK) {
      this.#peek = length;
      return true;
    }
    if (type === '!' && this.#levels.length === 0) this.#errorPrefix = 'ERR';
    this.#isPassing = true;
    this.#skip(length + 2);
    return true;
  }

  #text(bytes: Buffer, from: number): number {
    const took = this.#peek + 2;
    if (bytes.length - from < took) return MORE;
    const text = latin1(bytes, from, from + this.#peek);
    this.#peek = -1;
    if (this.#levels.length === 0) this.#errorPrefix = prefixOf(text);
    this.#value(text);
    return took;
  }

  #count(type: string, text: string): boolean {
    const count = text === '-1' ? 0 : numberOf(text);
    if (count === undefined || this.#levels.length >= MAX_DEPTH) return false;
    if (count === 0) {
      if (type !== '|') this.#value(undefined);
      return true;
    }
    this.#levels.push({ left: count * (COUNTED[type] ?? 1), isAttribute: type === '|' });
    return true;
  }

  /** One value is complete, and with it perhaps those around it. */
  #value(text: string | undefined): void {
    if (this.#levels.length === 1 && !this.#hasElement) {
      this.#hasElement = true;
      this.#first = text;
    }
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
      level.left -= 1;
      if (level.left > 0) return;
      this.#levels.pop();
      // Attributes come before the value that they belong to, and are none.
      if (level.isAttribute) {
        if (this.#levels.length === 0) this.#clear();
        return;
      }
    }
    const reply = { type: this.#type, first: this.#first, last: this.#last, errorPrefix: this.#errorPrefix };
    this.#clear();
    this.#done(reply);
  }

  #clear(): void {
    this.#first = undefined;
    this.#last = undefined;
    this.#errorPrefix = undefined;
    this.#hasElement = false;
  }
}

function isType(byte: number): boolean {
  return '+-:$*_#,(!=%~>|'.includes(String.fromCharCode(byte));
}

export function numberOf(text: string): number | undefined {
  if (text.length === 0 || text.length > MAX_DIGITS) return undefined;
  let value = 0;
  for (let index = 0; index < text.length; index += 1) {
    const digit = text.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value <= MAX_COUNT ? value : undefined;
}

function prefixOf(text: string): string {
  return /^[A-Z][A-Z0-9_]*/.exec(text)?.[0] ?? 'ERR';
}
