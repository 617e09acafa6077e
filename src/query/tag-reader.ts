import type { Field } from '../trace/traceql/ast.js';
import type { SpansetExpression } from '../trace/traceql/query-ast.js';
import type { TimeWindow } from './time-window.js';

/** Names and values that are offered while a query is typed. */
export const TAG_LIMIT = 5_000;
/** Spans that are looked at for them: the newest ones, so that an answer comes while somebody types. */
export const TAG_SPAN_LIMIT = 20_000;

export const TAG_SCOPES = ['resource', 'span', 'instrumentation', 'event', 'link'] as const;
export type TagScope = (typeof TAG_SCOPES)[number];

export interface TagQuery extends TimeWindow {
  /** Only of spans that it finds. */
  readonly search: SpansetExpression;
  readonly limit: number;
}

export interface TagValue {
  readonly type: 'string' | 'int' | 'float' | 'bool' | 'duration' | 'keyword';
  readonly value: string;
}

export interface TagReader {
  /** Attribute names by scope, sorted. */
  tagNames(query: TagQuery): Promise<Readonly<Record<TagScope, readonly string[]>>>;
  /** The most frequent first. */
  tagValues(field: Field, query: TagQuery): Promise<readonly TagValue[]>;
}
