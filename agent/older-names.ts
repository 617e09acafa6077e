import { aliasesOf } from '../src/trace/semantic-conventions.js';
import type { PlainValue } from './otlp-span.js';

/** Which names attributes go by: today's, those of older tools, or both (as OTEL_SEMCONV_STABILITY_OPT_IN's `/dup`). */
export type Conventions = 'current' | 'older' | 'both';

/** The old name where several are known: the one that most tools used. */
const PREFERRED: Readonly<Record<string, string>> = {
  'url.full': 'http.url', 'server.address': 'net.host.name', 'server.port': 'net.host.port', 'client.address': 'http.client_ip',
  'network.peer.address': 'net.sock.peer.addr', 'network.peer.port': 'net.sock.peer.port', 'network.protocol.version': 'http.flavor',
  'db.query.text': 'db.statement', 'db.operation.name': 'db.operation', 'db.collection.name': 'db.sql.table', 'db.namespace': 'db.name', 'db.system.name': 'db.system',
  'http.request.method': 'http.method', 'http.response.status_code': 'http.status_code', 'url.scheme': 'http.scheme', 'url.path': 'http.target',
  'user_agent.original': 'http.user_agent', 'http.request.body.size': 'http.request_content_length', 'http.response.body.size': 'http.response_content_length',
};
const ON_CLIENT: Readonly<Record<string, string>> = { 'server.address': 'net.peer.name', 'server.port': 'net.peer.port' };

export function withOlderNames(attributes: readonly (readonly [string, PlainValue])[], conventions: Conventions, kind: 'server' | 'client'): readonly (readonly [string, PlainValue])[] {
  if (conventions === 'current') return attributes;
  return attributes.flatMap(([key, value]): (readonly [string, PlainValue])[] => {
    const older = (kind === 'client' ? ON_CLIENT[key] : undefined) ?? PREFERRED[key] ?? aliasesOf(key, kind)[1];
    if (older === undefined) return [[key, value]];
    return conventions === 'both' ? [[key, value], [older, value]] : [[older, value]];
  });
}
