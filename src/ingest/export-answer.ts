import type { ExportOutcome, ExportRequest } from './absorber.js';
import type { Shortage } from './byte-budget.js';
import { concatBytes, lengthDelimited, varintField } from './wire-writer.js';

/** google.rpc.Code, those that OTLP knows. */
export const RPC_CODE = {
  invalidArgument: 3, deadlineExceeded: 4, permissionDenied: 7, resourceExhausted: 8, unimplemented: 12, unavailable: 14, unauthenticated: 16,
} as const;
export type RpcCode = (typeof RPC_CODE)[keyof typeof RPC_CODE];

/** google.rpc.Status; with `retryAfterMs` it carries a RetryInfo, without one senders must not retry what could be either. */
export interface RpcStatus {
  readonly code: RpcCode;
  readonly message: string;
  readonly retryAfterMs?: number;
}

export type Encoding = ExportRequest['encoding'];
type Signal = ExportRequest['signal'];
type Stored = Extract<ExportOutcome, { kind: 'stored' }>;

const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';

/** ExportTraceServiceResponse or ExportLogsServiceResponse. `partial_success` stays unset where all is well (OTLP 1.x, "Full Success"). */
export function encodeResponse(outcome: Stored, signal: Signal, encoding: Encoding): Uint8Array {
  const isPartial = outcome.rejected > 0 || outcome.message !== '';
  if (encoding === 'protobuf') {
    if (!isPartial) return new Uint8Array(0);
    return lengthDelimited(1, concatBytes([varintField(1, outcome.rejected), lengthDelimited(2, Buffer.from(outcome.message, 'utf8'))]));
  }
  const rejectedField = signal === 'traces' ? 'rejectedSpans' : 'rejectedLogRecords';
  return jsonBytes(isPartial ? { partialSuccess: { [rejectedField]: String(outcome.rejected), errorMessage: outcome.message } } : {});
}

export function encodeStatus(status: RpcStatus, encoding: Encoding): Uint8Array {
  if (encoding === 'json') return jsonBytes({ code: status.code, message: status.message, ...jsonDetails(status) });
  return concatBytes([varintField(1, status.code), lengthDelimited(2, Buffer.from(status.message, 'utf8')), ...protobufDetails(status)]);
}

function jsonDetails({ retryAfterMs }: RpcStatus): { details?: readonly unknown[] } {
  return retryAfterMs === undefined ? {} : { details: [{ '@type': RETRY_INFO, retryDelay: `${retryAfterMs / 1_000}s` }] };
}

/** Any { type_url = 1, value = 2 } around RetryInfo { retry_delay = 1 { seconds = 1, nanos = 2 } }. */
function protobufDetails({ retryAfterMs }: RpcStatus): Uint8Array[] {
  if (retryAfterMs === undefined) return [];
  const delay = concatBytes([varintField(1, Math.floor(retryAfterMs / 1_000)), varintField(2, Math.floor(retryAfterMs % 1_000) * 1_000_000)]);
  return [lengthDelimited(3, concatBytes([lengthDelimited(1, Buffer.from(RETRY_INFO, 'utf8')), lengthDelimited(2, lengthDelimited(1, delay))]))];
}

function jsonBytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value), 'utf8');
}

/** The status of an outcome that is an error. */
export function statusOf(outcome: Exclude<ExportOutcome, Stored>): RpcStatus {
  if (outcome.kind === 'malformed') return { code: RPC_CODE.invalidArgument, message: outcome.message };
  return { code: RPC_CODE.unavailable, message: outcome.message, retryAfterMs: outcome.retryAfterMs };
}

export const METRICS_NOT_TAKEN = 'Tocsin takes traces and logs, no metrics: switch the metrics exporter off (OTEL_METRICS_EXPORTER=none) or send metrics elsewhere';

export function tooLarge(limitBytes: number): RpcStatus {
  return { code: RPC_CODE.resourceExhausted, message: `the request is larger than ${limitBytes} bytes, before or after decompression: send smaller batches` };
}

const SHORT: Readonly<Record<Shortage, string>> = {
  'bytes-in-flight': 'too many bytes are in flight: send again later',
  'sender-share': 'this sender has its share of the bytes in flight: send again later',
  'service-share': 'this service has its share of the bytes in flight: send again later',
};

export function noRoom(shortage: Shortage, retryAfterMs: number): RpcStatus {
  return { code: RPC_CODE.unavailable, message: SHORT[shortage], retryAfterMs };
}

/** Retryable as it is: what took too long may be quicker next time. */
export function tooSlow(timeoutMs: number): RpcStatus {
  return { code: RPC_CODE.deadlineExceeded, message: `the request took longer than ${timeoutMs / 1_000} s to arrive: send smaller batches` };
}

export function stopping(retryAfterMs: number): RpcStatus {
  return { code: RPC_CODE.unavailable, message: 'Tocsin is stopping: send again later', retryAfterMs };
}

/** A bug on this side: the data is fine, so that the sender should keep it and try again. */
export function fault(retryAfterMs: number): RpcStatus {
  return { code: RPC_CODE.unavailable, message: 'Tocsin could not store the data: send again later', retryAfterMs };
}
