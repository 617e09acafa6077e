import type { AttributeField, Expression, Field, Literal, Query } from './ast.js';
import { durationText } from './duration-literal.js';
import type { FieldExpression, Hint, MetricsExpression, MetricsFunction, MetricsOperand, ScalarExpression, SecondStage, SpansetExpression, Stage, StaticLiteral, TraceqlQuery } from './query-ast.js';
import { quote, quoteName } from './string-literal.js';

const PLAIN_NAME = /^[^\s{}()=~!<>&|^,"]+$/;

/** A rule's query in its canonical spelling: equal queries print equal, and parsing the text gives the query back. */
export function printTraceql(query: Query): string {
  if (query.filter.type === 'constant' && query.filter.value) return '{ }';
  return `{ ${printExpression(query.filter)} }`;
}

export function printExpression(expression: Expression): string {
  switch (expression.type) {
    case 'constant':
      return String(expression.value);
    case 'not':
      return `!(${printExpression(expression.operand)})`;
    case 'comparison':
      return `${printField(expression.field)} ${expression.operator} ${printLiteral(expression.literal)}`;
    case 'and':
      return `${printSide(expression.left, expression.left.type === 'or')} && ${printSide(expression.right, isLogical(expression.right))}`;
    case 'or':
      return `${printSide(expression.left, false)} || ${printSide(expression.right, isLogical(expression.right))}`;
  }
}

function isLogical(expression: Expression): boolean {
  return expression.type === 'and' || expression.type === 'or';
}

function printSide(side: Expression, parenthesised: boolean): string {
  return parenthesised ? `(${printExpression(side)})` : printExpression(side);
}

export function printField(field: Field): string {
  return field.type === 'intrinsic' ? field.name : printAttribute(field);
}

function printAttribute({ scope, key, ofParent }: AttributeField): string {
  // `.5x` would read as a number, and `parent.span.x` as an attribute of the parent's own.
  const needsQuotes = !PLAIN_NAME.test(key) || (scope === 'any' && /^(\d|span\.|resource\.)/.test(key));
  return `${ofParent === true ? 'parent' : ''}${scope === 'any' ? '' : `${ofParent === true ? '.' : ''}${scope}`}.${needsQuotes ? quoteName(key) : key}`;
}

function printLiteral(literal: Literal): string {
  switch (literal.type) {
    case 'nil':
      return 'nil';
    case 'number':
      return String(literal.value);
    case 'string':
    case 'duration':
    case 'boolean':
    case 'status':
    case 'kind':
      return printStatic(literal);
  }
}

export function printStatic(literal: StaticLiteral): string {
  switch (literal.type) {
    case 'string':
      return quote(literal.value);
    case 'int':
      return literal.value >= 2 ** 63 ? 'maxInt' : literal.value <= -(2 ** 63) ? 'minInt' : BigInt(literal.value).toString();
    case 'float':
      return Number.isInteger(literal.value) && Math.abs(literal.value) < 1e21 ? `${literal.value}.0` : String(literal.value);
    case 'duration':
      return durationText(literal.value);
    case 'boolean':
    case 'status':
    case 'kind':
      return String(literal.value);
  }
}

/** A query of the whole language in its canonical spelling. */
export function printQuery(query: TraceqlQuery): string {
  const body = query.type === 'search' ? printSearch(query.search) : printMetrics(query.metrics);
  return body + printHints(query.hints);
}

function printHints(hints: readonly Hint[]): string {
  return hints.length === 0 ? '' : ` with(${hints.map(({ name, value }) => `${name}=${printStatic(value)}`).join(', ')})`;
}

export function printSearch(search: SpansetExpression): string {
  switch (search.type) {
    case 'filter':
      return search.condition.type === 'boolean' && search.condition.value ? '{ }' : `{ ${printFieldExpression(search.condition)} }`;
    case 'operation':
      return `${printOperand(search.left, isPipelined(search.right))} ${search.operator} ${printOperand(search.right, isPipelined(search.left))}`;
    case 'pipeline':
      return search.stages.map(printStage).join(' | ');
    case 'scalarComparison':
      return `${printScalar(search.left)} ${search.operator} ${printScalar(search.right)}`;
  }
}

/** Beside a pipeline, which stands in parentheses, a filter has to stand in parentheses too. */
function printOperand(search: SpansetExpression, isBesidePipeline: boolean): string {
  return search.type === 'filter' && !isBesidePipeline ? printSearch(search) : `(${printSearch(search)})`;
}

function isPipelined(search: SpansetExpression): boolean {
  return search.type === 'operation' ? isPipelined(search.left) || isPipelined(search.right) : search.type !== 'filter';
}

function printStage(stage: Stage): string {
  switch (stage.type) {
    case 'group':
      return `by(${printFieldExpression(stage.by)})`;
    case 'coalesce':
      return 'coalesce()';
    case 'select':
      return `select(${stage.fields.map(printField).join(', ')})`;
    case 'scalarFilter':
      return `${printScalar(stage.left)} ${stage.operator} ${printScalar(stage.right)}`;
    case 'filter':
    case 'operation':
    case 'pipeline':
    case 'scalarComparison':
      return printSearch(stage);
  }
}

export function printScalar(scalar: ScalarExpression): string {
  switch (scalar.type) {
    case 'int':
    case 'float':
    case 'duration':
      return printStatic(scalar);
    case 'aggregate':
      return `${scalar.name}(${scalar.of === undefined ? '' : printFieldExpression(scalar.of)})`;
    case 'scalarOperation':
      return `${printScalarSide(scalar.left)} ${scalar.operator} ${printScalarSide(scalar.right)}`;
    case 'scalarPipeline':
      return `(${printSearch(scalar.search)} | ${printScalar(scalar.aggregate)})`;
  }
}

function printScalarSide(scalar: ScalarExpression): string {
  return scalar.type === 'scalarOperation' ? `(${printScalar(scalar)})` : printScalar(scalar);
}

export function printFieldExpression(expression: FieldExpression): string {
  switch (expression.type) {
    case 'field':
      return printField(expression.field);
    case 'exists':
      return `${printInner(expression.operand)} ${expression.absent ? '=' : '!='} nil`;
    case 'unary':
      return `${expression.operator}${printInner(expression.operand)}`;
    case 'binary':
      return `${printInner(expression.left)} ${expression.operator} ${printInner(expression.right)}`;
    case 'int':
    case 'float':
    case 'duration':
    case 'string':
    case 'boolean':
    case 'status':
    case 'kind':
      return printStatic(expression);
  }
}

/** Operands that are no single word go into parentheses: precedence then needs no thought. */
function printInner(expression: FieldExpression): string {
  const isNegative = (expression.type === 'int' || expression.type === 'float' || expression.type === 'duration') && expression.value < 0;
  return isNegative || ['exists', 'unary', 'binary'].includes(expression.type) ? `(${printFieldExpression(expression)})` : printFieldExpression(expression);
}

function printMetrics(metrics: MetricsExpression): string {
  switch (metrics.type) {
    case 'pipeline':
      return `${printSearch(metrics.search)} | ${printFunction(metrics.function)}`;
    case 'second':
      return `${metrics.of.type === 'math' ? `(${printMetrics(metrics.of)})` : printMetrics(metrics.of)}${printSecond(metrics.stage)}`;
    case 'math':
      return `${printMetricsSide(metrics.left)} ${metrics.operator} ${printMetricsSide(metrics.right)}`;
  }
}

function printMetricsSide(side: MetricsOperand): string {
  return side.type === 'pipeline' || side.type === 'second' || side.type === 'math' ? `(${printMetrics(side)})` : printStatic(side);
}

function printSecond(stage: SecondStage): string {
  return stage.type === 'threshold' ? ` ${stage.operator} ${printStatic(stage.value)}` : ` | ${stage.type}(${stage.limit})`;
}

function printFunction(called: MetricsFunction): string {
  const by = called.type === 'compare' || called.by.length === 0 ? '' : ` by (${called.by.map(printField).join(', ')})`;
  switch (called.type) {
    case 'count':
      return `${called.name}()${by}`;
    case 'value':
      return `${called.name}(${[printField(called.of), ...called.quantiles.map(String)].join(', ')})${by}`;
    case 'compare':
      return `compare(${printSearch(called.selection)}, ${called.top}${called.window === undefined ? '' : `, ${called.window.start}, ${called.window.end}`})`;
  }
}
