import { closest } from '../../lib/closest.js';
import { readFilter, readField } from './field-parser.js';
import { isNumeric, referencesSpan, typeOf } from './field-types.js';
import { isMetricsFunction, readFieldList, readHints, readMetricsFunction, readTop } from './metrics-parser.js';
import { AGGREGATES, COMPARISON_OPERATORS, METRICS_FUNCTIONS } from './query-ast.js';
import type { CoalesceStage, ComparisonOperator, GroupStage, ScalarExpression, SearchQuery, SelectStage, SpansetExpression, Stage, TraceqlQuery } from './query-ast.js';
import { asNumber, combine, isComparison, type Part } from './query-parts.js';
import type { TokenStream } from './token-stream.js';
import { TraceqlFailure } from './traceql-error.js';

/** Those of Tempo's grammar: structural operators stand beside comparisons, && and || are of one strength, all read from the left. */
const PRECEDENCE: Readonly<Record<string, number>> = {
  '&&': 1, '||': 1,
  '=': 2, '!=': 2, '>': 2, '>=': 2, '<': 2, '<=': 2,
  '>>': 2, '<<': 2, '~': 2, '!>': 2, '!>>': 2, '!<': 2, '!<<': 2, '!~': 2, '&>': 2, '&>>': 2, '&<': 2, '&<<': 2, '&~': 2,
  '+': 3, '-': 3, '*': 5, '/': 5, '%': 5, '^': 6,
};
const WORDS: readonly string[] = [...AGGREGATES, ...METRICS_FUNCTIONS, 'by', 'select', 'coalesce', 'topk', 'bottomk'];

/** A whole query, to its end. */
export function readQuery(tokens: TokenStream): TraceqlQuery {
  const first = tokens.peek();
  if (first.type === 'end') throw new TraceqlFailure(first.start, 'the query is empty', 'write { } for every span, or conditions: { status = error }');
  const part = readPipeline(tokens);
  const hints = readHints(tokens);
  const rest = tokens.peek();
  if (rest.type !== 'end') throw unexpectedRest(tokens, part);
  if (part.kind === 'metrics') return { type: 'metrics', metrics: part.node, hints };
  return { type: 'search', search: searchOf(part, first.start), hints };
}

function searchOf(part: Part, at: number): SearchQuery['search'] {
  switch (part.kind) {
    case 'spanset':
    case 'pipeline':
    case 'scalarComparison':
      return part.node;
    case 'stage':
      return { type: 'pipeline', stages: [part.node] };
    case 'scalar':
    case 'scalarPipeline':
      throw new TraceqlFailure(at, 'a number alone finds nothing', 'compare it: { … } | count() > 2');
    case 'number':
      throw new TraceqlFailure(at, 'a query starts with {', 'like { status = error }');
    case 'metrics':
      throw new TraceqlFailure(at, 'metrics are no search', '');
  }
}

function unexpectedRest(tokens: TokenStream, part: Part): TraceqlFailure {
  const rest = tokens.peek();
  const text = tokens.peekText();
  if (part.kind === 'metrics' && ['+', '-', '*', '/', '%', '^'].includes(text)) return new TraceqlFailure(rest.start, `${text} cannot stand here`, 'put each metrics query into parentheses: ({ } | rate()) * 100');
  if (text === '|') return new TraceqlFailure(rest.start, '| cannot stand here', part.kind === 'metrics' ? 'metrics can only be followed by topk, bottomk or a comparison' : 'what is in parentheses cannot be followed by |: put the | into the parentheses');
  return tokens.foreignOperator() ?? new TraceqlFailure(rest.start, 'the query ends here, but there is more', 'combine conditions on one span inside one { … }, sets of spans by && || > >> < << ~ and |');
}

/** `a | b | c`, or one item; up to what cannot belong to it. */
function readPipeline(tokens: TokenStream): Part {
  const at = tokens.peek().start;
  const first = readItem(tokens, 1);
  if (first.kind === 'metrics') return readSecondStages(tokens, first);
  if (first.kind !== 'spanset' && first.kind !== 'stage') return first;
  if (first.kind === 'stage' && first.node.type === 'coalesce') throw new TraceqlFailure(at, 'a query cannot start with coalesce()', 'it joins what by() has split: { } | by(name) | coalesce()');
  const stages: Stage[] = [first.node];
  const pipe = tokens.peek().start;
  while (tokens.isSymbol('|')) {
    const next = readNextStage(tokens, stages);
    if (next.kind !== 'stage' && next.kind !== 'spanset') return next;
    stages.push(next.node);
  }
  if (stages.length > 1) return { kind: 'pipeline', node: tokens.placed({ type: 'pipeline', stages }, pipe) };
  return first;
}

/** What follows a `|`: a stage, or that which ends the pipeline: a number for a comparison, a function of metrics. */
function readNextStage(tokens: TokenStream, before: readonly Stage[]): Part {
  tokens.next();
  const word = tokens.peek();
  if (isMetricsFunction(tokens.peekText())) {
    const metrics = readMetricsFunction(tokens);
    return readSecondStages(tokens, { kind: 'metrics', node: { type: 'pipeline', search: spansetOf(before), function: metrics } });
  }
  const item = readItem(tokens, 1);
  if (item.kind === 'stage' || item.kind === 'spanset') return item;
  if (item.kind === 'scalar' && item.node.type === 'aggregate' && tokens.isSymbol(')')) return { kind: 'scalarPipeline', node: { type: 'scalarPipeline', search: spansetOf(before), aggregate: item.node } };
  if (item.kind === 'scalar') throw new TraceqlFailure(word.start, 'this number is not compared with anything', 'like | count() > 2');
  throw new TraceqlFailure(word.start, 'this cannot follow a |', 'like { … }, count() > 2, by(name), coalesce(), select(name) or rate()');
}

function spansetOf(stages: readonly Stage[]): SpansetExpression {
  const [only] = stages;
  if (stages.length === 1 && only !== undefined && only.type !== 'group' && only.type !== 'coalesce' && only.type !== 'select' && only.type !== 'scalarFilter') return only;
  return { type: 'pipeline', stages };
}

/** `| topk(5)` and comparisons like `> 10`, in any number and order. */
function readSecondStages(tokens: TokenStream, first: Part & { readonly kind: 'metrics' }): Part {
  let { node } = first;
  for (;;) {
    const at = tokens.peek().start;
    const text = tokens.peekText();
    if (text === '|' && ['topk', 'bottomk'].includes(tokens.peekText(1))) {
      tokens.next();
      node = { type: 'second', of: node, stage: readTop(tokens) };
    } else if (isComparison(text)) {
      node = { type: 'second', of: node, stage: { type: 'threshold', operator: comparisonAt(tokens), value: asNumber(readItem(tokens, PRECEDENCE['>']! + 1), at) } };
    } else {
      return { kind: 'metrics', node };
    }
    refuseCompare(node, at);
  }
}

function comparisonAt(tokens: TokenStream): ComparisonOperator {
  const text = tokens.peekText();
  tokens.next();
  return COMPARISON_OPERATORS.find((operator) => operator === text) ?? '=';
}

function refuseCompare(node: (Part & { readonly kind: 'metrics' })['node'], at: number): void {
  if (node.type === 'second' && node.of.type === 'pipeline' && node.of.function.type === 'compare') throw new TraceqlFailure(at, 'nothing can follow compare()', 'it names the values in which two sets of spans differ most');
}

/** An operand, and all operators that bind at least as strongly as `weakest`. */
function readItem(tokens: TokenStream, weakest: number): Part {
  let left = readOperand(tokens);
  for (;;) {
    const operator = tokens.peekText();
    const strength = tokens.peek().type === 'symbol' && Object.hasOwn(PRECEDENCE, operator) ? (PRECEDENCE[operator] ?? 0) : 0;
    if (strength === 0 || strength < weakest || (left.kind === 'metrics' && isComparison(operator))) return left;
    const at = tokens.next().start;
    const right = tokens.nested(at, () => readItem(tokens, strength + (operator === '^' ? 0 : 1)));
    left = combine({ operator, left, right, at });
    tokens.placed(left.node, at);
  }
}

function readOperand(tokens: TokenStream): Part {
  const token = tokens.peek();
  switch (token.type) {
    case 'int':
    case 'float':
    case 'duration':
      tokens.next();
      tokens.countTerm(token.start);
      return { kind: 'number', node: { type: token.type, value: token.value } };
    case 'word':
      return readFunction(tokens);
    case 'symbol':
      if (token.text === '{') return { kind: 'spanset', node: readFilter(tokens), wrapped: false };
      if (token.text === '(') return readParentheses(tokens);
      if (token.text === '-') return readSign(tokens);
      break;
    default:
      break;
  }
  if (token.type === 'end') throw new TraceqlFailure(token.start, 'the query ends too early', 'a { … } is missing here');
  const start = tokens.foreignOperator();
  throw start ?? new TraceqlFailure(token.start, 'a query starts with {', 'like { status = error }');
}

function readSign(tokens: TokenStream): Part {
  const at = tokens.next().start;
  const number = asNumber(tokens.nested(at, () => readOperand(tokens)), at);
  return { kind: 'number', node: { type: number.type, value: number.value === 0 ? 0 : -number.value } };
}

function readParentheses(tokens: TokenStream): Part {
  const at = tokens.next().start;
  const inside = tokens.nested(at, () => readPipeline(tokens));
  tokens.close(')', at, 'an operator, | or )');
  switch (inside.kind) {
    case 'spanset':
      return { ...inside, wrapped: true };
    case 'stage':
      return { kind: 'pipeline', node: { type: 'pipeline', stages: [inside.node] } };
    case 'scalarComparison':
      throw new TraceqlFailure(at, 'a comparison of two pipelines stands alone', 'leave the outer parentheses out');
    case 'pipeline':
    case 'scalar':
    case 'scalarPipeline':
    case 'number':
    case 'metrics':
      return inside;
  }
}

/** Words outside of `{ … }` are functions. */
function readFunction(tokens: TokenStream): Part {
  const word = tokens.peek();
  const name = tokens.peekText();
  const aggregate = AGGREGATES.find((candidate) => candidate === name);
  if (aggregate !== undefined) return { kind: 'scalar', node: readAggregate(tokens, aggregate) };
  if (name === 'by' || name === 'select' || name === 'coalesce') return { kind: 'stage', node: readStage(tokens, name) };
  if (isMetricsFunction(name) || name === 'topk' || name === 'bottomk') {
    throw new TraceqlFailure(word.start, `${name} cannot stand here`, isMetricsFunction(name) ? `metrics are made from spans: { } | ${name}()` : `it chooses from metrics: { } | rate() by (name) | ${name}(5)`);
  }
  const meant = closest(name, WORDS);
  throw new TraceqlFailure(word.start, meant === undefined ? 'a query starts with {' : `${name} is not a function`, meant === undefined ? `conditions stand between braces: { status = error }` : `did you mean ${meant}?`);
}

function readAggregate(tokens: TokenStream, name: (typeof AGGREGATES)[number]): ScalarExpression {
  const { start } = tokens.next();
  tokens.countTerm(start);
  const open = tokens.peek();
  if (!tokens.take('(')) throw new TraceqlFailure(open.start, `${name} needs parentheses`, name === 'count' ? 'write count()' : `like ${name}(duration)`);
  if (name === 'count') {
    if (!tokens.take(')')) throw new TraceqlFailure(tokens.peek().start, 'count takes nothing', 'write count(): it counts the spans of each set');
    return { type: 'aggregate', name };
  }
  if (tokens.isSymbol(')')) throw new TraceqlFailure(open.start, `${name} needs a field`, `like ${name}(duration)`);
  const of = tokens.nested(open.start, () => readField(tokens));
  tokens.close(')', open.start, 'an operator or )');
  const type = typeOf(of);
  if (type !== 'attribute' && !isNumeric(type)) throw new TraceqlFailure(open.start, `${name} takes numbers and durations`, `like ${name}(duration)`);
  if (!referencesSpan(of)) throw new TraceqlFailure(open.start, `${name} of a constant is that constant`, `like ${name}(duration)`);
  return { type: 'aggregate', name, of };
}

function readStage(tokens: TokenStream, name: 'by' | 'select' | 'coalesce'): GroupStage | SelectStage | CoalesceStage {
  tokens.next();
  const open = tokens.peek();
  if (!tokens.take('(')) throw new TraceqlFailure(open.start, `${name} needs parentheses`, name === 'coalesce' ? 'write coalesce()' : `like ${name}(name)`);
  if (name === 'coalesce') {
    tokens.close(')', open.start, ')');
    return { type: 'coalesce' };
  }
  if (name === 'select') {
    const fields = readFieldList(tokens);
    tokens.close(')', open.start, 'a comma or )');
    return { type: 'select', fields };
  }
  if (tokens.isSymbol(')')) throw new TraceqlFailure(open.start, 'by needs a field', 'like by(resource.service.name)');
  const by = tokens.nested(open.start, () => readField(tokens));
  tokens.close(')', open.start, 'an operator or )');
  if (!referencesSpan(by)) throw new TraceqlFailure(open.start, 'by needs something of the span', 'like by(resource.service.name)');
  return { type: 'group', by };
}
