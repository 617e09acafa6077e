import type { Connection, Stream } from './connection.js';
import type { SpanNode } from './span-node.js';

/** A connection that is open, with what is read on it. */
export interface Followed {
  readonly connection: Connection;
  plain: Stream;
  tls: Stream | undefined;
  readonly openedNs: number;
  /** Nominated as HTTP/2 or TLS: what it carries can be read only where its plaintext is seen, and is HTTP/1. */
  readonly isOpaque: boolean;
  /** What began on it and did not end: in the order of their requests, in which they mostly end as well. */
  readonly open: SpanNode[];
}

/** Whether the process takes requests that nobody sees: what it sends on may have come with one of them. */
export function takesUnreadRequests(followed: Iterable<Followed>, tgid: number): boolean {
  for (const { connection, plain, tls, isOpaque } of followed) {
    if (isOpaque && connection.tgid === tgid && connection.role === 'server' && (tls ?? plain).protocol === undefined) return true;
  }
  return false;
}
