import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { systemClock } from '../lib/system-clock.js';
import type { ExportRequest } from './absorber.js';
import { encodeResponse, encodeStatus, METRICS_NOT_TAKEN, RPC_CODE, type Encoding, type RpcStatus } from './export-answer.js';
import type { ContentEncoding } from './http-body-collector.js';
import { discardRest, readBody } from './http-body.js';
import type { RequestOutcome } from './ingest-counters.js';
import { Intake, isVisit, type Visit } from './intake.js';
import { ListenError, type Authorization, type Receiver, type ReceiverLimits, type ReceiverOptions } from './receiver.js';

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
  /** Undefined where it has been counted. */
  readonly outcome?: RequestOutcome;
  readonly headers?: OutgoingHttpHeaders;
}

/** What the headers of a request say, once nothing is wrong with them. */
interface Accepted {
  readonly encoding: Encoding;
  readonly contentEncoding: ContentEncoding;
  readonly protocol: 'http' | 'import';
  readonly visit: Visit;
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
  readonly #intake: Intake;
  readonly #server: Server;
  /** Open connections and how many requests each is in the middle of. */
  readonly #sockets = new Map<Socket, number>();

  constructor(options: ReceiverOptions) {
    this.host = options.host;
    this.port = options.port;
    this.#options = options;
    this.#intake = new Intake('http', { ...options, clock: options.clock ?? systemClock });
    this.#limits = this.#intake.limits;
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
    server.on('drop', () => this.#intake.counters.limit('connections'));
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
    this.#intake.stopTaking();
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
      await this.#receive(request, response, accepted).finally(() => accepted.visit.hold.release());
    }
  }

  /** Everything that can be said before the body is read. */
  #judge(request: IncomingMessage): Accepted | Refusal {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const signal = SIGNALS.get(path);
    const authorization = this.#intake.authorize(request.headers.authorization, request.socket.remoteAddress ?? '');
    if (authorization.kind === 'denied') return denied(authorization);
    if (signal === undefined) return unknownPath(path);
    if (request.method !== 'POST') return unsupported(405, `${request.method ?? ''} ${path} is not OTLP: send POST`, { Allow: 'POST' });
    const encoding = encodingOf(request);
    if (encoding === undefined) return unsupported(415, `content type "${request.headers['content-type'] ?? ''}" is not OTLP: send application/x-protobuf or application/json`);
    const sentEncoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
    const contentEncoding = CONTENT_ENCODINGS.get(sentEncoding);
    if (contentEncoding === undefined) return unsupported(415, `content encoding "${sentEncoding}" is not known here: send gzip, deflate or identity`, { 'Accept-Encoding': 'gzip, deflate, identity' });
    const caller = { who: authorization.who, connection: request.socket, signal };
    if (Number(request.headers['content-length'] ?? 0) > this.#limits.bodyBytes) return { httpStatus: 413, status: this.#intake.tooLarge(caller) };
    const opened = this.#intake.open(caller);
    if (!isVisit(opened)) return { httpStatus: 503, status: opened };
    return { encoding, contentEncoding, visit: opened, protocol: request.headers[IMPORT_HEADER] === 'true' ? 'import' : 'http' };
  }

  async #receive(request: IncomingMessage, response: ServerResponse, accepted: Accepted): Promise<void> {
    const intake = this.#intake;
    const { encoding, contentEncoding, visit } = accepted;
    const body = await readBody(request, { encoding: contentEncoding, limitBytes: this.#limits.bodyBytes, hold: visit.hold });
    switch (body.kind) {
      case 'read': await this.#absorb(response, accepted, body.bytes); return;
      case 'too-large': this.#sendStatus(response, encoding, { httpStatus: 413, status: intake.tooLarge(visit) }); return;
      case 'corrupt':
        intake.count(visit, 'malformed');
        this.#sendStatus(response, encoding, { httpStatus: 400, status: { code: RPC_CODE.invalidArgument, message: body.message } });
        return;
      case 'short': this.#sendStatus(response, encoding, { httpStatus: 503, status: intake.short(visit, body.of) }); return;
      case 'aborted': intake.count(visit, 'aborted'); return;
    }
  }

  async #absorb(response: ServerResponse, { encoding, protocol, visit }: Accepted, body: Uint8Array): Promise<void> {
    const answer = await this.#intake.absorb(visit, { encoding, body, protocol });
    if (answer.kind === 'stored') this.#send(response, { httpStatus: 200, encoding, body: encodeResponse(answer.outcome, visit.signal, encoding), headers: protocol === 'import' ? importHeaders(answer.outcome) : {} });
    else this.#sendStatus(response, encoding, { httpStatus: answer.status.code === RPC_CODE.invalidArgument ? 400 : 503, status: answer.status });
  }

  #refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    if (refusal.outcome !== undefined) this.#intake.counters.request('http', SIGNALS.get(path) ?? 'none', refusal.outcome);
    this.#sendStatus(response, encodingOf(request) ?? 'json', refusal);
  }

  #sendStatus(response: ServerResponse, encoding: Encoding, refusal: Omit<Refusal, 'outcome'>): void {
    const { retryAfterMs } = refusal.status;
    const retry = retryAfterMs === undefined ? {} : { 'Retry-After': String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) };
    this.#send(response, { httpStatus: refusal.httpStatus, encoding, body: encodeStatus(refusal.status, encoding), headers: { ...refusal.headers, ...retry } });
  }

  #send(response: ServerResponse, answer: { readonly httpStatus: number; readonly encoding: Encoding; readonly body: Uint8Array; readonly headers?: OutgoingHttpHeaders }): void {
    const connection = this.#intake.isClosing ? { Connection: 'close' } : {};
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

function denied({ status, message }: Extract<Authorization, { kind: 'denied' }>): Refusal {
  if (status === 'forbidden') return { httpStatus: 403, status: { code: RPC_CODE.permissionDenied, message }, outcome: 'denied' };
  return { httpStatus: 401, status: { code: RPC_CODE.unauthenticated, message }, outcome: 'denied', headers: { 'WWW-Authenticate': 'Bearer' } };
}
