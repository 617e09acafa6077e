import { TraceqlFailure } from './traceql-error.js';

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  '"': '"', '\\': '\\', "'": "'", '/': '/', a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v',
};
const HEX_LENGTH: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };
const MAX_CODE_POINT = 0x10ffff;

interface Read {
  readonly value: string;
  readonly end: number;
}

/** A string in double quotes with Go's escapes, `start` at the opening quote. */
export function readQuoted(text: string, start: number): Read {
  let value = '';
  let offset = start + 1;
  while (offset < text.length) {
    const char = text.charAt(offset);
    if (char === '"') return { value, end: offset + 1 };
    if (char === '\n') break;
    if (char !== '\\') {
      value += char;
      offset += 1;
      continue;
    }
    const escaped = readEscape(text, offset);
    value += escaped.value;
    offset = escaped.end;
  }
  throw new TraceqlFailure(start, 'the closing " of this text is missing', 'close it on the same line: "text"; a " inside is written \\"');
}

/** A string in backticks: no escapes at all, made for regular expressions. */
export function readRaw(text: string, start: number): Read {
  const close = text.indexOf('`', start + 1);
  if (close === -1) throw new TraceqlFailure(start, 'the closing ` of this text is missing', 'close it: `text`');
  return { value: text.slice(start + 1, close), end: close + 1 };
}

function readEscape(text: string, offset: number): Read {
  const letter = text.charAt(offset + 1);
  const simple = Object.hasOwn(SIMPLE_ESCAPES, letter) ? SIMPLE_ESCAPES[letter] : undefined;
  if (simple !== undefined) return { value: simple, end: offset + 2 };
  const length = Object.hasOwn(HEX_LENGTH, letter) ? HEX_LENGTH[letter] : undefined;
  if (length === undefined) {
    throw new TraceqlFailure(offset, `\\${letter} is not an escape`, `write \\\\${letter} inside double quotes, or put the text into backticks, where \\ is just \\`);
  }
  const digits = text.slice(offset + 2, offset + 2 + length);
  const codePoint = /^[0-9a-fA-F]+$/.test(digits) && digits.length === length ? Number.parseInt(digits, 16) : -1;
  if (codePoint < 0 || codePoint > MAX_CODE_POINT || (codePoint >= 0xd800 && codePoint <= 0xdfff)) {
    throw new TraceqlFailure(offset, `\\${letter} needs ${length} hex digits that name a character`, 'like \\u00e9');
  }
  return { value: String.fromCodePoint(codePoint), end: offset + 2 + length };
}

/** The literal that `readQuoted` reads back. */
export function quote(value: string): string {
  const escaped = value.replace(/["\\]/g, '\\$&').replace(/[\u0000-\u001f\u007f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `"${escaped}"`;
}
