import type { AttributeField, Expression, Field, Literal, Query } from './ast.js';
import { durationText } from './duration-literal.js';
import { quote } from './string-literal.js';

const PLAIN_NAME = /^[^\s{}()=~!<>&|^,"`]+$/;

/** The query in its canonical spelling: equal queries print equal, and parsing the text gives the query back. */
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

function printField(field: Field): string {
  return field.type === 'intrinsic' ? field.name : printAttribute(field);
}

function printAttribute({ scope, key }: AttributeField): string {
  // `.5x` would read as a number.
  const plain = PLAIN_NAME.test(key) && !(scope === 'any' && /^\d/.test(key));
  return `${scope === 'any' ? '' : scope}.${plain ? key : quote(key)}`;
}

function printLiteral(literal: Literal): string {
  switch (literal.type) {
    case 'string':
      return quote(literal.value);
    case 'number':
      return String(literal.value);
    case 'duration':
      return durationText(literal.value);
    case 'boolean':
    case 'status':
    case 'kind':
      return String(literal.value);
    case 'nil':
      return 'nil';
  }
}
