import { targetOf } from './http-target.js';
import { latin1 } from './text.js';
import type { Words } from './words.js';

const MAX_METHOD = 20;
const MIN_METHOD = 3;
const MAX_TARGET = 8_192;
const SPACE = 0x20;
const SLASH = 0x2f;
const QUESTION = 0x3f;
const HASH = 0x23;
const CR = 0x0d;
const LF = 0x0a;
/** What begins `HTTP/1.` and, in `VERSION`, what follows: a digit. */
const VERSION = Buffer.from('HTTP/1.', 'latin1');

/** Reads the first lines of requests and answers. What was read stands in its members until the next one. */
export class StartLines {
  method = '';
  /** Without the query, which may hold anything. */
  path = '';
  /** Whom the target names: that of a proxy's request, or of CONNECT. */
  authority: string | undefined;
  /** Undefined where the line was cut before it. */
  version: '1.0' | '1.1' | undefined = '1.1';
  statusCode = 0;
  readonly #words: Words;

  constructor(words: Words) {
    this.#words = words;
  }

  /** Where the line behind a request line begins; -1 where there is no whole request line. */
  request(bytes: Buffer, from: number): number {
    const methodEnd = endOfMethod(bytes, from);
    if (methodEnd === -1) return -1;
    const targetFrom = methodEnd + 1;
    const targetEnd = endOfTarget(bytes, targetFrom);
    if (targetEnd === -1) return -1;
    const end = this.#version(bytes, targetEnd + 1);
    if (end === -1 || bytes[end] !== CR || bytes[end + 1] !== LF) return -1;
    this.method = this.#words.of(bytes, from, methodEnd);
    this.#target(bytes, targetFrom, targetEnd);
    return end + 2;
  }

  /** Whether a request line goes on beyond `bytes`, in its query: the method and the path are known then. */
  cutInQuery(bytes: Buffer, from: number): boolean {
    const methodEnd = endOfMethod(bytes, from);
    if (methodEnd === -1 || bytes[methodEnd + 1] !== SLASH) return false;
    let at = methodEnd + 1;
    while (at < bytes.length && !isBlank(bytes[at]!)) at += 1;
    if (at < bytes.length || !bytes.includes(QUESTION, methodEnd + 1)) return false;
    this.method = this.#words.of(bytes, from, methodEnd);
    this.version = undefined;
    this.#target(bytes, methodEnd + 1, at);
    return true;
  }

  /** Where the line behind a status line begins; -1 where there is no whole status line. */
  status(bytes: Buffer, from: number): number {
    const end = this.#version(bytes, from);
    if (end === -1 || bytes[end] !== SPACE) return -1;
    const [hundreds, tens, ones] = [digitOf(bytes[end + 1]), digitOf(bytes[end + 2]), digitOf(bytes[end + 3])];
    if (hundreds < 1 || hundreds > 5 || tens < 0 || ones < 0) return -1;
    let at = end + 4;
    if (bytes[at] === SPACE) while (at < bytes.length && bytes[at] !== CR && bytes[at] !== LF) at += 1;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) return -1;
    this.statusCode = hundreds * 100 + tens * 10 + ones;
    return at + 2;
  }

  #version(bytes: Buffer, from: number): number {
    for (let index = 0; index < VERSION.length; index += 1) if (bytes[from + index] !== VERSION[index]) return -1;
    const minor = digitOf(bytes[from + VERSION.length]);
    if (minor !== 0 && minor !== 1) return -1;
    this.version = minor === 0 ? '1.0' : '1.1';
    return from + VERSION.length + 1;
  }

  #target(bytes: Buffer, from: number, end: number): void {
    if (bytes[from] !== SLASH || this.method === 'CONNECT') {
      const { path, authority } = targetOf(latin1(bytes, from, end), this.method);
      this.path = path;
      this.authority = authority;
      return;
    }
    let pathEnd = from;
    while (pathEnd < end && bytes[pathEnd] !== QUESTION && bytes[pathEnd] !== HASH) pathEnd += 1;
    this.path = this.#words.of(bytes, from, pathEnd);
    this.authority = undefined;
  }
}

function endOfMethod(bytes: Buffer, from: number): number {
  let at = from;
  while (at - from <= MAX_METHOD && bytes[at]! >= 0x41 && bytes[at]! <= 0x5a) at += 1;
  const length = at - from;
  return length >= MIN_METHOD && length <= MAX_METHOD && bytes[at] === SPACE ? at : -1;
}

function endOfTarget(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && !isBlank(bytes[at]!)) at += 1;
  return at > from && at - from <= MAX_TARGET && bytes[at] === SPACE ? at : -1;
}

function isBlank(byte: number): boolean {
  return byte === SPACE || (byte >= 0x09 && byte <= CR) || byte === 0xa0;
}

function digitOf(byte: number | undefined): number {
  return byte === undefined || byte < 0x30 || byte > 0x39 ? -1 : byte - 0x30;
}
