import type { SpanId, TraceId } from '../lib/ids.js';
import type { AttributeValue } from './attribute.js';
import type { SpanKind, SpanStatus } from './span-batch.js';

export type Attributes = Readonly<Record<string, AttributeValue>>;

/** `traceState` is absent where the reader does not ask for it. */
export interface SpanLinkRead {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState?: string;
  readonly attributes: Attributes;
}

/** One stored span as an object: what pages, evidence and diagnosis read. Ingest never builds these; see SpanBatch. */
export interface Span {
  readonly traceId: TraceId;
  readonly spanId: SpanId;
  /** Empty where the span has no parent. */
  readonly parentSpanId: SpanId | '';
  readonly name: string;
  readonly kind: SpanKind;
  readonly status: SpanStatus;
  readonly statusMessage: string;
  /** Unix time in nanoseconds. */
  readonly startNs: bigint;
  readonly durationNs: number;
  readonly serviceName: string;
  readonly resource: Attributes;
  readonly scopeName: string;
  /** Absent where the reader does not ask for it. */
  readonly scopeVersion?: string;
  readonly attributes: Attributes;
  readonly events: readonly { readonly timeNs: bigint; readonly name: string; readonly attributes: Attributes }[];
  readonly links: readonly SpanLinkRead[];
  readonly traceState: string;
  /** As OTLP's `flags`. Absent where the reader does not ask for it. */
  readonly flags?: number;
  readonly weight: number;
}
