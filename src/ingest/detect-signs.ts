/**
 * Signs that a text may hold something to redact. One quick pass over the characters finds them; most texts have none, and
 * only the others are looked at by detectors. A sign may be wrong, its absence may not.
 */
export const SIGN = {
  /** `@` or `%40`. */
  at: 1,
  /** `=`, `:` or `%3D`: a name may have a value. */
  pair: 2,
  /** A blank (or `%20`, `+`) after the last letter of an authorization scheme. */
  scheme: 4,
  /**
   * A word of at least 16 letters, digits, dashes, dots and underscores, and in it a capital, an underscore or the beginning of a key:
   * UUIDs, host names and hashes have none of these.
   */
  word: 8,
  /** At least 9 digits. */
  digits: 16,
  /** At least 13 digits with nothing but single separators between them. */
  digits13: 32,
  /** `-----`. */
  dashes: 64,
  /** A capital letter. */
  capital: 128,
} as const;

/** Shorter texts hold no secret that a detector knows: `a@b.co` has six characters. */
const SHORTEST = 5;
const WORD_LENGTH = 16;
const MANY_DIGITS = 9;
const CARD_DIGITS = 13;

/** Marks are capital to dot, separators of digits dash to percent. */
const KIND = { other: 0, lower: 1, digit: 2, capital: 3, underscore: 4, dash: 5, dot: 6, blank: 7, percent: 8, at: 9, pair: 10 } as const;
const KINDS = kindsOfCharacters();
/** Last letters of Bearer, Basic, Negotiate and NTLM, in lower case. */
const SCHEME_END = new Uint8Array(128);
for (const letter of 'rcem') SCHEME_END[letter.charCodeAt(0)] = 1;

export function signsOf(text: string): number {
  const length = text.length;
  if (length < SHORTEST) return 0;
  let signs = 0;
  let wordStart = 0;
  /** Last places of a digit, of a separator, and of what a key has and an id has not. */
  let digitAt = -2;
  let separatorAt = -2;
  let markAt = -1;
  let digits = 0;
  let digitRun = 0;
  for (let index = 0; index < length; index += 1) {
    const code = text.charCodeAt(index);
    const kind = code < 128 ? KINDS[code]! : KIND.other;
    if (kind === KIND.lower) continue;
    if (kind === KIND.digit) {
      digits += 1;
      digitRun = digitAt === index - 1 || (digitAt === index - 2 && separatorAt === index - 1) ? digitRun + 1 : 1;
      if (digitRun === CARD_DIGITS) signs |= SIGN.digits13;
      digitAt = index;
      continue;
    }
    if (kind >= KIND.dash && kind <= KIND.percent) separatorAt = index;
    if (kind >= KIND.capital && kind <= KIND.dot) {
      if (kind === KIND.capital) {
        signs |= SIGN.capital;
        markAt = index;
      } else if (kind === KIND.underscore || endsKeyBeginning(text, index)) {
        markAt = index;
      } else if (kind === KIND.dash && text.charCodeAt(index - 1) === code && text.startsWith('-----', index - 1)) {
        signs |= SIGN.dashes;
      }
      continue;
    }
    if (markAt >= wordStart && index - wordStart >= WORD_LENGTH) signs |= SIGN.word;
    wordStart = index + 1;
    if (kind !== KIND.other) signs |= signsAt(text, index, kind);
  }
  if (markAt >= wordStart && length - wordStart >= WORD_LENGTH) signs |= SIGN.word;
  return digits >= MANY_DIGITS ? signs | SIGN.digits : signs;
}

/** Whether the dash or dot at `index` ends one of the beginnings of detect-api-keys.ts that are all lower case. */
function endsKeyBeginning(text: string, index: number): boolean {
  if (text.charCodeAt(index - 4) === LETTER.x) return true;
  switch (text.charCodeAt(index - 1)) {
    case LETTER.k: return text.charCodeAt(index - 2) === LETTER.s;
    case LETTER.t: return text.lastIndexOf('gl', index) >= index - LONGEST_GITLAB;
    case LETTER.s: return text.startsWith('hvs', index - 3) || text.startsWith('hooks', index - 5) || text.lastIndexOf('gl', index) >= index - LONGEST_GITLAB;
    case LETTER.i: return text.startsWith('pypi', index - 4);
    case LETTER.nine: return text.startsWith('ya29', index - 4);
    default: return text.charCodeAt(index - 3) === LETTER.h && text.charCodeAt(index - 2) === LETTER.v;
  }
}

const LETTER = { h: 104, i: 105, k: 107, s: 115, t: 116, v: 118, x: 120, nine: 57 } as const;
/** `glagent-`. */
const LONGEST_GITLAB = 8;

/** Signs of a character that stands for more than itself. */
function signsAt(text: string, index: number, kind: number): number {
  if (kind === KIND.at) return SIGN.at;
  if (kind === KIND.pair) return SIGN.pair;
  if (kind === KIND.blank) return schemeBefore(text, index);
  const [high, low] = [text.charCodeAt(index + 1), text.charCodeAt(index + 2) | 32];
  if (high === 52 && low === 48) return SIGN.at;
  if (high === 51 && (low === 97 || low === 100)) return SIGN.pair;
  return high === 50 && low === 48 ? schemeBefore(text, index) : 0;
}

function schemeBefore(text: string, index: number): number {
  return index > 3 && SCHEME_END[(text.charCodeAt(index - 1) | 32) & 127] === 1 ? SIGN.scheme : 0;
}

function kindsOfCharacters(): Uint8Array {
  const kinds = new Uint8Array(128);
  const set = (characters: string, kind: number): void => {
    for (const character of characters) kinds[character.charCodeAt(0)] = kind;
  };
  set('0123456789', KIND.digit);
  set('abcdefghijklmnopqrstuvwxyz', KIND.lower);
  set('ABCDEFGHIJKLMNOPQRSTUVWXYZ', KIND.capital);
  set('_', KIND.underscore);
  set('-', KIND.dash);
  set('.', KIND.dot);
  set(' \t\n\r+', KIND.blank);
  set('@', KIND.at);
  set('=:', KIND.pair);
  set('%', KIND.percent);
  return kinds;
}
