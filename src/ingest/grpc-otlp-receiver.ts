import {
  logVerbosity, Metadata, ResponderBuilder, Server, ServerCredentials, ServerInterceptingCall, ServerListenerBuilder, setLogVerbosity, status as GRPC_STATUS,
  type sendUnaryData, type ServerInterceptor, type ServerUnaryCall, type ServiceDefinition, type UntypedHandleCall,
} from '@grpc/grpc-js';
import { systemClock } from '../lib/system-clock.js';
import type { ExportOutcome, ExportRequest } from './absorber.js';
import { ByteBudget } from './byte-budget.js';
import { encodeResponse, encodeStatus, fault, METRICS_NOT_TAKEN, noRoom, RPC_CODE, statusOf, stopping, type RpcCode, type RpcStatus } from './export-answer.js';
import { IngestCounters } from './ingest-counters.js';
import { ListenError, RECEIVER_LIMITS, type Authorization, type Receiver, type ReceiverLimits, type ReceiverOptions } from './receiver.js';

const SERVICES = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
} as const;

const GRPC_CODE: Readonly<Record<RpcCode, GRPC_STATUS>> = {
  [RPC_CODE.invalidArgument]: GRPC_STATUS.INVALID_ARGUMENT,
  [RPC_CODE.permissionDenied]: GRPC_STATUS.PERMISSION_DENIED,
  [RPC_CODE.resourceExhausted]: GRPC_STATUS.RESOURCE_EXHAUSTED,
  [RPC_CODE.unimplemented]: GRPC_STATUS.UNIMPLEMENTED,
  [RPC_CODE.unavailable]: GRPC_STATUS.UNAVAILABLE,
  [RPC_CODE.unauthenticated]: GRPC_STATUS.UNAUTHENTICATED,
};

type ExportCall = ServerUnaryCall<Buffer, Buffer>;
type Callback = sendUnaryData<Buffer>;

/**
 * OTLP/gRPC: TraceService and LogsService. Messages pass as bytes: decoding is the absorber's. A message larger than the limit,
 * also after decompression, is answered by the library with RESOURCE_EXHAUSTED without RetryInfo, which senders do not retry.
 * @throws ListenError
 */
export async function startGrpcOtlpReceiver(options: ReceiverOptions): Promise<Receiver> {
  // The library prints to stderr what it also hands over as an error; users get one line, and it is ours.
  setLogVerbosity(logVerbosity.NONE);
  const receiver = new GrpcOtlpReceiver(options);
  await receiver.listen();
  return receiver;
}

class GrpcOtlpReceiver implements Receiver {
  readonly host: string;
  port: number;
  readonly #options: ReceiverOptions;
  readonly #limits: ReceiverLimits;
  readonly #budget: ByteBudget;
  readonly #counters: IngestCounters;
  readonly #server: Server;
  #isClosing = false;

  constructor(options: ReceiverOptions) {
    this.host = options.host;
    this.port = options.port;
    this.#options = options;
    this.#limits = { ...RECEIVER_LIMITS, ...options.limits };
    this.#budget = options.budget ?? new ByteBudget(this.#limits.bytesInFlight);
    this.#counters = options.counters ?? new IngestCounters();
    this.#server = new Server({
      'grpc.max_receive_message_length': this.#limits.bodyBytes,
      'grpc.max_concurrent_streams': this.#limits.streamsPerConnection,
      interceptors: [this.#guard],
    });
    this.#server.addService(definition('traces'), { Export: this.#handler('traces') as UntypedHandleCall });
    this.#server.addService(definition('logs'), { Export: this.#handler('logs') as UntypedHandleCall });
    this.#server.addService(definition('metrics'), { Export: this.#noMetrics as UntypedHandleCall });
  }

  listen(): Promise<void> {
    const { tls } = this.#options;
    const credentials = tls === undefined ? ServerCredentials.createInsecure() : ServerCredentials.createSsl(null, [{ cert_chain: Buffer.from(tls.cert), private_key: Buffer.from(tls.key) }]);
    const address = this.host.includes(':') ? `[${this.host}]:${this.port}` : `${this.host}:${this.port}`;
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(address, credentials, (error, port) => {
        if (error !== null) {
          reject(new ListenError({ host: this.host, port: this.port, setting: 'TOCSIN_OTLP_GRPC_PORT', cause: error.message }));
          return;
        }
        this.port = port;
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    const deadline = setTimeout(() => this.#server.forceShutdown(), this.#limits.drainMs);
    await new Promise<void>((resolve) => {
      this.#server.tryShutdown(() => resolve());
    });
    clearTimeout(deadline);
  }

  /** Judges a call by its metadata, before its message is read. */
  readonly #guard: ServerInterceptor = (_method, call) => {
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        const refusal = this.#refusal(metadata);
        if (refusal === undefined) next(metadata);
        else call.sendStatus({ code: GRPC_CODE[refusal.code], details: refusal.message, metadata: detailsOf(refusal) });
      })
      .build();
    return new ServerInterceptingCall(call, new ResponderBuilder().withStart((next) => next(listener)).build());
  };

  #refusal(metadata: Metadata): RpcStatus | undefined {
    const header = metadata.get('authorization')[0];
    const authorization: Authorization = this.#options.authorize?.(header === undefined ? undefined : String(header)) ?? { kind: 'allowed', who: '' };
    if (authorization.kind === 'denied') {
      this.#counters.request('grpc', 'none', 'denied');
      return { code: authorization.status === 'forbidden' ? RPC_CODE.permissionDenied : RPC_CODE.unauthenticated, message: authorization.message };
    }
    if (this.#isClosing) return this.#busy(stopping(this.#limits.retryAfterMs));
    if (this.#budget.used >= this.#budget.limit) return this.#busy(noRoom(this.#limits.retryAfterMs));
    return undefined;
  }

  #busy(status: RpcStatus): RpcStatus {
    this.#counters.request('grpc', 'none', 'busy');
    return status;
  }

  #handler(signal: ExportRequest['signal']): (call: ExportCall, callback: Callback) => void {
    return (call, callback) => {
      const body = call.request;
      if (!this.#budget.tryReserve(body.length)) {
        this.#counters.limit('bytes-in-flight');
        this.#counters.request('grpc', signal, 'busy');
        fail(callback, noRoom(this.#limits.retryAfterMs));
        return;
      }
      this.#counters.body('grpc', signal, body.length);
      void this.#absorb(signal, body, callback).finally(() => this.#budget.release(body.length));
    };
  }

  async #absorb(signal: ExportRequest['signal'], body: Buffer, callback: Callback): Promise<void> {
    const receivedAtMs = (this.#options.clock ?? systemClock).nowMs();
    let outcome: ExportOutcome;
    try {
      outcome = await this.#options.absorber.absorb({ signal, encoding: 'protobuf', protocol: 'grpc', body, receivedAtMs });
    } catch (error) {
      this.#counters.request('grpc', signal, 'failed');
      this.#options.onFault?.(error);
      fail(callback, fault(this.#limits.retryAfterMs));
      return;
    }
    this.#counters.outcome('grpc', signal, outcome);
    if (outcome.kind === 'stored') callback(null, Buffer.from(encodeResponse(outcome, signal, 'protobuf')));
    else fail(callback, statusOf(outcome));
  }

  readonly #noMetrics = (_call: ExportCall, callback: Callback): void => {
    this.#counters.request('grpc', 'none', 'unsupported');
    callback({ code: GRPC_STATUS.UNIMPLEMENTED, details: METRICS_NOT_TAKEN });
  };
}

function fail(callback: Callback, status: RpcStatus): void {
  callback({ code: GRPC_CODE[status.code], details: status.message, metadata: detailsOf(status) });
}

/** RetryInfo travels as google.rpc.Status in `grpc-status-details-bin`. */
function detailsOf(status: RpcStatus): Metadata {
  const metadata = new Metadata();
  if (status.retryAfterMs !== undefined) metadata.set('grpc-status-details-bin', Buffer.from(encodeStatus(status, 'protobuf')));
  return metadata;
}

/** A service without .proto files: what arrives are bytes, what leaves are bytes. */
function definition(service: keyof typeof SERVICES): ServiceDefinition {
  const identity = (bytes: Buffer): Buffer => bytes;
  return {
    Export: {
      path: SERVICES[service], requestStream: false, responseStream: false,
      requestSerialize: identity, requestDeserialize: identity, responseSerialize: identity, responseDeserialize: identity,
    },
  };
}
