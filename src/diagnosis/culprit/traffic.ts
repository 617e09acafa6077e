import { ascending } from '../../lib/compare.js';
import { compareSpans } from '../../trace/compare-spans.js';
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
    spans: [...spans].sort(compareSpans),
    logs: [...logs].sort((left, right) => ascending(left.timeNs, right.timeNs) || ascending(left.traceId, right.traceId) || ascending(left.spanId, right.spanId) || ascending(left.body, right.body)),
  };
}
