import { TraceqlFailure } from './traceql-error.js';

/** Go's (`strconv.Unquote`), as Tempo has them: no \' and no \/ between double quotes. */
const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  '"': '"', '\\': '\\', a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v',
};
const HEX_LENGTH: Readonly<Record<string, number>> = { u: 4, U: 8 };
const MAX_CODE_POINT = 0x10ffff;
/** \xHH and \OOO are bytes: several of them may make up one character. */
const BYTES = /(?:\\(?:x[0-9a-fA-F]{2}|[0-3][0-7]{2}))+/y;

interface Read {
  readonly value: string;
  readonly end: number;
}

/** A string in double quotes, `start` at the opening quote. */
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
  return { value: text.slice(start + 1, close).replaceAll('\r', ''), end: close + 1 };
}

/** A quoted part of an attribute name: only \" and \\ are escapes, and it may run over lines. */
export function readQuotedName(text: string, start: number): Read {
  let value = '';
  let offset = start + 1;
  while (offset < text.length) {
    const char = text.charAt(offset);
    if (char === '"') return { value, end: offset + 1 };
    const escaped = text.charAt(offset + 1);
    if (char === '\\' && escaped !== '"' && escaped !== '\\') {
      throw new TraceqlFailure(offset, `\\${escaped} is not an escape in the name of an attribute`, 'only \\" and \\\\ are');
    }
    value += char === '\\' ? escaped : char;
    offset += char === '\\' ? 2 : 1;
  }
  throw new TraceqlFailure(start, 'the closing " of this name is missing', 'close it: span."odd name"');
}

function readEscape(text: string, offset: number): Read {
  const letter = text.charAt(offset + 1);
  const simple = Object.hasOwn(SIMPLE_ESCAPES, letter) ? SIMPLE_ESCAPES[letter] : undefined;
  if (simple !== undefined) return { value: simple, end: offset + 2 };
  BYTES.lastIndex = offset;
  const bytes = BYTES.exec(text)?.[0];
  if (bytes !== undefined) return { value: textOfBytes(bytes), end: offset + bytes.length };
  if (letter === 'x') throw new TraceqlFailure(offset, '\\x needs 2 hex digits', 'like \\x41');
  const length = Object.hasOwn(HEX_LENGTH, letter) ? HEX_LENGTH[letter] : undefined;
  if (length === undefined) {
    const hint = letter === "'" || letter === '/' ? `leave the \\ out: ${letter} needs none between double quotes` : `write \\\\${letter} inside double quotes, or put the text into backticks, where \\ is just \\`;
    throw new TraceqlFailure(offset, `\\${letter} is not an escape`, hint);
  }
  const digits = text.slice(offset + 2, offset + 2 + length);
  const codePoint = /^[0-9a-fA-F]+$/.test(digits) && digits.length === length ? Number.parseInt(digits, 16) : -1;
  if (codePoint < 0 || codePoint > MAX_CODE_POINT || (codePoint >= 0xd800 && codePoint <= 0xdfff)) {
    throw new TraceqlFailure(offset, `\\${letter} needs ${length} hex digits that name a character`, 'like \\u00e9');
  }
  return { value: String.fromCodePoint(codePoint), end: offset + 2 + length };
}

/** Bytes that are no UTF-8 become U+FFFD: stored texts are UTF-8, so none of them is equal either way. */
function textOfBytes(escapes: string): string {
  const bytes = [...escapes.matchAll(/\\(?:x([0-9a-fA-F]{2})|([0-7]{3}))/g)].map(([, hex, octal]) => (hex === undefined ? Number.parseInt(octal ?? '', 8) : Number.parseInt(hex, 16)));
  return Buffer.from(bytes).toString('utf8');
}

/** The literal that `readQuoted` reads back. */
export function quote(value: string): string {
  const escaped = value.replace(/["\\]/g, '\\$&').replace(/[\u0000-\u001f\u007f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `"${escaped}"`;
}

/** The name that `readQuotedName` reads back. */
export function quoteName(name: string): string {
  return `"${name.replace(/["\\]/g, '\\$&')}"`;
}
