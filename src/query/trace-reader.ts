import type { TraceId } from '../lib/ids.js';
import type { Attributes, Span } from '../trace/span.js';
import type { AttributeValue } from '../trace/attribute.js';
import type { SpansetExpression } from '../trace/traceql/query-ast.js';
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

export interface TraceSearch extends TimeWindow {
  readonly search: SpansetExpression;
  readonly limit: number;
}

/** Traces of any number: those that a search finds, and at most so many of them. */
export interface TraceSelection extends TimeWindow {
  readonly search: SpansetExpression;
  readonly limit: number | undefined;
}

/** A trace with the first TRACE_SPAN_LIMIT of its spans, oldest first. */
export interface WholeTrace {
  readonly traceId: TraceId;
  readonly spans: readonly Span[];
}

/** What a search found in one trace, with the spans that it matched. */
export interface FoundTrace extends TraceSummary {
  readonly startNs: bigint;
  readonly serviceStats: Readonly<Record<string, { readonly spanCount: number; readonly errorCount: number }>>;
  readonly spansets: readonly FoundSpanset[];
}

export interface FoundSpanset {
  /** What `by` grouped by, with its value; null where the spans have none. */
  readonly groups: readonly { readonly key: string; readonly value: AttributeValue }[];
  /** All spans of the set; `spans` holds the first of them. */
  readonly matched: number;
  readonly spans: readonly FoundSpan[];
}

export interface FoundSpan {
  readonly spanId: string;
  readonly name: string;
  readonly startNs: bigint;
  readonly durationNs: bigint;
  /** Fields that the query selects or looks at, as far as the span has them. */
  readonly attributes: readonly { readonly key: string; readonly value: AttributeValue }[];
}

/** The statement a query becomes, and how the database goes about it. */
export interface QueryPlan {
  readonly sql: string;
  readonly params: Readonly<Record<string, string | number | boolean>>;
  readonly plan: string;
}

export interface TraceReader {
  traceById(traceId: TraceId): Promise<StoredTrace | undefined>;
  /** Newest first. */
  findTraces(search: TraceSearch): Promise<readonly TraceSummary[]>;
  /** The same traces, with the first `spansPerSpanset` spans of each spanset. */
  findSpansets(search: TraceSearch & { readonly spansPerSpanset: number }): Promise<readonly FoundTrace[]>;
  /** Every trace that a search finds, each once, newest first or nearly; a few of them are in memory at a time. */
  everyTrace(selection: TraceSelection): AsyncIterable<WholeTrace>;
  explainSearch(search: TraceSearch): Promise<QueryPlan>;
}
