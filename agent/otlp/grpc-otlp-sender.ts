import type { ClientOptions, Metadata, ServiceError } from '@grpc/grpc-js';
import { rejectedSpans, type Delivery, type OtlpSender, type SenderOptions } from './delivery.js';

const PATHS = { traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export', logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export' } as const;
/** OTLP/gRPC, "Failures": CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS; RESOURCE_EXHAUSTED only with RetryInfo. */
const RETRYABLE: ReadonlySet<number> = new Set([1, 4, 10, 11, 14, 15]);
const RESOURCE_EXHAUSTED = 8;
const identity = (bytes: Buffer): Buffer => bytes;

/** OTLP/gRPC. The library is loaded only when it is wanted: it is larger than the rest of the agent. */
export async function grpcOtlpSender({ signal, endpoint, headers, compression, timeoutMs }: SenderOptions): Promise<OtlpSender> {
  const grpc = await import('@grpc/grpc-js');
  const options: ClientOptions = { 'grpc.default_compression_algorithm': compression === 'gzip' ? grpc.compressionAlgorithms.gzip : grpc.compressionAlgorithms.identity };
  const credentials = endpoint.protocol === 'https:' ? grpc.credentials.createSsl() : grpc.credentials.createInsecure();
  const port = endpoint.port === '' ? (endpoint.protocol === 'https:' ? '443' : '80') : endpoint.port;
  const client = new grpc.Client(`${endpoint.hostname}:${port}`, credentials, options);
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return {
    // gRPC compresses by itself.
    takesGzip: false,
    send: (body) => new Promise<Delivery>((resolve) => {
      client.makeUnaryRequest(PATHS[signal], identity, identity, body, metadata, { deadline: Date.now() + timeoutMs }, (error, answer) => {
        resolve(error === null ? { outcome: 'delivered', rejectedSpans: rejectedSpans(answer ?? Buffer.alloc(0)) } : failure(error));
      });
    }),
    close: () => client.close(),
  };
}

function failure(error: ServiceError): Delivery {
  const afterMs = retryDelayMs(error.metadata);
  const code: number = error.code;
  const why = `gRPC status ${error.code}: ${error.details}`;
  if (RETRYABLE.has(code) || (code === RESOURCE_EXHAUSTED && afterMs !== undefined)) return { outcome: 'retryable', afterMs, why };
  return { outcome: 'rejected', why };
}

const RETRY_INFO = Buffer.from('type.googleapis.com/google.rpc.RetryInfo');

/** google.rpc.RetryInfo among the details of a status: Any { type_url = 1, value = 2 { retry_delay = 1 { seconds = 1, nanos = 2 } } }. */
export function retryDelayMs(metadata: Pick<Metadata, 'get'>): number | undefined {
  const [details] = metadata.get('grpc-status-details-bin');
  if (!Buffer.isBuffer(details)) return undefined;
  const at = details.indexOf(RETRY_INFO);
  if (at === -1) return undefined;
  const value = details.subarray(at + RETRY_INFO.length);
  // Tags and lengths of value, of RetryInfo and of Duration, then its two numbers.
  if (value[0] !== 0x12 || value[2] !== 0x0a) return undefined;
  let delayMs = 0;
  for (let position = 4; position < value.length;) {
    const field = value[position]! >> 3;
    let number = 0;
    let shift = 0;
    do {
      position += 1;
      number += (value[position]! & 0x7f) * 2 ** shift;
      shift += 7;
    } while (position < value.length && value[position]! >= 0x80 && shift < 63);
    position += 1;
    delayMs += field === 1 ? number * 1_000 : field === 2 ? number / 1e6 : 0;
  }
  return delayMs;
}
