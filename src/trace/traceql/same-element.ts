import { listOf, type ListName } from './span-fields-sql.js';
import type { FieldExpression } from './query-ast.js';

/** Conditions that one event, or one link, of the span has to meet together. */
export interface OfOneElement {
  readonly list: ListName;
  readonly conditions: readonly FieldExpression[];
}

export interface Conjuncts {
  readonly apart: readonly FieldExpression[];
  readonly together: readonly OfOneElement[];
}

export const ARITHMETIC: readonly string[] = ['+', '-', '*', '/', '%', '^'];

/**
 * What is joined by `&&`. Conditions that look at nothing but events are met by one and the same event, as in Tempo, and so are those of links;
 * but where nothing but `= nil` is asked, each is of all of them.
 */
export function conjunctsOf(expression: FieldExpression): Conjuncts {
  const all = flattened(expression);
  const together = (['event', 'link'] as const).map((list) => ({ list, conditions: all.filter((conjunct) => elementOf(conjunct) === list) }))
    .filter(({ conditions }) => conditions.length > 1 && conditions.some(needsElement));
  return { apart: all.filter((conjunct) => together.every(({ conditions }) => !conditions.includes(conjunct))), together };
}

function flattened(expression: FieldExpression): readonly FieldExpression[] {
  return expression.type === 'binary' && expression.operator === '&&' ? [...flattened(expression.left), ...flattened(expression.right)] : [expression];
}

/** The list that a condition looks at one element of; undefined where it looks at the span, at both lists, or says what does not hold. */
function elementOf(condition: FieldExpression): ListName | undefined {
  switch (condition.type) {
    case 'field':
      return listOf(condition.field);
    case 'exists':
      return elementOf(condition.operand);
    case 'unary':
      return condition.operator === '-' ? elementOf(condition.operand) : undefined;
    case 'binary':
      return commonElement(condition);
    default:
      return undefined;
  }
}

/** Beside a literal a field is alone; conditions that are compared look for themselves. */
function commonElement({ operator, left, right }: FieldExpression & { readonly type: 'binary' }): ListName | undefined {
  const isJoin = operator === '&&' || operator === '||';
  const sides = [left, right].filter((side) => isJoin || !isConstant(side));
  const [first, ...others] = sides.map((side) => (isJoin || !isCondition(side) ? elementOf(side) : undefined));
  return others.every((other) => other === first) ? first : undefined;
}

function isConstant(expression: FieldExpression): boolean {
  return expression.type !== 'field' && expression.type !== 'exists' && expression.type !== 'unary' && expression.type !== 'binary';
}

export function isCondition(expression: FieldExpression): boolean {
  return expression.type === 'exists' || (expression.type === 'unary' && expression.operator === '!') || (expression.type === 'binary' && !ARITHMETIC.includes(expression.operator));
}

/** Whether it cannot hold without an element. */
function needsElement(condition: FieldExpression): boolean {
  if (condition.type === 'exists') return !condition.absent;
  if (condition.type !== 'binary') return true;
  if (condition.operator === '||') return needsElement(condition.left) && needsElement(condition.right);
  return condition.operator !== '&&' || needsElement(condition.left) || needsElement(condition.right);
}
