import type { SpanId, TraceId } from '../lib/ids.js';

/** A trace id as the two numbers it is stored as. */
export interface TraceKey {
  readonly high: bigint;
  readonly low: bigint;
}

export function traceKey(traceId: TraceId): TraceKey {
  return { high: BigInt(`0x${traceId.slice(0, 16)}`), low: BigInt(`0x${traceId.slice(16)}`) };
}

export function traceIdOf(key: TraceKey): TraceId {
  return (hex16(key.high) + hex16(key.low)) as TraceId;
}

export function spanKey(spanId: SpanId): bigint {
  return BigInt(`0x${spanId}`);
}

export function spanIdOf(key: bigint): SpanId {
  return hex16(key) as SpanId;
}

function hex16(key: bigint): string {
  return key.toString(16).padStart(16, '0');
}
