import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { systemClock } from '../lib/system-clock.js';
import type { ExportRequest } from './absorber.js';
import { ByteBudget } from './byte-budget.js';
import { encodeResponse, encodeStatus, fault, METRICS_NOT_TAKEN, noRoom, RPC_CODE, statusOf, stopping, tooLarge, type Encoding, type RpcStatus } from './export-answer.js';
import { discardRest, readBody, type ContentEncoding } from './http-body.js';
import { IngestCounters, type RequestOutcome } from './ingest-counters.js';
import { ListenError, RECEIVER_LIMITS, type Receiver, type ReceiverLimits, type ReceiverOptions } from './receiver.js';

const SIGNALS: ReadonlyMap<string, ExportRequest['signal']> = new Map([['/v1/traces', 'traces'], ['/v1/logs', 'logs']]);
const METRICS_PATH = '/v1/metrics';
const CONTENT_TYPES: ReadonlyMap<string, Encoding> = new Map([['application/x-protobuf', 'protobuf'], ['application/json', 'json']]);
const CONTENT_TYPE_OF: Readonly<Record<Encoding, string>> = { protobuf: 'application/x-protobuf', json: 'application/json' };
const CONTENT_ENCODINGS: ReadonlyMap<string, ContentEncoding> = new Map([['identity', 'identity'], ['gzip', 'gzip'], ['x-gzip', 'gzip'], ['deflate', 'deflate']]);
const CONNECTION_CHECK_MS = 1_000;
/**
 * Sent as `true` by `tocsin import`: the data never pages, however young it is. Whoever may send at all may say so, because
 * keeping data back altogether would silence it just as well.
 */
export const IMPORT_HEADER = 'x-tocsin-import';

/** An answer that is not a response of the export service. */
interface Refusal {
  readonly httpStatus: number;
  readonly status: RpcStatus;
  readonly outcome: RequestOutcome;
  readonly headers?: OutgoingHttpHeaders;
}

/** What the headers of a request say, once nothing is wrong with them. */
interface Accepted {
  readonly signal: ExportRequest['signal'];
  readonly encoding: Encoding;
  readonly contentEncoding: ContentEncoding;
  readonly protocol: 'http' | 'import';
}

/**
 * OTLP/HTTP (opentelemetry-proto docs/specification.md): POST /v1/traces and /v1/logs in protobuf or JSON. Every answer is
 * in the request's own type, errors as google.rpc.Status.
 * @throws ListenError
 */
export async function startHttpOtlpReceiver(options: ReceiverOptions): Promise<Receiver> {
  const receiver = new HttpOtlpReceiver(options);
  await receiver.listen();
  return receiver;
}

class HttpOtlpReceiver implements Receiver {
  readonly host: string;
  port: number;
  readonly #options: ReceiverOptions;
  readonly #limits: ReceiverLimits;
  readonly #budget: ByteBudget;
  readonly #counters: IngestCounters;
  readonly #server: Server;
  /** Open connections and how many requests each is in the middle of. */
  readonly #sockets = new Map<Socket, number>();
  #isClosing = false;

  constructor(options: ReceiverOptions) {
    this.host = options.host;
    this.port = options.port;
    this.#options = options;
    this.#limits = { ...RECEIVER_LIMITS, ...options.limits };
    this.#budget = options.budget ?? new ByteBudget(this.#limits.bytesInFlight);
    this.#counters = options.counters ?? new IngestCounters();
    this.#server = this.#createServer();
  }

  #createServer(): Server {
    const settings = { headersTimeout: this.#limits.headersTimeoutMs, requestTimeout: this.#limits.requestTimeoutMs, keepAliveTimeout: this.#limits.idleTimeoutMs, connectionsCheckingInterval: CONNECTION_CHECK_MS };
    const listener: RequestListener = (request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        this.#options.onFault?.(error);
        response.destroy();
      });
    };
    const { tls } = this.#options;
    const server = tls === undefined ? createServer(settings, listener) : createTlsServer({ ...settings, ...tls }, listener);
    server.maxConnections = this.#limits.connections;
    server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      this.#sockets.set(socket, 0);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    return server;
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => reject(new ListenError({ host: this.host, port: this.port, setting: 'TOCSIN_OTLP_HTTP_PORT', cause: error.message })));
      this.#server.listen(this.port, this.host, () => {
        this.port = (this.#server.address() as AddressInfo).port;
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const [socket, inFlight] of this.#sockets) if (inFlight === 0) socket.destroy();
    const deadline = setTimeout(() => this.#server.closeAllConnections(), this.#limits.drainMs);
    await closed;
    clearTimeout(deadline);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    this.#sockets.set(socket, (this.#sockets.get(socket) ?? 0) + 1);
    response.on('close', () => {
      const inFlight = this.#sockets.get(socket);
      if (inFlight !== undefined) this.#sockets.set(socket, inFlight - 1);
    });
    response.on('error', () => undefined);
    const accepted = this.#judge(request);
    if ('httpStatus' in accepted) {
      discardRest(request, this.#limits.bodyBytes);
      this.#refuse(request, response, accepted);
    } else {
      await this.#receive(request, response, accepted);
    }
  }

  /** Everything that can be said before the body is read. */
  #judge(request: IncomingMessage): Accepted | Refusal {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const signal = SIGNALS.get(path);
    const denied = this.#denied(request.headers.authorization);
    if (denied !== undefined) return denied;
    if (signal === undefined) return unknownPath(path);
    if (request.method !== 'POST') return unsupported(405, `${request.method ?? ''} ${path} is not OTLP: send POST`, { Allow: 'POST' });
    const encoding = encodingOf(request);
    if (encoding === undefined) return unsupported(415, `content type "${request.headers['content-type'] ?? ''}" is not OTLP: send application/x-protobuf or application/json`);
    const sentEncoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
    const contentEncoding = CONTENT_ENCODINGS.get(sentEncoding);
    if (contentEncoding === undefined) return unsupported(415, `content encoding "${sentEncoding}" is not known here: send gzip, deflate or identity`, { 'Accept-Encoding': 'gzip, deflate, identity' });
    if (this.#isClosing) return { httpStatus: 503, status: stopping(this.#limits.retryAfterMs), outcome: 'busy' };
    if (Number(request.headers['content-length'] ?? 0) > this.#limits.bodyBytes) return this.#tooLarge();
    return { signal, encoding, contentEncoding, protocol: request.headers[IMPORT_HEADER] === 'true' ? 'import' : 'http' };
  }

  #denied(header: string | undefined): Refusal | undefined {
    const authorization = this.#options.authorize?.(header) ?? { kind: 'allowed' };
    if (authorization.kind === 'allowed') return undefined;
    if (authorization.status === 'forbidden') return { httpStatus: 403, status: { code: RPC_CODE.permissionDenied, message: authorization.message }, outcome: 'denied' };
    return { httpStatus: 401, status: { code: RPC_CODE.unauthenticated, message: authorization.message }, outcome: 'denied', headers: { 'WWW-Authenticate': 'Bearer' } };
  }

  #tooLarge(): Refusal {
    this.#counters.limit('body-bytes');
    return { httpStatus: 413, status: tooLarge(this.#limits.bodyBytes), outcome: 'too-large' };
  }

  async #receive(request: IncomingMessage, response: ServerResponse, accepted: Accepted): Promise<void> {
    const body = await readBody(request, { encoding: accepted.contentEncoding, limitBytes: this.#limits.bodyBytes, budget: this.#budget });
    switch (body.kind) {
      case 'read':
        await this.#absorb(response, accepted, body.bytes).finally(() => this.#budget.release(body.reserved));
        return;
      case 'too-large': this.#refuse(request, response, this.#tooLarge()); return;
      case 'corrupt': this.#refuse(request, response, { httpStatus: 400, status: { code: RPC_CODE.invalidArgument, message: body.message }, outcome: 'malformed' }); return;
      case 'no-room':
        this.#counters.limit('bytes-in-flight');
        this.#refuse(request, response, { httpStatus: 503, status: noRoom(this.#limits.retryAfterMs), outcome: 'busy' });
        return;
      case 'aborted': this.#counters.request('http', accepted.signal, 'aborted'); return;
    }
  }

  async #absorb(response: ServerResponse, { signal, encoding, protocol }: Accepted, body: Uint8Array): Promise<void> {
    this.#counters.body('http', signal, body.length);
    const receivedAtMs = (this.#options.clock ?? systemClock).nowMs();
    try {
      const outcome = await this.#options.absorber.absorb({ signal, encoding, protocol, body, receivedAtMs });
      this.#counters.outcome('http', signal, outcome);
      if (outcome.kind === 'stored') this.#send(response, { httpStatus: 200, encoding, body: encodeResponse(outcome, signal, encoding), headers: protocol === 'import' ? importHeaders(outcome) : {} });
      else this.#sendStatus(response, encoding, { httpStatus: outcome.kind === 'malformed' ? 400 : 503, status: statusOf(outcome) });
    } catch (error) {
      this.#counters.request('http', signal, 'failed');
      this.#options.onFault?.(error);
      this.#sendStatus(response, encoding, { httpStatus: 503, status: fault(this.#limits.retryAfterMs) });
    }
  }

  #refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    this.#counters.request('http', SIGNALS.get(path) ?? 'none', refusal.outcome);
    this.#sendStatus(response, encodingOf(request) ?? 'json', refusal);
  }

  #sendStatus(response: ServerResponse, encoding: Encoding, refusal: Omit<Refusal, 'outcome'>): void {
    const { retryAfterMs } = refusal.status;
    const retry = retryAfterMs === undefined ? {} : { 'Retry-After': String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) };
    this.#send(response, { httpStatus: refusal.httpStatus, encoding, body: encodeStatus(refusal.status, encoding), headers: { ...refusal.headers, ...retry } });
  }

  #send(response: ServerResponse, answer: { readonly httpStatus: number; readonly encoding: Encoding; readonly body: Uint8Array; readonly headers?: OutgoingHttpHeaders }): void {
    const connection = this.#isClosing ? { Connection: 'close' } : {};
    response.writeHead(answer.httpStatus, { ...answer.headers, ...connection, 'Content-Type': CONTENT_TYPE_OF[answer.encoding], 'Content-Length': answer.body.length });
    response.end(answer.body);
  }
}

/** OTLP's answer says only what was rejected; an import wants to tell its user what was new. */
function importHeaders({ admitted, deduplicated }: { readonly admitted: number; readonly deduplicated: number }): OutgoingHttpHeaders {
  return { 'X-Tocsin-Admitted': String(admitted), 'X-Tocsin-Deduplicated': String(deduplicated) };
}

/** The encoding that the content type names; parameters such as a charset do not matter. */
function encodingOf(request: IncomingMessage): Encoding | undefined {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0] ?? '';
  return CONTENT_TYPES.get(type.trim().toLowerCase());
}

function unknownPath(path: string): Refusal {
  const message = path === METRICS_PATH ? METRICS_NOT_TAKEN : 'there is nothing here: send OTLP to /v1/traces or /v1/logs';
  return { httpStatus: 404, status: { code: RPC_CODE.unimplemented, message }, outcome: 'unsupported' };
}

function unsupported(httpStatus: number, message: string, headers?: OutgoingHttpHeaders): Refusal {
  return { httpStatus, status: { code: RPC_CODE.invalidArgument, message }, outcome: 'unsupported', headers };
}
