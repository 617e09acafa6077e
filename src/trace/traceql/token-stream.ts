import { tokenize, type Token } from './lexer.js';
import { TraceqlFailure } from './traceql-error.js';

export const MAX_QUERY_LENGTH = 16_384;
export const MAX_NESTING = 64;
/** DuckDB refuses expressions deeper than 1000. */
export const MAX_TERMS = 256;

/** Words of other languages, and the operators they stand for. */
const WORD_OPERATORS: Readonly<Record<string, string>> = { and: '&&', or: '||', not: '!', is: '=', in: '=~', like: '=~', matches: '=~', contains: '=~' };

/** The tokens of a query, read once from left to right, with the limits that keep reading and all that follows cheap. */
export class TokenStream {
  readonly #tokens: readonly Token[];
  readonly #places = new WeakMap<object, number>();
  #index = 0;
  #depth = 0;
  #terms = 0;
  #mixture: number | undefined;

  constructor(text: string) {
    if (text.length > MAX_QUERY_LENGTH) throw new TraceqlFailure(MAX_QUERY_LENGTH, 'the query is too long', `at most ${MAX_QUERY_LENGTH} characters`);
    this.#tokens = tokenize(text);
  }

  peek(ahead = 0): Token {
    return this.#tokens[this.#index + ahead] ?? this.#tokens.at(-1)!;
  }

  next(): Token {
    const token = this.peek();
    this.#index += 1;
    return token;
  }

  /** The symbol or word that comes next; empty for all else. */
  peekText(ahead = 0): string {
    const token = this.peek(ahead);
    return token.type === 'symbol' || token.type === 'word' ? token.text : '';
  }

  isSymbol(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.type === 'symbol' && token.text === text;
  }

  take(symbol: string): boolean {
    if (!this.isSymbol(symbol)) return false;
    this.#index += 1;
    return true;
  }

  /** Takes `close` of what was opened at `openedAt`, or says what stands there instead. */
  close(close: '}' | ')', openedAt: number, expected?: string): void {
    if (!this.take(close)) throw this.unexpected(openedAt, close, expected);
  }

  unexpected(openedAt: number, close: '}' | ')', expected = `&&, || or ${close}`): TraceqlFailure {
    const token = this.peek();
    if (token.type === 'end') return new TraceqlFailure(openedAt, `this ${close === '}' ? '{' : '('} is not closed`, `add a ${close}`);
    return this.foreignOperator() ?? new TraceqlFailure(token.start, `expected ${expected} here`, expected.startsWith('&&') ? 'conditions are joined by && ("and") or || ("or")' : '');
  }

  /** For a word like AND: what to write instead. */
  foreignOperator(): TraceqlFailure | undefined {
    const token = this.peek();
    if (token.type === 'symbol' && token.text === ',') return new TraceqlFailure(token.start, 'conditions are not joined by commas', 'write && for "and", || for "or"');
    const meant = token.type === 'word' ? token.text.toLowerCase() : '';
    if (token.type !== 'word' || !Object.hasOwn(WORD_OPERATORS, meant)) return undefined;
    return new TraceqlFailure(token.start, `${token.text} is not an operator`, `write ${WORD_OPERATORS[meant] ?? '&&'}`);
  }

  countTerm(at: number): void {
    this.#terms += 1;
    if (this.#terms > MAX_TERMS) throw new TraceqlFailure(at, 'the query has too many conditions', `at most ${MAX_TERMS}`);
  }

  /** One level further in, for as long as `read` runs. */
  nested<T>(at: number, read: () => T): T {
    this.#depth += 1;
    if (this.#depth > MAX_NESTING) throw new TraceqlFailure(at, 'parentheses are nested too deep', `at most ${MAX_NESTING} deep`);
    const result = read();
    this.#depth -= 1;
    return result;
  }

  /** Remembers where a node of the tree was written. */
  placed<T extends object>(node: T, at: number): T {
    this.#places.set(node, at);
    return node;
  }

  /** Place of the first && that follows an || without parentheses: people read it in two ways. */
  get mixture(): number | undefined {
    return this.#mixture;
  }

  noteMixture(at: number): void {
    this.#mixture ??= at;
  }

  readonly placeOf = (node: object): number => this.#places.get(node) ?? 0;
}
