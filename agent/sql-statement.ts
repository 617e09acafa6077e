import { sqlWords, type SqlWord } from './sql-words.js';

/** What of a statement may be told. */
export interface SqlStatement {
  /** Without literals and comments: `?` stands for each value, and one for a list of them. */
  readonly sanitised: string;
  /** `SELECT`, `INSERT`, …; undefined where the text begins with no word. */
  readonly operation: string | undefined;
  /** Tables by name, in their order, each once. */
  readonly tables: readonly string[];
  /** Operation and tables, few different ones: the name of the span. */
  readonly summary: string;
  /** Statements separated by `;`. */
  readonly count: number;
}

const MAX_TABLES = 4;
const MAX_SUMMARY = 255;
/** Behind these comes a table. */
const BEFORE_TABLE: ReadonlySet<string> = new Set(['FROM', 'JOIN', 'INTO', 'UPDATE', 'TABLE', 'COPY', 'TRUNCATE', 'ANALYZE', 'VACUUM', 'CALL']);
/** May stand between one of these and the table. */
const BETWEEN: ReadonlySet<string> = new Set(['ONLY', 'LATERAL', 'IF', 'NOT', 'EXISTS', 'TABLE', 'CONCURRENTLY']);
const NO_TABLE: ReadonlySet<string> = new Set(['SELECT', 'SET', 'WHERE', 'VALUES', 'ON', 'USING', 'STDIN', 'STDOUT', 'PROGRAM', 'OF', 'NOWAIT', 'SKIP', 'UNNEST', 'GENERATE_SERIES']);
const VERBS: ReadonlySet<string> = new Set(['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'MERGE', 'VALUES', 'TABLE']);

/** Behind the FROM of these stands a cursor, whose name a driver makes up. */
const OF_CURSOR: ReadonlySet<string> = new Set(['FETCH', 'MOVE']);

/** `isCut`: what is there is only its beginning. */
export function readStatement(statement: string, { isCut } = { isCut: false }): SqlStatement {
  const words = sqlWords(statement, { isCut });
  const operation = operationOf(words);
  const tables = OF_CURSOR.has(operation ?? '') ? [] : tablesOf(words);
  const summary = [operation, ...tables.slice(0, MAX_TABLES)].filter((part) => part !== undefined).join(' ').slice(0, MAX_SUMMARY);
  const signs = words.filter(({ kind, text }, index) => kind === 'sign' && text === ';' && index < words.length - 1);
  return { sanitised: sanitised(words), operation, tables, summary, count: signs.length + 1 };
}

/** Where it cannot be told by looking at single characters what is a literal. */
const TRICKY = /["$\\]|--|\/\*/;
const LITERAL = /'(?:[^']|'')*'|(?<![\w.'\u0080-\uffff])\d+(?![\w.\u0080-\uffff])/g;
/** Stands in no statement, so that no operator is taken for a literal. */
const BLANK = '\u0001';

/** A text that all statements share which differ only in plain texts and whole numbers; quicker than reading the statement. */
export function literalFree(statement: string): string {
  return TRICKY.test(statement) ? statement : statement.replace(LITERAL, BLANK);
}

function sanitised(words: readonly SqlWord[]): string {
  const parts: string[] = [];
  for (const { kind, text, isApart } of words) {
    const part = kind === 'literal' ? '?' : text;
    parts.push(isApart && parts.length > 0 ? ` ${part}` : part);
  }
  return parts.join('').replace(/\(\s*\?(?:\s*,\s*\?)+\s*\)/g, '(?)').replace(/\(\?\)(?:\s*,\s*\(\?\))+/g, '(?)');
}

function operationOf(words: readonly SqlWord[]): string | undefined {
  const first = words.find(({ kind }) => kind === 'word');
  if (first === undefined) return undefined;
  const verb = first.text.toUpperCase();
  return verb === 'WITH' ? mainVerb(words) ?? verb : verb === 'EXPLAIN' ? 'EXPLAIN' : verb;
}

/** Common table expressions stand in parentheses; what comes behind them does not. */
function mainVerb(words: readonly SqlWord[]): string | undefined {
  let depth = 0;
  for (const { kind, text } of words) {
    if (text === '(') depth += 1;
    else if (text === ')') depth -= 1;
    else if (depth === 0 && kind === 'word' && VERBS.has(text.toUpperCase())) return text.toUpperCase();
  }
  return undefined;
}

function tablesOf(words: readonly SqlWord[]): string[] {
  const tables = new Set<string>();
  const own = new Set<string>();
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index];
    if (word?.kind !== 'word') continue;
    const upper = word.text.toUpperCase();
    // `name AS (`: a common table expression is no table.
    if (upper === 'AS' && words[index + 1]?.text === '(' && words[index - 1] !== undefined) own.add(plain(words[index - 1]!));
    if (!BEFORE_TABLE.has(upper) || (upper === 'UPDATE' && isLock(words[index - 1]))) continue;
    const table = tableAt(words, index + 1);
    if (table !== undefined && !own.has(table)) tables.add(table);
  }
  return [...tables];
}

/** `FOR UPDATE`, `ON UPDATE`, `DO UPDATE`. */
function isLock(before: SqlWord | undefined): boolean {
  return before !== undefined && /^(?:FOR|ON|DO|KEY)$/i.test(before.text);
}

function tableAt(words: readonly SqlWord[], start: number): string | undefined {
  let index = start;
  while (words[index]?.kind === 'word' && BETWEEN.has(words[index]!.text.toUpperCase())) index += 1;
  const first = words[index];
  if (first === undefined || (first.kind !== 'word' && first.kind !== 'name')) return undefined;
  if (first.kind === 'word' && NO_TABLE.has(first.text.toUpperCase())) return undefined;
  let name = plain(first);
  while (words[index + 1]?.text === '.' && (words[index + 2]?.kind === 'word' || words[index + 2]?.kind === 'name')) {
    name += `.${plain(words[index + 2]!)}`;
    index += 2;
  }
  // A function that gives rows.
  return words[index + 1]?.text === '(' && words[start - 1]?.text.toUpperCase() === 'FROM' ? undefined : name;
}

function plain({ kind, text }: SqlWord): string {
  return kind === 'name' ? text.replace(/^"|"$/g, '').replaceAll('""', '"') : text;
}
