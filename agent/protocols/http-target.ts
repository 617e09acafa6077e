export interface HttpTarget {
  /** Without the query, which may hold anything; empty for CONNECT, which asks for none. */
  readonly path: string;
  /** Whom the request is for, where the target says so. */
  readonly authority: string | undefined;
}

/** A request's target that is no path: a URL, `*`, or for CONNECT an authority. */
export function targetOf(target: string, method: string): HttpTarget {
  if (method === 'CONNECT') return { path: '', authority: target };
  const [start, authority] = /^https?:\/\/([^/?#]*)/.exec(target) ?? [''];
  const path = /^[^?#]*/.exec(target.slice(start.length))?.[0] ?? '';
  return { path: path === '' ? '/' : path, authority };
}
