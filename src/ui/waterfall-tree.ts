import type { Span } from '../trace/span.js';

/** So many siblings of one name are drawn as one row that unfolds: an N+1 pattern is one line, not a thousand. */
export const MIN_REPEATS = 5;

export interface WaterfallNode {
  readonly span: Span;
  readonly depth: number;
  /** Spans below it in the tree: what collapsing hides. */
  readonly hiddenCount: number;
  readonly errorsInside: number;
  /** Names a parent that is not stored. */
  readonly parentMissing: boolean;
  /** Siblings of one service and name that this row stands for, `span` the first of them; none where the row is a span itself. */
  readonly repeats: readonly Span[];
}

interface OpenNode extends WaterfallNode {
  hiddenCount: number;
  errorsInside: number;
}

interface Item {
  readonly span: Span;
  readonly depth: number;
  readonly repeats: readonly Span[];
}

interface Walk {
  readonly children: ReadonlyMap<string, readonly Span[]>;
  readonly known: ReadonlySet<string>;
  readonly seen: Set<Span>;
  readonly nodes: OpenNode[];
}

/** The span tree as rows, depth first, children by start, without recursion: a chain of 20,000 spans must not exhaust the stack. Works on broken trees and on cycles. */
export function waterfallTree(spans: readonly Span[]): readonly WaterfallNode[] {
  const known = new Set(spans.map((span) => span.spanId));
  const children = new Map<string, Span[]>();
  const roots: Span[] = [];
  for (const span of [...spans].sort(byStart)) {
    if (span.parentSpanId === '' || span.parentSpanId === span.spanId || !known.has(span.parentSpanId)) roots.push(span);
    else childrenOf(children, span.parentSpanId).push(span);
  }
  const nodes: OpenNode[] = [];
  const seen = new Set<Span>();
  walk(roots, { children, known, seen, nodes });
  // Spans that are each other's ancestors hang on no root: show them all the same.
  for (const span of spans) if (!seen.has(span)) walk([span], { children, known, seen, nodes });
  sumUp(nodes);
  return nodes;
}

export function byStart(left: Span, right: Span): number {
  return left.startNs < right.startNs ? -1 : left.startNs > right.startNs ? 1 : left.spanId.localeCompare(right.spanId);
}

function childrenOf(children: Map<string, Span[]>, parentSpanId: string): Span[] {
  const known = children.get(parentSpanId);
  if (known !== undefined) return known;
  const fresh: Span[] = [];
  children.set(parentSpanId, fresh);
  return fresh;
}

function walk(roots: readonly Span[], { children, known, seen, nodes }: Walk): void {
  const stack: Item[] = roots.map((span) => ({ span, depth: 0, repeats: [] })).reverse();
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { span, depth, repeats } = next;
    if (repeats.length === 0 && seen.has(span)) continue;
    const parentMissing = span.parentSpanId !== '' && !known.has(span.parentSpanId);
    nodes.push({ span, depth, repeats, hiddenCount: 0, errorsInside: 0, parentMissing });
    if (repeats.length === 0) seen.add(span);
    const below = repeats.length > 0 ? repeats.map((each): Item => ({ span: each, depth: depth + 1, repeats: [] })) : repeatsTogether(children.get(span.spanId) ?? [], { depth: depth + 1, seen });
    for (let index = below.length - 1; index >= 0; index -= 1) {
      const child = below[index];
      if (child !== undefined) stack.push(child);
    }
  }
}

/** Siblings, those that repeat as one item in the place of the first. */
function repeatsTogether(siblings: readonly Span[], { depth, seen }: { readonly depth: number; readonly seen: ReadonlySet<Span> }): Item[] {
  const alike = new Map<string, Span[]>();
  for (const span of siblings) {
    if (seen.has(span)) continue;
    const key = `${span.kind} ${span.serviceName}\u0000${span.name}`;
    const group = alike.get(key);
    if (group === undefined) alike.set(key, [span]);
    else group.push(span);
  }
  const items = [...alike.values()].flatMap((group): Item[] => (group.length < MIN_REPEATS ? group.map((span) => ({ span, depth, repeats: [] })) : [{ span: group[0] as Span, depth, repeats: group }]));
  return items.sort((left, right) => byStart(left.span, right.span));
}

/** Counts descendants from the end: the rows below a row with a greater depth are inside it. */
function sumUp(nodes: readonly OpenNode[]): void {
  const open: OpenNode[] = [];
  for (const node of nodes) {
    while (open.length > node.depth) closeInnermost(open);
    open.push(node);
  }
  while (open.length > 0) closeInnermost(open);
}

function closeInnermost(open: OpenNode[]): void {
  const node = open.pop();
  const parent = open.at(-1);
  if (node === undefined || parent === undefined) return;
  const isSpan = node.repeats.length === 0;
  parent.hiddenCount += node.hiddenCount + (isSpan ? 1 : 0);
  parent.errorsInside += node.errorsInside + (isSpan && node.span.status === 'error' ? 1 : 0);
}
