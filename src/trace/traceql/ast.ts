import type { SpanKind, SpanStatus } from '../span-batch.js';

/** A whole query. One spanset filter today; pipelines and structural operators will join this union. */
export type Query = SpansetFilter;

/** `{ … }`; the empty one holds the constant true. */
export interface SpansetFilter {
  readonly type: 'spanset';
  readonly filter: Expression;
}

export type Expression = Logical | Not | Constant | Comparison;

export interface Logical {
  readonly type: 'and' | 'or';
  readonly left: Expression;
  readonly right: Expression;
}

export interface Not {
  readonly type: 'not';
  readonly operand: Expression;
}

export interface Constant {
  readonly type: 'constant';
  readonly value: boolean;
}

/** A field against a literal; `5 < .x` is parsed into `.x > 5`. Positions are not kept: two spellings of one query are equal. */
export interface Comparison {
  readonly type: 'comparison';
  readonly field: Field;
  readonly operator: Operator;
  readonly literal: Literal;
}

export const OPERATORS = ['=', '!=', '>', '>=', '<', '<=', '=~', '!~'] as const;
export type Operator = (typeof OPERATORS)[number];

/** `any` is the unscoped `.x`: the span's own attribute first, else the resource's. */
export type AttributeScope = 'span' | 'resource' | 'any';

export type Field = AttributeField | IntrinsicField;

export interface AttributeField {
  readonly type: 'attribute';
  readonly scope: AttributeScope;
  readonly key: string;
}

export interface IntrinsicField {
  readonly type: 'intrinsic';
  readonly name: IntrinsicName;
}

/** What an intrinsic holds; ids are hex text that can only be equal or not. */
export type IntrinsicType = 'string' | 'status' | 'kind' | 'duration' | 'id';

export const INTRINSIC_TYPES = {
  name: 'string',
  status: 'status',
  statusMessage: 'string',
  kind: 'kind',
  duration: 'duration',
  rootName: 'string',
  rootServiceName: 'string',
  'trace:id': 'id',
  'span:id': 'id',
  'span:parentID': 'id',
} as const satisfies Readonly<Record<string, IntrinsicType>>;
export type IntrinsicName = keyof typeof INTRINSIC_TYPES;

/** Numbers compare as doubles whether they were written as integers or not; durations are nanoseconds. */
export type Literal =
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'number'; readonly value: number }
  | { readonly type: 'duration'; readonly value: number }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'status'; readonly value: SpanStatus }
  | { readonly type: 'kind'; readonly value: SpanKind }
  | { readonly type: 'nil' };

/** The terms of a top-level conjunction: `a && b && c` → a, b, c. */
export function conjunctsOf(expression: Expression): readonly Expression[] {
  if (expression.type !== 'and') return [expression];
  return [...conjunctsOf(expression.left), ...conjunctsOf(expression.right)];
}

/** Every comparison inside, in the order it was written. */
export function comparisonsOf(expression: Expression): readonly Comparison[] {
  switch (expression.type) {
    case 'comparison':
      return [expression];
    case 'constant':
      return [];
    case 'not':
      return comparisonsOf(expression.operand);
    case 'and':
    case 'or':
      return [...comparisonsOf(expression.left), ...comparisonsOf(expression.right)];
  }
}
