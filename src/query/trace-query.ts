import { parseSearch } from '../trace/traceql/parser.js';
import { EVERY_SPAN, type MetricsQuery, type SpansetExpression, type TraceqlQuery } from '../trace/traceql/query-ast.js';
import { ApiError } from './api-error.js';

/** TraceQL of a search; nothing at all finds every span. @throws ApiError `traceql/invalid` with the position of the first wrong character. */
export function parseTraceSearch(text: string | undefined): SpansetExpression {
  if (text === undefined || text.trim() === '') return EVERY_SPAN;
  const query = parseQuery(text);
  if (query.type === 'search') return query.search;
  throw new ApiError('traceql/invalid', 'this query makes metrics, it does not find traces', { hint: 'ask /tempo/api/metrics/query_range for it, or leave out what follows the last |', extra: { offset: 0, line: 1, column: 1, query: text } });
}

/** TraceQL that makes metrics. @throws ApiError `traceql/invalid`. */
export function parseTraceMetrics(text: string): MetricsQuery {
  const query = parseQuery(text);
  if (query.type === 'metrics') return query;
  throw new ApiError('traceql/invalid', 'this query finds traces, it does not make metrics', { hint: 'add what to measure: | rate(), | count_over_time() by (name), | quantile_over_time(duration, 0.99)', extra: { offset: text.length, line: 1, column: text.length + 1, query: text } });
}

export function parseQuery(text: string): TraceqlQuery {
  const parsed = parseSearch(text);
  if (parsed.ok) return parsed.value;
  const { message, offset, line, column, hint } = parsed.error;
  throw new ApiError('traceql/invalid', message, { hint, extra: { offset, line, column, query: text } });
}
