import { SPAN_KINDS, SPAN_STATUSES } from '../span-batch.js';
import { SCOPED_SPELLINGS, isIntrinsic, type Field, type IntrinsicName } from './ast.js';
import { checkBinary, isNumeric, notACondition, typeOf, unknownField, unknownValue } from './field-types.js';
import type { Token } from './lexer.js';
import type { FieldExpression, FieldOperator, FilterStage, StaticLiteral } from './query-ast.js';
import type { TokenStream } from './token-stream.js';
import { TraceqlFailure } from './traceql-error.js';

/** Tempo's (expr.y): && and || are of one strength and read from the left, as comparisons are. */
const PRECEDENCE: Readonly<Record<FieldOperator, number>> = {
  '||': 1, '&&': 1,
  '=': 2, '!=': 2, '>': 2, '>=': 2, '<': 2, '<=': 2, '=~': 2, '!~': 2,
  '+': 3, '-': 3,
  '*': 5, '/': 5, '%': 5,
  '^': 6,
};
/** A sign binds less than * and ^: -.a * .b is -(.a * .b). So does !, but more than + and -. */
const SIGN = 4;
const NOT = 5;

/** What a query can only name with its scope, and with its scope only. */
const NEEDS_SCOPE: Readonly<Record<string, string>> = {
  parentID: 'span:parentID', id: 'span:id or trace:id', spanID: 'span:id', traceID: 'trace:id', timeSinceStart: 'event:timeSinceStart',
  rootService: 'trace:rootService or rootServiceName', version: 'instrumentation:version',
};

/** `{ … }`, the empty one for every span. */
export function readFilter(tokens: TokenStream): FilterStage {
  const open = tokens.next();
  tokens.countTerm(open.start);
  if (tokens.take('}')) return tokens.placed({ type: 'filter', condition: { type: 'boolean', value: true } }, open.start);
  const condition = tokens.nested(open.start, () => readField(tokens));
  refuseForeign(tokens, condition);
  tokens.close('}', open.start);
  const type = typeOf(condition);
  if (type !== 'boolean' && type !== 'attribute') throw notACondition(condition, tokens.placeOf(condition));
  return tokens.placed({ type: 'filter', condition }, open.start);
}

/** A field expression; operators weaker than `weakest` are left standing. `beside`: what it is compared with, for better words. */
export function readField(tokens: TokenStream, weakest = 1, beside?: FieldExpression): FieldExpression {
  let left = isNil(tokens.peek()) ? readAfterNil(tokens) : readPrefix(tokens, beside);
  let seenOr = false;
  for (;;) {
    const operator = operatorAt(tokens);
    if (operator === undefined || PRECEDENCE[operator] < weakest) return left;
    const at = tokens.next().start;
    if (operator === '&&' && seenOr) tokens.noteMixture(at);
    seenOr ||= operator === '||';
    left = isNil(tokens.peek()) && operator !== '&&' && operator !== '||' ? existsOf(tokens, { operator, operand: left, at }) : readBinary(tokens, { operator, left, at });
  }
}

function readBinary(tokens: TokenStream, { operator, left, at }: { readonly operator: FieldOperator; readonly left: FieldExpression; readonly at: number }): FieldExpression {
  const weakest = PRECEDENCE[operator] + (operator === '^' ? 0 : 1);
  const right = tokens.nested(at, () => readField(tokens, weakest, PRECEDENCE[operator] === 2 ? left : undefined));
  checkBinary({ operator, left, right, at, leftAt: tokens.placeOf(left), rightAt: tokens.placeOf(right) });
  return tokens.placed({ type: 'binary', operator, left, right }, tokens.placeOf(left));
}

/** `x != nil`, `x = nil`: the nil was seen, but not read. */
function existsOf(tokens: TokenStream, { operator, operand, at }: { readonly operator: FieldOperator; readonly operand: FieldExpression; readonly at: number }): FieldExpression {
  if (operator !== '=' && operator !== '!=') throw new TraceqlFailure(at, `${operator} has no meaning for nil`, 'only = and != do');
  const nil = tokens.next();
  if (operator === '=' && operand.type === 'field') {
    const { field } = operand;
    if (field.type === 'intrinsic') throw new TraceqlFailure(nil.start, `${field.name} cannot be compared with nil: every span has one`, typeOf(operand) === 'string' ? `${field.name} = "" asks for an empty one` : 'leave the condition out');
    if (field.scope === 'resource' && field.key === 'service.name') throw new TraceqlFailure(nil.start, 'resource.service.name cannot be compared with nil: every span has one', 'for senders without one write .service.name = nil');
  }
  return tokens.placed({ type: 'exists', absent: operator === '=', operand }, tokens.placeOf(operand));
}

/** `nil != x`; nil compared with nil is neither equal nor unequal. */
function readAfterNil(tokens: TokenStream): FieldExpression {
  const nil = tokens.next();
  const operator = operatorAt(tokens);
  if (operator !== '=' && operator !== '!=') throw new TraceqlFailure(nil.start, 'nil is not a condition', 'compare something with it: .x = nil, .x != nil');
  const at = tokens.next().start;
  if (isNil(tokens.peek())) {
    tokens.next();
    return tokens.placed({ type: 'boolean', value: false }, nil.start);
  }
  const operand = tokens.nested(at, () => readField(tokens, PRECEDENCE['='] + 1));
  if (operator === '=' && operand.type === 'field' && (operand.field.type === 'intrinsic' || (operand.field.scope === 'resource' && operand.field.key === 'service.name'))) {
    throw new TraceqlFailure(nil.start, 'this is never nil: every span has one', 'leave the condition out');
  }
  return tokens.placed({ type: 'exists', absent: operator === '=', operand }, nil.start);
}

function readPrefix(tokens: TokenStream, beside?: FieldExpression): FieldExpression {
  const token = tokens.next();
  const at = token.start;
  tokens.countTerm(at);
  switch (token.type) {
    case 'attribute':
      return tokens.placed({ type: 'field', field: token.field }, at);
    case 'string':
    case 'int':
    case 'float':
    case 'duration':
      return tokens.placed(literalOf(token), at);
    case 'word':
      return tokens.placed(readWord(tokens, token, beside), at);
    case 'end':
      throw new TraceqlFailure(at, 'the query ends too early', 'a condition is missing here, like status = error }');
    case 'symbol':
      return readAfterSymbol(tokens, token);
  }
}

function readAfterSymbol(tokens: TokenStream, { text, start: at }: Token & { readonly type: 'symbol' }): FieldExpression {
  if (text === '(') {
    const inside = tokens.nested(at, () => readField(tokens));
    refuseForeign(tokens, inside);
    tokens.close(')', at);
    return inside;
  }
  if (text !== '!' && text !== '-') throw new TraceqlFailure(at, `${text} cannot stand here`, 'a condition is FIELD OPERATOR VALUE, like span.http.route = "/checkout" or duration > 800ms');
  const operand = tokens.nested(at, () => readField(tokens, text === '-' ? SIGN : NOT));
  const type = typeOf(operand);
  if (text === '!' && type !== 'boolean' && type !== 'attribute') throw notACondition(operand, tokens.placeOf(operand));
  if (text === '-' && type !== 'attribute' && !isNumeric(type)) throw new TraceqlFailure(at, `- has no meaning for ${type === 'string' ? 'text' : type === 'boolean' ? 'true or false' : `a ${type}`}`, 'only numbers and durations have a sign');
  if (text === '-' && (operand.type === 'int' || operand.type === 'float' || operand.type === 'duration')) return tokens.placed({ type: operand.type, value: negated(operand.value) }, at);
  return tokens.placed({ type: 'unary', operator: text, operand }, at);
}

function negated(value: number): number {
  return value === 0 ? 0 : -value;
}

function readWord(tokens: TokenStream, { text, start: at }: Token & { readonly type: 'word' }, beside?: FieldExpression): FieldExpression {
  const literal = wordLiteral(text);
  if (literal !== undefined) return literal;
  const intrinsic = intrinsicOf(text);
  if (intrinsic !== undefined) return { type: 'field', field: { type: 'intrinsic', name: intrinsic } };
  if (Object.hasOwn(NEEDS_SCOPE, text)) throw new TraceqlFailure(at, `${text} needs its scope`, `write ${NEEDS_SCOPE[text] ?? ''}`);
  if (text === 'parent') throw new TraceqlFailure(at, 'parent alone is not supported', 'an attribute of the parent is written parent.x; spans without a parent are nestedSetParent < 0');
  const scoped = /^(\w+):(\w+)$/.exec(text);
  if (scoped !== null) throw unknownScoped(scoped, at);
  throw beside?.type === 'field' ? unknownValue(beside.field, text, at) : tokens.foreignOperator() ?? unknownField(text, at);
}

function unknownScoped([text, scope = '', name = '']: readonly string[], at: number): TraceqlFailure {
  const known = ['trace:duration', 'trace:rootName', 'trace:rootService', 'trace:id', 'span:name', 'span:kind', 'span:status', 'span:statusMessage', 'span:duration', 'span:id', 'span:parentID', 'span:childCount', 'event:name', 'event:timeSinceStart', 'link:traceID', 'link:spanID', 'instrumentation:name', 'instrumentation:version'];
  const ofScope = known.filter((candidate) => candidate.startsWith(`${scope}:`));
  const elsewhere = known.filter((candidate) => candidate.endsWith(`:${name}`) || (name === 'rootServiceName' && candidate === 'trace:rootService'));
  const hint = ofScope.length === 0 && elsewhere.length === 0 ? 'the scopes are trace:, span:, event:, link: and instrumentation:' : `there are ${[...elsewhere, ...ofScope.filter((candidate) => !elsewhere.includes(candidate))].join(', ')}`;
  return new TraceqlFailure(at, `${text ?? ''} is not a field`, hint);
}

/** Statuses, kinds, true, false, and the largest and smallest integer. */
export function wordLiteral(text: string): StaticLiteral | undefined {
  if (text === 'true' || text === 'false') return { type: 'boolean', value: text === 'true' };
  if (text === 'minInt' || text === 'maxInt') return { type: 'int', value: text === 'minInt' ? -(2 ** 63) : 2 ** 63 };
  const status = SPAN_STATUSES.find((candidate) => candidate === text);
  if (status !== undefined) return { type: 'status', value: status };
  const kind = SPAN_KINDS.find((candidate) => candidate === text);
  return kind === undefined ? undefined : { type: 'kind', value: kind };
}

/** Words without a scope are the older names; `trace:…` and `span:…` the newer ones of the same. */
function intrinsicOf(text: string): IntrinsicName | undefined {
  if (Object.hasOwn(SCOPED_SPELLINGS, text)) return SCOPED_SPELLINGS[text];
  return isIntrinsic(text) ? text : undefined;
}

export function literalOf(token: Token & { readonly type: 'string' | 'int' | 'float' | 'duration' }): StaticLiteral {
  return { type: token.type, value: token.value } as StaticLiteral;
}

/** A field, for `by`, `select` and the functions of metrics. */
export function readFieldReference(tokens: TokenStream): Field {
  const token = tokens.next();
  tokens.countTerm(token.start);
  const expression = token.type === 'attribute' ? ({ type: 'field', field: token.field } as const) : token.type === 'word' ? readWord(tokens, token) : undefined;
  if (expression?.type === 'field') return expression.field;
  throw new TraceqlFailure(token.start, 'a field must stand here', 'like span.http.route, resource.service.name or name');
}

function operatorAt(tokens: TokenStream): FieldOperator | undefined {
  const token = tokens.peek();
  return token.type === 'symbol' && Object.hasOwn(PRECEDENCE, token.text) ? (token.text as FieldOperator) : undefined;
}

function isNil(token: Token): boolean {
  return token.type === 'word' && token.text === 'nil';
}

/** After an expression that ends where it should go on: say what the reader probably meant. */
function refuseForeign(tokens: TokenStream, left: FieldExpression): void {
  const token = tokens.peek();
  const foreign = tokens.foreignOperator();
  if (foreign !== undefined) throw foreign;
  if (left.type === 'field' && !['symbol', 'end'].includes(token.type)) throw new TraceqlFailure(token.start, 'an operator is missing here', 'one of = != > >= < <= =~ !~');
}
