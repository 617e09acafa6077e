import { SLACK_BUTTONS_PATH } from '../notify/slack-press.js';

/** Roles of interfaces.md; each may do what the ones before it may. Senders of spans (`ingest`) read nothing here. */
export type PageRole = 'viewer' | 'responder' | 'admin';

export type AccessDecision =
  | { readonly allowed: true; readonly actor: string }
  /** No token came, the token is not known, or its role is too low. */
  | { readonly allowed: false; readonly reason: 'missing' | 'unknown' | 'role' };

/** What stage `access` decides, as pages ask it. */
export interface AccessPolicy {
  /** False on an open loopback: then nobody is asked to log in. */
  readonly tokensRequired: boolean;
  authorize(token: string | undefined, role: PageRole): AccessDecision;
}

/** Loopback without tokens: everybody who can reach the port may do everything. */
export const OPEN_ACCESS: AccessPolicy = { tokensRequired: false, authorize: () => ({ allowed: true, actor: 'local' }) };

export const TOKEN_COOKIE = 'tocsin_token';
/** Longer headers are no token's: they are cut, not parsed. */
const MAX_COOKIE_HEADER = 8_192;

/** The token of `Authorization: Bearer …` or, as the password, of `Basic …`; else of the login cookie. */
export function tokenOf(headers: { readonly authorization?: string; readonly cookie?: string }): string | undefined {
  const [, scheme, credentials = ''] = /^(Bearer|Basic) +(\S+) *$/i.exec((headers.authorization ?? '').slice(0, MAX_COOKIE_HEADER)) ?? [];
  if (scheme?.toLowerCase() === 'bearer') return credentials;
  if (scheme !== undefined) return /^[^:]*:(.+)$/s.exec(Buffer.from(credentials, 'base64').toString('utf8'))?.[1];
  const cookies = (headers.cookie ?? '').slice(0, MAX_COOKIE_HEADER).split(';').map((pair) => pair.trim());
  const value = cookies.find((pair) => pair.startsWith(`${TOKEN_COOKIE}=`))?.slice(TOKEN_COOKIE.length + 1);
  return value === undefined || value === '' ? undefined : decode(value);
}

function decode(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

export function tokenCookie(token: string, options: { readonly secure: boolean; readonly maxAgeSeconds: number }): string {
  const secure = options.secure ? '; Secure' : '';
  return `${TOKEN_COOKIE}=${encodeURIComponent(token)}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${options.maxAgeSeconds}${secure}`;
}

/** Reads whose questions are too long for an address. */
const READING_POSTS = '/api/v1/backtest/';

/** What cannot be undone. */
const ERASURES = '/api/v1/erasures';

/** Reading needs a viewer, everything else a responder, what cannot be undone an admin: no route can forget to ask. By the pattern of the route: a path can be spelled in many ways. */
export function roleFor(method: string, route: string | undefined): PageRole {
  if (route === undefined || (method === 'POST' && route.startsWith(ERASURES))) return 'admin';
  return method === 'GET' || method === 'HEAD' || (method === 'POST' && route.startsWith(READING_POSTS)) ? 'viewer' : 'responder';
}

/** What is pressed in Slack carries a signature instead of a token. */
const PUBLIC_ROUTES = new Set(['/healthz', '/readyz', '/login', '/logout', '/favicon.ico', SLACK_BUTTONS_PATH]);

export function isPublicRoute(route: string): boolean {
  return PUBLIC_ROUTES.has(route) || route.startsWith('/assets/');
}
