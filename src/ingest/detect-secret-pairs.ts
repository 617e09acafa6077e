import { isConcealed } from './detect-concealed.js';
import type { Concealer } from './detect-concealed.js';

/** Names are compared in lower case without dashes, dots and underscores: `X-Amz-Signature`, `client_secret` and `apiKey` alike. */
const MAX_NAME = 48;
/** Ends of names whose values are secret. */
const SECRET_END = /(?:password|passwd|passphrase|secret|secretkey|apikey|accesskey|accountkey|privatekey|signingkey|encryptionkey|token|tokenhint)$/;
/** Names that end like a secret but are places in a list, or parts of a grammar. */
const NO_SECRET_END = /(?:page|next|previous|continuation|continue|cursor|sync|resume|skip|delta|change|unexpected|invalid|expected)token$/;
/** Whole names. The first three lines are what the semantic conventions ask to redact in query strings. */
const SECRET_NAMES: ReadonlySet<string> = new Set([
  'xamzsignature', 'xamzcredential', 'xamzsecuritytoken',
  'awsaccesskeyid', 'signature', 'sig',
  'xgoogsignature', 'xgoogcredential',
  'pwd', 'dbpwd', 'pass', 'dbpass', 'userpass', 'auth', 'authorization', 'proxyauthorization', 'xauth',
  'jsessionid', 'phpsessid', 'aspnetsessionid', 'connectsid', 'otp', 'totp', 'cvv', 'cvc', 'samlresponse', 'assertion', 'clientassertion',
]);
const COOKIES: ReadonlySet<string> = new Set(['cookie', 'setcookie']);
const NONE: ReadonlySet<string> = new Set();
const MARK = /[=:]|%3[DAda]/g;

/**
 * `name=value` and `name: value` whose name says that the value is secret: query strings, forms, JSON (also within a string), log lines,
 * headers. The name stays: `token=****`.
 */
export function redactSecretPairs(text: string, concealer: Concealer, secretNames: ReadonlySet<string> = NONE): string {
  let result = '';
  let done = 0;
  MARK.lastIndex = 0;
  for (let found = MARK.exec(text); found !== null; found = MARK.exec(text)) {
    const kind = kindOfName(nameBefore(text, found.index, done), secretNames);
    if (kind === undefined) continue;
    const value = valueBehind(text, { mark: found[0], at: MARK.lastIndex, kind });
    if (value === undefined) continue;
    const secret = text.slice(value.start, value.end);
    if (!isSecret(secret, kind)) continue;
    result += text.slice(done, value.start) + concealer.conceal(secret);
    done = value.end;
    MARK.lastIndex = value.end;
  }
  return done === 0 ? text : result + text.slice(done);
}

/** `X-Amz-Signature` → `xamzsignature`. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[-_.]/g, '');
}

/** The word before the mark; blanks and quotes (also escaped ones) may stand between. */
function nameBefore(text: string, mark: number, from: number): string {
  let end = mark;
  while (end > from && mark - end < 4 && isBlankOrQuote(text.charCodeAt(end - 1))) end -= 1;
  let start = end;
  const lowest = Math.max(from, end - MAX_NAME);
  while (start > lowest && isName(text.charCodeAt(start - 1))) start -= 1;
  // `%3Ftoken%3D…`: the first two characters belong to an encoded question mark.
  if (text.charAt(start - 1) === '%') start += 2;
  return end - start < 3 ? '' : text.slice(start, end);
}

function isName(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95 || code === 45;
}

function isBlankOrQuote(code: number): boolean {
  return code === 32 || code === 34 || code === 39 || code === 92 || code === 93;
}

interface Kind {
  readonly name: string;
  readonly cookie: boolean;
}

function kindOfName(name: string, secretNames: ReadonlySet<string>): Kind | undefined {
  if (name === '') return undefined;
  const plain = plainName(name);
  const cookie = COOKIES.has(plain);
  const secret = cookie || SECRET_NAMES.has(plain) || secretNames.has(plain) || (SECRET_END.test(plain) && !NO_SECRET_END.test(plain));
  return secret ? { name: plain, cookie } : undefined;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

const LOOSE_MIN = 6;
/** In prose ("password: required") a value counts only when it does not look like a word. */
const LOOSE_SECRET = /^(?=.*(?:\d|[!$%^*#@~]))(?=.*[A-Za-z])/s;

function valueBehind(text: string, { mark, at, kind }: { mark: string; at: number; kind: Kind }): Span | undefined {
  const encoded = mark.length > 1;
  let start = at;
  // `==`, `=>`, `:=` and `::`: a comparison is no pair, an arrow is.
  if (text.charAt(start) === '=' && mark === '=') return undefined;
  if (/[>=:]/.test(text.charAt(start))) start += 1;
  const colon = mark === ':' || /%3a/i.test(mark);
  if (kind.cookie && colon && !/^\s{0,4}[\\"']/.test(text.slice(start, start + 6))) return cookieLine(text, start);
  while (start - at < 5 && text.charAt(start) === ' ') start += 1;
  let quoteAt = start;
  while (quoteAt - start < 3 && text.charAt(quoteAt) === '\\') quoteAt += 1;
  const quote = text.charAt(quoteAt);
  if (quote === '"' || quote === "'" || quote === '`') return quoted(text, { start: quoteAt + 1, quote, slashes: quoteAt - start });
  const end = bareEnd(text, start, encoded);
  if (end === start) return undefined;
  if (!colon) return { start, end };
  const value = text.slice(start, end);
  return value.length > MAX_PLACEHOLDER || (value.length >= LOOSE_MIN && LOOSE_SECRET.test(value)) ? { start, end } : undefined;
}

/** `Cookie: a=b; c=d` up to the end of the line. */
function cookieLine(text: string, at: number): Span | undefined {
  let start = at;
  while (start - at < 5 && text.charAt(start) === ' ') start += 1;
  if (!text.slice(start, start + MAX_PLACEHOLDER).includes('=')) return undefined;
  const line = /[\r\n"']|\\[rn]/g;
  line.lastIndex = start;
  const end = line.exec(text)?.index ?? text.length;
  return { start, end };
}

/** Up to the closing quote; a value without one ends with the text. */
function quoted(text: string, { start, quote, slashes }: { start: number; quote: string; slashes: number }): Span | undefined {
  let end = start;
  while (end < text.length && text.charAt(end) !== quote) end += text.charAt(end) === '\\' && slashes === 0 ? 2 : 1;
  end = Math.min(end, text.length);
  if (end < text.length) while (slashes > 0 && end > start && text.charAt(end - 1) === '\\') end -= 1;
  return end === start ? undefined : { start, end };
}

/** What ends a value for certain, and what does only when no further letter or digit follows, because passwords hold such characters. */
const HARD_END = charactersOf(' \t\r\n\f\v&;"\'<>`|\\');
const SOFT_END = charactersOf(',)]}');
const NEXT_PAIR = /[,)\]}][\w.-]{1,40}[=:]/y;

function bareEnd(text: string, start: number, encoded: boolean): number {
  let end = start;
  for (; end < text.length; end += 1) {
    const code = text.charCodeAt(end);
    if (code > 127) continue;
    if (HARD_END[code] === 1 || (encoded && code === 37 && /^%(?:26|3B|20|22)/i.test(text.slice(end, end + 3)))) break;
    if (SOFT_END[code] !== 1) continue;
    if (!isName(text.charCodeAt(end + 1))) break;
    NEXT_PAIR.lastIndex = end;
    if (NEXT_PAIR.test(text)) break;
  }
  return end;
}

function charactersOf(characters: string): Uint8Array {
  const set = new Uint8Array(128);
  for (const character of characters) set[character.charCodeAt(0)] = 1;
  return set;
}

/** No placeholder is longer: whatever is, is concealed and passed over, so that nothing is read again and again. */
const MAX_PLACEHOLDER = 256;
/** What stands where a secret would: SQL parameters, templates, words for nothing, what others redacted, a scheme that its token follows. */
const PLACEHOLDER = /^(?:\?|\$\d+|[@:]p?\d+|%s|%\(\w+\)s|\$?\{{1,2}[\w .-]*\}{0,2}|null|nil|none|undefined|true|false|\*+|\[[a-z]+\]?|redacted|filtered|hidden|masked|x{3,}|-|(?:bearer|basic|negotiate|ntlm)(?:[ +](?:\*{4}|hmac:[0-9a-f]{16}))?)$/i;
const SHELL_VARIABLE = /^\$[A-Z_][A-Z0-9_]*$/;

function isSecret(value: string, { name }: Kind): boolean {
  if (value.length > MAX_PLACEHOLDER) return true;
  if (isConcealed(value) || PLACEHOLDER.test(value) || SHELL_VARIABLE.test(value)) return false;
  // `token = :token`, `a.token = b.token`, `PWD=/home/app`.
  if (/^[@:]\w+$|^\w+\.[\w.]+$/.test(value) && plainName(value.replace(/^[@:]/, '')).endsWith(name)) return false;
  return !(name === 'pwd' && value.startsWith('/'));
}
