import type { AttributePairs } from './otlp-span.js';
import type { SpanNode } from './span-node.js';

/** Longer texts from outside are cut. */
export const MAX_TEXT = 512;

/** The two ends of a span's connection. */
export function endsOf({ kind, connection }: SpanNode): AttributePairs {
  const peer: AttributePairs = [
    ['network.peer.address', connection.remoteAddress], ['network.peer.port', connection.remotePort], ['network.type', connection.family === 6 ? 'ipv6' : 'ipv4'],
  ];
  return kind === 'client' ? peer : [...peer, ['client.address', connection.remoteAddress], ['client.port', connection.remotePort]];
}

/** The server's end of a database connection, and whose it is. */
export function databaseEndsOf(node: SpanNode, system: 'postgresql' | 'redis'): AttributePairs {
  const { connection } = node;
  const isClient = node.kind === 'client';
  return [
    ['db.system.name', system],
    ['server.address', isClient ? connection.remoteAddress : connection.localAddress],
    ['server.port', isClient ? connection.remotePort : connection.localPort],
    ...endsOf(node),
  ];
}
