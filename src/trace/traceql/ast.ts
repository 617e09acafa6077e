import type { SpanKind, SpanStatus } from '../span-batch.js';

/**
 * What a rule can ask of one span: one `{ … }` of comparisons, joined by && and ||. The whole language is in query-ast.ts; rule-filter.ts
 * brings a query of it into this form.
 */
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

/**
 * `any` is the unscoped `.x`: the span's own attribute first, else the resource's. A span has several events and links: a comparison with
 * theirs holds where it holds for one of them.
 */
export const ATTRIBUTE_SCOPES = ['span', 'resource', 'any', 'event', 'link', 'instrumentation'] as const;
export type AttributeScope = (typeof ATTRIBUTE_SCOPES)[number];

export type Field = AttributeField | IntrinsicField;

export interface AttributeField {
  readonly type: 'attribute';
  readonly scope: AttributeScope;
  readonly key: string;
  /** `parent.x`: of the span's parent. */
  readonly ofParent?: true;
}

export interface IntrinsicField {
  readonly type: 'intrinsic';
  readonly name: IntrinsicName;
}

/** What an intrinsic holds; ids are hex text. */
export type IntrinsicType = 'string' | 'status' | 'kind' | 'duration' | 'id' | 'int';

export const INTRINSIC_TYPES = {
  name: 'string',
  status: 'status',
  statusMessage: 'string',
  kind: 'kind',
  duration: 'duration',
  rootName: 'string',
  rootServiceName: 'string',
  traceDuration: 'duration',
  nestedSetLeft: 'int',
  nestedSetRight: 'int',
  nestedSetParent: 'int',
  'trace:id': 'id',
  'span:id': 'id',
  'span:parentID': 'id',
  'span:childCount': 'int',
  'event:name': 'string',
  'event:timeSinceStart': 'duration',
  'link:spanID': 'id',
  'link:traceID': 'id',
  'instrumentation:name': 'string',
  'instrumentation:version': 'string',
} as const satisfies Readonly<Record<string, IntrinsicType>>;
export type IntrinsicName = keyof typeof INTRINSIC_TYPES;

export function isIntrinsic(text: string): text is IntrinsicName {
  return Object.hasOwn(INTRINSIC_TYPES, text);
}

/** Spellings with their scope that mean an intrinsic of an older name. */
export const SCOPED_SPELLINGS: Readonly<Record<string, IntrinsicName>> = {
  'trace:rootName': 'rootName',
  'trace:rootService': 'rootServiceName',
  'trace:duration': 'traceDuration',
  'span:name': 'name',
  'span:status': 'status',
  'span:statusMessage': 'statusMessage',
  'span:kind': 'kind',
  'span:duration': 'duration',
  // Tempo's lexer has it bare too, unlike the other fields of a span that were added late.
  childCount: 'span:childCount',
};

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
