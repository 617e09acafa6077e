import { COMPARISON_OPERATORS, STRUCTURAL_OPERATORS } from './query-ast.js';
import type { ArithmeticOperator, ComparisonOperator, CoalesceStage, GroupStage, MetricsExpression, MetricsOperand, NumberLiteral, ScalarComparison, ScalarExpression, ScalarFilter, SelectStage, SpansetExpression, SpansetOperator } from './query-ast.js';
import { TraceqlFailure } from './traceql-error.js';

/** What a stretch of a query turned out to be. Grammar says which operators join which of them; the reader finds out from the inside. */
export type Part =
  /** Filters and operators between them. `wrapped`: in parentheses, so that it can also stand beside a pipeline in parentheses. */
  | { readonly kind: 'spanset'; readonly node: SpansetExpression; readonly wrapped: boolean }
  /** A pipeline in parentheses, or operators between such. */
  | { readonly kind: 'pipeline'; readonly node: SpansetExpression }
  | { readonly kind: 'stage'; readonly node: GroupStage | CoalesceStage | SelectStage | ScalarFilter }
  /** Numbers of a spanset, like `count()`. */
  | { readonly kind: 'scalar'; readonly node: ScalarExpression }
  /** `({ … } | count())`. */
  | { readonly kind: 'scalarPipeline'; readonly node: ScalarExpression }
  | { readonly kind: 'scalarComparison'; readonly node: ScalarComparison }
  | { readonly kind: 'number'; readonly node: NumberLiteral }
  | { readonly kind: 'metrics'; readonly node: MetricsExpression };

interface Joined {
  readonly operator: string;
  readonly left: Part;
  readonly right: Part;
  readonly at: number;
}

const ARITHMETIC: readonly string[] = ['+', '-', '*', '/', '%', '^'];

export function isComparison(text: string): text is ComparisonOperator {
  return COMPARISON_OPERATORS.some((operator) => operator === text);
}

/** Joins two parts by an operator, or says why they do not go together. */
export function combine(joined: Joined): Part {
  const { operator } = joined;
  if (ARITHMETIC.includes(operator)) return calculated(joined);
  if (isSpansets(joined)) return spansetOperation(joined);
  if (isComparison(operator)) return compared(joined, operator);
  throw refused(joined);
}

function isSpansets({ operator, left, right }: Joined): boolean {
  const isSpanset = (part: Part): boolean => part.kind === 'spanset' || part.kind === 'pipeline';
  return isSpanset(left) && isSpanset(right) && (operator === '&&' || operator === '||' || STRUCTURAL_OPERATORS.some((candidate) => candidate === operator));
}

function spansetOperation({ operator, left, right, at }: Joined): Part {
  const node = { type: 'operation', operator: operator as SpansetOperator, left: left.node as SpansetExpression, right: right.node as SpansetExpression } as const;
  if (left.kind === 'spanset' && right.kind === 'spanset') return { kind: 'spanset', node, wrapped: left.wrapped && right.wrapped };
  for (const side of [left, right]) {
    if (side.kind === 'spanset' && !side.wrapped) throw new TraceqlFailure(at, `beside a pipeline in parentheses ${operator} takes only what is in parentheses too`, 'put the { … } into parentheses: ({ … })');
  }
  return { kind: 'pipeline', node };
}

function compared(joined: Joined, operator: ComparisonOperator): Part {
  const { left, right, at } = joined;
  const isScalar = (part: Part): boolean => part.kind === 'scalar' || part.kind === 'number';
  if (left.kind === 'number' && right.kind === 'number') throw new TraceqlFailure(at, 'this compares two constants', 'compare something of the spans: count() > 2');
  if (isScalar(left) && isScalar(right)) return { kind: 'stage', node: { type: 'scalarFilter', operator, left: left.node as ScalarExpression, right: right.node as ScalarExpression } };
  if (left.kind === 'scalarPipeline' && (right.kind === 'scalarPipeline' || right.kind === 'number')) {
    return { kind: 'scalarComparison', node: { type: 'scalarComparison', operator, left: left.node, right: right.node } };
  }
  throw refused(joined);
}

function calculated(joined: Joined): Part {
  const { left, right, at } = joined;
  const operator = joined.operator as ArithmeticOperator;
  if (left.kind === 'number' && right.kind === 'number') return { kind: 'number', node: folded({ operator, left: left.node, right: right.node, at }) };
  const isScalar = (part: Part): boolean => part.kind === 'scalar' || part.kind === 'number';
  if (isScalar(left) && isScalar(right)) return { kind: 'scalar', node: { type: 'scalarOperation', operator, left: left.node as ScalarExpression, right: right.node as ScalarExpression } };
  if (left.kind === 'scalarPipeline' && right.kind === 'scalarPipeline') return { kind: 'scalarPipeline', node: { type: 'scalarOperation', operator, left: left.node, right: right.node } };
  if (left.kind === 'metrics' || right.kind === 'metrics') return { kind: 'metrics', node: metricsMath(joined) };
  throw refused(joined);
}

function metricsMath(joined: Joined): MetricsExpression {
  const { operator, left, right, at } = joined;
  if (operator !== '+' && operator !== '-' && operator !== '*' && operator !== '/') throw new TraceqlFailure(at, `${operator} does not work on metrics`, '+, -, * and / do');
  for (const side of [left, right]) {
    if (side.kind !== 'metrics' && side.kind !== 'number') throw new TraceqlFailure(at, `${operator} takes metrics and numbers`, 'put each metrics query into parentheses: ({ } | rate()) + ({ } | rate())');
    if (side.kind === 'number' && side.node.type === 'duration') throw new TraceqlFailure(at, 'metrics cannot be calculated with a duration', 'write a number: durations are seconds in metrics');
    if (side.kind === 'metrics' && side.node.type === 'pipeline' && side.node.function.type === 'compare') throw new TraceqlFailure(at, 'nothing can follow compare()', 'it names the values in which two sets of spans differ most');
  }
  return { type: 'math', operator, left: left.node as MetricsOperand, right: right.node as MetricsOperand };
}

interface Folded {
  readonly operator: ArithmeticOperator;
  readonly left: NumberLiteral;
  readonly right: NumberLiteral;
  readonly at: number;
}

/** Constants are calculated at once: whole numbers stay whole, so that 1 / 2 is 0, as in Tempo. */
function folded({ operator, left, right, at }: Folded): NumberLiteral {
  if (operator === '%' || operator === '^') throw new TraceqlFailure(at, `${operator} does not work between constants here`, '+, -, * and / do');
  if (left.type === 'duration' || right.type === 'duration') throw new TraceqlFailure(at, 'durations cannot be calculated with here', 'write the result: 20s for 10s * 2');
  const isWhole = left.type === 'int' && right.type === 'int';
  if (operator === '/' && isWhole && right.value === 0) throw new TraceqlFailure(at, 'this divides by zero', '');
  const exact = { '+': left.value + right.value, '-': left.value - right.value, '*': left.value * right.value, '/': left.value / right.value }[operator];
  return { type: isWhole ? 'int' : 'float', value: isWhole ? Math.trunc(exact) + 0 : exact };
}

export function asNumber(part: Part, at: number): NumberLiteral {
  if (part.kind === 'number') return part.node;
  throw new TraceqlFailure(at, 'a number must stand beside this', 'like rate() > 10');
}

const NAMES: Readonly<Record<Part['kind'], string>> = {
  spanset: 'a { … }', pipeline: 'a pipeline', stage: 'a condition on sets of spans', scalar: 'a number of each set', scalarPipeline: 'a number of a pipeline', scalarComparison: 'a comparison', number: 'a number', metrics: 'metrics',
};

function refused({ operator, left, right, at }: Joined): TraceqlFailure {
  const hint = left.kind === 'stage' || right.kind === 'stage'
    ? 'a condition like count() > 2 follows a |, or stands in parentheses with its pipeline'
    : left.kind === 'spanset' ? 'sets of spans are joined by && || > >> < << ~ and |' : '';
  return new TraceqlFailure(at, `${operator} cannot join ${NAMES[left.kind]} and ${NAMES[right.kind]}`, hint);
}
