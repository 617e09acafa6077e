import type { Attribute } from './attribute.js';
import type { Resource, Scope } from './span-batch.js';

/**
 * Log records as columns; row i is the i-th value of every column. Decoders fill it straight from the wire.
 * Everything in a batch was admitted: ids are valid or absent, times are in range.
 */
export interface LogBatch {
  readonly count: number;
  /** 16 bytes a row; all zero where the record belongs to no trace. */
  readonly traceIds: Uint8Array;
  /** 8 bytes a row; all zero where the record belongs to no span. */
  readonly spanIds: Uint8Array;
  /** Unix time in nanoseconds: when it happened, else when it was observed, else when it was received. */
  readonly timeNs: BigInt64Array;
  /** OTLP numbers: 0 unspecified, 1-4 trace, 5-8 debug, 9-12 info, 13-16 warn, 17-20 error, 21-24 fatal. */
  readonly severityNumbers: Uint8Array;
  readonly severityTexts: readonly string[];
  /** The body as text; JSON where it is structured, empty where there is none. */
  readonly bodies: readonly string[];
  /** Empty for plain log records. */
  readonly eventNames: readonly string[];
  /** OTLP `flags`: bits 0-7 W3C trace flags. */
  readonly flags: Uint32Array;
  readonly resources: readonly Resource[];
  /** Row → index into `resources`. */
  readonly resourceIndex: Uint32Array;
  readonly scopes: readonly Scope[];
  readonly scopeIndex: Uint32Array;
  /** Attributes of row i are `attributes[attributeStart[i] … attributeStart[i + 1])`. Length count + 1. */
  readonly attributeStart: Uint32Array;
  readonly attributes: readonly Attribute[];
  /** The sender's count of dropped attributes, and what the limits of ingest dropped. */
  readonly droppedCounts: Uint32Array;
}
