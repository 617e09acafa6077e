import type { HttpExchange } from './protocols/http-exchange.js';

export interface HttpTarget {
  /** Without the query, which may hold anything. */
  readonly path: string;
  /** Whom the request is for. */
  readonly authority: string;
}

const SLASH = 0x2f;

export function targetOf({ target, host, method }: Pick<HttpExchange, 'target' | 'host' | 'method'>): HttpTarget {
  if (method === 'CONNECT') return { path: '/', authority: target };
  const scheme = target.charCodeAt(0) === SLASH ? null : /^https?:\/\/([^/?#]*)/.exec(target);
  const rest = scheme === null ? target : target.slice(scheme[0].length);
  const path = beforeAny(rest, '?', '#');
  const authority = scheme?.[1] ?? host ?? '';
  return { path: path === '' ? '/' : path, authority: authority.includes('@') ? authority.replace(/^.*@/, '') : authority };
}

function beforeAny(text: string, one: string, other: string): string {
  const end = text.indexOf(one);
  const shorter = end === -1 ? text : text.slice(0, end);
  const otherEnd = shorter.indexOf(other);
  return otherEnd === -1 ? shorter : shorter.slice(0, otherEnd);
}
