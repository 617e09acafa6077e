import { createHash, timingSafeEqual } from 'node:crypto';
import { assert } from '../lib/assert.js';
import { isLoopbackHost } from './loopback.js';
import { grants, type Role } from './role.js';
import type { Token } from './tokens.js';

/** Who asks: the token's name, or `local` where no tokens are set and only this machine can ask. */
export interface Who {
  readonly name: string;
  readonly role: Role;
}

export type Authorization =
  | { readonly kind: 'allowed'; readonly who: Who }
  /** `missing` and `unknown` are 401 or UNAUTHENTICATED; `insufficient` is 403 or PERMISSION_DENIED. */
  | { readonly kind: 'denied'; readonly reason: 'missing' | 'unknown' | 'insufficient'; readonly message: string };

export type Authorizer = (authorizationHeader: string | undefined, needed: Role) => Authorization;

/** Sent with a 401: browsers then ask for the token (as the password; any user name). */
export const CHALLENGE = 'Basic realm="tocsin", charset="UTF-8"';

const MAX_HEADER_LENGTH = 4_096;

/** The part of the settings that access depends on. */
export interface Listeners {
  readonly http: { readonly host: string };
  readonly otlp: { readonly host: string };
}

/** Without tokens everybody may do all, which is for loopback only. With tokens everybody needs one, loopback or not. */
export function createAuthorizer({ settings, tokens }: { settings: Listeners; tokens: readonly Token[] | undefined }): Authorizer {
  if (tokens === undefined) {
    assert(isLoopbackHost(settings.http.host) && isLoopbackHost(settings.otlp.host), 'open access is for loopback only; readSettings refuses anything else');
    return () => ({ kind: 'allowed', who: { name: 'local', role: 'admin' } });
  }
  return (header, needed) => authorize(tokens, header, needed);
}

function authorize(tokens: readonly Token[], header: string | undefined, needed: Role): Authorization {
  const presented = header === undefined ? undefined : readCredentials(header);
  if (presented === undefined) return { kind: 'denied', reason: 'missing', message: 'a token is needed: send "Authorization: Bearer TOKEN"' };
  const token = findToken(tokens, presented);
  if (token === undefined) return { kind: 'denied', reason: 'unknown', message: 'this token is not known' };
  if (!grants(token.role, needed)) {
    return { kind: 'denied', reason: 'insufficient', message: `the token "${token.name}" has the role ${token.role}, this needs ${needed}` };
  }
  return { kind: 'allowed', who: { name: token.name, role: token.role } };
}

/** Compares hashes in constant time and looks at every token, so that answers do not tell how near a guess was. */
function findToken(tokens: readonly Token[], presented: string): Token | undefined {
  const hash = createHash('sha256').update(presented, 'utf8').digest();
  let found: Token | undefined;
  for (const token of tokens) {
    if (timingSafeEqual(hash, token.sha256)) found = token;
  }
  return found;
}

/** `Bearer TOKEN` (RFC 6750), or `Basic …` (RFC 7617) with the token as the password: the form that browsers can ask for. */
function readCredentials(header: string): string | undefined {
  if (header.length > MAX_HEADER_LENGTH) return undefined;
  const [, scheme = '', value = ''] = /^\s*(\S+)\s+(\S+)\s*$/.exec(header) ?? [];
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return value;
    case 'basic': {
      const decoded = Buffer.from(value, 'base64').toString('utf8');
      const colon = decoded.indexOf(':');
      return colon < 0 || colon === decoded.length - 1 ? undefined : decoded.slice(colon + 1);
    }
    default:
      return undefined;
  }
}
