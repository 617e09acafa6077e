import { ascending } from '../lib/compare.js';
import type { Span } from '../trace/span.js';
import { endNs } from '../signature/root-error.js';

export interface TraceNode {
  readonly span: Span;
  readonly endNs: bigint;
  parent: TraceNode | undefined;
  /** By start, then span id. */
  children: TraceNode[];
  /** 0 for roots. */
  depth: number;
}

export interface TraceTree {
  /** Spans without a parent, spans whose parent is not there (orphans), and one span of each cycle. By start. */
  readonly roots: readonly TraceNode[];
  readonly bySpanId: ReadonlyMap<string, TraceNode>;
  /** Every node once, parents before their children, siblings by start: the order of a waterfall. */
  readonly preorder: readonly TraceNode[];
  /** How many roots name a parent that is not there: the trace is incomplete. */
  readonly orphans: number;
}

/** Deeper spans hang at this depth: no page draws more, and no walk is longer. */
export const MAX_TREE_DEPTH = 256;

/** The tree of one trace, whatever was sent: every span id has one node, every node is reached from a root. */
export function buildTraceTree(spans: readonly Span[]): TraceTree {
  const bySpanId = new Map<string, TraceNode>();
  for (const span of [...spans].sort(byStart)) {
    if (!bySpanId.has(span.spanId)) bySpanId.set(span.spanId, { span, endNs: endNs(span), parent: undefined, children: [], depth: 0 });
  }
  const roots: TraceNode[] = [];
  let orphans = 0;
  for (const node of bySpanId.values()) {
    const parent = bySpanId.get(node.span.parentSpanId);
    if (parent === undefined || parent === node) {
      roots.push(node);
      if (parent === undefined && node.span.parentSpanId !== '') orphans += 1;
    } else {
      node.parent = parent;
      parent.children.push(node);
    }
  }
  const preorder = walk(roots);
  const reached = new Set(preorder);
  for (const node of bySpanId.values()) if (!reached.has(node)) breakCycle(node, { roots, preorder, reached });
  return { roots, bySpanId, preorder, orphans };
}

/** `node` is the earliest span that no root reaches: it becomes one, and its ring opens at it. */
function breakCycle(node: TraceNode, tree: { readonly roots: TraceNode[]; readonly preorder: TraceNode[]; readonly reached: Set<TraceNode> }): void {
  if (node.parent !== undefined) node.parent.children = node.parent.children.filter((child) => child !== node);
  node.parent = undefined;
  tree.roots.push(node);
  for (const each of walk([node])) {
    tree.preorder.push(each);
    tree.reached.add(each);
  }
}

function walk(roots: readonly TraceNode[]): TraceNode[] {
  const order: TraceNode[] = [];
  const stack = [...roots].reverse();
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    order.push(node);
    node.depth = node.parent === undefined ? 0 : node.parent.depth + 1;
    if (node.depth >= MAX_TREE_DEPTH) hoistChildren(node, stack);
    for (const child of [...node.children].reverse()) stack.push(child);
  }
  return order;
}

/** Children of a node at the greatest depth become its siblings. */
function hoistChildren(node: TraceNode, stack: TraceNode[]): void {
  const parent = node.parent;
  if (parent === undefined) return;
  for (const child of [...node.children].reverse()) {
    child.parent = parent;
    parent.children.push(child);
    stack.push(child);
  }
  node.children = [];
}

function byStart(left: Span, right: Span): number {
  return ascending(left.startNs, right.startNs) || ascending<string>(left.spanId, right.spanId);
}
