import { parameterise } from '../../signature/parameterise.js';
import { saidBy } from './structured-line.js';
import type { LogLine } from './traffic.js';

/** Words of a line that are looked at; what a statement says stands at its beginning, what follows is data. */
const MAX_WORDS = 24;
/** More different words at one place than this, and more than the square root of the lines, are values of a variable (Drain's `max_children`, but relative). */
const MAX_ALTERNATIVES = 16;
const ANY = '<*>';

const TIME_OF_DAY = /(?:\d{4}-\d{2}-\d{2}[T ])?\d{1,2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?/gu;

interface Node {
  readonly words: readonly string[];
  readonly children: Map<string, Node>;
  lines: number;
  /** Lines that end here. */
  ends: number;
}

/** Finds the statements that a line of log is an instance of: from the most general to the most special. */
export interface LogStatements {
  /** Texts with variables replaced; each a beginning of the next. */
  of(line: LogLine): readonly string[];
}

/**
 * Learns statements from all lines of both periods, by service: a tree of words in which numbers, ids and values are replaced. Places at which the tree
 * forks are what tells statements apart, so every fork is a statement of its own: no threshold of similarity decides what is the same.
 * The order of the lines makes no difference.
 */
export function learnStatements(lines: Iterable<LogLine>): LogStatements {
  const roots = new Map<string, Node>();
  const counts = new Map<string, { readonly words: readonly string[]; readonly service: string; lines: number }>();
  const wordsOf = rememberedWords();
  for (const line of lines) {
    const words = wordsOf(line);
    const key = JSON.stringify([line.serviceName, ...words]);
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { words, service: line.serviceName, lines: 1 });
    else known.lines += 1;
  }
  for (const { words, service, lines: count } of counts.values()) {
    const root = roots.get(service) ?? newNode([]);
    roots.set(service, root);
    insert(root, words, count);
  }
  for (const root of roots.values()) for (const child of root.children.values()) generalise(child);
  const remembered = new Map<string, readonly string[]>();
  return {
    of: (line) => {
      const words = wordsOf(line);
      const key = JSON.stringify([line.serviceName, ...words]);
      const known = remembered.get(key) ?? statementsAlong(roots.get(line.serviceName), words);
      remembered.set(key, known);
      return known;
    },
  };
}

function newNode(words: readonly string[]): Node {
  return { words, children: new Map(), lines: 0, ends: 0 };
}

function insert(root: Node, words: readonly string[], count: number): void {
  let node = root;
  node.lines += count;
  for (const word of words) {
    let next = node.children.get(word);
    if (next === undefined) {
      next = newNode([...node.words, word]);
      node.children.set(word, next);
    }
    next.lines += count;
    node = next;
  }
  node.ends += count;
}

/** Makes one place of many alternatives a variable, and goes on below it. */
function generalise(node: Node): void {
  if (node.children.size > MAX_ALTERNATIVES && node.children.size ** 2 > node.lines) {
    const merged = newNode([...node.words, ANY]);
    for (const child of node.children.values()) merge(merged, child);
    node.children.clear();
    node.children.set(ANY, merged);
  }
  for (const child of node.children.values()) generalise(child);
}

function merge(target: Node, source: Node): void {
  target.lines += source.lines;
  target.ends += source.ends;
  for (const [word, child] of source.children) {
    let next = target.children.get(word);
    if (next === undefined) {
      next = newNode([...target.words, word]);
      target.children.set(word, next);
    }
    merge(next, child);
  }
}

/** Nodes on the line's way at which lines end or part; between two forks all lines are the same. */
function statementsAlong(root: Node | undefined, words: readonly string[]): readonly string[] {
  const statements: string[] = [];
  let node = root;
  for (const word of words) {
    node = node?.children.get(word) ?? node?.children.get(ANY);
    if (node === undefined) break;
    if (node.ends > 0 || node.children.size > 1) statements.push(node.words.join(' '));
  }
  return statements;
}

function rememberedWords(): (line: LogLine) => readonly string[] {
  const remembered = new WeakMap<LogLine, readonly string[]>();
  const mask = rememberedMasks();
  return (line) => {
    const known = remembered.get(line) ?? maskedWords(line, mask);
    remembered.set(line, known);
    return known;
  };
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gu;
const NO_UUID = '00000000-0000-0000-0000-000000000000';

/** Masking is the dear part, and most lines differ only in digits: where none of them is left afterwards, one answer serves all such lines. */
function rememberedMasks(): (text: string) => string {
  const byShape = new Map<string, string>();
  return (text) => {
    const shape = text.replace(UUID, NO_UUID).replace(/\d/gu, '0');
    const known = byShape.get(shape);
    if (known !== undefined) return known;
    const masked = parameterise(text);
    if (!/\d/u.test(masked)) byShape.set(shape, masked);
    return masked;
  };
}

function maskedWords(line: LogLine, mask: (text: string) => string): readonly string[] {
  let text = saidBy(line.body).replace(TIME_OF_DAY, ' ');
  for (const id of [line.traceId, line.spanId]) if (id !== '') text = text.replaceAll(id, ' ');
  const words = mask(text).split(/[\s[\](){},;:|"'`]+/u).filter((word) => word !== '' && !/^<(?:date|hash)>$/.test(word));
  const severity = line.severityNumber >= 17 ? ['error:'] : line.severityNumber >= 13 ? ['warning:'] : [];
  const constant = words.map((word) => word.replace(/[=#].*$/u, '') || word);
  // A list of three ids says the same as one of five.
  const distinct = constant.filter((word, index) => !(word.startsWith('<') && word === constant[index - 1]));
  return [...severity, ...distinct.slice(0, MAX_WORDS)];
}
