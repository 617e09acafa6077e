import { createSecureServer, createServer, type Http2SecureServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../lib/system-clock.js';
import type { ExportRequest } from './absorber.js';
import { encodeResponse, METRICS_NOT_TAKEN, RPC_CODE, tooSlow, type RpcStatus } from './export-answer.js';
import { sendHttpStatus, sendMessage, sendStatus, TAKEN_ENCODINGS } from './grpc-answer.js';
import { readMessage } from './grpc-message.js';
import type { ContentEncoding } from './http-body-collector.js';
import { discardRest } from './http-body.js';
import { Intake, isVisit, type Visit } from './intake.js';
import { ListenError, type Receiver, type ReceiverLimits, type ReceiverOptions } from './receiver.js';

const METHODS: ReadonlyMap<string, ExportRequest['signal'] | 'metrics'> = new Map([
  ['/opentelemetry.proto.collector.trace.v1.TraceService/Export', 'traces'],
  ['/opentelemetry.proto.collector.logs.v1.LogsService/Export', 'logs'],
  ['/opentelemetry.proto.collector.metrics.v1.MetricsService/Export', 'metrics'],
]);
const ENCODINGS: ReadonlyMap<string, ContentEncoding> = new Map([['identity', 'identity'], ['gzip', 'gzip'], ['deflate', 'deflate']]);
/** What one connection may have on the way, so that its calls do not wait for one another; each call has its own 64 KiB. */
const CONNECTION_WINDOW_BYTES = 1_048_576;
/** Counts streams' headers and frames, no bodies. Where it is used up, Node refuses calls with a status that exporters do not retry. */
const SESSION_MEMORY_MB = 64;
const TCP_KEEP_ALIVE_MS = 60_000;

/** What the headers of a call say, once nothing is wrong with them. */
interface Accepted {
  readonly encoding: ContentEncoding;
  readonly visit: Visit;
}

type Refusal = RpcStatus | { readonly httpStatus: number; readonly message: string };

/**
 * OTLP/gRPC: TraceService and LogsService, unary calls over node:http2 (grpc/doc/PROTOCOL-HTTP2.md). Not grpc-js, whose server
 * holds and inflates whole messages before anyone can count their bytes (it has no hook between frames and message), and
 * answers corrupt gzip with INTERNAL: here every byte is taken from the budget as it comes.
 * @throws ListenError
 */
export async function startGrpcOtlpReceiver(options: ReceiverOptions): Promise<Receiver> {
  const receiver = new GrpcOtlpReceiver(options);
  await receiver.listen();
  return receiver;
}

class GrpcOtlpReceiver implements Receiver {
  readonly host: string;
  port: number;
  readonly #limits: ReceiverLimits;
  readonly #intake: Intake;
  readonly #server: Http2Server | Http2SecureServer;
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #onFault: (error: unknown) => void;

  constructor(options: ReceiverOptions) {
    this.host = options.host;
    this.port = options.port;
    this.#intake = new Intake('grpc', { ...options, clock: options.clock ?? systemClock });
    this.#limits = this.#intake.limits;
    this.#onFault = options.onFault ?? ((): void => undefined);
    this.#server = this.#createServer(options.tls);
  }

  #createServer(tls: ReceiverOptions['tls']): Http2Server | Http2SecureServer {
    const settings = { settings: { maxConcurrentStreams: this.#limits.streamsPerConnection }, maxSessionMemory: SESSION_MEMORY_MB, keepAlive: true, keepAliveInitialDelay: TCP_KEEP_ALIVE_MS };
    const server = tls === undefined ? createServer(settings) : createSecureServer({ ...settings, ...tls });
    server.maxConnections = this.#limits.connections;
    server.on('drop', () => this.#intake.counters.limit('connections'));
    server.on('session', (session) => this.#join(session));
    server.on('stream', (stream, headers) => {
      this.#serve(stream, headers).catch((error: unknown) => {
        this.#onFault(error);
        stream.destroy();
      });
    });
    return server;
  }

  #join(session: ServerHttp2Session): void {
    this.#sessions.add(session);
    session.on('close', () => this.#sessions.delete(session));
    // A sender that breaks the protocol or goes away: its session ends, and nothing else.
    session.on('error', () => undefined);
    session.setTimeout(this.#limits.idleConnectionMs, () => session.close());
    session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
    if (this.#intake.isClosing) session.close();
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error: Error) => reject(new ListenError({ host: this.host, port: this.port, setting: 'TOCSIN_OTLP_GRPC_PORT', cause: error.message })));
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
    for (const session of this.#sessions) session.close();
    const deadline = setTimeout(() => {
      for (const session of this.#sessions) session.destroy();
    }, this.#limits.drainMs);
    await closed;
    clearTimeout(deadline);
  }

  async #serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
    stream.on('error', () => undefined);
    const accepted = this.#judge(stream, headers);
    if ('visit' in accepted) {
      await this.#receive(stream, accepted).finally(() => accepted.visit.hold.release());
      return;
    }
    if ('httpStatus' in accepted) sendHttpStatus(stream, accepted.httpStatus, accepted.message);
    else sendStatus(stream, accepted);
    discardRest(stream, this.#limits.bodyBytes);
  }

  /** Everything that can be said before the message is read. */
  #judge(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Accepted | Refusal {
    if (headers[':method'] !== 'POST') return { httpStatus: 405, message: 'this is OTLP over gRPC: send OTLP over HTTP to the other port\n' };
    if (!/^application\/grpc(?:$|[+;])/.test(headers['content-type'] ?? '')) return { httpStatus: 415, message: 'this is OTLP over gRPC: send OTLP over HTTP to the other port\n' };
    const { session } = stream;
    const authorization = this.#intake.authorize(headers.authorization, session?.socket.remoteAddress ?? '');
    if (authorization.kind === 'denied') {
      this.#intake.counters.request('grpc', 'none', 'denied');
      return { code: authorization.status === 'forbidden' ? RPC_CODE.permissionDenied : RPC_CODE.unauthenticated, message: authorization.message };
    }
    const signal = METHODS.get(headers[':path'] ?? '');
    if (signal === undefined || signal === 'metrics') return this.#unsupported(signal === 'metrics' ? METRICS_NOT_TAKEN : `there is no method ${headers[':path'] ?? ''} here: send OTLP traces or logs`);
    const sentEncoding = String(headers['grpc-encoding'] ?? 'identity');
    const encoding = ENCODINGS.get(sentEncoding);
    if (encoding === undefined) return this.#unsupported(`compression "${sentEncoding}" is not known here: send ${TAKEN_ENCODINGS}`);
    const opened = this.#intake.open({ who: authorization.who, connection: session ?? stream, signal });
    return isVisit(opened) ? { encoding, visit: opened } : opened;
  }

  #unsupported(message: string): RpcStatus {
    this.#intake.counters.request('grpc', 'none', 'unsupported');
    return { code: RPC_CODE.unimplemented, message };
  }

  async #receive(stream: ServerHttp2Stream, { encoding, visit }: Accepted): Promise<void> {
    const intake = this.#intake;
    const deadline = setTimeout(() => {
      intake.count(visit, 'too-slow');
      sendStatus(stream, tooSlow(this.#limits.requestTimeoutMs));
      stream.close();
    }, this.#limits.requestTimeoutMs);
    const body = await readMessage(stream, { encoding, limitBytes: this.#limits.bodyBytes, hold: visit.hold });
    clearTimeout(deadline);
    // Answered as too slow: how it ended is then no news.
    if (stream.headersSent) return;
    switch (body.kind) {
      case 'read': await this.#absorb(stream, visit, body.bytes); return;
      case 'too-large': this.#refuse(stream, intake.tooLarge(visit)); return;
      case 'corrupt':
        intake.count(visit, 'malformed');
        this.#refuse(stream, { code: RPC_CODE.invalidArgument, message: body.message });
        return;
      case 'short': this.#refuse(stream, intake.short(visit, body.of)); return;
      case 'aborted': intake.count(visit, 'aborted'); return;
    }
  }

  async #absorb(stream: ServerHttp2Stream, visit: Visit, body: Uint8Array): Promise<void> {
    const answer = await this.#intake.absorb(visit, { encoding: 'protobuf', body });
    if (answer.kind === 'stored') sendMessage(stream, encodeResponse(answer.outcome, visit.signal, 'protobuf'));
    else this.#refuse(stream, answer.status);
  }

  #refuse(stream: ServerHttp2Stream, status: RpcStatus): void {
    sendStatus(stream, status);
    discardRest(stream, this.#limits.bodyBytes);
  }
}
