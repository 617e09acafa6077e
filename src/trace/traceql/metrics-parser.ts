import type { Field } from './ast.js';
import { literalOf, readFieldReference, readFilter, wordLiteral } from './field-parser.js';
import type { Token } from './lexer.js';
import { METRICS_FUNCTIONS, RATE_FUNCTIONS, VALUE_FUNCTIONS } from './query-ast.js';
import type { FilterStage, Hint, MetricsFunction, MetricsFunctionName, SecondStage } from './query-ast.js';
import type { TokenStream } from './token-stream.js';
import { TraceqlFailure } from './traceql-error.js';

const MAX_GROUP_BY = 5;
const DEFAULT_TOP = 10;
const MAX_TOP = 1_000;
const MAX_QUANTILES = 20;

export function isMetricsFunction(word: string): word is MetricsFunctionName {
  return METRICS_FUNCTIONS.some((name) => name === word);
}

/** `rate() by (x)`, `quantile_over_time(duration, 0.9)`, `compare({ … })`: the name comes next. */
export function readMetricsFunction(tokens: TokenStream): MetricsFunction {
  const word = tokens.next();
  const name = word.type === 'word' ? word.text : '';
  const open = tokens.peek();
  if (!tokens.take('(')) throw new TraceqlFailure(open.start, `${name} needs parentheses`, `write ${name}(…)`);
  if (name === 'compare') return readCompare(tokens, word.start);
  const rate = RATE_FUNCTIONS.find((candidate) => candidate === name);
  if (rate !== undefined) {
    if (!tokens.take(')')) throw new TraceqlFailure(tokens.peek().start, `${name} takes nothing`, `write ${name}()`);
    return { type: 'count', name: rate, by: readBy(tokens, 0) };
  }
  const value = VALUE_FUNCTIONS.find((candidate) => candidate === name) ?? 'sum_over_time';
  const of = readFieldReference(tokens);
  const quantiles = value === 'quantile_over_time' ? readQuantiles(tokens) : [];
  tokens.close(')', open.start, value === 'quantile_over_time' ? 'a comma or )' : ')');
  return { type: 'value', name: value, of, quantiles, by: readBy(tokens, value === 'quantile_over_time' || value === 'histogram_over_time' ? 1 : 0) };
}

/** `reserved`: labels that the function itself adds. */
function readBy(tokens: TokenStream, reserved: number): readonly Field[] {
  if (tokens.peekText() !== 'by') return [];
  const at = tokens.next().start;
  const open = tokens.peek();
  if (!tokens.take('(')) throw new TraceqlFailure(open.start, 'by needs parentheses', 'like by (resource.service.name)');
  const fields = readFieldList(tokens);
  tokens.close(')', open.start, 'a comma or )');
  if (fields.length > MAX_GROUP_BY - reserved) throw new TraceqlFailure(at, 'this groups by too many fields', `at most ${MAX_GROUP_BY - reserved}`);
  return fields;
}

export function readFieldList(tokens: TokenStream): readonly Field[] {
  const fields = [readFieldReference(tokens)];
  while (tokens.take(',')) fields.push(readFieldReference(tokens));
  return fields;
}

function readQuantiles(tokens: TokenStream): readonly number[] {
  const quantiles: number[] = [];
  while (tokens.take(',')) {
    const token = tokens.next();
    if (token.type !== 'int' && token.type !== 'float') throw new TraceqlFailure(token.start, 'a quantile is a number', 'like quantile_over_time(duration, 0.5, 0.99)');
    if (token.value > 1) throw new TraceqlFailure(token.start, `there is no quantile ${token.value}`, 'quantiles are between 0 and 1: 0.99 for the 99th percentile');
    quantiles.push(token.value);
  }
  if (quantiles.length === 0) throw new TraceqlFailure(tokens.peek().start, 'the quantiles are missing', 'like quantile_over_time(duration, 0.5, 0.99)');
  if (quantiles.length > MAX_QUANTILES) throw new TraceqlFailure(tokens.peek().start, 'these are too many quantiles', `at most ${MAX_QUANTILES}`);
  return quantiles;
}

/** `compare({ selection })`, with how many values to name, with the time of the selection: `compare({ … }, 10, START_NS, END_NS)`. */
function readCompare(tokens: TokenStream, at: number): MetricsFunction {
  const selection = readSelection(tokens);
  const integers: (Token & { readonly type: 'int' })[] = [];
  while (tokens.take(',')) {
    const token = tokens.next();
    if (token.type !== 'int') throw new TraceqlFailure(token.start, 'a whole number must stand here', 'like compare({ status = error }, 10)');
    integers.push(token);
  }
  tokens.close(')', at, 'a comma or )');
  const [top, start, end] = integers;
  if (integers.length === 2 || integers.length > 3) throw new TraceqlFailure(at, 'compare takes a selection, how many values to name, and a start and an end', 'like compare({ status = error }, 10, 1700000000000000000, 1700000060000000000)');
  if (top !== undefined && (top.value < 1 || top.value > MAX_TOP)) throw new TraceqlFailure(top.start, `compare names between 1 and ${MAX_TOP} values`, `like ${DEFAULT_TOP}`);
  const shared = { type: 'compare', selection, top: top?.value ?? DEFAULT_TOP } as const;
  if (start === undefined || end === undefined || (start.value === 0 && end.value === 0)) return shared;
  if (start.value === 0 || end.value === 0) throw new TraceqlFailure(start.start, 'the times of compare are Unix nanoseconds', 'like 1700000000000000000');
  if (BigInt(end.digits) <= BigInt(start.digits)) throw new TraceqlFailure(end.start, 'the end must be after the start', '');
  return { ...shared, window: { start: start.digits, end: end.digits } };
}

function readSelection(tokens: TokenStream): FilterStage {
  if (!tokens.isSymbol('{')) throw new TraceqlFailure(tokens.peek().start, 'compare needs the selection', 'like compare({ status = error })');
  return readFilter(tokens);
}

/** `topk(5)` or `bottomk(5)`: the name comes next. */
export function readTop(tokens: TokenStream): SecondStage {
  const word = tokens.next();
  const type = word.type === 'word' && word.text === 'bottomk' ? 'bottomk' : 'topk';
  const open = tokens.peek();
  if (!tokens.take('(')) throw new TraceqlFailure(open.start, `${type} needs a number`, `like ${type}(5)`);
  const limit = tokens.next();
  if (limit.type !== 'int' || limit.value < 1) throw new TraceqlFailure(limit.start, `${type} needs a whole number of at least 1`, `like ${type}(5)`);
  tokens.close(')', open.start, ')');
  return { type, limit: limit.value };
}

/** All `with(name=value, …)` that follow. */
export function readHints(tokens: TokenStream): readonly Hint[] {
  const hints: Hint[] = [];
  while (tokens.peekText() === 'with') {
    tokens.next();
    const open = tokens.peek();
    if (!tokens.take('(')) throw new TraceqlFailure(open.start, 'with needs parentheses', 'like with(most_recent=true)');
    do hints.push(readHint(tokens));
    while (tokens.take(','));
    tokens.close(')', open.start, 'a comma or )');
  }
  return hints;
}

function readHint(tokens: TokenStream): Hint {
  const name = tokens.next();
  tokens.countTerm(name.start);
  if (name.type !== 'word' || !tokens.take('=')) throw new TraceqlFailure(name.start, 'a hint is a name and a value', 'like most_recent=true');
  const token = tokens.next();
  const value = token.type === 'word' ? wordLiteral(token.text) : token.type === 'string' || token.type === 'int' || token.type === 'float' || token.type === 'duration' ? literalOf(token) : undefined;
  if (value === undefined) throw new TraceqlFailure(token.start, 'a hint takes a plain value', 'like true, 0.1, 10s or "text"');
  return { name: name.text, value };
}
