import { err, ok, type Result } from '../../lib/result.js';

/**
 * JavaScript and RE2 (DuckDB, ClickHouse, Go) read many regular expressions differently: what `\s` holds, what `\/` may escape, whether
 * `(?=…)` exists. So the matcher and the database agree, a pattern is read here, in the part both share, and written anew for each.
 */
export interface PortableRegex {
  /** Matches whole strings. Flags: u, s (a dot is any character, as in Tempo), i where the pattern starts with (?i). */
  readonly javascript: RegExp;
  /** For a function that matches whole strings, like DuckDB's `regexp_full_match`. */
  readonly re2: string;
}

export interface RegexError {
  /** Index in the pattern. */
  readonly offset: number;
  readonly message: string;
  readonly hint: string;
}

/** RE2 refuses more; nested repeats multiply. */
const MAX_REPEAT = 1_000;
/** Characters and classes with all repeats written out: keeps the program of RE2 far below its memory limit. */
const MAX_SIZE = 4_000;
const MAX_PATTERN_LENGTH = 2_000;
const MAX_GROUP_DEPTH = 50;

const SYNTAX = /[\^$\\.*+?()[\]{}|/]/;
const CLASS_SYNTAX = /[\^\\\][\-&~]/;
const SHORTHANDS: Readonly<Record<string, string>> = { d: '0-9', w: '0-9A-Za-z_', s: '\\t\\n\\f\\r ' };
const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, a: 7 };
const REPEAT = /\{(\d+)(?:(,)(\d*))?\}/y;

export function portableRegex(pattern: string): Result<PortableRegex, RegexError> {
  try {
    const reader = new PatternReader(pattern);
    const { javascript, re2 } = reader.readAll();
    return ok({ javascript: new RegExp(`^(?:${javascript})$`, reader.ignoreCase ? 'sui' : 'su'), re2: `(?s${reader.ignoreCase ? 'i' : ''})${re2}` });
  } catch (error) {
    if (error instanceof RegexFailure) return err({ offset: error.offset, message: error.message, hint: error.hint });
    if (error instanceof SyntaxError) return err({ offset: 0, message: 'this regular expression does not work', hint: error.message });
    throw error;
  }
}

class RegexFailure extends Error {
  readonly offset: number;
  readonly hint: string;

  constructor(offset: number, message: string, hint: string) {
    super(message);
    this.offset = offset;
    this.hint = hint;
  }
}

/** The same piece of a pattern in both dialects, and how often repeats inside it multiply. */
interface Piece {
  readonly javascript: string;
  readonly re2: string;
  readonly repeats: number;
  readonly size: number;
  /** `^`, `\b` and the like stand for no character, so they cannot be repeated. */
  readonly repeatable: boolean;
}

class PatternReader {
  readonly #pattern: string;
  #offset = 0;
  #depth = 0;
  readonly ignoreCase: boolean;

  constructor(pattern: string) {
    this.#pattern = pattern;
    if (pattern.length > MAX_PATTERN_LENGTH) throw new RegexFailure(0, 'this regular expression is too long', `at most ${MAX_PATTERN_LENGTH} characters`);
    const flags = /^\(\?(i|s|is|si)\)/.exec(pattern);
    this.ignoreCase = flags?.[1]?.includes('i') ?? false;
    this.#offset = flags?.[0].length ?? 0;
  }

  readAll(): Piece {
    const piece = this.#readAlternatives();
    if (piece.size > MAX_SIZE) throw new RegexFailure(0, 'this regular expression is too large', `its repeats add up to more than ${MAX_SIZE} characters`);
    if (this.#offset < this.#pattern.length) throw new RegexFailure(this.#offset, 'this ) closes nothing', 'write \\) for the character, or open a group');
    return piece;
  }

  #readAlternatives(): Piece {
    const pieces = [this.#readSequence()];
    while (this.#peek() === '|') {
      this.#offset += 1;
      pieces.push(this.#readSequence());
    }
    return join(pieces, '|');
  }

  #readSequence(): Piece {
    const pieces: Piece[] = [];
    while (this.#offset < this.#pattern.length && this.#peek() !== '|' && this.#peek() !== ')') pieces.push(this.#readRepeated());
    return join(pieces, '');
  }

  #readRepeated(): Piece {
    const start = this.#offset;
    const piece = this.#readAtom();
    const repeat = this.#readRepeat();
    if (repeat === undefined) return piece;
    if (!piece.repeatable) throw new RegexFailure(start, 'an anchor cannot be repeated', 'take the *, +, ? or {…} after it away');
    const repeats = piece.repeats * repeat.most;
    const size = piece.size * repeat.most;
    if (repeats > MAX_REPEAT || size > MAX_SIZE) throw new RegexFailure(start, 'this repeats too often', `at most ${MAX_REPEAT} times in all`);
    const again = this.#offset;
    if (this.#readRepeat() !== undefined) throw new RegexFailure(again, 'a repeat cannot be repeated', 'put the first one into a group: (?:…)');
    return { javascript: piece.javascript + repeat.text, re2: piece.re2 + repeat.text, repeats, size, repeatable: true };
  }

  /** `*`, `+`, `?`, `{2}`, `{2,}`, `{2,5}`, each also lazy. A brace that is none of these is a character. */
  #readRepeat(): { readonly text: string; readonly most: number } | undefined {
    const char = this.#peek();
    const lazy = (length: number): string => (this.#pattern.charAt(this.#offset + length) === '?' ? '?' : '');
    if (char === '*' || char === '+' || char === '?') {
      const text = char + lazy(1);
      this.#offset += text.length;
      return { text, most: 1 };
    }
    REPEAT.lastIndex = this.#offset;
    const found = REPEAT.exec(this.#pattern);
    if (found === null) return undefined;
    const [braces, least = '', comma, most = ''] = found;
    if (most !== '' && Number(most) < Number(least)) throw new RegexFailure(this.#offset, `${braces} has no meaning`, 'the smaller number comes first');
    const text = braces + lazy(braces.length);
    this.#offset += text.length;
    return { text, most: Math.max(1, Number(comma === undefined || most === '' ? least : most)) };
  }

  #readAtom(): Piece {
    const start = this.#offset;
    const char = String.fromCodePoint(this.#pattern.codePointAt(start) ?? 0);
    this.#offset += char.length;
    if (char === '(') return this.#readGroup(start);
    if (char === '[') return this.#readClass(start);
    if (char === '\\') return this.#readEscape(start);
    if (char === '.') return same('.');
    if (char === '^' || char === '$') return { ...same(char), repeatable: false };
    if (char === '*' || char === '+' || char === '?') {
      throw new RegexFailure(start, `${char} has nothing before it to repeat`, char === '*' ? 'write .* for any text' : `write \\${char} for the character`);
    }
    return character(char);
  }

  #readGroup(start: number): Piece {
    const opening = /^\((?:\?:|\?P?<[A-Za-z_][A-Za-z0-9_]*>)?/.exec(this.#pattern.slice(start))?.[0] ?? '(';
    this.#offset = start + opening.length;
    if (this.#peek() === '?') throw unsupportedGroup(this.#pattern, start);
    this.#depth += 1;
    if (this.#depth > MAX_GROUP_DEPTH) throw new RegexFailure(start, 'groups are nested too deep', `at most ${MAX_GROUP_DEPTH} deep`);
    const inside = this.#readAlternatives();
    this.#depth -= 1;
    if (this.#peek() !== ')') throw new RegexFailure(start, 'this group is not closed', 'add a ), or write \\( for the character');
    this.#offset += 1;
    return { javascript: `(?:${inside.javascript})`, re2: `(?:${inside.re2})`, repeats: inside.repeats, size: inside.size, repeatable: true };
  }

  #readEscape(start: number): Piece {
    const letter = this.#peek();
    if (letter === 'b' || letter === 'B') {
      // JavaScript folds ſ and K into word characters, RE2 does not: the two would find different boundaries.
      if (this.ignoreCase) throw new RegexFailure(start, `\\${letter} does not go together with (?i)`, 'write out what may stand before and behind, like (?i)(?:.*[^a-z])?word(?:[^a-z].*)?');
      this.#offset += 1;
      return { ...same(`\\${letter}`), repeatable: false };
    }
    const shorthand = SHORTHANDS[letter.toLowerCase()];
    if (/^[dws]$/i.test(letter) && shorthand !== undefined) {
      this.#offset += 1;
      return same(`[${letter === letter.toUpperCase() ? '^' : ''}${shorthand}]`);
    }
    return character(this.#readEscapedCharacter(start));
  }

  /** After the backslash: a control letter, \xHH, \x{…} or punctuation. */
  #readEscapedCharacter(start: number): string {
    const rest = this.#pattern.slice(this.#offset);
    const hex = /^x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/.exec(rest);
    if (hex !== null) {
      const codePoint = Number.parseInt(hex[1] ?? hex[2] ?? '', 16);
      if (codePoint > 0x10ffff || (codePoint >= 0xd800 && codePoint <= 0xdfff)) throw new RegexFailure(start, 'this is no character', 'like \\x{e9}');
      this.#offset += hex[0].length;
      return String.fromCodePoint(codePoint);
    }
    const letter = rest.charAt(0);
    const control = Object.hasOwn(CONTROLS, letter) ? CONTROLS[letter] : undefined;
    if (control === undefined && !/^[!-/:-@[-`{-~]$/.test(letter)) throw unsupportedEscape(letter, start);
    this.#offset += 1;
    return control === undefined ? letter : String.fromCharCode(control);
  }

  #readClass(start: number): Piece {
    let text = '[';
    if (this.#peek() === '^') {
      text += '^';
      this.#offset += 1;
    }
    const first = this.#offset;
    while (this.#offset < this.#pattern.length && (this.#peek() !== ']' || this.#offset === first)) text += this.#readClassItem();
    if (this.#peek() !== ']') throw new RegexFailure(start, 'this [ is not closed', 'add a ], or write \\[ for the character');
    this.#offset += 1;
    return same(`${text}]`);
  }

  #readClassItem(): string {
    const start = this.#offset;
    if (/^\[[:.=]/.test(this.#pattern.slice(start))) throw new RegexFailure(start, 'classes like [:alpha:] are not supported', 'write the range: [A-Za-z]');
    const low = this.#readClassCharacter();
    if (low.length > 2 || this.#peek() !== '-' || this.#pattern.charAt(this.#offset + 1) === ']') return low.length > 2 ? low : classCharacter(low);
    this.#offset += 1;
    const high = this.#readClassCharacter();
    if (high.length > 2 || (high.codePointAt(0) ?? 0) < (low.codePointAt(0) ?? 0)) {
      throw new RegexFailure(start, 'this range has no meaning', 'write the smaller character first, and \\- for the character -');
    }
    return `${classCharacter(low)}-${classCharacter(high)}`;
  }

  /** One character, or the inside of a shorthand like \d, which is always longer. */
  #readClassCharacter(): string {
    const start = this.#offset;
    const char = String.fromCodePoint(this.#pattern.codePointAt(start) ?? 0);
    this.#offset += char.length;
    if (char !== '\\') return char;
    const letter = this.#peek();
    const shorthand = Object.hasOwn(SHORTHANDS, letter) ? SHORTHANDS[letter] : undefined;
    if (shorthand === undefined) return this.#readEscapedCharacter(start);
    this.#offset += 1;
    return shorthand;
  }

  #peek(): string {
    return this.#pattern.charAt(this.#offset);
  }
}

function join(pieces: readonly Piece[], separator: string): Piece {
  return {
    javascript: pieces.map((piece) => piece.javascript).join(separator),
    re2: pieces.map((piece) => piece.re2).join(separator),
    repeats: Math.max(1, ...pieces.map((piece) => piece.repeats)),
    size: pieces.reduce((sum, piece) => sum + piece.size, 0),
    repeatable: true,
  };
}

function same(text: string): Piece {
  return { javascript: text, re2: text, repeats: 1, size: 1, repeatable: true };
}

function character(char: string): Piece {
  if (SYNTAX.test(char)) return same(`\\${char}`);
  return char < ' ' || char === '\x7f' ? same(`\\x${hex2(char)}`) : same(char);
}

function classCharacter(char: string): string {
  // RE2 takes any escaped punctuation; JavaScript, with the u flag, takes only some, and both take \xHH.
  return CLASS_SYNTAX.test(char) || char < ' ' || char === '\x7f' ? `\\x${hex2(char)}` : char;
}

function hex2(char: string): string {
  return char.charCodeAt(0).toString(16).padStart(2, '0');
}

function unsupportedGroup(pattern: string, start: number): RegexFailure {
  if (/^\(\?<?[=!]/.test(pattern.slice(start))) {
    return new RegexFailure(start, 'lookahead and lookbehind are not supported', 'say it with two terms: .x =~ `a.*` && .x !~ `ab.*`');
  }
  return new RegexFailure(start, 'this kind of group is not supported', '(…), (?:…) and, at the very start, (?i) are');
}

function unsupportedEscape(letter: string, start: number): RegexFailure {
  if (/^[1-9k]$/.test(letter)) return new RegexFailure(start, 'backreferences are not supported', 'write the alternatives out: (?:aa|bb)');
  if (letter === '') return new RegexFailure(start, 'the \\ at the end escapes nothing', 'write \\\\ for the character');
  if (/^[AzZ]$/.test(letter)) return new RegexFailure(start, `\\${letter} is not supported`, 'leave it out: a pattern matches the whole text anyway');
  return new RegexFailure(start, `\\${letter} is not supported`, '\\d \\w \\s \\b, \\n \\t, \\x{e9} and escaped punctuation like \\. are');
}
