import type { Field } from './ast.js';
import type { ExpressionSql } from './expression-sql.js';
import type { FieldExpression, MetricsFunction, SpansetExpression } from './query-ast.js';
import { compileSearch, type CompiledSearch } from './search-sql.js';
import { SPAN_ROWS } from './span-fields-sql.js';
import type { SqlParameter } from './sql-params.js';

/**
 * What metrics are made of: one row for each interval and group. Intervals are open on the left, (start, start + step], as in Tempo; an instant
 * query is one interval that holds both ends. Columns: `interval`, `groups` (a JSON list of JSON texts), and what the function yields.
 */
export interface CompiledMetrics {
  readonly sql: string;
  readonly params: Readonly<Record<string, SqlParameter>>;
  readonly looksAround: boolean;
}

export interface MetricsWindow {
  readonly startNs: bigint;
  readonly endNs: bigint;
  /** 0: an instant query. */
  readonly stepNs: bigint;
  /** Spans count by their weight; without it as stored. */
  readonly weighted: boolean;
}

type Counting = Exclude<MetricsFunction, { readonly type: 'compare' }>;

const SECOND = '1e9::DOUBLE';

export function compileMetrics(search: SpansetExpression, called: Counting, window: MetricsWindow): CompiledMetrics {
  const compiled = compileSearch(search, { extra: (expressions) => observed(called, expressions) });
  const from = `observed AS (SELECT ${intervalSql(window)} AS interval, ${window.weighted ? 's.weight' : '1::DOUBLE'} AS weight, ${compiled.extra.sql} FROM ${compiled.spans} AND ${inWindow(window)})`;
  return { sql: `WITH RECURSIVE /* archive */ ${compiled.ctes},\n${from}\n${aggregated(called)}`, params: withWindow(compiled, window), looksAround: compiled.looksAround };
}

/** The columns that every function needs of a span: what it groups by, and the value it is about, durations in seconds. */
function observed(called: Counting, expressions: ExpressionSql): string {
  const groups = `[${called.by.map((field) => `coalesce(${expressions.json(fieldOf(field))}, 'null')`).join(', ')}]::VARCHAR[] AS groups`;
  if (called.type === 'count') return groups;
  const value = expressions.value(fieldOf(called.of));
  const number = expressions.number(fieldOf(called.of));
  return `${groups}, ${value.type === 'number' && value.isDuration === true ? `${number} / ${SECOND}` : number} AS value`;
}

function fieldOf(field: Field): FieldExpression {
  return { type: 'field', field };
}

function aggregated(called: Counting): string {
  const groups = 'interval, CAST(to_json(groups) AS VARCHAR) AS groups';
  if (called.type === 'count') return `SELECT ${groups}, sum(weight) AS value FROM observed GROUP BY ALL`;
  const values = 'observed WHERE value IS NOT NULL AND isfinite(value)';
  switch (called.name) {
    case 'min_over_time':
    case 'max_over_time':
      return `SELECT ${groups}, ${called.name.slice(0, 3)}(value) AS value FROM ${values} GROUP BY ALL`;
    case 'sum_over_time':
      return `SELECT ${groups}, sum(value * weight) AS value FROM ${values} GROUP BY ALL`;
    case 'avg_over_time':
      return `SELECT ${groups}, sum(value * weight) / sum(weight) AS value FROM ${values} GROUP BY ALL`;
    case 'histogram_over_time':
      // The upper end of the bucket, a power of two of the stored unit, as in Tempo: nanoseconds for durations.
      return `SELECT interval, CAST(to_json(groups) AS VARCHAR) AS groups, ${bucketSql(called.of)} AS bucket, sum(weight) AS value FROM ${values} AND value > 0 GROUP BY ALL`;
    case 'quantile_over_time':
      return quantiles(called.quantiles);
  }
}

/** Exact, by weight: the smallest value that at least the share q of the spans does not exceed. */
function quantiles(shares: readonly number[]): string {
  const columns = shares.map((share, index) => `min(value) FILTER (reached >= ${share}::DOUBLE * total * (1 - 1e-12)) AS q${index}`);
  return `SELECT interval, CAST(to_json(groups) AS VARCHAR) AS groups, ${columns.join(', ')} FROM (
    SELECT interval, groups, value, sum(weight) OVER (PARTITION BY interval, groups ORDER BY value) AS reached, sum(weight) OVER (PARTITION BY interval, groups) AS total
    FROM observed WHERE value IS NOT NULL AND isfinite(value)) ranked GROUP BY ALL`;
}

function bucketSql(of: Field): string {
  const isSeconds = of.type === 'intrinsic' && ['duration', 'traceDuration', 'event:timeSinceStart'].includes(of.name);
  return isSeconds ? `pow(2, ceil(log2(round(value * ${SECOND})))) / ${SECOND}` : 'pow(2, ceil(log2(value)))';
}

/** Spans to show beside a chart, spread over its time: `groups`, `value` and whose span it is. */
export function compileExemplars(search: SpansetExpression, called: Counting, { window, limit }: { readonly window: MetricsWindow; readonly limit: number }): CompiledMetrics {
  const compiled = compileSearch(search, { extra: (expressions) => observed(called, expressions) });
  const value = called.type === 'count' ? `s.duration_ns / ${SECOND}` : 'value';
  const sql = `WITH RECURSIVE /* archive */ ${compiled.ctes},
spread AS (
  SELECT s.trace_id_high, s.trace_id_low, s.span_id, s.start_ns, s.duration_ns, ${compiled.extra.sql}, row_number() OVER (PARTITION BY ntile ORDER BY hash(s.span_id)) AS place
  FROM (SELECT rid, ntile($exemplars) OVER (ORDER BY start_ns) AS ntile FROM (SELECT DISTINCT rid, start_ns FROM ${compiled.result})) found JOIN ${SPAN_ROWS} s ON s.row_id = found.rid ${compiled.extra.joins}
  WHERE ${inWindow(window)}
)
SELECT s.trace_id_high, s.trace_id_low, s.span_id, s.start_ns, CAST(to_json(groups) AS VARCHAR) AS groups, ${value} AS value FROM spread s WHERE place = 1 ORDER BY s.start_ns LIMIT $exemplars`;
  return { sql, params: { ...withWindow(compiled, window), exemplars: limit }, looksAround: compiled.looksAround };
}

export function intervalSql({ stepNs }: MetricsWindow): string {
  return stepNs === 0n ? '0' : 'CAST((s.start_ns - CAST($start_ns AS BIGINT) - 1) // CAST($step_ns AS BIGINT) AS INTEGER)';
}

export function inWindow({ stepNs }: MetricsWindow): string {
  return `s.start_ns ${stepNs === 0n ? '>=' : '>'} CAST($start_ns AS BIGINT) AND s.start_ns <= CAST($end_ns AS BIGINT)`;
}

export function withWindow(compiled: CompiledSearch, { startNs, endNs, stepNs }: MetricsWindow): Readonly<Record<string, SqlParameter>> {
  return { ...compiled.params.values, start_ns: startNs, end_ns: endNs, ...(stepNs === 0n ? {} : { step_ns: stepNs }) };
}
