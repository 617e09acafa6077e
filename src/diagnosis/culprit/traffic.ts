import type { Attributes, Span } from '../../trace/span.js';

/** One log record as diagnosis reads it; ids are empty where it belongs to no trace. */
export interface LogLine {
  readonly traceId: string;
  readonly spanId: string;
  readonly timeNs: bigint;
  readonly serviceName: string;
  readonly attributes: Attributes;
  /** OTLP number; 0 where the record has none. */
  readonly severityNumber: number;
  readonly body: string;
}

/** What was seen in one period. */
export interface Traffic {
  readonly spans: readonly Span[];
  readonly logs: readonly LogLine[];
}

/** By time, then by ids: what comes first in a file, or from which collector, says nothing. */
export function inOrder({ spans, logs }: Traffic): Traffic {
  return {
    spans: [...spans].sort((left, right) => compare(left.startNs, right.startNs) || compare(left.traceId, right.traceId) || compare(left.spanId, right.spanId)),
    logs: [...logs].sort((left, right) => compare(left.timeNs, right.timeNs) || compare(left.traceId, right.traceId) || compare(left.spanId, right.spanId) || compare(left.body, right.body)),
  };
}

function compare<T extends bigint | string>(left: T, right: T): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
