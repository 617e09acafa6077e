import { ok, type Result } from '../lib/result.js';
import { parseTraceql } from '../trace/traceql/parser.js';
import { compileToSql, type SqlCondition } from '../trace/traceql/sql.js';
import type { TraceqlError } from '../trace/traceql/traceql-error.js';

/** TraceQL as a condition on one stored span, or where it is wrong. */
export function compileTraceQuery(text: string): Result<SqlCondition, TraceqlError> {
  const query = parseTraceql(text);
  return query.ok ? ok(compileToSql(query.value)) : query;
}
