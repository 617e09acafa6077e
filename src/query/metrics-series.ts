import type { AttributeValue } from '../trace/attribute.js';
import type { ComparisonOperator, MetricsExpression, MetricsOperand, SecondStage } from '../trace/traceql/query-ast.js';

export interface SeriesLabel {
  readonly key: string;
  readonly value: AttributeValue;
}

export interface MetricsExemplar {
  readonly labels: readonly SeriesLabel[];
  readonly value: number;
  readonly timestampMs: number;
}

/** One line of a chart. `values` has one number for each interval, NaN where there is none. */
export interface MetricsSeries {
  readonly labels: readonly SeriesLabel[];
  readonly values: readonly number[];
  readonly exemplars: readonly MetricsExemplar[];
}

/** What the pipelines of a query yielded, put together by its math, filters and choices of the largest. */
export function combineSeries(expression: MetricsExpression, resultOf: (pipeline: MetricsExpression & { readonly type: 'pipeline' }) => readonly MetricsSeries[]): readonly MetricsSeries[] {
  switch (expression.type) {
    case 'pipeline':
      return resultOf(expression);
    case 'second':
      return secondStage(combineSeries(expression.of, resultOf), expression.stage);
    case 'math': {
      const { operator, left, right } = expression;
      const side = (operand: MetricsOperand): readonly MetricsSeries[] | number => (isExpression(operand) ? combineSeries(operand, resultOf) : operand.value);
      return math(operator, side(left), side(right));
    }
  }
}

function isExpression(operand: MetricsOperand): operand is MetricsExpression {
  return operand.type === 'pipeline' || operand.type === 'second' || operand.type === 'math';
}

/** All pipelines of a query, each once. */
export function pipelinesOf(expression: MetricsOperand): readonly (MetricsExpression & { readonly type: 'pipeline' })[] {
  switch (expression.type) {
    case 'pipeline':
      return [expression];
    case 'second':
      return pipelinesOf(expression.of);
    case 'math':
      return [...pipelinesOf(expression.left), ...pipelinesOf(expression.right)];
    case 'int':
    case 'float':
    case 'duration':
      return [];
  }
}

type Operator = '+' | '-' | '*' | '/';

function calculate(operator: Operator, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return right === 0 ? Number.NaN : left / right;
  }
}

function math(operator: Operator, left: readonly MetricsSeries[] | number, right: readonly MetricsSeries[] | number): readonly MetricsSeries[] {
  if (typeof left === 'number') return typeof right === 'number' ? [] : right.map((series) => mapped(series, (value) => calculate(operator, left, value)));
  if (typeof right === 'number') return left.map((series) => mapped(series, (value) => calculate(operator, value, right)));
  return matched(operator, left, right);
}

function mapped(series: MetricsSeries, change: (value: number) => number): MetricsSeries {
  return { ...series, values: series.values.map(change), exemplars: series.exemplars.map((exemplar) => ({ ...exemplar, value: change(exemplar.value) })) };
}

/** Series of equal labels go together; one without labels goes together with all. What has no counterpart is dropped. */
function matched(operator: Operator, left: readonly MetricsSeries[], right: readonly MetricsSeries[]): readonly MetricsSeries[] {
  const [lefts, rights] = [byLabels(left), byLabels(right)];
  const target = rights.has('[]') ? lefts : rights;
  return [...target.keys()].flatMap((key) => {
    const a = lefts.get(key) ?? lefts.get('[]');
    const b = rights.get(key) ?? rights.get('[]');
    if (a === undefined || b === undefined) return [];
    const labels = [...withoutName(a.labels), ...withoutName(b.labels).filter((label) => !a.labels.some((known) => known.key === label.key))];
    return [{ labels: [...nameOf(operator, a, b), ...labels], values: a.values.map((value, index) => calculate(operator, value, b.values[index] ?? Number.NaN)), exemplars: [...a.exemplars, ...b.exemplars] }];
  });
}

function withoutName(labels: readonly SeriesLabel[]): readonly SeriesLabel[] {
  return labels.filter((label) => label.key !== '__name__');
}

function nameOf(operator: Operator, left: MetricsSeries, right: MetricsSeries): readonly SeriesLabel[] {
  const [a, b] = [left, right].map(({ labels }) => labels.find((label) => label.key === '__name__')?.value);
  return typeof a === 'string' && typeof b === 'string' ? [{ key: '__name__', value: `(${a} ${operator} ${b})` }] : [];
}

export function labelKey(labels: readonly SeriesLabel[]): string {
  return JSON.stringify(labels.map(({ key, value }) => [key, typeof value === 'bigint' ? value.toString() : value]));
}

function byLabels(series: readonly MetricsSeries[]): ReadonlyMap<string, MetricsSeries> {
  return new Map(series.map((one) => [labelKey(withoutName(one.labels)), one]));
}

function secondStage(series: readonly MetricsSeries[], stage: SecondStage): readonly MetricsSeries[] {
  if (stage.type === 'threshold') {
    const limit = stage.value.type === 'duration' ? stage.value.value / 1e9 : stage.value.value;
    return withValues(series.map((one) => ({ ...one, values: one.values.map((value) => (holds(value, stage.operator, limit) ? value : Number.NaN)), exemplars: one.exemplars.filter((exemplar) => holds(exemplar.value, stage.operator, limit)) })));
  }
  return chosen(series, stage.limit, stage.type === 'topk' ? 1 : -1);
}

/** At each point in time the largest (or smallest) values; of equal ones those whose labels come first. */
function chosen(series: readonly MetricsSeries[], limit: number, direction: 1 | -1): readonly MetricsSeries[] {
  if (series.length <= limit) return series;
  const keys = series.map((one) => labelKey(one.labels));
  const kept = series.map((one) => one.values.map(() => Number.NaN));
  const length = Math.max(...series.map((one) => one.values.length));
  for (let at = 0; at < length; at += 1) {
    const order = series.map((_, index) => index).filter((index) => !Number.isNaN(series[index]?.values[at] ?? Number.NaN))
      .sort((a, b) => direction * ((series[b]?.values[at] ?? 0) - (series[a]?.values[at] ?? 0)) || ((keys[a] ?? '') < (keys[b] ?? '') ? -1 : 1));
    for (const index of order.slice(0, limit)) kept[index]![at] = series[index]?.values[at] ?? Number.NaN;
  }
  return withValues(series.map((one, index) => ({ ...one, values: kept[index] ?? [] })));
}

function withValues(series: readonly MetricsSeries[]): readonly MetricsSeries[] {
  return series.filter((one) => one.values.some((value) => !Number.isNaN(value)));
}

function holds(value: number, operator: ComparisonOperator, limit: number): boolean {
  switch (operator) {
    case '=':
      return value === limit;
    case '!=':
      return value !== limit && !Number.isNaN(value);
    case '>':
      return value > limit;
    case '>=':
      return value >= limit;
    case '<':
      return value < limit;
    case '<=':
      return value <= limit;
  }
}
