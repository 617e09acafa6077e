import { closest } from '../../lib/closest.js';
import { SPAN_KINDS, SPAN_STATUSES } from '../span-batch.js';
import { INTRINSIC_TYPES } from './ast.js';
import type { Comparison, Field, IntrinsicName, IntrinsicType, Literal, Operator } from './ast.js';
import { portableRegex } from './regex.js';
import { TraceqlFailure } from './traceql-error.js';

/** One side of a comparison as it was read, with its place. */
export type Operand =
  | { readonly type: 'field'; readonly at: number; readonly field: Field }
  | { readonly type: 'literal'; readonly at: number; readonly literal: Literal }
  | { readonly type: 'unknown'; readonly at: number; readonly text: string };

export interface Sides {
  readonly left: Operand;
  readonly right: Operand;
  readonly operator: Operator;
  /** Place of the operator. */
  readonly at: number;
}

const MIRRORED: Readonly<Partial<Record<Operator, Operator>>> = { '=': '=', '!=': '!=', '>': '<', '>=': '<=', '<': '>', '<=': '>=' };
const EQUALITY: readonly Operator[] = ['=', '!='];
const MATCHING: readonly Operator[] = ['=~', '!~'];
const ID = /^[0-9a-fA-F]+$/;

/** Puts the field on the left and checks that the two sides can be compared at all. Throws TraceqlFailure. */
export function comparisonOf(sides: Sides): Comparison {
  const { left, right, operator, at } = mirrored(sides);
  if (left.type === 'unknown') throw unknownField(left.text, left.at);
  if (left.type === 'literal') throw new TraceqlFailure(left.at, 'one side of a comparison must be a field', 'like .x = "y", name = "GET /" or duration > 800ms');
  if (right.type === 'field') throw new TraceqlFailure(right.at, 'comparing two fields is not supported yet', 'compare a field with a fixed value; text goes into double quotes');
  if (right.type === 'unknown') throw unknownValue(left.field, right.text, right.at);
  checkOperator({ field: left.field, operator, literal: right.literal, at, literalAt: right.at });
  return { type: 'comparison', field: left.field, operator, literal: right.literal };
}

function mirrored(sides: Sides): Sides {
  const operator = MIRRORED[sides.operator];
  if (sides.left.type !== 'literal' || sides.right.type !== 'field') return sides;
  if (operator === undefined) throw new TraceqlFailure(sides.left.at, `the pattern of ${sides.operator} comes second`, 'like .x =~ "a.*"');
  return { left: sides.right, right: sides.left, operator, at: sides.at };
}

interface Checked {
  readonly field: Field;
  readonly operator: Operator;
  readonly literal: Literal;
  readonly at: number;
  readonly literalAt: number;
}

function checkOperator(checked: Checked): void {
  const { field, operator, literal, at, literalAt } = checked;
  if (field.type === 'intrinsic') checkIntrinsic(field.name, literal, literalAt);
  else checkAttribute(field.key, literal, literalAt);
  if (MATCHING.includes(operator)) {
    checkPattern(checked);
    return;
  }
  const ordered = literal.type === 'string' || literal.type === 'number' || literal.type === 'duration';
  const isId = field.type === 'intrinsic' && INTRINSIC_TYPES[field.name] === 'id';
  if ((!ordered || isId) && !EQUALITY.includes(operator)) {
    throw new TraceqlFailure(at, `${operator} has no meaning for ${isId ? 'an id' : describe(literal)}`, 'only = and != do');
  }
}

function checkAttribute(key: string, literal: Literal, at: number): void {
  if (literal.type !== 'status' && literal.type !== 'kind') return;
  throw new TraceqlFailure(at, `${literal.value} is a ${literal.type} of a span, not a value of an attribute`, `for text write "${literal.value}"; for the span's own ${literal.type} write ${literal.type} = ${literal.value}, without .${key}`);
}

const WANTED: Readonly<Record<IntrinsicType, { readonly literal: Literal['type']; readonly words: string }>> = {
  string: { literal: 'string', words: 'text in double quotes' },
  status: { literal: 'status', words: `one of ${SPAN_STATUSES.join(', ')}, without quotes` },
  kind: { literal: 'kind', words: `one of ${SPAN_KINDS.join(', ')}, without quotes` },
  duration: { literal: 'duration', words: 'a number and a unit, like 800ms or 1.5s' },
  id: { literal: 'string', words: 'hex digits in double quotes' },
};

function checkIntrinsic(name: IntrinsicName, literal: Literal, at: number): void {
  const type = INTRINSIC_TYPES[name];
  const wanted = WANTED[type];
  if (literal.type !== wanted.literal) throw new TraceqlFailure(at, `${name} cannot be compared with ${describe(literal)}`, hintFor(name, type, literal));
  if (type === 'id' && literal.type === 'string' && (!ID.test(literal.value) || literal.value.length > (name === 'trace:id' ? 32 : 16))) {
    throw new TraceqlFailure(at, `"${literal.value}" is not an id`, `${name} is up to ${name === 'trace:id' ? 32 : 16} hex digits`);
  }
}

function hintFor(name: IntrinsicName, type: IntrinsicType, literal: Literal): string {
  const wanted = `${name} takes ${WANTED[type].words}`;
  if (type === 'duration' && literal.type === 'number') return `a number needs a unit: ${name} > ${literal.value}ms`;
  if (type === 'string' && (literal.type === 'status' || literal.type === 'kind')) return `write "${literal.value}" in double quotes`;
  if (literal.type !== 'string') return wanted;
  if (type === 'duration' && /^\d+(\.\d+)?[a-z]+$/.test(literal.value)) return `without quotes: ${name} > ${literal.value}`;
  const words: readonly string[] = type === 'status' ? SPAN_STATUSES : type === 'kind' ? SPAN_KINDS : [];
  const meant = words.find((word) => word === literal.value.toLowerCase()) ?? closest(literal.value, words);
  return meant === undefined ? wanted : `without quotes: ${name} = ${meant}`;
}

function checkPattern({ operator, literal, at, literalAt, field }: Checked): void {
  if (literal.type !== 'string' || (field.type === 'intrinsic' && INTRINSIC_TYPES[field.name] !== 'string')) {
    throw new TraceqlFailure(at, `${operator} matches text only, not ${field.type === 'intrinsic' ? field.name : describe(literal)}`, 'put the pattern into double quotes or backticks, or use = and !=');
  }
  const regex = portableRegex(literal.value);
  if (!regex.ok) throw new TraceqlFailure(literalAt, `${regex.error.message} (character ${regex.error.offset + 1} of the pattern)`, regex.error.hint);
}

function describe(literal: Literal): string {
  switch (literal.type) {
    case 'string':
      return 'text';
    case 'number':
      return 'a number';
    case 'duration':
      return 'a duration';
    case 'boolean':
      return 'true or false';
    case 'nil':
      return 'nil';
    case 'status':
      return `the status ${literal.value}`;
    case 'kind':
      return `the kind ${literal.value}`;
  }
}

/** For a word on the left that is no intrinsic. */
export function unknownField(text: string, at: number): TraceqlFailure {
  const meant = closest(text, Object.keys(INTRINSIC_TYPES));
  const attribute = /^service(Name|_name)?$/i.test(text) ? 'write resource.service.name' : `an attribute needs a dot or a scope in front: .${text}, span.${text} or resource.${text}`;
  return new TraceqlFailure(at, `${text} is not a field`, meant === undefined ? attribute : `did you mean ${meant}? An attribute is written .${text}`);
}

function unknownValue(field: Field, text: string, at: number): TraceqlFailure {
  const type = field.type === 'intrinsic' ? INTRINSIC_TYPES[field.name] : 'string';
  if (type !== 'status' && type !== 'kind') return new TraceqlFailure(at, `${text} is not a value`, type === 'duration' ? WANTED.duration.words : `text goes into double quotes: "${text}"`);
  const words: readonly string[] = type === 'status' ? SPAN_STATUSES : SPAN_KINDS;
  const meant = words.find((word) => word === text.toLowerCase()) ?? closest(text, words);
  return new TraceqlFailure(at, `${text} is not a ${type}`, meant === undefined ? `one of ${words.join(', ')}` : `did you mean ${meant}?`);
}
