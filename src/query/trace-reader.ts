import type { TraceId } from '../lib/ids.js';
import type { Attributes, Span } from '../trace/span.js';
import type { SqlCondition } from '../trace/traceql/sql.js';
import type { TimeWindow } from './time-window.js';

/** Spans of one trace that a page or the API reads. The rest is not lost, only not shown. */
export const TRACE_SPAN_LIMIT = 20_000;
export const TRACE_LOG_LIMIT = 2_000;
export const TRACE_SEARCH_LIMIT = 200;

export interface TraceLog {
  /** Empty where the log names no span. */
  readonly spanId: string;
  readonly timeNs: bigint;
  readonly severityNumber: number;
  readonly severity: string;
  readonly body: string;
  readonly serviceName: string;
  readonly attributes: Attributes;
}

export interface StoredTrace {
  readonly traceId: TraceId;
  /** Oldest first. */
  readonly spans: readonly Span[];
  /** More than TRACE_SPAN_LIMIT spans are stored. */
  readonly truncated: boolean;
  readonly logs: readonly TraceLog[];
}

/** One line of a search result. */
export interface TraceSummary {
  readonly traceId: TraceId;
  /** The span without a parent, else the earliest one that is stored. */
  readonly rootService: string;
  readonly rootName: string;
  readonly rootMissing: boolean;
  readonly startMs: number;
  readonly durationNs: number;
  readonly spanCount: number;
  readonly errorCount: number;
  /** Spans that matched the search. */
  readonly matchedCount: number;
  readonly services: readonly string[];
}

/** All conditions hold for one and the same span; its whole trace is the result. */
export interface TraceSearch extends TimeWindow {
  readonly service?: string;
  readonly operation?: string;
  readonly errorsOnly?: boolean;
  readonly minDurationNs?: number;
  readonly condition?: SqlCondition;
  readonly limit: number;
}

export interface TraceReader {
  traceById(traceId: TraceId): Promise<StoredTrace | undefined>;
  /** Newest first. */
  findTraces(search: TraceSearch): Promise<readonly TraceSummary[]>;
}
