import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseAllDocuments, type Document, type Node, type Pair, type ParsedNode } from 'yaml';
import { errorAt } from './problem-codes.js';
import type { Location, Problem } from './problem.js';

/** A file's name as an operator would write it, and its text. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** `['spec', 'objectives', 0, 'target']`. */
export type DocumentPath = readonly PropertyKey[];

/** Rules are written by hand; a megabyte of them is a mistake or an attack. */
export const MAX_YAML_LENGTH = 1_048_576;
const MAX_DEPTH = 100;
/** Aliases times their expansion, see `maxAliasCount` of the yaml package: stops the "billion laughs". */
const MAX_ALIASES = 100;
const MAX_DOCUMENTS = 1_000;

/** One document of a YAML file: its plain value, and where each part of it was written. */
export class YamlDocument {
  readonly file: string;
  readonly value: unknown;
  readonly #text: string;
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  /** Lines above the document when it was cut out of a larger file (front matter). */
  readonly #lineOffset: number;

  constructor(parts: { file: string; text: string; document: Document.Parsed; lines: LineCounter; value: unknown; lineOffset: number }) {
    this.file = parts.file;
    this.value = parts.value;
    this.#text = parts.text;
    this.#document = parts.document;
    this.#lines = parts.lines;
    this.#lineOffset = parts.lineOffset;
  }

  /** Where the value at `path` begins; where the path ends early, its nearest ancestor. */
  at(path: DocumentPath): Location {
    return this.#locationOf(this.#walk(path).node);
  }

  /** Where the key that leads to `path` is written: the place to point at for unknown and for missing keys. */
  atKey(path: DocumentPath): Location {
    const { key, node } = this.#walk(path);
    return this.#locationOf(key ?? node);
  }

  /**
   * Where the first character of the text at `path` is written: behind the quote of a quoted scalar, on the line after
   * the header of a block scalar. Folding and escapes move later characters; the start is exact.
   */
  atText(path: DocumentPath): Location {
    const { node } = this.#walk(path);
    if (!isScalar(node) || node.range == null) return this.#locationOf(node);
    const start = node.range[0];
    if (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE') return this.#locate(start + 1);
    if (node.type !== 'BLOCK_FOLDED' && node.type !== 'BLOCK_LITERAL') return this.#locate(start);
    const content = /[^\n]*\n(?:[ \t]*\n)*[ \t]*/.exec(this.#text.slice(start));
    return this.#locate(start + (content?.[0].length ?? 0));
  }

  #walk(path: DocumentPath): { key: Node | undefined; node: Node | null } {
    let node: Node | null = this.#document.contents;
    let key: Node | undefined;
    for (const step of path) {
      const resolved: Node | null | undefined = isAlias(node) ? node.resolve(this.#document) : node;
      if (isMap(resolved)) {
        const pair: Pair | undefined = resolved.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
        if (pair === undefined) return { key, node };
        key = pair.key as Node;
        // An empty value has no text of its own: its key is the nearest thing to point at.
        node = (pair.value as Node | null) ?? key;
        if (isScalar(node) && node.range != null && node.range[0] === node.range[1]) node = key;
      } else if (isSeq(resolved)) {
        const item = resolved.items[Number(step)];
        if (item === undefined || isPair(item)) return { key, node };
        [key, node] = [undefined, item as Node];
      } else {
        return { key, node };
      }
    }
    return { key, node };
  }

  #locationOf(node: Node | null): Location {
    return this.#locate(node?.range?.[0] ?? this.#document.range[0]);
  }

  #locate(offset: number): Location {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.file, line: Math.max(1, line) + this.#lineOffset, column: Math.max(1, col) };
  }
}

export interface ParsedYaml {
  readonly documents: readonly YamlDocument[];
  readonly problems: readonly Problem[];
}

/** Reads all documents of a file. Documents that are not well-formed become problems, empty ones are left out. */
export function parseYaml(file: TextFile, lineOffset = 0): ParsedYaml {
  const tooComplex = findExcess(file, lineOffset);
  if (tooComplex !== undefined) return { documents: [], problems: [tooComplex] };
  const lines = new LineCounter();
  // Unique keys are checked below: the package compares each key with each other one, which takes seconds for 20,000 keys.
  const parsed = parseAllDocuments(file.text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const documents: YamlDocument[] = [];
  const problems: Problem[] = [];
  for (const document of parsed.slice(0, MAX_DOCUMENTS)) {
    const locate = (offset: number): Location => {
      const { line, col } = lines.linePos(offset);
      return { file: file.path, line: Math.max(1, line) + lineOffset, column: Math.max(1, col) };
    };
    const before = problems.length;
    problems.push(...syntaxProblems(document, locate), ...keyProblems(document.contents, locate));
    if (document.contents === null || isEmptyScalar(document.contents) || problems.length > before) continue;
    const value = toPlain(document, locate);
    if ('problem' in value) problems.push(value.problem);
    else documents.push(new YamlDocument({ file: file.path, text: file.text, document, lines, value: value.plain, lineOffset }));
  }
  if (parsed.length > MAX_DOCUMENTS) problems.push(complexity(file, lineOffset, `it holds more than ${MAX_DOCUMENTS} documents`));
  return { documents, problems };
}

function isEmptyScalar(node: ParsedNode): boolean {
  return isScalar(node) && node.value === null;
}

/** What would make the parser itself slow or exhaust its stack is refused by looking at the text alone. */
function findExcess(file: TextFile, lineOffset: number): Problem | undefined {
  if (file.text.length > MAX_YAML_LENGTH) return complexity(file, lineOffset, `it is longer than ${MAX_YAML_LENGTH} characters`);
  if (/^(?:[ \t]*[-?:][ \t]+){50}/m.test(file.text)) return complexity(file, lineOffset, 'a line opens more than 50 lists or keys');
  let depth = 0;
  for (const [character] of file.text.matchAll(/[[\]{}]/g)) {
    depth = character === '[' || character === '{' ? depth + 1 : Math.max(0, depth - 1);
    if (depth > MAX_DEPTH) return complexity(file, lineOffset, `more than ${MAX_DEPTH} brackets are open at once`);
  }
  return undefined;
}

function complexity(file: TextFile, lineOffset: number, why: string): Problem {
  return errorAt({ file: file.path, line: 1 + lineOffset, column: 1 }, 'yaml/too-complex', { message: `this file is refused: ${why}`, hint: 'split the file' });
}

function syntaxProblems(document: Document.Parsed, locate: (offset: number) => Location): Problem[] {
  return [...document.errors, ...document.warnings].map((error) => errorAt(locate(error.pos[0]), 'yaml/syntax', {
    message: error.message.charAt(0).toLowerCase() + error.message.slice(1),
    hint: error.code === 'TAB_AS_INDENT' ? 'indent with spaces' : '',
  }));
}

/** Keys must be plain words, each once in its mapping. */
function keyProblems(root: ParsedNode | null, locate: (offset: number) => Location): Problem[] {
  const problems: Problem[] = [];
  const pending: { node: unknown; depth: number }[] = [{ node: root, depth: 0 }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { node, depth } = next;
    if (depth > MAX_DEPTH) {
      problems.push(errorAt(locate(0), 'yaml/too-complex', { message: `this file is refused: it nests deeper than ${MAX_DEPTH} levels`, hint: 'split the file' }));
      break;
    }
    if (isSeq(node)) pending.push(...node.items.map((item) => ({ node: item, depth: depth + 1 })));
    if (!isMap(node)) continue;
    const seen = new Set<string>();
    for (const { key, value } of node.items) {
      pending.push({ node: value, depth: depth + 1 });
      const at = locate((key as Node | null)?.range?.[0] ?? 0);
      if (!isScalar(key)) problems.push(errorAt(at, 'yaml/syntax', { message: 'a key must be a plain word', hint: 'quote a value that begins with { or [' }));
      else if (seen.has(String(key.value))) problems.push(errorAt(at, 'yaml/duplicate-key', { path: String(key.value), message: `the key "${String(key.value)}" is here twice`, hint: 'keep one of them' }));
      else seen.add(String(key.value));
    }
  }
  return problems;
}

function toPlain(document: Document.Parsed, locate: (offset: number) => Location): { plain: unknown } | { problem: Problem } {
  try {
    return { plain: document.toJS({ maxAliasCount: MAX_ALIASES }) };
  } catch (error) {
    // The package throws a ReferenceError both for an alias without its anchor and for aliases that expand too far.
    const message = error instanceof Error ? error.message : String(error);
    const tooMany = message.includes('Excessive alias count');
    return { problem: errorAt(locate(document.range[0]), tooMany ? 'yaml/too-complex' : 'yaml/syntax', {
      message: tooMany ? 'its aliases expand to too much' : message.charAt(0).toLowerCase() + message.slice(1),
      hint: tooMany ? 'write the values out' : 'put the anchor (&name) before the alias (*name), in the same document',
    }) };
  }
}

/** `spec.objectives[0].target`. */
export function formatPath(path: DocumentPath): string {
  let text = '';
  for (const step of path) text += typeof step === 'number' ? `[${step}]` : text === '' ? String(step) : `.${String(step)}`;
  return text;
}

export function valueAt(value: unknown, path: DocumentPath): unknown {
  let current = value;
  for (const step of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, step)) return undefined;
    current = (current as Record<PropertyKey, unknown>)[step];
  }
  return current;
}
