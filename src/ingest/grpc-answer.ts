import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { encodeStatus, type RpcStatus } from './export-answer.js';

export const TAKEN_ENCODINGS = 'identity,deflate,gzip';
/** Header values are held in memory by every hop: what is longer is cut. */
const MAX_MESSAGE_BYTES = 2_048;
const HEADERS = { ':status': 200, 'content-type': 'application/grpc', 'grpc-accept-encoding': TAKEN_ENCODINGS } as const;
const PREFIX_BYTES = 5;


/** One message, and status OK. */
export function sendMessage(stream: ServerHttp2Stream, message: Uint8Array): void {
  if (isGone(stream)) return;
  const framed = Buffer.alloc(PREFIX_BYTES + message.length);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, PREFIX_BYTES);
  stream.respond(HEADERS, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(framed);
}

/** No message, only a status ("Trailers-Only"). RetryInfo travels as google.rpc.Status in `grpc-status-details-bin`. */
export function sendStatus(stream: ServerHttp2Stream, status: RpcStatus): void {
  if (isGone(stream)) return;
  const details: OutgoingHttpHeaders = status.retryAfterMs === undefined ? {} : { 'grpc-status-details-bin': Buffer.from(encodeStatus(status, 'protobuf')).toString('base64') };
  stream.respond({ ...HEADERS, 'grpc-status': String(status.code), 'grpc-message': percentEncoded(status.message), ...details }, { endStream: true });
}

/** For what is not gRPC at all. */
export function sendHttpStatus(stream: ServerHttp2Stream, httpStatus: number, message: string): void {
  if (isGone(stream)) return;
  stream.respond({ ':status': httpStatus, 'content-type': 'text/plain; charset=utf-8' });
  stream.end(message);
}

function isGone(stream: ServerHttp2Stream): boolean {
  return stream.destroyed || stream.closed || stream.headersSent;
}

/** grpc/doc/PROTOCOL-HTTP2.md, "Status-Message": bytes outside of printable ASCII, and `%`, as %XX. */
export function percentEncoded(message: string): string {
  let text = '';
  for (const byte of Buffer.from(message, 'utf8').subarray(0, MAX_MESSAGE_BYTES)) {
    text += byte >= 0x20 && byte <= 0x7e && byte !== 0x25 ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}
