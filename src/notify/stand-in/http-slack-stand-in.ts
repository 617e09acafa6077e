import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MemorySlackWorkspace, type SlackMessageKept } from './memory-slack-workspace.js';
import { slackFragment, slackPage } from './slack-page.js';
import { attachSlackSockets, type SlackSockets } from './slack-sockets.js';

/** What goes wrong with a call. */
export type SlackFault =
  | { readonly status: number; readonly retryAfterSeconds?: number }
  /** HTTP 200 with `ok: false`. */
  | { readonly error: string }
  /** No answer, ever. */
  | { readonly hang: true }
  /** The connection is cut before an answer. */
  | { readonly reset: true }
  /** The call is carried out, and the answer is lost: never sent, or the connection is cut. */
  | { readonly acceptThenTimeout: true }
  | { readonly acceptThenReset: true };

export interface FaultScope {
  /** Default 1; Infinity until `heal`. */
  readonly times?: number;
  /** Only calls of this method. */
  readonly method?: string;
}

export interface SlackStandInOptions {
  readonly host?: string;
  readonly port?: number;
  readonly token?: string;
  /** The app's own, for apps.connections.open. */
  readonly appToken?: string;
  readonly channels?: readonly string[];
  readonly nowMs?: () => number;
}

export interface SlackCall {
  readonly method: string;
  readonly args: Readonly<Record<string, unknown>>;
}

export interface SlackStandIn {
  /** The page that shows the messages. */
  readonly url: string;
  /** For TOCSIN_SLACK_API_URL; ends with a slash. */
  readonly apiUrl: string;
  messages(): readonly SlackMessageKept[];
  /** Every call that came in, failed ones included. */
  calls(): readonly SlackCall[];
  failNext(fault: SlackFault, scope?: FaultScope): void;
  heal(): void;
  /** Removes a message, as a person could. */
  deleteMessage(ts: string): void;
  readonly sockets: SlackSockets;
  /** What came to the response_url of a press: addresses below `url`. */
  responses(): readonly Readonly<Record<string, unknown>>[];
  close(): Promise<void>;
}

const BODY_MAX_BYTES = 1_048_576;

/** Starts a local Slack: the Web API as far as Tocsin uses it, and a page with what arrived. For tests and for `tocsin demo`. */
export async function startSlackStandIn(options: SlackStandInOptions = {}): Promise<SlackStandIn> {
  const workspace = new MemorySlackWorkspace({ ...options, nowMs: options.nowMs ?? Date.now });
  const faults: { fault: SlackFault; times: number; method: string | undefined }[] = [];
  const calls: SlackCall[] = [];
  const nextFault = (method: string): SlackFault | undefined => {
    const index = faults.findIndex((planned) => planned.method === undefined || planned.method === method);
    const planned = faults[index];
    if (planned === undefined) return undefined;
    planned.times -= 1;
    if (planned.times <= 0) faults.splice(index, 1);
    return planned.fault;
  };
  const responses: Readonly<Record<string, unknown>>[] = [];
  const openSocket = (token: string | undefined): Readonly<Record<string, unknown>> => (options.appToken === undefined || token !== options.appToken ? { ok: false, error: 'invalid_auth' } : { ok: true, url: sockets.ticket(url) });
  const server = createServer((request, response) => {
    handle({ request, response, workspace, calls, nextFault, responses, openSocket }).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  const sockets = attachSlackSockets(server);
  const address = await listen(server, options);
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  const url = `http://${host}:${String(address.port)}/`;
  return {
    url, apiUrl: `${url}api/`,
    messages: () => workspace.messages,
    calls: () => calls,
    failNext: (fault, scope = {}) => { faults.push({ fault, times: scope.times ?? 1, method: scope.method }); },
    heal: () => { faults.length = 0; },
    deleteMessage: (ts) => { workspace.delete(ts); },
    sockets, responses: () => responses,
    close: () => {
      sockets.cut();
      return close(server);
    },
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly workspace: MemorySlackWorkspace;
  readonly calls: SlackCall[];
  readonly nextFault: (method: string) => SlackFault | undefined;
  readonly responses: Readonly<Record<string, unknown>>[];
  readonly openSocket: (token: string | undefined) => Readonly<Record<string, unknown>>;
}

async function handle(exchange: Exchange): Promise<void> {
  const { request, response, workspace } = exchange;
  const url = new URL(request.url ?? '/', 'http://stand-in');
  if (url.pathname.startsWith('/api/')) return answerCall(exchange, url);
  if (url.pathname.startsWith('/response/')) {
    exchange.responses.push(argumentsOf('application/json', await read(request)));
    sendJson(response, { ok: true });
  } else if (url.pathname === '/') send(response, { type: 'text/html; charset=utf-8', body: slackPage(workspace) });
  else if (url.pathname === '/fragment') send(response, { type: 'text/html; charset=utf-8', body: url.searchParams.get('revision') === String(workspace.revision) ? '' : slackFragment(workspace) });
  else send(response, { status: 404, type: 'text/plain; charset=utf-8', body: 'There is a page at / and an API at /api/.\n' });
}

async function answerCall({ request, response, workspace, calls, nextFault, openSocket }: Exchange, url: URL): Promise<void> {
  const method = url.pathname.slice('/api/'.length);
  const args = { ...Object.fromEntries(url.searchParams), ...argumentsOf(request.headers['content-type'] ?? '', await read(request)) };
  calls.push({ method, args });
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? (typeof args['token'] === 'string' ? args['token'] : undefined);
  const fault = nextFault(method);
  if (fault === undefined) { sendJson(response, method === 'apps.connections.open' ? openSocket(token) : workspace.call(method, args, token)); return; }
  if ('error' in fault) { sendJson(response, { ok: false, error: fault.error }); return; }
  if ('status' in fault) { failWith(response, fault); return; }
  if ('acceptThenTimeout' in fault || 'acceptThenReset' in fault) workspace.call(method, args, token);
  if ('reset' in fault || 'acceptThenReset' in fault) request.socket.destroy();
}

function failWith(response: ServerResponse, fault: { readonly status: number; readonly retryAfterSeconds?: number }): void {
  if (fault.status === 429) response.setHeader('retry-after', String(fault.retryAfterSeconds ?? 1));
  send(response, { status: fault.status, type: 'application/json', body: JSON.stringify({ ok: false, error: fault.status === 429 ? 'ratelimited' : 'internal_error' }) });
}

function argumentsOf(contentType: string, body: string): Readonly<Record<string, unknown>> {
  if (!contentType.startsWith('application/json')) return Object.fromEntries(new URLSearchParams(body));
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch {
    return {};
  }
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > BODY_MAX_BYTES) throw new Error('the body is too large for Slack');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function sendJson(response: ServerResponse, body: Readonly<Record<string, unknown>>): void {
  send(response, { type: 'application/json; charset=utf-8', body: JSON.stringify(body) });
}

function send(response: ServerResponse, { status = 200, type, body }: { readonly status?: number; readonly type: string; readonly body: string }): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(body);
}

function listen(server: Server, { host = '127.0.0.1', port = 0 }: SlackStandInOptions): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => { resolve(server.address() as AddressInfo); });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => { resolve(); });
    server.closeAllConnections();
  });
}
