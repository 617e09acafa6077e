import type { Comparison, Field, Literal, Operator } from './ast.js';
import { ComparisonSql, overElements, sqlOperator } from './comparison-sql.js';
import { isLiteral } from './field-types.js';
import type { ArithmeticOperator, FieldExpression, StaticLiteral } from './query-ast.js';
import { LIST_COLUMNS, SpanFieldsSql, booleanOf, isIntOf, listOf, numberOf, textOf, type ListName, type SqlValue } from './span-fields-sql.js';
import { ARITHMETIC, conjunctsOf, isCondition } from './same-element.js';
import type { SqlParams } from './sql-params.js';
import { SPAN_KINDS, SPAN_STATUSES } from '../span-batch.js';

const MIRRORED: Readonly<Record<string, Operator>> = { '=': '=', '!=': '!=', '>': '<', '>=': '<=', '<': '>', '<=': '>=' };
const NOTHING: SqlValue = { type: 'number', sql: 'CAST(NULL AS DOUBLE)', isInt: 'FALSE' };

type Binary = FieldExpression & { readonly type: 'binary' };

/** Field expressions of the whole language as SQL over `s` and `r` (see span-fields-sql.ts); conditions are NULL or FALSE where they do not hold. */
export class ExpressionSql {
  readonly fields: SpanFieldsSql;
  readonly #params: SqlParams;
  readonly #comparisons: ComparisonSql;

  constructor(params: SqlParams) {
    this.#params = params;
    this.fields = new SpanFieldsSql(params);
    this.#comparisons = new ComparisonSql(params, this.fields);
  }

  condition(expression: FieldExpression): string {
    switch (expression.type) {
      case 'boolean':
        return expression.value ? 'TRUE' : 'FALSE';
      case 'unary':
        return expression.operator === '!' ? `NOT coalesce(${this.condition(expression.operand)}, FALSE)` : 'FALSE';
      case 'exists':
        return this.#exists(expression);
      case 'field':
        return this.#anyOf(listsOf(expression), () => this.#isTrue(expression.field));
      case 'binary':
        if (expression.operator === '&&') return this.#conjunction(expression);
        if (expression.operator === '||') return `(${this.condition(expression.left)} OR ${this.condition(expression.right)})`;
        return ARITHMETIC.includes(expression.operator) ? 'FALSE' : this.#anyOf(listsOf(expression), () => `(${this.#comparison(expression)})`);
      case 'int':
      case 'float':
      case 'duration':
      case 'string':
      case 'status':
      case 'kind':
        return 'FALSE';
    }
  }

  /** What an expression yields for one span; of several events or links the first that has it. */
  value(expression: FieldExpression): SqlValue {
    const lists = listsOf(expression);
    const value = this.#value(expression);
    if (lists.length === 0) return value;
    const first = (sql: string, list: ListName): string => `list_extract(list_filter(list_transform(${elements(list)}, lambda ${list}: ${sql}), lambda found: found IS NOT NULL), 1)`;
    const sql = lists.reduce(first, value.sql);
    return value.type === 'number' ? { ...value, sql, isInt: 'FALSE' } : { ...value, sql };
  }

  /** The value as JSON text, NULL where there is none: for grouping and showing. Statuses and kinds are their words. */
  json(expression: FieldExpression): string {
    const value = this.value(expression);
    switch (value.type) {
      case 'json':
        return `CAST(${value.sql} AS VARCHAR)`;
      case 'status':
        return this.#words(value.sql, SPAN_STATUSES);
      case 'kind':
        return this.#words(value.sql, SPAN_KINDS);
      case 'number':
        return value.isDuration === true || value.isInt !== 'FALSE'
          ? `CASE WHEN ${value.isDuration === true ? 'TRUE' : value.isInt} THEN CAST(to_json(TRY_CAST(${value.sql} AS BIGINT)) AS VARCHAR) ELSE CAST(to_json(${value.sql}) AS VARCHAR) END`
          : `CAST(to_json(${value.sql}) AS VARCHAR)`;
      case 'text':
      case 'boolean':
        return `CAST(to_json(${value.sql}) AS VARCHAR)`;
    }
  }

  /** The value as a DOUBLE, NULL where it is no number. */
  number(expression: FieldExpression): string {
    return this.#numeric(this.value(expression)).sql;
  }

  #words(code: string, words: readonly string[]): string {
    return `to_json(list_extract([${words.map((word) => `'${word}'`).join(', ')}], ${code} + 1))::VARCHAR`;
  }

  /** Holds where it does for one of the span's events or links; without any the condition itself. */
  #anyOf(lists: readonly ListName[], condition: () => string): string {
    return lists.reduce((inner, list) => `coalesce(len(list_filter(${elements(list)}, lambda ${list}: coalesce(${inner}, FALSE))), 0) > 0`, condition());
  }

  #conjunction(expression: Binary): string {
    const { apart, together } = conjunctsOf(expression);
    const ofOne = together.map(({ list, conditions }) => this.#anyOf([list], () => conditions.map((condition) => this.#ofElement(condition)).join(' AND ')));
    return `(${[...apart.map((condition) => this.condition(condition)), ...ofOne].join(' AND ')})`;
  }

  /** A condition on the element at hand; see same-element.ts for which can be one. */
  #ofElement(condition: FieldExpression): string {
    if (condition.type === 'field') return this.#isTrue(condition.field);
    if (condition.type === 'exists') return `(${this.#value(condition.operand).sql} IS ${condition.absent ? '' : 'NOT '}NULL)`;
    if (condition.type !== 'binary') return this.condition(condition);
    if (condition.operator !== '&&' && condition.operator !== '||') return `(${this.#comparison(condition)})`;
    return `(${[condition.left, condition.right].map((side) => `coalesce(${this.#ofElement(side)}, FALSE)`).join(condition.operator === '&&' ? ' AND ' : ' OR ')})`;
  }

  #isTrue(field: Field): string {
    return this.#comparisons.comparison({ type: 'comparison', field, operator: '=', literal: { type: 'boolean', value: true } });
  }

  #exists({ operand, absent }: FieldExpression & { readonly type: 'exists' }): string {
    const value = this.#value(operand);
    const exists = value.type === 'boolean' ? 'TRUE' : this.#anyOf(listsOf(operand), () => `(${value.sql} IS NOT NULL)`);
    return absent ? `NOT ${exists}` : exists;
  }

  #comparison(expression: Binary): string {
    const simple = simpleComparison(expression);
    return simple === undefined ? this.#compared(expression) : this.#comparisons.comparison(simple);
  }

  #compared({ operator, left, right }: Binary): string {
    if (operator === '=~' || operator === '!~') {
      return right.type === 'string' ? this.#matched(this.#value(left), operator, right.value) : 'FALSE';
    }
    return this.#pair(this.#value(left), this.#value(right), operator);
  }

  #matched(value: SqlValue, operator: Operator, pattern: string): string {
    if (value.type === 'text') return this.#comparisons.text(value.sql, operator, [pattern]);
    if (value.type !== 'json') return 'FALSE';
    return overElements(value.sql, operator, (element) => this.#comparisons.text(textOf(element), operator, [pattern]));
  }

  /** Both sides of any type: they are compared where they turn out to be of one. */
  #pair(left: SqlValue, right: SqlValue, operator: string): string {
    if (left.type === 'json' && right.type === 'json') return jsonPair(left.sql, right.sql, operator);
    if (right.type === 'json') return this.#pair(right, left, MIRRORED[operator] ?? operator);
    if (left.type === 'json') return overElements(left.sql, operator as Operator, (element) => fixedPair({ ...right, sql: right.sql }, element, operator));
    return left.type === right.type && takes(operator, left.type) ? `${left.sql} ${sqlOperator(operator)} ${right.sql}` : 'FALSE';
  }

  #value(expression: FieldExpression): SqlValue {
    switch (expression.type) {
      case 'field':
        return this.fields.value(expression.field);
      case 'exists':
        return { type: 'boolean', sql: `(${this.condition(expression)})` };
      case 'unary':
        return expression.operator === '!' ? { type: 'boolean', sql: `(${this.condition(expression)})` } : this.#negative(expression.operand);
      case 'binary':
        return ARITHMETIC.includes(expression.operator) ? this.#calculated(expression) : { type: 'boolean', sql: `coalesce(${this.condition(expression)}, FALSE)` };
      case 'int':
      case 'float':
      case 'duration':
      case 'string':
      case 'boolean':
      case 'status':
      case 'kind':
        return this.#literal(expression);
    }
  }

  #literal(literal: StaticLiteral): SqlValue {
    switch (literal.type) {
      case 'int':
      case 'float':
      case 'duration':
        return { type: 'number', sql: this.#params.double(literal.value), isInt: literal.type === 'int' ? 'TRUE' : 'FALSE', isDuration: literal.type === 'duration' };
      case 'string':
        return { type: 'text', sql: this.#params.add(literal.value) };
      case 'boolean':
        return { type: 'boolean', sql: literal.value ? 'TRUE' : 'FALSE' };
      case 'status':
        return { type: 'status', sql: `CAST(${SPAN_STATUSES.indexOf(literal.value)} AS UTINYINT)` };
      case 'kind':
        return { type: 'kind', sql: `CAST(${SPAN_KINDS.indexOf(literal.value)} AS UTINYINT)` };
    }
  }

  #negative(operand: FieldExpression): SqlValue {
    const value = this.#numeric(this.#value(operand));
    return { ...value, sql: `-(${value.sql})` };
  }

  /** Whole numbers divide to whole ones, as in Tempo; dividing by zero yields nothing, and so does what is no number. */
  #calculated({ operator, left, right }: Binary): SqlValue {
    const [a, b] = [this.#numeric(this.#value(left)), this.#numeric(this.#value(right))];
    const bothInt = a.isInt === 'FALSE' || b.isInt === 'FALSE' ? 'FALSE' : a.isInt === 'TRUE' && b.isInt === 'TRUE' ? 'TRUE' : `(${a.isInt} AND ${b.isInt})`;
    const exact = arithmeticSql(operator as ArithmeticOperator, a.sql, b.sql);
    const whole = operator !== '/' && operator !== '^' ? exact : bothInt === 'FALSE' ? exact : `CASE WHEN ${bothInt} THEN trunc(${exact}) ELSE ${exact} END`;
    return { type: 'number', sql: `nullif(${whole}, 'nan'::DOUBLE)`, isInt: bothInt, isDuration: (a.isDuration === true || b.isDuration === true) && bothInt !== 'TRUE' };
  }

  #numeric(value: SqlValue): SqlValue & { readonly type: 'number' } {
    if (value.type === 'number') return value;
    return value.type === 'json' ? { type: 'number', sql: numberOf(value.sql), isInt: isIntOf(value.sql) } : (NOTHING as SqlValue & { readonly type: 'number' });
  }
}

export function arithmeticSql(operator: ArithmeticOperator, left: string, right: string): string {
  switch (operator) {
    case '/':
    case '%':
      return `((${left}) ${operator} nullif(${right}, 0))`;
    case '^':
      return `pow(${left}, ${right})`;
    case '+':
    case '-':
    case '*':
      return `((${left}) ${operator} (${right}))`;
  }
}

/** A field beside a literal: what rules can say too, compiled in one place for both. */
function simpleComparison({ operator, left, right }: Binary): Comparison | undefined {
  const isMirrored = isLiteral(left) && right.type === 'field';
  const [field, literal] = isMirrored ? [right, left] : [left, right];
  const used = isMirrored ? MIRRORED[operator] : (operator as Operator);
  if (field.type !== 'field' || !isLiteral(literal) || used === undefined) return undefined;
  return { type: 'comparison', field: field.field, operator: used, literal: plainLiteral(literal) };
}

function plainLiteral(literal: StaticLiteral): Literal {
  return literal.type === 'int' || literal.type === 'float' ? { type: 'number', value: literal.value } : literal;
}

function takes(operator: string, type: SqlValue['type']): boolean {
  return type === 'number' || type === 'text' || operator === '=' || operator === '!=';
}

/** A JSON value beside one of a fixed type. */
function fixedPair(fixed: SqlValue, element: string, operator: string): string {
  if (!takes(operator, fixed.type)) return 'FALSE';
  const asFixed = { number: numberOf, text: textOf, boolean: booleanOf, status: undefined, kind: undefined, json: undefined }[fixed.type];
  return asFixed === undefined ? 'FALSE' : `${asFixed(element)} ${sqlOperator(operator)} ${fixed.sql}`;
}

/** Two JSON values, one of which may be a list: then its elements are compared. Lists are not compared with each other. */
function jsonPair(left: string, right: string, operator: string): string {
  const mirrored = MIRRORED[operator] ?? operator;
  const ofRight = overElements(right, mirrored as Operator, (element) => dynamicPair(element, left, mirrored));
  const ofLeft = overElements(left, operator as Operator, (element) => dynamicPair(element, right, operator));
  return `CASE WHEN json_type(${right}) <> 'ARRAY' OR ${right} IS NULL THEN ${ofLeft} WHEN json_type(${left}) = 'ARRAY' THEN FALSE ELSE ${ofRight} END`;
}

/** Two JSON values that are no lists. */
function dynamicPair(left: string, right: string, operator: string): string {
  const op = sqlOperator(operator);
  const booleans = operator === '=' || operator === '!=' ? `WHEN json_type(${left}) = 'BOOLEAN' AND json_type(${right}) = 'BOOLEAN' THEN ${booleanOf(left)} ${op} ${booleanOf(right)}` : '';
  return `CASE WHEN json_type(${left}) = 'VARCHAR' AND json_type(${right}) = 'VARCHAR' THEN ${textOf(left)} ${op} ${textOf(right)} ${booleans} ELSE ${numberOf(left)} ${op} ${numberOf(right)} END`;
}

function elements(list: ListName): string {
  return `from_json(${LIST_COLUMNS[list]}, '["JSON"]')`;
}

/** The lists of a span that the expression looks into. Conditions inside it look for themselves. */
function listsOf(expression: FieldExpression): readonly ListName[] {
  const fields: Field[] = [];
  collectFields(expression, fields);
  return [...new Set(fields.map(listOf).filter((list) => list !== undefined))];
}

function collectFields(expression: FieldExpression, into: Field[]): void {
  switch (expression.type) {
    case 'field':
      into.push(expression.field);
      break;
    case 'unary':
      if (expression.operator === '-') collectFields(expression.operand, into);
      break;
    case 'binary':
      if (expression.operator === '&&' || expression.operator === '||') break;
      for (const side of [expression.left, expression.right]) if (!isCondition(side)) collectFields(side, into);
      break;
    default:
      break;
  }
}
