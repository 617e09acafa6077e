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
/** Longer texts are statements, messages and addresses with a query: hardly ever plain. */
const PLAIN_LENGTH = 64;
const WORD_LENGTH = 16;
const MANY_DIGITS = 9;
const CARD_DIGITS = 13;

/** Marks are capital to dot, separators of digits dash to percent. */
const KIND = { other: 0, lower: 1, digit: 2, capital: 3, underscore: 4, dash: 5, dot: 6, blank: 7, percent: 8, at: 9, pair: 10 } as const;
const KINDS = kindsOfCharacters();
/** What `signsOf` adds up over a text. `keepsRun`: digits and separators; `telling`: more than a digit, a dash or a dot. */
const TRAIT = { digit: 1, keepsRun: 2, telling: 4, dashOrDot: 8 } as const;
/** One for each UTF-16 code, so that none needs a comparison. */
const TRAITS = Uint8Array.from({ length: 65_536 }, (_, code) => traitsOf(code < 128 ? KINDS[code]! : KIND.other));
/** Last letters of Bearer, Basic, Negotiate and NTLM, in lower case. */
const SCHEME_END = new Uint8Array(128);
for (const letter of 'rcem') SCHEME_END[letter.charCodeAt(0)] = 1;

/**
 * Whether a text is plain, and the digits in it: what most values are (ids, paths, hosts, numbers) is seen without a branch that depends on
 * a character, because in hexadecimal ids a processor guesses every second one wrong.
 */
export function signsOf(text: string): number {
  const length = text.length;
  if (length < SHORTEST) return 0;
  if (length > PLAIN_LENGTH) return closeLook(text);
  let seen = 0;
  let digits = 0;
  let run = 0;
  let room = CARD_DIGITS - 1;
  for (let index = 0; index < length; index += 1) {
    const traits = TRAITS[text.charCodeAt(index)]!;
    seen |= traits;
    digits += traits & TRAIT.digit;
    // Digits add to a run and separators keep it (also several, which is a run too many); everything else ends it.
    run = (run + (traits & TRAIT.digit)) & -((traits >> 1) & 1);
    room |= CARD_DIGITS - 1 - run;
  }
  if ((seen & TRAIT.telling) !== 0 || ((seen & TRAIT.dashOrDot) !== 0 && hasKeyBeginning(text))) return closeLook(text);
  if (digits < MANY_DIGITS) return 0;
  return room < 0 ? SIGN.digits | SIGN.digits13 : SIGN.digits;
}

/** Whether a dash or a dot may be one of those that `closeLook` looks for. */
function hasKeyBeginning(text: string): boolean {
  const isLong = text.length >= WORD_LENGTH;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code !== LETTER.dash && code !== LETTER.dot) continue;
    if ((isLong && endsKeyBeginning(text, index)) || (code === LETTER.dash && text.charCodeAt(index - 1) === code)) return true;
  }
  return false;
}

function closeLook(text: string): number {
  const length = text.length;
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
      const from = index;
      // 48 to 57 are the digits; all other codes differ from 48 in a higher bit.
      while (index + 1 < length && (text.charCodeAt(index + 1) ^ 48) < 10) index += 1;
      digits += index - from + 1;
      digitRun = index - from + 1 + (digitAt === from - 2 && separatorAt === from - 1 ? digitRun : 0);
      if (digitRun >= CARD_DIGITS) signs |= SIGN.digits13;
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

const LETTER = { dash: 45, dot: 46, h: 104, i: 105, k: 107, s: 115, t: 116, v: 118, x: 120, nine: 57 } as const;
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

function traitsOf(kind: number): number {
  const isSeparator = kind >= KIND.dash && kind <= KIND.percent;
  const isDashOrDot = kind === KIND.dash || kind === KIND.dot;
  const isTelling = kind >= KIND.capital && !isDashOrDot;
  return (kind === KIND.digit ? TRAIT.digit | TRAIT.keepsRun : 0) | (isSeparator ? TRAIT.keepsRun : 0) | (isTelling ? TRAIT.telling : 0) | (isDashOrDot ? TRAIT.dashOrDot : 0);
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
