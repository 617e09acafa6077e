import { closest } from '../../lib/closest.js';
import { SPAN_KINDS, SPAN_STATUSES } from '../span-batch.js';
import { INTRINSIC_TYPES, type Field, type IntrinsicName, type IntrinsicType } from './ast.js';
import type { FieldExpression, FieldOperator, StaticLiteral } from './query-ast.js';
import { portableRegex } from './regex.js';
import { TraceqlFailure } from './traceql-error.js';

/** `attribute`: what it holds is known only when a span is looked at, so it goes together with everything. */
export type StaticType = 'attribute' | 'int' | 'float' | 'duration' | 'string' | 'boolean' | 'status' | 'kind';

const TYPE_OF_INTRINSIC: Readonly<Record<IntrinsicType, StaticType>> = { string: 'string', status: 'status', kind: 'kind', duration: 'duration', id: 'string', int: 'int' };
const ARITHMETIC: readonly string[] = ['+', '-', '*', '/', '%', '^'];
const ORDER: readonly string[] = ['>', '>=', '<', '<='];
const NUMERIC: readonly StaticType[] = ['int', 'float', 'duration'];

export function typeOf(expression: FieldExpression): StaticType {
  switch (expression.type) {
    case 'field':
      return typeOfField(expression.field);
    case 'exists':
      return 'boolean';
    case 'unary':
      return typeOf(expression.operand);
    case 'binary': {
      if (!ARITHMETIC.includes(expression.operator)) return 'boolean';
      const left = typeOf(expression.left);
      return left === 'attribute' ? typeOf(expression.right) : left;
    }
    case 'int':
    case 'float':
    case 'duration':
    case 'string':
    case 'boolean':
    case 'status':
    case 'kind':
      return expression.type;
  }
}

/** As in Tempo, what an instrumentation scope holds is not known beforehand. */
function typeOfField(field: Field): StaticType {
  if (field.type === 'attribute' || field.name.startsWith('instrumentation:')) return 'attribute';
  return TYPE_OF_INTRINSIC[INTRINSIC_TYPES[field.name]];
}

export function isNumeric(type: StaticType): boolean {
  return NUMERIC.includes(type);
}

export function referencesSpan(expression: FieldExpression): boolean {
  switch (expression.type) {
    case 'field':
      return true;
    case 'exists':
    case 'unary':
      return referencesSpan(expression.operand);
    case 'binary':
      return referencesSpan(expression.left) || referencesSpan(expression.right);
    case 'int':
    case 'float':
    case 'duration':
    case 'string':
    case 'boolean':
    case 'status':
    case 'kind':
      return false;
  }
}

export interface BinaryParts {
  readonly operator: FieldOperator;
  readonly left: FieldExpression;
  readonly right: FieldExpression;
  /** Places of the operator and its two sides. */
  readonly at: number;
  readonly leftAt: number;
  readonly rightAt: number;
}

/** Whether the two sides go together, as Tempo decides it (ast_validate.go). Throws TraceqlFailure. */
export function checkBinary(parts: BinaryParts): void {
  const { operator, left, right, at } = parts;
  const [leftType, rightType] = [typeOf(left), typeOf(right)];
  if (operator === '=~' || operator === '!~') {
    checkPattern(parts);
    return;
  }
  if (!matching(leftType, rightType)) throw mismatch(parts);
  for (const [side, type] of [[left, leftType], [right, rightType]] as const) {
    if (!operatorTakes(operator, type)) throw meaningless(parts, side, at);
  }
}

function matching(left: StaticType, right: StaticType): boolean {
  return left === 'attribute' || right === 'attribute' || left === right || (isNumeric(left) && isNumeric(right));
}

function operatorTakes(operator: FieldOperator, type: StaticType): boolean {
  if (type === 'attribute' || operator === '=' || operator === '!=') return true;
  if (operator === '&&' || operator === '||') return type === 'boolean';
  if (ORDER.includes(operator)) return isNumeric(type) || type === 'string';
  return isNumeric(type);
}

function checkPattern({ operator, left, right, at, leftAt, rightAt }: BinaryParts): void {
  if (left.type !== 'field' && right.type === 'field') throw new TraceqlFailure(leftAt, `the pattern of ${operator} comes second`, `like .x ${operator} "a.*"`);
  const leftType = typeOf(left);
  if (leftType !== 'attribute' && leftType !== 'string') throw new TraceqlFailure(at, `${operator} matches text only, not ${describe(left)}`, 'use = and !=');
  if (right.type !== 'string') throw new TraceqlFailure(at, `${operator} matches text only, not ${describe(right)}`, 'put the pattern into double quotes or backticks, or use = and !=');
  const regex = portableRegex(right.value);
  if (!regex.ok) throw new TraceqlFailure(rightAt, `${regex.error.message} (character ${regex.error.offset + 1} of the pattern)`, regex.error.hint);
}

function mismatch({ operator, left, right, leftAt, rightAt }: BinaryParts): TraceqlFailure {
  if (operator === '&&' || operator === '||') {
    const [side, at] = typeOf(left) === 'boolean' ? [right, rightAt] : [left, leftAt];
    return notACondition(side, at);
  }
  const verb = ARITHMETIC.includes(operator) ? 'go together by' : 'be compared with';
  const field = left.type === 'field' ? left.field : right.type === 'field' ? right.field : undefined;
  const other = left.type === 'field' ? right : left;
  const at = left.type === 'field' ? rightAt : leftAt;
  if (field?.type === 'intrinsic' && isLiteral(other)) {
    return new TraceqlFailure(at, `${field.name} cannot be compared with ${describe(other)}`, intrinsicHint(field.name, other));
  }
  return verb === 'be compared with'
    ? new TraceqlFailure(rightAt, `${describe(left)} cannot be compared with ${describe(right)}`, 'both sides must be of one type')
    : new TraceqlFailure(rightAt, `${operator} takes numbers and durations, not ${isNumeric(typeOf(left)) ? describe(right) : describe(left)}`, '');
}

function meaningless({ operator, left, right }: BinaryParts, side: FieldExpression, at: number): TraceqlFailure {
  if (operator === '&&' || operator === '||') return notACondition(side, at);
  const what = isLiteral(right) && typeOf(right) === typeOf(side) ? right : isLiteral(left) && typeOf(left) === typeOf(side) ? left : side;
  return new TraceqlFailure(at, `${operator} has no meaning for ${describe(what)}`, ORDER.includes(operator) ? 'only = and != do' : 'arithmetic takes numbers and durations');
}

/** For a value or a field that stands where something true or false is needed. */
export function notACondition(expression: FieldExpression, at: number): TraceqlFailure {
  const what = expression.type === 'field' ? describe(expression) : isLiteral(expression) ? 'a value alone' : 'the result of a calculation';
  return new TraceqlFailure(at, `${what} is not a condition`, 'compare it with something: status = error, name = "GET /"');
}

export function isLiteral(expression: FieldExpression): expression is StaticLiteral {
  return !['field', 'exists', 'unary', 'binary'].includes(expression.type);
}

const WORDS_OF_TYPE: Readonly<Record<StaticType, string>> = {
  attribute: 'an attribute', int: 'a number', float: 'a number', duration: 'a duration', string: 'text', boolean: 'true or false', status: 'a status', kind: 'a kind',
};

export function describe(expression: FieldExpression): string {
  if (expression.type === 'status' || expression.type === 'kind') return `the ${expression.type} ${expression.value}`;
  if (expression.type !== 'field') return WORDS_OF_TYPE[typeOf(expression)];
  return expression.field.type === 'intrinsic' ? expression.field.name : 'an attribute';
}

const WANTED: Readonly<Record<IntrinsicType, string>> = {
  string: 'text in double quotes',
  status: `one of ${SPAN_STATUSES.join(', ')}, without quotes`,
  kind: `one of ${SPAN_KINDS.join(', ')}, without quotes`,
  duration: 'a number and a unit, like 800ms or 1.5s',
  id: 'hex digits in double quotes',
  int: 'a whole number',
};

/** What would be right in place of the literal. */
export function intrinsicHint(name: IntrinsicName, literal: StaticLiteral): string {
  const type = INTRINSIC_TYPES[name];
  const wanted = `${name} takes ${WANTED[type]}`;
  if (type === 'duration' && (literal.type === 'int' || literal.type === 'float')) return `a number needs a unit: ${name} > ${literal.value}ms`;
  if (type === 'string' && (literal.type === 'status' || literal.type === 'kind')) return `write "${literal.value}" in double quotes`;
  if (literal.type !== 'string') return wanted;
  if (type === 'duration' && /^\d+(\.\d+)?[a-z]+$/.test(literal.value)) return `without quotes: ${name} > ${literal.value}`;
  const words: readonly string[] = type === 'status' ? SPAN_STATUSES : type === 'kind' ? SPAN_KINDS : [];
  const meant = words.find((word) => word === literal.value.toLowerCase()) ?? closest(literal.value, words);
  return meant === undefined ? wanted : `without quotes: ${name} = ${meant}`;
}

/** For a word that is no field, value or function. */
export function unknownField(text: string, at: number): TraceqlFailure {
  const meant = closest(text, Object.keys(INTRINSIC_TYPES));
  const attribute = /^service(Name|_name)?$/i.test(text) ? 'write resource.service.name' : `an attribute needs a dot or a scope in front: .${text}, span.${text} or resource.${text}`;
  return new TraceqlFailure(at, `${text} is not a field`, meant === undefined ? attribute : `did you mean ${meant}? An attribute is written .${text}`);
}

/** For a word beside a comparison with `field`. */
export function unknownValue(field: Field, text: string, at: number): TraceqlFailure {
  const type = field.type === 'intrinsic' ? INTRINSIC_TYPES[field.name] : 'string';
  if (type !== 'status' && type !== 'kind') return new TraceqlFailure(at, `${text} is not a value`, type === 'duration' ? WANTED.duration : `text goes into double quotes: "${text}"`);
  const words: readonly string[] = type === 'status' ? SPAN_STATUSES : SPAN_KINDS;
  const meant = words.find((word) => word === text.toLowerCase()) ?? closest(text, words);
  return new TraceqlFailure(at, `${text} is not a ${type}`, meant === undefined ? `one of ${words.join(', ')}` : `did you mean ${meant}?`);
}
