/** One piece of SQL. Comments and blanks are no pieces. */
export interface SqlWord {
  readonly kind: 'word' | 'name' | 'literal' | 'parameter' | 'sign';
  readonly text: string;
  /** Blanks or a comment stood before it. */
  readonly isApart: boolean;
}

const BLANK = /(?:\s+|--[^\n\r]*)+/y;
const COMMENT_SIGN = /\/\*|\*\//g;
const TEXT_BEGIN = /(?:[bBxXnNeE]|[uU]&)?'/y;
const TEXT = /(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*'(?!')/y;
const ESCAPED_TEXT = /(?:[bBxXnNeE]|[uU]&)?'(?:[^'\\]|\\[\s\S]|'')*'(?!')/y;
/** As a server reads it whose client sends Big5, GBK, SJIS and the like, where a backslash may be the second byte of a character. */
const ESCAPED_FOREIGN_TEXT = /(?:[bBxXnNeE]|[uU]&)?'(?:[\u0080-\uffff]\\|[^'\\]|\\[\s\S]|'')*'(?!')/y;
const DOLLAR_TAG = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y;
const QUOTED_NAME = /"(?:[^"]|"")*"(?!")/y;
const PARAMETER = /\$\d+/y;
/** With what stands at it: whoever forgot the quotes meant a value. */
const NUMBER = /(?:\d[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?\d+)?|\.\d[\d_]*(?:[eE][+-]?\d+)?)[\w\u0080-\uffff]*/y;
const WORD = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y;

/**
 * Splits a statement of PostgreSQL's dialect (documentation 4.1). Takes any text; what is not closed goes to its end. With `standard_conforming_strings` off a
 * backslash escapes in every text, not in E'' alone, and which server it is cannot be told. Where that makes a difference the standard holds if it alone gives a
 * statement in which everything is closed; else, and where the statement was cut off, everything from there on is one literal. Neither can the encoding be told:
 * where a backslash that may be half a character makes a difference it is the same.
 */
export function sqlWords(statement: string, { isCut }: { readonly isCut: boolean }): SqlWord[] {
  const { words, isOpen, doubtful, foreign } = scan(statement, { escapesAlways: false });
  const isStandard = doubtful < words.length && !isCut && !isOpen && scan(statement, { escapesAlways: true }).isOpen;
  const last = Math.min(foreign, isStandard ? words.length : doubtful);
  return last >= words.length ? words : [...words.slice(0, last), { ...words[last]!, kind: 'literal', text: '' }];
}

interface Scan {
  readonly words: SqlWord[];
  /** Something begins and does not end. */
  readonly isOpen: boolean;
  /** The first text whose end depends on whether backslashes escape; Infinity where there is none. */
  readonly doubtful: number;
  /** The first text whose end depends on the encoding. */
  readonly foreign: number;
}

function scan(statement: string, { escapesAlways }: { readonly escapesAlways: boolean }): Scan {
  const words: SqlWord[] = [];
  let [isApart, isOpen, isEscaped] = [false, false, false];
  let [doubtful, foreign] = [Infinity, Infinity];
  for (let at = 0; at < statement.length;) {
    const blank = blankAt(statement, at);
    if (blank.next > at) {
      isApart = true;
      isOpen = blank.isOpen;
      at = blank.next;
      continue;
    }
    // Texts in a row are one, and the first of them says whether backslashes escape.
    isEscaped = /[eE]/.test(statement.charAt(at)) || (isEscaped && statement[at] === "'");
    const piece = pieceAt(statement, at, isEscaped || escapesAlways);
    isEscaped &&= piece.kind === 'literal';
    if (piece.kind === 'literal' && !isEscaped && pieceAt(statement, at, true).next !== piece.next) doubtful = Math.min(doubtful, words.length);
    if (piece.kind === 'literal' && isEscaped && foreignEnd(statement, at) !== piece.next) foreign = Math.min(foreign, words.length);
    words.push({ kind: piece.kind, text: statement.slice(at, piece.next), isApart });
    isApart = false;
    isOpen = piece.isOpen;
    at = piece.next;
  }
  return { words, isOpen, doubtful, foreign };
}

interface Piece {
  readonly kind: SqlWord['kind'];
  readonly next: number;
  readonly isOpen: boolean;
}

function blankAt(text: string, at: number): Omit<Piece, 'kind'> {
  const next = end(BLANK, text, at);
  return next === at && text.startsWith('/*', at) ? commentAt(text, at) : { next, isOpen: false };
}

/** A comment may hold others. */
function commentAt(text: string, at: number): Omit<Piece, 'kind'> {
  COMMENT_SIGN.lastIndex = at;
  let depth = 0;
  for (let sign = COMMENT_SIGN.exec(text); sign !== null; sign = COMMENT_SIGN.exec(text)) {
    depth += sign[0] === '/*' ? 1 : -1;
    if (depth === 0) return { next: COMMENT_SIGN.lastIndex, isOpen: false };
  }
  return { next: text.length, isOpen: true };
}

function pieceAt(text: string, at: number, isEscaped: boolean): Piece {
  if (end(TEXT_BEGIN, text, at) > at) return { kind: 'literal', ...closed(text, at, end(isEscaped ? ESCAPED_TEXT : TEXT, text, at)) };
  const tag = end(DOLLAR_TAG, text, at);
  if (tag > at) {
    const close = text.indexOf(text.slice(at, tag), tag);
    return { kind: 'literal', ...closed(text, at, close === -1 ? at : close + tag - at) };
  }
  if (text[at] === '"') {
    const name = closed(text, at, end(QUOTED_NAME, text, at));
    // One that never ends may hold anything.
    return { kind: name.isOpen ? 'literal' : 'name', ...name };
  }
  for (const [pattern, kind] of [[PARAMETER, 'parameter'], [WORD, 'word'], [NUMBER, 'literal']] as const) {
    const next = end(pattern, text, at);
    if (next === at) continue;
    // A name that begins at a number and goes on here, or a text that begins here: servers differ, and behind it anything may be a value.
    const isOpen = kind === 'literal' && text[next] === '$' && /[^\d.]/.test(text.slice(at, next));
    return { kind, next: isOpen ? text.length : next, isOpen };
  }
  return { kind: 'sign', next: at + 1, isOpen: false };
}

/** Where a text with escapes would end if backslashes behind what is not ASCII were none. */
function foreignEnd(text: string, at: number): number {
  return closed(text, at, end(ESCAPED_FOREIGN_TEXT, text, at)).next;
}

/** `next`: where it ends, or `at` where it does not. */
function closed(text: string, at: number, next: number): Omit<Piece, 'kind'> {
  return next > at ? { next, isOpen: false } : { next: text.length, isOpen: true };
}

function end(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}
