import { HASH_PREFIX, MASK } from './detect-concealed.js';
import type { Concealer } from './detect-concealed.js';

const MAX_LOCAL = 64;
const MAX_DOMAIN = 253;
const AT = /@|%40/g;
/** The part after the last dot of names that only look like addresses: files (`logo@2x.png`), units, versions, machines of a cluster. */
const NO_TOP_LEVEL = new Set([
  'png', 'jpg', 'jpeg', 'gif', 'svg', 'webp', 'ico', 'avif', 'js', 'mjs', 'cjs', 'ts', 'tsx', 'jsx', 'css', 'scss', 'json', 'html', 'htm', 'xml', 'txt',
  'yaml', 'yml', 'pdf', 'woff', 'woff2', 'ttf', 'tgz', 'tar', 'gz', 'jar', 'war', 'java', 'class', 'dll', 'exe', 'log',
  'service', 'socket', 'timer', 'slice', 'scope', 'mount', 'internal', 'invalid', 'release', 'final', 'snapshot',
]);
const CLUSTER = /\.cluster\.local$/i;
/** `git@github.com:owner/repository` is an address of a repository. */
const NO_PERSON = new Set(['git', 'hg', 'svn']);

/** Addresses of people: `****@****`. Also percent-encoded, as in query strings. */
export function redactEmails(text: string, concealer: Concealer): string {
  let result = '';
  let done = 0;
  AT.lastIndex = 0;
  for (let found = AT.exec(text); found !== null; found = AT.exec(text)) {
    const start = behindHash(text, localStart(text, found.index, done));
    if (start >= found.index) continue;
    const end = domainEnd(text, AT.lastIndex);
    const local = text.slice(start, found.index);
    if (end === AT.lastIndex || NO_PERSON.has(local)) continue;
    const address = `${local}@${text.slice(AT.lastIndex, end)}`.toLowerCase();
    result += text.slice(done, start) + concealer.conceal(address, `${MASK}${found[0]}${MASK}`);
    done = end;
    AT.lastIndex = end;
  }
  return done === 0 ? text : result + text.slice(done);
}

/** Where the part before the `@` begins; `at` itself where there is none. */
function localStart(text: string, at: number, from: number): number {
  const lowest = Math.max(from, at - MAX_LOCAL);
  let start = at;
  for (;;) {
    while (start > lowest && isLocal(text.charCodeAt(start - 1))) start -= 1;
    // `alice%2Bnews`: an encoded plus, dot, dash or underscore is part of the name.
    if (start <= lowest || text.charAt(start - 1) !== '%' || !/^(?:2[BDE]|5F)/i.test(text.slice(start, start + 2))) break;
    start -= 1;
  }
  // The end of an escape is no part of a name: `%3Dbob` is "=bob", `\nbob` in JSON is a new line and "bob", `\u003cbob` is "<bob".
  if (text.charAt(start - 1) === '%') start += 2;
  else if (text.charAt(start - 1) === '\\') start += text.charAt(start) === 'u' ? 5 : 1;
  while (start < at && /[.+-]/.test(text.charAt(start))) start += 1;
  return Math.min(start, at);
}

function isLocal(code: number): boolean {
  return isLetterOrDigit(code) || code === 46 || code === 95 || code === 43 || code === 45;
}

const HASH_DIGITS = /[0-9a-f]{16}/y;

/** Our own hash may stand directly before an address; it is no part of it. */
function behindHash(text: string, start: number): number {
  if (!text.startsWith(HASH_PREFIX, start - HASH_PREFIX.length)) return start;
  HASH_DIGITS.lastIndex = start;
  return HASH_DIGITS.test(text) ? HASH_DIGITS.lastIndex : start;
}

/** Latin with accents, Greek and Cyrillic count as letters; scripts without blanks between words do not, or an address would take its sentence along. */
function isLetterOrDigit(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 0xc0 && code < 0x530);
}

/** Where the host name behind the `@` ends; `start` itself where there is none. */
function domainEnd(text: string, start: number): number {
  const limit = Math.min(text.length, start + MAX_DOMAIN);
  let end = start;
  while (end < limit && isDomain(text.charCodeAt(end))) end += 1;
  while (end > start && /[.-]/.test(text.charAt(end - 1))) end -= 1;
  const labels = text.slice(start, end).split('.');
  const last = labels.pop() ?? '';
  const top = /^(?:xn--[a-z0-9-]{2,59}|[a-z\u00c0-\u052f]{2,24}(?![a-z0-9\u00c0-\u052f]))/iu.exec(last)?.[0] ?? '';
  if (top === '' || labels.length === 0 || labels.includes('') || NO_TOP_LEVEL.has(top.toLowerCase())) return start;
  const numeric = labels.slice(-2);
  if (numeric.length === 2 && numeric.every((label) => /^\d+$/.test(label))) return start;
  return CLUSTER.test(text.slice(start, end)) ? start : end - last.length + top.length;
}

function isDomain(code: number): boolean {
  return isLetterOrDigit(code) || code === 46 || code === 45;
}
