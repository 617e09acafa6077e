import type { SpanKind, SpanStatus } from '../span-batch.js';
import type { Field, Operator } from './ast.js';

/**
 * The whole language, by the grammar of Tempo (pkg/traceql/expr.y): a search over spansets, or metrics made from one. Positions are not
 * kept here, two spellings of one query are equal; the parser knows them (`ParsedQuery.placeOf`).
 */
export type TraceqlQuery = SearchQuery | MetricsQuery;

export interface SearchQuery {
  readonly type: 'search';
  readonly search: SpansetExpression;
  readonly hints: readonly Hint[];
}

export interface MetricsQuery {
  readonly type: 'metrics';
  readonly metrics: MetricsExpression;
  readonly hints: readonly Hint[];
}

/** `with(name=value)`. */
export interface Hint {
  readonly name: string;
  readonly value: StaticLiteral;
}

/** What yields sets of spans, one or more for each trace. */
export type SpansetExpression = FilterStage | SpansetOperation | Pipeline | ScalarComparison;

/** `{ … }` of any field expression. */
export interface FilterStage {
  readonly type: 'filter';
  readonly condition: FieldExpression;
}

export const STRUCTURAL_OPERATORS = ['>', '>>', '<', '<<', '~', '!>', '!>>', '!<', '!<<', '!~', '&>', '&>>', '&<', '&<<', '&~'] as const;
export type StructuralOperator = (typeof STRUCTURAL_OPERATORS)[number];
export type SpansetOperator = '&&' | '||' | StructuralOperator;

export interface SpansetOperation {
  readonly type: 'operation';
  readonly operator: SpansetOperator;
  readonly left: SpansetExpression;
  readonly right: SpansetExpression;
}

/** `a | b | c`: each stage works on what the one before it left, the first, which is no `coalesce`, on every trace. */
export interface Pipeline {
  readonly type: 'pipeline';
  readonly stages: readonly Stage[];
}

export type Stage = SpansetExpression | GroupStage | CoalesceStage | SelectStage | ScalarFilter;

/** `by(x)`: a spanset for each value. */
export interface GroupStage {
  readonly type: 'group';
  readonly by: FieldExpression;
}

/** `coalesce()`: one spanset per trace again. */
export interface CoalesceStage {
  readonly type: 'coalesce';
}

/** `select(x, y)`: what is shown of the spans found. */
export interface SelectStage {
  readonly type: 'select';
  readonly fields: readonly Field[];
}

export const COMPARISON_OPERATORS = ['=', '!=', '>', '>=', '<', '<='] as const;
export type ComparisonOperator = (typeof COMPARISON_OPERATORS)[number];
export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '^';

/** `count() > 2`: keeps the spansets for which it holds. */
export interface ScalarFilter {
  readonly type: 'scalarFilter';
  readonly operator: ComparisonOperator;
  readonly left: ScalarExpression;
  readonly right: ScalarExpression;
}

/** `({ … } | count()) > ({ … } | count())`: what both sides found, in traces for which it holds. */
export interface ScalarComparison {
  readonly type: 'scalarComparison';
  readonly operator: ComparisonOperator;
  readonly left: ScalarExpression;
  readonly right: ScalarExpression;
}

export const AGGREGATES = ['count', 'avg', 'max', 'min', 'sum'] as const;
export type AggregateName = (typeof AGGREGATES)[number];

export type ScalarExpression =
  | NumberLiteral
  | { readonly type: 'aggregate'; readonly name: AggregateName; readonly of?: FieldExpression }
  | { readonly type: 'scalarOperation'; readonly operator: ArithmeticOperator; readonly left: ScalarExpression; readonly right: ScalarExpression }
  /** `({ … } | count())`: only in a ScalarComparison. */
  | { readonly type: 'scalarPipeline'; readonly search: SpansetExpression; readonly aggregate: ScalarExpression };

export type FieldOperator = Operator | ArithmeticOperator | '&&' | '||';

export type FieldExpression =
  | FieldReference
  | StaticLiteral
  | { readonly type: 'binary'; readonly operator: FieldOperator; readonly left: FieldExpression; readonly right: FieldExpression }
  | { readonly type: 'unary'; readonly operator: '-' | '!'; readonly operand: FieldExpression }
  /** `x != nil`, and with `absent` `x = nil`. */
  | { readonly type: 'exists'; readonly absent: boolean; readonly operand: FieldExpression };

export interface FieldReference {
  readonly type: 'field';
  readonly field: Field;
}

/** Whole numbers are exact up to 2^53; durations are nanoseconds. */
export type NumberLiteral =
  | { readonly type: 'int'; readonly value: number }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'duration'; readonly value: number };

export type StaticLiteral =
  | NumberLiteral
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'status'; readonly value: SpanStatus }
  | { readonly type: 'kind'; readonly value: SpanKind };

export const RATE_FUNCTIONS = ['rate', 'count_over_time'] as const;
export const VALUE_FUNCTIONS = ['min_over_time', 'max_over_time', 'avg_over_time', 'sum_over_time', 'histogram_over_time', 'quantile_over_time'] as const;
export const METRICS_FUNCTIONS = [...RATE_FUNCTIONS, ...VALUE_FUNCTIONS, 'compare'] as const;
export type MetricsFunctionName = (typeof METRICS_FUNCTIONS)[number];

export type MetricsFunction =
  | { readonly type: 'count'; readonly name: (typeof RATE_FUNCTIONS)[number]; readonly by: readonly Field[] }
  | { readonly type: 'value'; readonly name: (typeof VALUE_FUNCTIONS)[number]; readonly of: Field; readonly quantiles: readonly number[]; readonly by: readonly Field[] }
  /** Times are Unix nanoseconds as decimal text; both absent: at any time. */
  | { readonly type: 'compare'; readonly selection: FilterStage; readonly top: number; readonly window?: { readonly start: string; readonly end: string } };

export type SecondStage =
  | { readonly type: 'topk' | 'bottomk'; readonly limit: number }
  | { readonly type: 'threshold'; readonly operator: ComparisonOperator; readonly value: NumberLiteral };

export type MetricsExpression =
  | { readonly type: 'pipeline'; readonly search: SpansetExpression; readonly function: MetricsFunction }
  | { readonly type: 'second'; readonly of: MetricsExpression; readonly stage: SecondStage }
  | { readonly type: 'math'; readonly operator: '+' | '-' | '*' | '/'; readonly left: MetricsOperand; readonly right: MetricsOperand };

export type MetricsOperand = MetricsExpression | NumberLiteral;

/** Every `{ }` with one filter and nothing else is this in short. */
export const EVERY_SPAN: FilterStage = { type: 'filter', condition: { type: 'boolean', value: true } };
