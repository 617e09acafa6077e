/** Longer segments are tokens whatever they hold. */
const MAX_SEGMENT = 128;
/** Further segments become `*`. */
const MAX_SEGMENTS = 16;
/** Further characters of a path are not looked at: they become `*` too. */
const MAX_PATH = 2_048;

const PLACEHOLDER = /^(?:\{[A-Za-z_][\w.:*-]{0,40}\}|:[A-Za-z_]\w{0,40}|<[A-Za-z_][\w:]{0,40}>|\[[A-Za-z_.]\w{0,40}\]|\*{1,2})$/;
const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
const EMAIL = /^[^@%]{1,64}(?:@|%40)(?!\dx\.)[a-z\d](?:[a-z\d-]*\.)+[a-z]{2,24}$/i;
const DATE = /^\d{4}-\d{2}(?:-\d{2})?(?:[T ]\d[\d:.,+Z%A-Fa-f-]*)?$/;
const IP_ADDRESS = /^(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?$/;
const VERSION = /^v?\d{1,9}(?:\.\d{1,9}){2,}(?:[-+][\w.+-]*)?$/i;
const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u;
/** A placeholder, an escaped byte, a run of letters and digits, or one other character. */
const TOKENS = /\{[A-Za-z_]\w*\}|%[\da-f]{2}|[\p{L}\p{N}]+|[^\p{L}\p{N}]/giu;

/**
 * The route that a path belongs to, by its looks alone: `/users/1234/orders` → `/users/{id}/orders`. Segments that name one thing out of
 * many (numbers, UUIDs, hashes, dates, e-mail addresses, random tokens) become placeholders; query, fragment and matrix parameters go.
 * The same path always gives the same route, and a route gives itself.
 */
export function routeTemplate(path: string): string {
  const end = endOfPath(path);
  const plain = end === path.length ? path : path.slice(0, end);
  if (isSurelyStatic(plain)) return plain;
  const segments = plain.split('/');
  const kept = segments.slice(0, MAX_SEGMENTS + 1).map(segmentTemplate);
  if (segments.length > MAX_SEGMENTS + 1 || (end === MAX_PATH && path.length > MAX_PATH)) kept[Math.min(kept.length, MAX_SEGMENTS + 1)] = '*';
  return kept.join('/');
}

/** Where query, fragment or matrix parameters of the last segment begin. */
function endOfPath(path: string): number {
  const limit = Math.min(path.length, MAX_PATH);
  for (let index = 0; index < limit; index += 1) {
    const code = path.charCodeAt(index);
    if (code === 0x3f || code === 0x23) return index;
  }
  return limit;
}

/** No digit, nothing escaped, no `@` or `;`, and nothing long: most paths that are routes already. */
function isSurelyStatic(path: string): boolean {
  let segmentStart = 0;
  let segments = 0;
  for (let index = 0; index < path.length; index += 1) {
    const code = path.charCodeAt(index);
    if (code === 0x2f) {
      if (index - segmentStart >= LONG_WORD) return false;
      segmentStart = index + 1;
      segments += 1;
    } else if ((code >= 0x30 && code <= 0x39) || code === 0x25 || code === 0x3b || code === 0x40) return false;
  }
  return path.length - segmentStart < LONG_WORD && segments <= MAX_SEGMENTS && path.length < MAX_PATH;
}

/** A placeholder inside a segment leaves other parts behind, which may look like something on their own: until nothing changes. */
function segmentTemplate(segment: string): string {
  let current = segment;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const next = once(current);
    if (next === current || WHOLE_PLACEHOLDERS.has(next)) return next;
    current = next;
  }
  return '{id}';
}
const MAX_ROUNDS = 4;
const WHOLE_PLACEHOLDERS: ReadonlySet<string> = new Set(['', '{id}', '{uuid}', '{hash}', '{email}', '{date}', '{ip}', '{version}', '{token}']);

function once(written: string): string {
  const matrix = written.indexOf(';');
  const segment = matrix === -1 ? written : written.slice(0, matrix);
  if (segment === '') return '';
  if (segment.length > MAX_SEGMENT) return '{token}';
  const looks = looksOf(segment);
  if (looks === ALL_DIGITS) return '{id}';
  if (looks === LETTERS_AND_DIGITS) return ofOneWord(segment);
  if (PLACEHOLDER.test(segment)) return segment;
  return wholeSegment(segment) ?? inParts(segment);
}

const ALL_DIGITS = 0;
const LETTERS_AND_DIGITS = 1;
const ANYTHING = 2;

/** What a segment of ASCII letters and digits, or of digits, is needs no patterns. */
function looksOf(segment: string): 0 | 1 | 2 {
  let looks: 0 | 1 = ALL_DIGITS;
  for (let index = 0; index < segment.length; index += 1) {
    const code = segment.charCodeAt(index);
    if (code >= 0x30 && code <= 0x39) continue;
    if (!((code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a))) return ANYTHING;
    looks = LETTERS_AND_DIGITS;
  }
  return looks;
}

function ofOneWord(word: string): string {
  const digits = countDigits(word);
  if (digits === 0 && word.length < LONG_WORD) return word;
  if (word.length >= 32 && isHex(word)) return '{hash}';
  if (looksRandom(word) || isShuffled([word])) return '{id}';
  return digits < 4 ? word : numbered(word);
}

function wholeSegment(segment: string): string | undefined {
  const digits = countDigits(segment);
  if (digits === 0 && segment.length < LONG_WORD && !segment.includes('@') && !segment.includes('%')) return segment;
  if (segment.length === 36 && UUID.test(segment)) return '{uuid}';
  if (EMAIL.test(segment)) return '{email}';
  if (digits < 3) return undefined;
  if (DATE.test(segment)) return '{date}';
  if (IP_ADDRESS.test(segment)) return '{ip}';
  if (VERSION.test(segment)) return '{version}';
  return /[\p{L}{%]/u.test(segment) ? undefined : '{id}';
}

/** `order-1234.pdf` → `order-{id}.pdf`, `main.3f2a9c01.js` → `main.{id}.js`, `V1StGXR8_Z5jdHi6B-myT` → `{id}`. */
function inParts(segment: string): string {
  const tokens = segment.match(TOKENS) ?? [];
  let result = '';
  for (let index = 0; index < tokens.length;) {
    // Letters, digits, `-`, `_` and `~` are the alphabet of tokens: one random piece makes all of them random, up to the next other character.
    let end = index;
    while (end < tokens.length && inAlphabet(tokens[end] ?? '')) end += 1;
    if (end === index) {
      result += tokens[index] ?? '';
      index += 1;
      continue;
    }
    const run = tokens.slice(index, end);
    result += run.some(looksRandom) || isShuffled(run) ? '{id}' : run.map(numbered).join('');
    index = end;
  }
  return result.replace(/\{id\}(?:[-_~.:,+]*\{id\})+/g, '{id}');
}

function inAlphabet(token: string): boolean {
  return token === '-' || token === '_' || token === '~' || token.startsWith('{') && token.endsWith('}') || LETTER_OR_DIGIT.test(token) && !token.startsWith('%');
}

/** Numbers of two and more digits that stand alone, and of four and more at a word. */
function numbered(token: string): string {
  if (/^\d{2,}$/.test(token)) return '{id}';
  return token.replace(/\d{4,}/g, '{id}');
}

/** From here on a word with capitals in it is looked at for vowels. */
const LONG_WORD = 16;

/** Whether a run of letters and digits is made by a machine: hexadecimal, digits strewn among letters, or long and hardly to be pronounced. */
function looksRandom(token: string): boolean {
  const length = token.length;
  if (length < 6 || looksOf(token) !== LETTERS_AND_DIGITS) return false;
  const digits = countDigits(token);
  if (digits >= 2) {
    if (isHex(token)) return true;
    const runs = digitRuns(token);
    if (runs >= 3 || (runs === 2 && length >= 8)) return true;
  }
  return length >= LONG_WORD && isUnpronounceable(token);
}

function isHex(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index) | 0x20; // Capitals as small letters; digits stay.
    if (!((code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66))) return false;
  }
  return true;
}

function isUnpronounceable(token: string): boolean {
  const letters = token.length - countDigits(token);
  const vowels = token.match(/[aeiouAEIOU]/g)?.length ?? 0;
  const isMixed = /[a-z][A-Z]/.test(token) && /[A-Z]{2}|[A-Z]\d|\d[a-zA-Z]/.test(token);
  if (vowels * 4 < letters && (isMixed || letters >= 20)) return true;
  return /[b-df-hj-np-tv-xz]{6}/.test(token);
}

/**
 * Whether small letters, capitals and digits mix as they do in base64. Words in camel case do not count: what does are capitals next to
 * capitals, digits next to letters, and single small letters between capitals, unless nearly all letters are of one case.
 */
function isShuffled(tokens: readonly string[]): boolean {
  const text = tokens.length === 1 ? tokens[0]! : tokens.filter((token) => looksOf(token) !== ANYTHING).join('');
  if (text.length < LONG_WORD) return false;
  const seen: [number, number, number] = [0, 0, 0];
  let odd = 0;
  for (let index = 0; index < text.length; index += 1) {
    const kind = classOf(text.charCodeAt(index));
    seen[kind] += 1;
    if (index === 0) continue;
    const before = classOf(text.charCodeAt(index - 1));
    if (kind === CAPITAL ? before !== SMALL || (index > 1 && classOf(text.charCodeAt(index - 2)) === CAPITAL) : (kind === DIGIT) !== (before === DIGIT)) odd += 1;
  }
  return odd * 4 >= text.length && seen[SMALL] * 5 >= text.length && seen[CAPITAL] * 6 >= text.length;
}

const DIGIT = 0;
const CAPITAL = 1;
const SMALL = 2;

function classOf(code: number): 0 | 1 | 2 {
  if (code <= 0x39) return 0;
  return code <= 0x5a ? 1 : 2;
}

function countDigits(text: string): number {
  let digits = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code >= 0x30 && code <= 0x39) digits += 1;
  }
  return digits;
}

function digitRuns(text: string): number {
  let runs = 0;
  let wasDigit = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    const isDigit = code >= 0x30 && code <= 0x39;
    if (isDigit && !wasDigit) runs += 1;
    wasDigit = isDigit;
  }
  return runs;
}

/** A span name that ends in a path: `GET /users/1234`, `HTTP GET /users/1234`, `GET http://shop/users/1234`, `/users/1234`. */
export interface PathName {
  /** What stands before the path, as it is. */
  readonly prefix: string;
  readonly path: string;
}

const NAME_PREFIX = /^(?:HTTP )?(?:[A-Z]{3,10} )?(?:https?:\/\/[^/\s?#]+)?$/;

export function pathOfName(name: string): PathName | undefined {
  const scheme = name.indexOf('://');
  const start = name.indexOf('/', scheme === -1 ? 0 : scheme + 3);
  if (start === -1) return undefined;
  const prefix = name.slice(0, start);
  const path = name.slice(start);
  return NAME_PREFIX.test(prefix) && !/\s/.test(path) ? { prefix, path } : undefined;
}

/** The path of an absolute URL, as `url.full` has it; undefined where there is none. */
export function pathOfUrl(url: string): string | undefined {
  if (url.startsWith('/')) return url;
  const scheme = url.indexOf('://');
  if (scheme === -1) return undefined;
  for (let index = scheme + 3; index < url.length; index += 1) {
    const code = url.charCodeAt(index);
    if (code === 0x2f) return url.slice(index);
    if (code === 0x3f || code === 0x23) return '/';
  }
  return '/';
}
