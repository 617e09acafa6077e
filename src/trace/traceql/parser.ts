import { err, ok, type Result } from '../../lib/result.js';
import { SPAN_KINDS, SPAN_STATUSES } from '../span-batch.js';
import { INTRINSIC_TYPES, OPERATORS } from './ast.js';
import type { Expression, IntrinsicName, Operator, Query } from './ast.js';
import { comparisonOf, unknownField, type Operand } from './comparison-check.js';
import { tokenize, type Token } from './lexer.js';
import { TraceqlFailure, errorAt, type TraceqlError } from './traceql-error.js';

const MAX_QUERY_LENGTH = 16_384;
const MAX_NESTING = 64;
/** DuckDB refuses expressions deeper than 1000. */
const MAX_TERMS = 256;

/** Older or shorter spellings of intrinsics that Tempo knows. */
const SPELLINGS: Readonly<Record<string, IntrinsicName>> = {
  'trace:rootName': 'rootName',
  'trace:rootService': 'rootServiceName',
  'span:name': 'name',
  'span:status': 'status',
  'span:statusMessage': 'statusMessage',
  'span:kind': 'kind',
  'span:duration': 'duration',
};
const LATER_INTRINSICS = [
  'trace:duration', 'traceDuration', 'span:childCount', 'childCount', 'parent', 'nestedSetLeft', 'nestedSetRight', 'nestedSetParent',
  'event:name', 'event:timeSinceStart', 'link:spanID', 'link:traceID', 'instrumentation:name', 'instrumentation:version',
];
const WORD_OPERATORS: Readonly<Record<string, string>> = { and: '&&', or: '||', not: '!', is: '=', in: '=~', like: '=~', matches: '=~', contains: '=~' };
const LATER_SYMBOLS = ['&&', '||', '|', '>', '>>', '<', '<<', '~', '!>', '!>>', '!<', '!<<', '!~', '&>', '&>>', '&<', '&<<', '&~'];
const ARITHMETIC = ['+', '-', '*', '/', '%', '^'];

/** Reads TraceQL. Every fault has a position and, nearly always, what would be right. */
export function parseTraceql(text: string): Result<Query, TraceqlError> {
  try {
    if (text.length > MAX_QUERY_LENGTH) throw new TraceqlFailure(MAX_QUERY_LENGTH, 'the query is too long', `at most ${MAX_QUERY_LENGTH} characters`);
    return ok(new Parser(tokenize(text)).readQuery());
  } catch (error) {
    if (error instanceof TraceqlFailure) return err(errorAt(text, error));
    throw error;
  }
}

class Parser {
  readonly #tokens: readonly Token[];
  #index = 0;
  #depth = 0;
  #terms = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  readQuery(): Query {
    const query: Query = { type: 'spanset', filter: this.#readSpanset() };
    const rest = this.#peek();
    if (rest.type === 'end') return query;
    if (rest.type === 'symbol' && LATER_SYMBOLS.includes(rest.text)) {
      throw new TraceqlFailure(rest.start, `${rest.text} after a { … } is not supported yet`, 'one { … } is: combine conditions on a span inside it with && and ||');
    }
    throw new TraceqlFailure(rest.start, 'the query ends with the }, but here is more', 'put all conditions inside one { … }');
  }

  #readSpanset(): Expression {
    const open = this.#peek();
    if (open.type === 'end') throw new TraceqlFailure(open.start, 'the query is empty', 'write { } for every span, or conditions: { status = error }');
    if (!this.#take('{')) throw new TraceqlFailure(open.start, 'a query starts with {', 'like { status = error }');
    if (this.#take('}')) return { type: 'constant', value: true };
    const filter = this.#readLogical();
    if (this.#take('}')) return filter;
    throw this.#unexpected(open.start);
  }

  /**
   * Tempo gives && and || the same strength and reads from the left (`%left AND OR` in its grammar), other languages let && bind tighter.
   * Where the two readings differ the author has to say which one is meant.
   */
  #readLogical(): Expression {
    let left = this.#readTerm();
    let seenOr = false;
    for (;;) {
      const token = this.#peek();
      if (this.#take('&&')) {
        if (seenOr) throw new TraceqlFailure(token.start, '&& after || can be read in two ways', 'add parentheses: a || (b && c), or (a || b) && c');
        left = { type: 'and', left, right: this.#readTerm() };
      } else if (this.#take('||')) {
        seenOr = true;
        left = { type: 'or', left, right: this.#readTerm() };
      } else {
        return left;
      }
    }
  }

  #readTerm(): Expression {
    const start = this.#peek();
    this.#terms += 1;
    if (this.#terms > MAX_TERMS) throw new TraceqlFailure(start.start, 'the query has too many conditions', `at most ${MAX_TERMS}`);
    if (this.#take('(')) return this.#readGroup(start);
    if (this.#take('!')) return { type: 'not', operand: this.#readNegated(start) };
    return this.#readComparison();
  }

  #readGroup(open: Token): Expression {
    this.#depth += 1;
    if (this.#depth > MAX_NESTING) throw new TraceqlFailure(open.start, 'parentheses are nested too deep', `at most ${MAX_NESTING} deep`);
    const inside = this.#readLogical();
    if (!this.#take(')')) throw this.#unexpected(open.start, ')');
    this.#depth -= 1;
    return inside;
  }

  /** `!` binds tighter than `=` in Tempo, which surprises; only unmistakable operands are taken. */
  #readNegated(bang: Token): Expression {
    const open = this.#peek();
    if (this.#take('(')) return this.#readGroup(open);
    const operand = this.#readOperand();
    if (this.#operator() !== undefined) throw new TraceqlFailure(bang.start, '! before a comparison needs parentheses', 'write !(.x = 1), or .x != 1');
    return asCondition(operand);
  }

  #readComparison(): Expression {
    const left = this.#readOperand();
    const operator = this.#operator();
    if (operator === undefined) {
      this.#refuseForeign(left);
      return asCondition(left);
    }
    const at = this.#next().start;
    const right = this.#readOperand();
    return comparisonOf({ left, right, operator, at });
  }

  #operator(): Operator | undefined {
    const token = this.#peek();
    return token.type === 'symbol' ? OPERATORS.find((operator) => operator === token.text) : undefined;
  }

  #readOperand(): Operand {
    const token = this.#next();
    const at = token.start;
    switch (token.type) {
      case 'attribute':
        return { type: 'field', at, field: { type: 'attribute', scope: token.scope, key: token.key } };
      case 'string':
        return { type: 'literal', at, literal: { type: 'string', value: token.value } };
      case 'number':
      case 'duration':
        return { type: 'literal', at, literal: { type: token.type, value: token.value } };
      case 'word':
        return wordOperand(token.text, at);
      case 'end':
        throw new TraceqlFailure(at, 'the query ends too early', 'a condition is missing here, like status = error }');
      case 'symbol':
        return this.#readSigned(token.text, at);
    }
  }

  #readSigned(symbol: string, at: number): Operand {
    const token = this.#peek();
    if (symbol === '-' && (token.type === 'number' || token.type === 'duration')) {
      this.#index += 1;
      return { type: 'literal', at, literal: { type: token.type, value: -token.value } };
    }
    if (symbol === '(') throw new TraceqlFailure(at, 'parentheses around one side of a comparison are not supported', 'put them around the whole comparison: (.x = 1)');
    throw new TraceqlFailure(at, `${symbol} cannot stand here`, 'a condition is FIELD OPERATOR VALUE, like span.http.route = "/checkout" or duration > 800ms');
  }

  /** After an operand without operator: say what the reader probably meant. */
  #refuseForeign(left: Operand): void {
    const token = this.#peek();
    if (token.type === 'word' && Object.hasOwn(WORD_OPERATORS, token.text.toLowerCase())) throw foreignOperator(token.text, token.start);
    if (token.type === 'symbol' && ARITHMETIC.includes(token.text)) throw new TraceqlFailure(token.start, 'arithmetic is not supported yet', 'compare a field with a fixed value');
    if (left.type === 'field' && ['string', 'number', 'duration', 'word'].includes(token.type)) {
      throw new TraceqlFailure(token.start, 'an operator is missing here', 'one of = != > >= < <= =~ !~');
    }
  }

  #unexpected(openedAt: number, close: '}' | ')' = '}'): TraceqlFailure {
    const token = this.#peek();
    if (token.type === 'end') {
      const open = close === '}' ? '{' : '(';
      return new TraceqlFailure(openedAt, `this ${open} is not closed`, `add a ${close}`);
    }
    if (token.type === 'word' && Object.hasOwn(WORD_OPERATORS, token.text.toLowerCase())) return foreignOperator(token.text, token.start);
    if (token.type === 'symbol' && token.text === ',') return new TraceqlFailure(token.start, 'conditions are not joined by commas', 'write && for "and", || for "or"');
    if (token.type === 'symbol' && ARITHMETIC.includes(token.text)) return new TraceqlFailure(token.start, 'arithmetic is not supported yet', 'compare a field with a fixed value');
    return new TraceqlFailure(token.start, `expected &&, || or ${close} here`, 'conditions are joined by && ("and") or || ("or")');
  }

  #peek(): Token {
    return this.#tokens[this.#index] ?? { type: 'end', start: 0, end: 0 };
  }

  #next(): Token {
    const token = this.#peek();
    this.#index += 1;
    return token;
  }

  #take(symbol: string): boolean {
    const token = this.#peek();
    if (token.type !== 'symbol' || token.text !== symbol) return false;
    this.#index += 1;
    return true;
  }
}

function foreignOperator(word: string, at: number): TraceqlFailure {
  return new TraceqlFailure(at, `${word} is not an operator`, `write ${WORD_OPERATORS[word.toLowerCase()] ?? '&&'}`);
}

function wordOperand(text: string, at: number): Operand {
  if (text === 'true' || text === 'false') return { type: 'literal', at, literal: { type: 'boolean', value: text === 'true' } };
  if (text === 'nil') return { type: 'literal', at, literal: { type: 'nil' } };
  const status = SPAN_STATUSES.find((candidate) => candidate === text);
  if (status !== undefined) return { type: 'literal', at, literal: { type: 'status', value: status } };
  const kind = SPAN_KINDS.find((candidate) => candidate === text);
  if (kind !== undefined) return { type: 'literal', at, literal: { type: 'kind', value: kind } };
  const intrinsic = isIntrinsic(text) ? text : Object.hasOwn(SPELLINGS, text) ? SPELLINGS[text] : undefined;
  if (intrinsic !== undefined) return { type: 'field', at, field: { type: 'intrinsic', name: intrinsic } };
  if (LATER_INTRINSICS.includes(text)) throw new TraceqlFailure(at, `${text} is not supported yet`, `these are: ${Object.keys(INTRINSIC_TYPES).join(', ')}`);
  return { type: 'unknown', at, text };
}

function isIntrinsic(text: string): text is IntrinsicName {
  return Object.hasOwn(INTRINSIC_TYPES, text);
}

/** A bare `.x` means `.x = true`; a bare `true` is itself. */
function asCondition(operand: Operand): Expression {
  if (operand.type === 'literal' && operand.literal.type === 'boolean') return { type: 'constant', value: operand.literal.value };
  if (operand.type === 'field' && operand.field.type === 'attribute') {
    return { type: 'comparison', field: operand.field, operator: '=', literal: { type: 'boolean', value: true } };
  }
  if (operand.type === 'unknown') throw unknownField(operand.text, operand.at);
  const what = operand.type === 'field' && operand.field.type === 'intrinsic' ? operand.field.name : 'a value alone';
  throw new TraceqlFailure(operand.at, `${what} is not a condition`, 'compare it with something: status = error, name = "GET /"');
}
