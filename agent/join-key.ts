import type { Stream } from './connection.js';
import type { Exchange } from './protocols/protocol.js';

const TWO_TO_32 = 4_294_967_296;

/**
 * What both ends of a connection know of a request, and nobody else: TCP sequence numbers and the client's port survive address translation, which the
 * addresses do not. Plaintext of TLS has no sequence number of its own: it has that of its connection, and its place in it.
 */
export function joinKeyOf(stream: Stream, { requestOffset }: Exchange): number | string | undefined {
  const { connection, isTls } = stream;
  const clientPort = connection.role === 'client' ? connection.localPort : connection.remotePort;
  if (isTls) return connection.firstSequence === 0 ? undefined : `${clientPort}^${connection.firstSequence}#${requestOffset}`;
  const sequence = stream.sequenceOf(requestOffset);
  return sequence === undefined ? undefined : clientPort * TWO_TO_32 + sequence;
}
