import nunjucks from 'nunjucks';

/** A part of nunjucks' syntax tree. Lines and columns count from 0. */
interface TemplateNode {
  readonly typename: string;
  readonly lineno: number;
  readonly colno: number;
  readonly fields: readonly string[];
  readonly [field: string]: unknown;
}

/** nunjucks' own parser, which its type package leaves out. */
const { parser } = nunjucks as unknown as { parser: { parse(source: string, extensions: readonly unknown[], options: object): TemplateNode } };

/** Options that the parser and the environment must share, so that lines and columns agree. */
export const TEMPLATE_OPTIONS = { autoescape: false, throwOnUndefined: true, trimBlocks: true, lstripBlocks: true } as const;

export interface ForbiddenConstruct {
  /** From 1, within the template. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Printing, looking up, deciding, repeating. No calls, no macros, no other files: those reach out of the template. */
const ALLOWED = new Set([
  'Root', 'NodeList', 'Output', 'TemplateData', 'Literal', 'Symbol', 'LookupVal', 'Group', 'Array', 'Dict', 'Pair', 'KeywordArgs', 'If', 'InlineIf',
  'For', 'Set', 'Filter', 'Is', 'In', 'And', 'Or', 'Not', 'Add', 'Concat', 'Sub', 'Mul', 'Div', 'FloorDiv', 'Mod', 'Neg', 'Pos', 'Compare', 'CompareOperand',
]);
/** nunjucks' filters that neither take attribute paths nor can be asked for gigabytes. */
const FILTERS = new Set([
  'abs', 'capitalize', 'default', 'd', 'dump', 'escape', 'e', 'first', 'float', 'int', 'join', 'last', 'length', 'list', 'lower', 'replace', 'reverse', 'round',
  'safe', 'sort', 'string', 'title', 'trim', 'truncate', 'upper', 'urlencode', 'wordcount',
]);
/** The way from any value to the Function constructor, and so to the process. */
const INNER_NAMES = new Set(['constructor', 'prototype', '__proto__', '__defineGetter__', '__defineSetter__', '__lookupGetter__', '__lookupSetter__']);

/** What a template uses beyond the allowed subset. Throws nunjucks' error when the template cannot be parsed. */
export function findForbidden(template: string): ForbiddenConstruct[] {
  const found: ForbiddenConstruct[] = [];
  const pending: unknown[] = [parser.parse(template, [], TEMPLATE_OPTIONS)];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (Array.isArray(next)) pending.push(...(next as unknown[]));
    if (!isNode(next)) continue;
    const node = next;
    const message = objection(node);
    if (message !== undefined) found.push({ line: node.lineno + 1, column: node.colno + 1, message });
    else pending.push(...node.fields.map((field) => node[field]).filter((value) => value != null));
  }
  return found.sort((left, right) => left.line - right.line || left.column - right.column);
}

function isNode(value: unknown): value is TemplateNode {
  return typeof value === 'object' && value !== null && 'typename' in value && 'fields' in value;
}

function objection(node: TemplateNode): string | undefined {
  if (!ALLOWED.has(node.typename)) return `${WORDS[node.typename] ?? `"${node.typename}"`} must not be used in a runbook`;
  if (node.typename === 'Filter') {
    const name = String((node['name'] as TemplateNode)['value']);
    return FILTERS.has(name) ? undefined : `the filter "${name}" must not be used in a runbook; there are ${[...FILTERS].filter((filter) => filter.length > 1).join(', ')}`;
  }
  if (node.typename === 'LookupVal') {
    const key = node['val'] as TemplateNode;
    if (key.typename !== 'Literal') return 'a key must be written out, like labels["team"]';
    return isInner(key['value']);
  }
  if (node.typename === 'Symbol') return isInner(node['value']);
  if (node.typename === 'Literal' && node['value'] instanceof RegExp) return 'regular expressions must not be used in a runbook';
  return undefined;
}

function isInner(name: unknown): string | undefined {
  return INNER_NAMES.has(String(name)) ? `"${String(name)}" must not be used in a runbook` : undefined;
}

const WORDS: Readonly<Record<string, string>> = {
  FunCall: 'function calls', Include: 'include', Import: 'import', FromImport: 'import', Extends: 'extends', Macro: 'macros', Block: 'blocks',
  Caller: 'call blocks', Capture: 'set blocks', Pow: 'powers', Switch: 'switch', AsyncEach: 'asyncEach', AsyncAll: 'asyncAll', Super: 'super',
  IfAsync: 'ifAsync',
};
