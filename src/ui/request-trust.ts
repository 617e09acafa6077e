import { isLoopbackHost } from '../access/loopback.js';

const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

export interface TrustedAddress {
  /** The address the pages are bound to. */
  readonly bindHost: string;
  /** Base of every link, without a slash at the end. */
  readonly publicUrl: string;
}

/**
 * DNS rebinding: a foreign page whose name suddenly resolves to 127.0.0.1 reaches a loopback port with its own name in `Host`.
 * On a loopback bind only loopback names and the public URL's own host are served.
 */
export function isTrustedHost(hostHeader: string | undefined, address: TrustedAddress): boolean {
  if (!isLoopbackHost(address.bindHost)) return true;
  const host = hostOf(`http://${hostHeader ?? ''}`);
  if (host === undefined) return false;
  return LOOPBACK_NAMES.has(host.name) || host.name === address.bindHost || host.name === hostOf(address.publicUrl)?.name;
}

export interface OriginHeaders {
  readonly host?: string;
  readonly origin?: string;
  readonly 'sec-fetch-site'?: string;
}

/**
 * Cross-site request forgery: a browser says where a POST comes from, in `Sec-Fetch-Site` or at least in `Origin`.
 * A request with neither is no browser's, so nobody's cookie rides on it.
 */
export function isSameOrigin(headers: OriginHeaders, address: TrustedAddress): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  if (headers.origin === undefined) return true;
  const origin = hostOf(headers.origin);
  if (origin === undefined) return false;
  return [hostOf(`http://${headers.host ?? ''}`), hostOf(address.publicUrl)].some((own) => own?.nameAndPort === origin.nameAndPort);
}

function hostOf(url: string): { readonly name: string; readonly nameAndPort: string } | undefined {
  if (!URL.canParse(url)) return undefined;
  const { hostname, host } = new URL(url);
  return hostname === '' ? undefined : { name: hostname, nameAndPort: host };
}

/** Only a path of this site: a login page that forwards anywhere is a gift to phishers. */
export function ownPath(next: unknown): string {
  if (typeof next !== 'string' || !next.startsWith('/')) return '/';
  const base = 'http://tocsin.invalid';
  const url = URL.canParse(next, base) ? new URL(next, base) : undefined;
  return url?.origin === base ? `${url.pathname}${url.search}` : '/';
}
