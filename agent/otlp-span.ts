/** Values that the agent sends; lists hold texts. */
export type PlainValue = string | number | boolean | readonly string[];
export type AttributePairs = (readonly [key: string, value: string | number | boolean])[];

export interface SpanLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: readonly (readonly [string, PlainValue])[];
}

/** A span as it goes out. */
export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root. */
  readonly parentSpanId: string;
  readonly traceState: string;
  /** W3C trace flags and OTLP's bits about the parent. */
  readonly flags: number;
  readonly name: string;
  readonly kind: 'server' | 'client';
  /** Nanoseconds since the Unix epoch. */
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: readonly (readonly [string, PlainValue])[];
  readonly isError: boolean;
  readonly statusMessage: string;
  readonly links: readonly SpanLink[];
}

/** Spans of one resource. */
export interface ResourceSpans {
  readonly resource: AttributePairs;
  readonly spans: readonly OtlpSpan[];
}
