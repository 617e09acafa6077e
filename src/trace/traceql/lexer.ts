import { closest } from '../../lib/closest.js';
import { ATTRIBUTE_SCOPES, type AttributeField, type AttributeScope } from './ast.js';
import { readDuration } from './duration-literal.js';
import { readQuoted, readQuotedName, readRaw } from './string-literal.js';
import { TraceqlFailure } from './traceql-error.js';

export type Token = { readonly start: number; readonly end: number } & (
  | { readonly type: 'symbol'; readonly text: string }
  /** An intrinsic with its scope, like `span:name`, is one word. */
  | { readonly type: 'word'; readonly text: string }
  | { readonly type: 'attribute'; readonly field: AttributeField }
  | { readonly type: 'string'; readonly value: string }
  /** `digits` as written: 64-bit integers do not all fit into `value`. */
  | { readonly type: 'int'; readonly value: number; readonly digits: string }
  | { readonly type: 'float' | 'duration'; readonly value: number }
  | { readonly type: 'end' }
);

// Longest first: the first that fits is taken.
const SYMBOLS = [
  '&>>', '&<<', '!>>', '!<<', '&&', '||', '=~', '!~', '!=', '>=', '<=', '>>', '<<', '&>', '&<', '&~', '!>', '!<',
  '{', '}', '(', ')', '=', '>', '<', '!', '|', ',', '~', '+', '-', '*', '/', '%', '^',
];

/** What people write who know another language, and what they mean. */
const FOREIGN: readonly (readonly [text: string, hint: string])[] = [
  ['===', 'one = compares: .x = "y"'],
  ['==', 'one = compares: .x = "y"'],
  ['<>', 'write != for "is not"'],
  ['&', 'write && for "and"'],
  ["'", 'text goes into double quotes or backticks: "text"'],
  ['“', 'use straight double quotes: "text"'],
  ['”', 'use straight double quotes: "text"'],
  [';', 'leave the semicolon out'],
];

const SPACE = /\s/;
const WORD = /[A-Za-z_][A-Za-z0-9_]*(?::\s*[A-Za-z_][A-Za-z0-9_]*)?/y;
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const NUMBER_TAIL = /[A-Za-z0-9_.µμ]/;
const MAX_INT = 2n ** 63n;
// Tempo ends an attribute name only at these and at white space, so `.a-b`, `.a/b` and `.a:b` are names (pkg/traceql/lexer.go).
const NAME_END = /[\s{}()=~!<>&|^,]/;
const SCOPES: readonly string[] = ATTRIBUTE_SCOPES.filter((scope) => scope !== 'any');

/** Cuts a query into tokens; the last one is `end`. Throws TraceqlFailure. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let offset = skipSpace(text, 0);
  while (offset < text.length) {
    const token = readToken(text, offset);
    tokens.push(token);
    offset = skipSpace(text, token.end);
  }
  return [...tokens, { type: 'end', start: text.length, end: text.length }];
}

/** White space and comments, to the end of a line or between slashes and stars. */
function skipSpace(text: string, from: number): number {
  let offset = from;
  while (offset < text.length) {
    if (text.startsWith('//', offset)) {
      const lineEnd = text.indexOf('\n', offset);
      offset = lineEnd === -1 ? text.length : lineEnd;
    } else if (text.startsWith('/*', offset)) {
      const close = text.indexOf('*/', offset + 2);
      if (close === -1) throw new TraceqlFailure(offset, 'this comment is not closed', 'add a */');
      offset = close + 2;
    } else if (SPACE.test(text.charAt(offset))) {
      offset += 1;
    } else {
      return offset;
    }
  }
  return offset;
}

function readToken(text: string, start: number): Token {
  const char = text.charAt(start);
  if (char === '"') return { type: 'string', start, ...readQuoted(text, start) };
  if (char === '`') return { type: 'string', start, ...readRaw(text, start) };
  if (matchAt(NUMBER, text, start) !== undefined) return readNumber(text, start);
  if (char === '.') return readAttribute(text, start, { scope: 'any', from: start + 1 });
  const word = matchAt(WORD, text, start);
  if (word !== undefined) return readWord(text, start, word);
  return readSymbol(text, start);
}

function readSymbol(text: string, start: number): Token {
  for (const [foreign, hint] of FOREIGN) {
    if (foreign === '&' && SYMBOLS.some((symbol) => symbol.startsWith('&') && text.startsWith(symbol, start))) continue;
    if (text.startsWith(foreign, start)) throw new TraceqlFailure(start, `${foreign} is not TraceQL`, hint);
  }
  const symbol = SYMBOLS.find((candidate) => text.startsWith(candidate, start));
  if (symbol !== undefined) return { type: 'symbol', text: symbol, start, end: start + symbol.length };
  const char = String.fromCodePoint(text.codePointAt(start) ?? 0);
  throw new TraceqlFailure(start, `"${char}" has no meaning here`, 'text goes into double quotes: "text"');
}

function readNumber(text: string, start: number): Token {
  const digits = matchAt(NUMBER, text, start) ?? '';
  const end = start + digits.length;
  const duration = readDuration(text, digits, end);
  if (NUMBER_TAIL.test(text.charAt(duration?.end ?? end))) {
    throw new TraceqlFailure(start, 'this is neither a number nor a duration', 'durations are a number and a unit: 800ms, 1.5s, 1m30s, 2d (ns, us, ms, s, m, h; whole d, w, y)');
  }
  if (duration !== undefined) return { type: 'duration', start, ...duration };
  if (!/^\d+$/.test(digits)) return { type: 'float', start, end, value: Number(digits) };
  if (BigInt(digits) >= MAX_INT) throw new TraceqlFailure(start, `${digits} is larger than a 64-bit integer`, 'at most 9223372036854775807; write it with a point for a float');
  return { type: 'int', start, end, value: Number(digits), digits };
}

function readWord(text: string, start: number, word: string): Token {
  const end = start + word.length;
  if (text.charAt(end) !== '.') return { type: 'word', text: word.replace(/\s/g, ''), start, end };
  if (word === 'parent') return readParentAttribute(text, start, end + 1);
  if (SCOPES.includes(word)) return readAttribute(text, start, { scope: word as AttributeScope, from: end + 1 });
  throw unknownScope(text, start, word);
}

function unknownScope(text: string, start: number, word: string): TraceqlFailure {
  const name = readName(text, start).key;
  const meant = word === 'trace' ? undefined : closest(word, SCOPES);
  const rest = name.slice(word.length);
  if (word === 'trace') return new TraceqlFailure(start, 'trace. is not a scope', 'what Tocsin knows of the trace is written trace:duration, trace:rootName, trace:rootService, trace:id');
  const hint = meant === undefined
    ? `an attribute needs a dot or a scope in front: .${name}, span.${name} or resource.${name}`
    : `did you mean ${meant}${rest}? An attribute whose name starts with ${word} is written .${name}`;
  return new TraceqlFailure(start, `${word}. is not a scope`, hint);
}

function readParentAttribute(text: string, start: number, from: number): Token {
  const scope = (['span', 'resource'] as const).find((candidate) => text.startsWith(`${candidate}.`, from));
  const token = readAttribute(text, start, { scope: scope ?? 'any', from: scope === undefined ? from : from + scope.length + 1 });
  return token.type === 'attribute' ? { ...token, field: { ...token.field, ofParent: true } } : token;
}

function readAttribute(text: string, start: number, { scope, from }: { scope: AttributeScope; from: number }): Token {
  const { key, end } = readName(text, from);
  if (key === '' && end === from) {
    throw new TraceqlFailure(start, 'the name of the attribute is missing', 'write it right after the dot: span.http.route, or quoted: span."odd name"');
  }
  return { type: 'attribute', field: { type: 'attribute', scope, key }, start, end };
}

/** An attribute name: plain and quoted parts in any mix. */
function readName(text: string, from: number): { readonly key: string; readonly end: number } {
  let key = '';
  let offset = from;
  while (offset < text.length) {
    if (text.charAt(offset) === '"') {
      const quoted = readQuotedName(text, offset);
      key += quoted.value;
      offset = quoted.end;
    } else if (NAME_END.test(text.charAt(offset))) {
      break;
    } else {
      key += text.charAt(offset);
      offset += 1;
    }
  }
  return { key, end: offset };
}

function matchAt(pattern: RegExp, text: string, offset: number): string | undefined {
  pattern.lastIndex = offset;
  return pattern.exec(text)?.[0];
}
