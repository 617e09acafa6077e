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
  const isByResource = called.by.length > 0 && called.by.every(isOfResource);
  const compiled = compileSearch(search, { extra: (expressions) => [isByResource ? 's.resource_id' : `${groupsSql(called, expressions)} AS groups`, ...valueSql(called, expressions)].join(', ') });
  const from = `observed AS (SELECT ${intervalSql(window)} AS interval, ${window.weighted ? 's.weight' : '1::DOUBLE'} AS weight, ${compiled.extra.sql} FROM ${compiled.spans} AND ${inWindow(window)})`;
  const groups = isByResource ? namedByResource(called, groupsSql(called, compiled.expressions)) : '';
  return { sql: `WITH RECURSIVE /* archive */ ${compiled.ctes},\n${from}${groups}\n${aggregated(called, isByResource ? 'named' : 'observed')}`, params: withWindow(compiled, window), looksAround: compiled.looksAround };
}

function isOfResource(field: Field): boolean {
  return field.type === 'attribute' && field.scope === 'resource' && field.ofParent !== true;
}

/** Few resources have many spans: their JSON is read once, and not for each span. Counts are summed up before they get their names. */
function namedByResource(called: Counting, groups: string): string {
  const summed = called.type === 'count' ? '(SELECT interval, resource_id, sum(weight) AS weight FROM observed GROUP BY ALL)' : 'observed';
  return `,
of_resources AS MATERIALIZED (SELECT r.resource_id, ${groups} AS groups FROM resources r),
named AS (SELECT o.* EXCLUDE (resource_id), g.groups FROM ${summed} o JOIN of_resources g ON g.resource_id = o.resource_id)`;
}

/** What a function groups by. */
function groupsSql(called: Counting, expressions: ExpressionSql): string {
  return `[${called.by.map((field) => `coalesce(${expressions.json(fieldOf(field))}, 'null')`).join(', ')}]::VARCHAR[]`;
}

/** The column of the value that a function is about, durations in seconds. */
function valueSql(called: Counting, expressions: ExpressionSql): readonly string[] {
  if (called.type === 'count') return [];
  const value = expressions.value(fieldOf(called.of));
  const number = expressions.number(fieldOf(called.of));
  return [`${value.type === 'number' && value.isDuration === true ? `${number} / ${SECOND}` : number} AS value`];
}

function fieldOf(field: Field): FieldExpression {
  return { type: 'field', field };
}

function aggregated(called: Counting, from: string): string {
  const groups = 'interval, CAST(to_json(groups) AS VARCHAR) AS groups';
  if (called.type === 'count') return `SELECT ${groups}, sum(weight) AS value FROM ${from} GROUP BY ALL`;
  const values = `${from} WHERE value IS NOT NULL AND isfinite(value)`;
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
      return quantiles(called.quantiles, values);
  }
}

/** Exact, by weight: the smallest value that at least the share q of the spans does not exceed. */
function quantiles(shares: readonly number[], values: string): string {
  const columns = shares.map((share, index) => `min(value) FILTER (reached >= ${share}::DOUBLE * total * (1 - 1e-12)) AS q${index}`);
  return `SELECT interval, CAST(to_json(groups) AS VARCHAR) AS groups, ${columns.join(', ')} FROM (
    SELECT interval, groups, value, sum(weight) OVER (PARTITION BY interval, groups ORDER BY value) AS reached, sum(weight) OVER (PARTITION BY interval, groups) AS total
    FROM ${values}) ranked GROUP BY ALL`;
}

function bucketSql(of: Field): string {
  const isSeconds = of.type === 'intrinsic' && ['duration', 'traceDuration', 'event:timeSinceStart'].includes(of.name);
  return isSeconds ? `pow(2, ceil(log2(round(value * ${SECOND})))) / ${SECOND}` : 'pow(2, ceil(log2(value)))';
}

/** Spans to show beside a chart, spread over its time: `groups`, `value` and whose span it is. */
export function compileExemplars(search: SpansetExpression, called: Counting, { window, limit }: { readonly window: MetricsWindow; readonly limit: number }): CompiledMetrics {
  const compiled = compileSearch(search, { extra: (expressions) => [`${groupsSql(called, expressions)} AS groups`, ...valueSql(called, expressions)].join(', ') });
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
