import { INTRINSIC_TYPES, type Comparison, type Expression, type Field, type IntrinsicName, type Literal, type Operator, type Query } from './ast.js';
import { describe, intrinsicHint, isLiteral, notACondition } from './field-types.js';
import type { FieldExpression, SpansetExpression, StaticLiteral, TraceqlQuery } from './query-ast.js';
import { TraceqlFailure } from './traceql-error.js';

/** A query with the places of its parts, as the parser hands it over. */
export interface PlacedQuery {
  readonly query: TraceqlQuery;
  readonly placeOf: (node: object) => number;
  /** Place of an && that follows an || without parentheses. */
  readonly mixture: number | undefined;
}

/** Rules are decided for every span the moment it arrives: by what the span itself brings along, its resource and the root of its trace in the same batch. */
const NOT_IN_RULES: ReadonlySet<IntrinsicName> = new Set(['traceDuration', 'nestedSetLeft', 'nestedSetRight', 'nestedSetParent', 'span:childCount', 'event:name', 'event:timeSinceStart', 'link:spanID', 'link:traceID']);
const MIRRORED: Readonly<Partial<Record<Operator, Operator>>> = { '=': '=', '!=': '!=', '>': '<', '>=': '<=', '<': '>', '<=': '>=' };
const COMPARISONS: readonly string[] = ['=', '!=', '>', '>=', '<', '<=', '=~', '!~'];
const ID = /^[0-9a-fA-F]+$/;

/** The query as a rule can use it. What a search can do and a rule cannot is refused with the reason. Throws TraceqlFailure. */
export function ruleFilterOf({ query, placeOf, mixture }: PlacedQuery): Query {
  const [hint] = query.hints;
  if (query.type === 'metrics') throw new TraceqlFailure(0, 'a rule counts spans itself: metrics functions are for charts', 'write one { … }: the SLO says what is counted');
  const filter = onlyFilter(query.search, placeOf);
  if (hint !== undefined) throw new TraceqlFailure(0, 'hints have no meaning in a rule', `leave with(${hint.name}=…) out`);
  // Tempo reads both from the left, other languages let && bind tighter: in a rule that pages people the author has to say which is meant.
  if (mixture !== undefined) throw new TraceqlFailure(mixture, '&& after || can be read in two ways', 'add parentheses: a || (b && c), or (a || b) && c');
  return { type: 'spanset', filter: new RuleFilter(placeOf).condition(filter) };
}

function onlyFilter(search: SpansetExpression, placeOf: PlacedQuery['placeOf']): FieldExpression {
  const hint = 'a rule looks at one span at a time: combine conditions on it with && and || inside one { … }';
  switch (search.type) {
    case 'filter':
      return search.condition;
    case 'operation':
      throw new TraceqlFailure(placeOf(search), `a rule cannot use ${search.operator} between sets of spans`, hint);
    case 'pipeline':
      throw new TraceqlFailure(placeOf(search), 'a rule cannot use a pipeline', hint);
    case 'scalarComparison':
      throw new TraceqlFailure(placeOf(search), 'a rule cannot count or calculate over sets of spans', hint);
  }
}

class RuleFilter {
  readonly #placeOf: PlacedQuery['placeOf'];

  constructor(placeOf: PlacedQuery['placeOf']) {
    this.#placeOf = placeOf;
  }

  condition(expression: FieldExpression): Expression {
    switch (expression.type) {
      case 'boolean':
        return { type: 'constant', value: expression.value };
      case 'field':
        return { type: 'comparison', field: this.#attribute(expression), operator: '=', literal: { type: 'boolean', value: true } };
      case 'exists':
        return this.#exists(expression);
      case 'unary':
        if (expression.operator === '!') return { type: 'not', operand: this.condition(expression.operand) };
        break;
      case 'binary':
        if (expression.operator === '&&' || expression.operator === '||') {
          return { type: expression.operator === '&&' ? 'and' : 'or', left: this.condition(expression.left), right: this.condition(expression.right) };
        }
        return this.#comparison(expression);
      default:
        break;
    }
    throw notACondition(expression, this.#placeOf(expression));
  }

  #attribute(expression: FieldExpression & { readonly type: 'field' }): Field {
    const field = this.#field(expression);
    if (field.type === 'attribute') return field;
    throw notACondition(expression, this.#placeOf(expression));
  }

  #field(expression: FieldExpression & { readonly type: 'field' }): Field {
    const { field } = expression;
    const at = this.#placeOf(expression);
    const hint = 'a rule looks at one span at a time, with its resource';
    if (field.type === 'intrinsic') {
      if (NOT_IN_RULES.has(field.name)) throw new TraceqlFailure(at, `a rule cannot use ${field.name}`, hint);
      return field;
    }
    if (field.ofParent === true) throw new TraceqlFailure(at, 'a rule cannot use attributes of the parent', hint);
    if (field.scope !== 'span' && field.scope !== 'resource' && field.scope !== 'any') throw new TraceqlFailure(at, `a rule cannot use the scope ${field.scope}.`, `${hint}: span. and resource. are known, and .name without a scope looks in both`);
    return field;
  }

  #exists({ operand, absent }: FieldExpression & { readonly type: 'exists' }): Comparison {
    const at = this.#placeOf(operand);
    if (operand.type !== 'field') throw new TraceqlFailure(at, 'a rule compares one field with nil', 'like .x != nil');
    const field = this.#field(operand);
    if (field.type === 'intrinsic') throw new TraceqlFailure(at, `${field.name} is never nil`, 'leave the condition out');
    return { type: 'comparison', field, operator: absent ? '=' : '!=', literal: { type: 'nil' } };
  }

  #comparison(expression: FieldExpression & { readonly type: 'binary' }): Comparison {
    const { left, right, operator } = expression;
    if (!COMPARISONS.includes(operator)) throw notACondition(expression, this.#placeOf(expression));
    const isMirrored = isLiteral(left) && right.type === 'field';
    const [field, literal] = isMirrored ? [right, left] : [left, right];
    const used = isMirrored ? MIRRORED[operator as Operator] : (operator as Operator);
    if (field.type !== 'field' || !isLiteral(literal) || used === undefined) throw this.#notSimple(expression);
    const comparison = { type: 'comparison', field: this.#field(field), operator: used, literal: ruleLiteral(literal) } as const;
    checkMeaning(comparison, literal, this.#placeOf(literal));
    return comparison;
  }

  #notSimple({ left, right, operator }: FieldExpression & { readonly type: 'binary' }): TraceqlFailure {
    if (isLiteral(left) && isLiteral(right)) return new TraceqlFailure(this.#placeOf(left), 'one side of a comparison must be a field', 'like .x = "y", name = "GET /" or duration > 800ms');
    if (left.type === 'unary' && left.operator === '!') return new TraceqlFailure(this.#placeOf(left), '! before a comparison needs parentheses', `write !(.x ${operator} 1)`);
    if (left.type === 'field' && right.type === 'field') return new TraceqlFailure(this.#placeOf(right), 'a rule cannot compare two fields', 'compare a field with a fixed value; text goes into double quotes');
    return new TraceqlFailure(this.#placeOf(left), 'a rule cannot calculate', 'compare a field with a fixed value');
  }
}

function ruleLiteral(literal: StaticLiteral): Literal {
  return literal.type === 'int' || literal.type === 'float' ? { type: 'number', value: literal.value } : literal;
}

/** Comparisons that the language allows but that never hold would make an SLO that never fails. */
function checkMeaning({ field, operator }: Comparison, literal: StaticLiteral, at: number): void {
  if (field.type === 'attribute') {
    if (literal.type !== 'status' && literal.type !== 'kind') return;
    throw new TraceqlFailure(at, `${literal.value} is a ${literal.type} of a span, not a value of an attribute`, `for text write "${literal.value}"; for the span's own ${literal.type} write ${literal.type} = ${literal.value}, without .${field.key}`);
  }
  const type = INTRINSIC_TYPES[field.name];
  const isUnitless = type === 'duration' && (literal.type === 'int' || literal.type === 'float');
  if (isUnitless || (type === 'string' && literal.type !== 'string')) throw new TraceqlFailure(at, `${field.name} cannot be compared with ${describe(literal)}`, intrinsicHint(field.name, literal));
  if (type === 'id') checkId(field.name, { operator, literal, at });
}

function checkId(name: IntrinsicName, { operator, literal, at }: { readonly operator: Operator; readonly literal: StaticLiteral; readonly at: number }): void {
  const length = name === 'trace:id' ? 32 : 16;
  if (operator !== '=' && operator !== '!=') throw new TraceqlFailure(at, `${operator} has no meaning for an id in a rule`, 'only = and != do');
  if (literal.type === 'string' && (!ID.test(literal.value) || literal.value.length > length)) throw new TraceqlFailure(at, `"${literal.value}" is not an id`, `${name} is up to ${length} hex digits`);
}
