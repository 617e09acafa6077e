import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import { pino } from 'pino';
import { tellHost } from './messages.js';

const MAX_BODY_BYTES = 16 * 1024;
const DRAIN_MS = 1_000;

/** Who asks: the edge of the shop knows, and every service hands it on as headers. */
export interface Caller {
  readonly region: string;
  readonly tenant: string;
}

export interface ShopRequest {
  readonly caller: Caller;
  /** Values of the `{name}` parts of the route. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

/** Keys are `GET /products/{id}`; the answer is sent as JSON. */
export type Routes = Readonly<Record<string, (request: ShopRequest) => Promise<unknown>>>;

/** A failure with the HTTP status that the caller shall see. */
export class ShopError extends Error {
  constructor(name: string, message: string, readonly status: number) {
    super(message);
    this.name = name;
  }
}

interface Route {
  readonly method: string;
  readonly template: string;
  readonly pattern: RegExp;
  readonly handle: (request: ShopRequest) => Promise<unknown>;
}

const log = pino({ base: null });

/** Serves the routes on a free loopback port, and tells the host which one. */
export function serveShop(routes: Routes): void {
  const table = Object.entries(routes).map(([key, handle]) => readRoute(key, handle));
  const server = createServer((request, response) => void answer(table, request, response));
  server.listen(0, '127.0.0.1', () => tellHost({ kind: 'listening', port: (server.address() as AddressInfo).port }));
  // The SDK sends its last spans on the same signal, so the process must not end at once.
  process.once('SIGTERM', () => {
    server.close();
    setTimeout(() => process.exit(0), DRAIN_MS);
  });
}

function readRoute(key: string, handle: Route['handle']): Route {
  const [method = '', template = ''] = key.split(' ');
  return { method, template, handle, pattern: new RegExp(`^${template.replace(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`) };
}

async function answer(table: readonly Route[], request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://shop');
  const route = table.find((each) => each.method === request.method && each.pattern.test(url.pathname));
  if (route === undefined) {
    send(response, 404, { error: 'no such page' });
    return;
  }
  const caller = { region: header(request, 'x-shop-region'), tenant: header(request, 'x-shop-tenant') };
  describeSpan(route, caller);
  try {
    const params = route.pattern.exec(url.pathname)?.groups ?? {};
    send(response, 200, await route.handle({ caller, params, query: url.searchParams, body: await readBody(request) }));
  } catch (error) {
    fail(response, error instanceof Error ? error : new Error(String(error)));
  }
}

/** A spoiled shop writes down what it should not, to see it found (docs/quality.md). */
const LEAK = process.env['SHOP_LEAKS'] === 'true' ? { 'shop.customer': 'ann@example.org' } : {};

/** What a web framework's instrumentation would add: the route as the name. And what the shop knows about its request. */
function describeSpan(route: Route, caller: Caller): void {
  const span = trace.getActiveSpan();
  span?.updateName(`${route.method} ${route.template}`);
  span?.setAttributes({ 'http.route': route.template, 'shop.region': caller.region, 'shop.tenant': caller.tenant, ...LEAK });
}

function fail(response: ServerResponse, error: Error): void {
  const status = error instanceof ShopError ? error.status : 500;
  // A wrong request is no failure of the shop: only 5xx mark the span (semantic conventions of HTTP server spans).
  if (status >= 500) {
    const span = trace.getActiveSpan();
    span?.recordException(error);
    span?.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
    log.error({ err: error }, 'request failed');
  }
  send(response, status, { error: error.message });
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > MAX_BODY_BYTES) throw new ShopError('BodyTooLarge', `a request may have ${MAX_BODY_BYTES} bytes`, 413);
  }
  return text === '' ? undefined : (JSON.parse(text) as unknown);
}

function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : 'unknown';
}
