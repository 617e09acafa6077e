import type { Attribute } from './attribute.js';

/** OTLP numbers: 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
export const SPAN_KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
export type SpanKind = (typeof SPAN_KINDS)[number];

/** OTLP numbers: 0 unset, 1 ok, 2 error. */
export const SPAN_STATUSES = ['unset', 'ok', 'error'] as const;
export type SpanStatus = (typeof SPAN_STATUSES)[number];

/** Who sent the spans. Interned: equal resources of one batch are one object. */
export interface Resource {
  readonly attributes: readonly Attribute[];
  /** `service.name`, or `unknown_service` where none was sent. */
  readonly serviceName: string;
  /** All attributes as one JSON object. */
  readonly json: string;
  /** First 64 bits of SHA-1 over `json`: the key of table `resources`. */
  readonly id: bigint;
}

export interface Scope {
  readonly name: string;
  readonly version: string;
  /** Absent where it has none, which is most of them. The store keeps them with the spans: mapped-attributes.ts. */
  readonly attributes?: readonly Attribute[];
}

export interface SpanEvent {
  /** Unix time in nanoseconds. */
  readonly timeNs: bigint;
  readonly name: string;
  readonly attributes: readonly Attribute[];
}

export interface SpanLink {
  /** Lowercase hex; as sent, possibly not valid. */
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly attributes: readonly Attribute[];
}

/**
 * Spans as columns; row i is the i-th value of every column. Decoders fill it straight from the wire; stages to the right read it.
 * Everything in a batch was admitted: ids are valid, times are in range, end ≥ start.
 */
export interface SpanBatch {
  readonly count: number;
  /** 16 bytes a row. */
  readonly traceIds: Uint8Array;
  /** 8 bytes a row. */
  readonly spanIds: Uint8Array;
  /** 8 bytes a row; all zero where the span has no parent. */
  readonly parentSpanIds: Uint8Array;
  readonly names: readonly string[];
  /** OTLP numbers, see SPAN_KINDS. */
  readonly kinds: Uint8Array;
  /** OTLP numbers, see SPAN_STATUSES. */
  readonly statuses: Uint8Array;
  readonly statusMessages: readonly string[];
  /** Unix time in nanoseconds. */
  readonly startNs: BigInt64Array;
  /** Event time of the span: its end, Unix milliseconds, or its receipt where that was earlier. Slices are keyed by its minute. */
  readonly endMs: Float64Array;
  readonly durationNs: Float64Array;
  readonly traceStates: readonly string[];
  /** OTLP `flags`: bits 0-7 W3C, bit 8 HAS_IS_REMOTE, bit 9 IS_REMOTE. */
  readonly flags: Uint32Array;
  /** Adjusted count: how many spans this one stands for (≥ 1). */
  readonly weights: Float64Array;
  /** 1 where the sender samples but the weight is not known, so that it was taken as 1. */
  readonly weightUnknown: Uint8Array;
  readonly resources: readonly Resource[];
  /** Row → index into `resources`. */
  readonly resourceIndex: Uint32Array;
  readonly scopes: readonly Scope[];
  readonly scopeIndex: Uint32Array;
  /** Attributes of row i are `attributes[attributeStart[i] … attributeStart[i + 1])`. Length count + 1. */
  readonly attributeStart: Uint32Array;
  readonly attributes: readonly Attribute[];
  /** `undefined` where the span has none, which is most of them. */
  readonly events: readonly (readonly SpanEvent[] | undefined)[];
  readonly links: readonly (readonly SpanLink[] | undefined)[];
  /** Σ of the sender's dropped attribute, event and link counts. */
  readonly droppedCounts: Uint32Array;
}

/** Value of the span attribute `key` of row `row`, `undefined` where the span has none. */
export function spanAttribute(batch: SpanBatch, row: number, key: string): Attribute | undefined {
  const end = batch.attributeStart[row + 1] ?? 0;
  for (let index = batch.attributeStart[row] ?? 0; index < end; index += 1) {
    const attribute = batch.attributes[index];
    if (attribute !== undefined && attribute.key === key) return attribute;
  }
  return undefined;
}
