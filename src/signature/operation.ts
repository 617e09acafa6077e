import { HTTP_STATUS_KEYS } from '../trace/http-status.js';
import { grpcStatusNumber } from '../trace/derived-attributes.js';
import type { Attributes, Span } from '../trace/span.js';

/** Span attributes under their present name and the older ones that instrumentations still send. */
const GRPC_CODE = ['rpc.status_code', 'rpc.response.status_code', 'rpc.grpc.status_code'];
const PEER_NAME = ['service.peer.name', 'peer.service'];
const PEER_SYSTEM = ['db.system.name', 'db.system', 'messaging.system'];
const PEER_ADDRESS = ['server.address', 'net.peer.name', 'network.peer.address'];
const PEER_PORT = ['server.port', 'net.peer.port'];

const BARE_METHOD = /^(?:HTTP )?(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|QUERY)$/;

/** The name people know: `POST /charge`, also where the instrumentation called the span just `POST` and put the route aside. */
export function operationName(span: Span): string {
  const route = textOf(span.attributes, ['http.route']);
  return route !== undefined && BARE_METHOD.test(span.name) ? `${span.name.replace('HTTP ', '')} ${route}` : span.name;
}

/** Who was called, for a span that called: the name it was given, the kind of database, or the address. */
export function peerName(span: Span): string | undefined {
  const named = textOf(span.attributes, PEER_NAME) ?? textOf(span.attributes, PEER_SYSTEM);
  return named ?? peerAddress(span);
}

/** `10.0.3.17:5432`, `pay.example.com`. */
export function peerAddress(span: Span): string | undefined {
  const address = textOf(span.attributes, PEER_ADDRESS);
  const port = textOf(span.attributes, PEER_PORT);
  return address === undefined || port === undefined ? address : `${address}:${port}`;
}

export function httpStatus(span: Span): number | undefined {
  return numberOf(span.attributes, HTTP_STATUS_KEYS);
}

export function grpcStatus(span: Span): number | undefined {
  return grpcStatusNumber(textOf(span.attributes, GRPC_CODE)) ?? numberOf(span.attributes, GRPC_CODE);
}

/** The first of `keys` that has a value one can read as text. */
export function textOf(attributes: Attributes, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = attributes[key];
    if (typeof value === 'string' && value !== '') return value;
    if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  }
  return undefined;
}

function numberOf(attributes: Attributes, keys: readonly string[]): number | undefined {
  const text = textOf(attributes, keys);
  const value = text === undefined ? NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}
