import { stableHash } from '../lib/stable-hash.js';
import type { SpanId } from '../lib/ids.js';
import type { Attributes, Span } from '../trace/span.js';
import type { ErrorSignature } from './error-signature.js';
import { grpcStatus, httpStatus, textOf } from './operation.js';
import { rootErrorOf, type RootError } from './root-error.js';
import { SIGNATURE_VERSIONS, type Failure, type SignatureVersion } from './signature-versions.js';

/** An exception that came as a log record: where the conventions move it from span events. */
export interface ExceptionLog {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: Attributes;
  readonly body: string;
}

export interface FailedTrace {
  readonly spans: readonly Span[];
  readonly logs?: readonly ExceptionLog[];
}

const GRPC_NAMES = [
  'OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS', 'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED',
] as const;

/** What failed in this trace, seen from its bad span; undefined where the bad span did not fail. */
export function signatureOf(trace: FailedTrace, badSpanId: SpanId): ErrorSignature | undefined {
  const root = rootErrorOf(trace.spans, badSpanId);
  return root === undefined ? undefined : signatureOfRoot(root, trace.logs ?? []);
}

export function signatureOfRoot(root: RootError, logs: readonly ExceptionLog[], versions = SIGNATURE_VERSIONS): ErrorSignature {
  const { place } = root;
  const failure = { ...whatFailed(root.span, logs), place };
  const [newest, ...earlier] = versions;
  return {
    id: nameOf(failure, newest), earlierIds: earlier.map((version) => nameOf(failure, version)),
    type: failure.type, ...newest.normalise(failure), service: place.service, operation: place.operation, count: 1,
  };
}

/** `v2:9f86d081884c7d65`. */
export function nameOf(failure: Failure, { name, normalise, parts }: SignatureVersion): string {
  return `${name}:${stableHash(parts(failure, normalise(failure)))}`;
}

/** One entry per signature with its number of occurrences, most frequent first; equal numbers in the order of their ids. */
export function groupSignatures(signatures: Iterable<ErrorSignature | undefined>): readonly ErrorSignature[] {
  const groups = new Map<string, ErrorSignature>();
  for (const signature of signatures) {
    if (signature === undefined) continue;
    const count = (groups.get(signature.id)?.count ?? 0) + signature.count;
    groups.set(signature.id, { ...signature, count });
  }
  return [...groups.values()].sort((left, right) => right.count - left.count || (left.id < right.id ? -1 : 1));
}

/** The exception as event, then as log record, then `error.type`, the protocol's status, the status message. */
export function whatFailed(span: Span, logs: readonly ExceptionLog[]): { readonly type: string; readonly text: string; readonly stack: string } {
  const exception = exceptionOf(span, logs);
  const text = textOf(exception?.attributes ?? {}, ['exception.message']) ?? (span.statusMessage === '' ? exception?.body : span.statusMessage) ?? '';
  const type = textOf(exception?.attributes ?? {}, ['exception.type']) ?? namedType(span) ?? protocolType(span);
  return { type: type ?? 'error', text, stack: textOf(exception?.attributes ?? {}, ['exception.stacktrace']) ?? '' };
}

/** The last one recorded is the one the span ended with. */
function exceptionOf(span: Span, logs: readonly ExceptionLog[]): { readonly attributes: Attributes; readonly body: string } | undefined {
  const event = span.events.findLast((each) => each.name === 'exception');
  if (event !== undefined) return { attributes: event.attributes, body: '' };
  return logs.findLast((log) => log.spanId === span.spanId && log.traceId === span.traceId && isException(log));
}

function isException(log: ExceptionLog): boolean {
  return log.attributes['exception.type'] !== undefined || log.attributes['exception.message'] !== undefined;
}

/** `error.type` as the conventions have it; there an HTTP status is a type as well, and reads better with its protocol. */
function namedType(span: Span): string | undefined {
  const type = textOf(span.attributes, ['error.type']);
  if (type === undefined || type === '_OTHER') return undefined;
  return /^[1-5]\d\d$/.test(type) ? `HTTP ${type}` : type;
}

function protocolType(span: Span): string | undefined {
  const http = httpStatus(span);
  if (http !== undefined && http >= 400) return `HTTP ${http}`;
  const grpc = grpcStatus(span);
  return grpc === undefined || grpc === 0 ? undefined : `gRPC ${GRPC_NAMES[grpc] ?? grpc}`;
}
