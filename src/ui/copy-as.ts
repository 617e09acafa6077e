import type { AttributeValue } from '../trace/attribute.js';
import type { Attributes, Span } from '../trace/span.js';

/** The request of an HTTP span as a command; undefined for other spans, and where the address was not sent. Headers and bodies are not in spans. */
export function requestAsCurl({ attributes }: Pick<Span, 'attributes'>): string | undefined {
  const method = textOf(attributes, 'http.request.method') ?? textOf(attributes, 'http.method');
  const url = urlOf(attributes);
  if (method === undefined || url === undefined) return undefined;
  return `curl -i${method === 'GET' ? '' : method === 'HEAD' ? ' --head' : ` -X ${quoted(method)}`} ${quoted(url)}`;
}

/** The command that reads a trace from here. */
export function traceAsCurl(publicUrl: string, traceId: string, withToken: boolean): string {
  return `curl -s${withToken ? ' -H "authorization: Bearer $TOCSIN_TOKEN"' : ''} ${quoted(`${publicUrl}/api/v1/traces/${traceId}`)}`;
}

function urlOf(attributes: Attributes): string | undefined {
  const whole = textOf(attributes, 'url.full') ?? textOf(attributes, 'http.url');
  if (whole !== undefined) return whole;
  const host = textOf(attributes, 'server.address');
  const path = textOf(attributes, 'url.path');
  if (host === undefined || path === undefined) return undefined;
  const port = textOf(attributes, 'server.port');
  const query = textOf(attributes, 'url.query');
  return `${textOf(attributes, 'url.scheme') ?? 'http'}://${host}${port === undefined ? '' : `:${port}`}${path}${query === undefined ? '' : `?${query}`}`;
}

function textOf(attributes: Attributes, key: string): string | undefined {
  const value: AttributeValue | undefined = attributes[key];
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** For a POSIX shell: what a sender wrote is text in it, never a command. */
function quoted(text: string): string {
  return `'${text.replaceAll(`'`, `'\\''`)}'`;
}
