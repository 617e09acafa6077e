import { BEFORE, isConcealed, MASK } from './detect-concealed.js';
import type { Concealer } from './detect-concealed.js';

const PRIVATE_KEY = /-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,48}-----|$)/g;

/** A block in PEM or OpenPGP armour, also one that was cut off: `PRIVATE KEY ****`. */
export function redactPrivateKeys(text: string, concealer: Concealer): string {
  return text.replace(PRIVATE_KEY, (block) => `PRIVATE KEY ${concealer.conceal(block)}`);
}

/**
 * RFC 3986 ends the user's part at the first slash, but passwords with a bare slash are a common mistake (second alternative; a port
 * is not taken for one). Both begin behind `://` and cannot cross a blank or a quote.
 */
const USERINFO = /:\/\/(?:([^\s/?#"'<>\\`]+)|([^\s/?#:@"'<>\\`]{0,128}:(?!\d{1,5}(?:[/?#]|$))[^\s"'<>\\`]{1,128}?))@/g;
const CONCEALED_USERINFO = /^(?:\*{4}|hmac:[0-9a-f]{16})(?::\*{4})?$/;

/** Oracle's `thin:scott/tiger@` and Go's `user:password@tcp(…)`. */
const DRIVER_USERINFO = /(:(?:thin|oci):)(?!hmac:)[^\s/@"']{1,128}\/[^\s@"']{1,128}@|(?<![^\s"'=])(?!hmac:)[^\s:@/"'=*]{1,64}:[^\s@"'*][^\s@"']{0,127}@(?=(?:tcp6?|unix|udp)\()/g;

/** `https://user:password@host` becomes `https://****:****@host`, as the semantic conventions ask for in `url.full`. */
export function redactUrlUserinfo(text: string, concealer: Concealer): string {
  const result = text.replace(USERINFO, (match: string, proper: string | undefined, sloppy: string | undefined) => {
    const userinfo = proper ?? sloppy ?? '';
    if (CONCEALED_USERINFO.test(userinfo)) return match;
    return `://${concealer.conceal(userinfo, userinfo.includes(':') ? `${MASK}:${MASK}` : MASK)}@`;
  });
  return result.replace(DRIVER_USERINFO, (match: string, driver = '') => `${String(driver)}${concealer.conceal(match.slice(String(driver).length, -1))}@`);
}

const CONNECTION_PASSWORD = /((?:^(?=[^;]{1,1024};)|;)\s{0,8}(?:password|pwd)\s{0,8}=\s{0,8})("[^"]{0,512}"|'[^']{0,512}'|\{[^}]{0,512}\}|[^;\r\n]{1,4096})/gi;

/** `Server=…;Password=…;`: here a password may hold blanks, and ends at the semicolon. */
export function redactConnectionPasswords(text: string, concealer: Concealer): string {
  if (!text.includes(';')) return text;
  return text.replace(CONNECTION_PASSWORD, (match: string, before: string, value: string) => {
    const password = unquoted(value);
    return password.trim() === '' || isConcealed(password.trimEnd()) ? match : before + concealer.conceal(password);
  });
}

function unquoted(text: string): string {
  return text.length > 1 && ((/^["']/.test(text) && text.endsWith(text.charAt(0))) || /^\{.*\}$/.test(text)) ? text.slice(1, -1) : text;
}

/** Our own hash, and the parameters of a challenge (RFC 6750, 3). */
const NO_TOKEN = 'hmac:[0-9a-f]{16}|(?:realm|error|error_description|error_uri|scope|charset|resource_metadata)=';
/** Where the header's name stands before it, any word is a token. */
const AUTHORIZATION = new RegExp(
  `${BEFORE}(authorization["'\\\\]{0,4}\\s{0,4}[:=]\\s{0,4}["'\\\\]{0,4})?(Bearer|Basic|Negotiate|NTLM)((?:\\s|%20|\\+){1,4})(?!${NO_TOKEN})([A-Za-z0-9._~+/-]+={0,2})`, 'gi');
/** What tells a token from the word that follows in a sentence ("Bearer authentication failed"). */
const TOKEN_LIKE = /\d|[a-z][A-Z]|[A-Z][a-z]+[A-Z]|[~_+]|=$/;
const MIN_TOKEN = 6;

/** `Authorization: Bearer …` in messages, bodies and values: the scheme stays, `Bearer ****`. */
export function redactAuthorization(text: string, concealer: Concealer): string {
  return text.replace(AUTHORIZATION, (match: string, ...groups: (string | undefined)[]) => {
    const [header, scheme = '', blank = '', credentials = ''] = groups;
    if (header === undefined && !isCredential(scheme.toLowerCase(), credentials)) return match;
    return `${header ?? ''}${scheme}${blank}${concealer.conceal(credentials)}`;
  });
}

function isCredential(scheme: string, credentials: string): boolean {
  if (scheme === 'basic') return isBasicCredential(credentials);
  return credentials.length >= MIN_TOKEN && TOKEN_LIKE.test(credentials);
}

const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

/** RFC 7617: base64 of `user:password`. */
function isBasicCredential(text: string): boolean {
  return BASE64.test(text) && Buffer.from(text, 'base64').includes(0x3a);
}

const JWT = new RegExp(`${BEFORE}eyJ[\\w-]{10,2048}(?:(?:\\.[\\w-]*){2,4}|\\.eyJ[\\w-]*)`, 'g');

/** JSON web tokens, signed or encrypted, also where only header and payload are left: `eyJ****`. */
export function redactJwts(text: string, concealer: Concealer): string {
  if (!text.includes('eyJ')) return text;
  return text.replace(JWT, (token) => concealer.conceal(token, `eyJ${MASK}`));
}
