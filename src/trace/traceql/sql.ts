import type { Expression, Query } from './ast.js';
import { ComparisonSql } from './comparison-sql.js';
import { SpanFieldsSql } from './span-fields-sql.js';
import { SqlParams, type SqlParameter } from './sql-params.js';

export type { SqlParameter } from './sql-params.js';

/** A condition over alias `s` (table spans) joined to alias `r` (table resources); NULL means no. */
export interface SqlCondition {
  readonly where: string;
  /** Every literal and every attribute key, by the names used in `where` without their `$`. */
  readonly params: Readonly<Record<string, SqlParameter>>;
}

/** A rule's query as SQL for DuckDB. Parameters are named `<prefix>0`, `<prefix>1`, … */
export function compileToSql(query: Query, prefix = 'q'): SqlCondition {
  const params = new SqlParams(prefix);
  const fields = new SpanFieldsSql(params);
  const where = expressionSql(query.filter, new ComparisonSql(params, fields));
  return { where: fields.joins.has('root') ? withRoot(where) : where, params: params.values };
}

function expressionSql(expression: Expression, comparisons: ComparisonSql): string {
  switch (expression.type) {
    case 'constant':
      return expression.value ? 'TRUE' : 'FALSE';
    case 'not':
      return `NOT coalesce(${expressionSql(expression.operand, comparisons)}, FALSE)`;
    case 'and':
      return `(${expressionSql(expression.left, comparisons)} AND ${expressionSql(expression.right, comparisons)})`;
    case 'or':
      return `(${expressionSql(expression.left, comparisons)} OR ${expressionSql(expression.right, comparisons)})`;
    case 'comparison':
      return comparisons.comparison(expression);
  }
}

/** A condition stands alone, so the root is looked up in it. Same choice as trace-roots.ts: the earliest span without parent, then the smallest id. */
function withRoot(where: string): string {
  return where.replaceAll('t.root_name', ofRoot('name')).replaceAll('t.root_service', ofRoot('service'));
}

function ofRoot(column: 'name' | 'service'): string {
  return `(SELECT arg_min(root.${column}, (root.start_ns, root.span_id)) FROM spans root WHERE root.trace_id_low = s.trace_id_low AND root.trace_id_high = s.trace_id_high AND root.parent_span_id = 0)`;
}
