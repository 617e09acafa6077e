/** One piece of SQL. Comments and blanks are no pieces. */
export interface SqlWord {
  readonly kind: 'word' | 'name' | 'literal' | 'parameter' | 'sign';
  readonly text: string;
  /** Blanks or a comment stood before it. */
  readonly isApart: boolean;
}

const BLANK = /(?:\s+|--[^\n]*(?:\n|$)|\/\*[\s\S]*?(?:\*\/|$))+/y;
/** A text that is cut off ends with the statement. Backslashes escape in E'' alone. */
const ESCAPED_TEXT = /[eE]'(?:[^'\\]|\\[\s\S]|'')*(?:'|$)/y;
const TEXT = /(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*(?:'|$)/y;
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
const QUOTED_NAME = /"(?:[^"]|"")*(?:"|$)/y;
const PARAMETER = /\$\d+/y;
const NUMBER = /(?:0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|\d[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?\d+)?|\.\d[\d_]*(?:[eE][+-]?\d+)?)/y;
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;

/** Splits a statement of PostgreSQL's dialect. Takes any text, and every character of it belongs to some piece or is passed over. */
export function sqlWords(statement: string): SqlWord[] {
  const words: SqlWord[] = [];
  let isApart = false;
  for (let at = 0; at < statement.length;) {
    const blank = end(BLANK, statement, at);
    if (blank > at) {
      isApart = true;
      at = blank;
      continue;
    }
    const { kind, next } = pieceAt(statement, at);
    words.push({ kind, text: statement.slice(at, next), isApart });
    isApart = false;
    at = next;
  }
  return words;
}

function pieceAt(text: string, at: number): { readonly kind: SqlWord['kind']; readonly next: number } {
  for (const pattern of [ESCAPED_TEXT, TEXT]) {
    const next = end(pattern, text, at);
    if (next > at) return { kind: 'literal', next };
  }
  const tag = end(DOLLAR_TAG, text, at);
  if (tag > at) {
    const close = text.indexOf(text.slice(at, tag), tag);
    return { kind: 'literal', next: close === -1 ? text.length : close + tag - at };
  }
  for (const [pattern, kind] of [[QUOTED_NAME, 'name'], [PARAMETER, 'parameter'], [WORD, 'word'], [NUMBER, 'literal']] as const) {
    const next = end(pattern, text, at);
    if (next > at) return { kind, next };
  }
  return { kind: 'sign', next: at + 1 };
}

function end(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}
