import type { Span } from '../../trace/span.js';

/** A span, joined to the one that its parent id names. */
export interface LinkedSpan {
  readonly span: Span;
  readonly parent: LinkedSpan | undefined;
  /** A span of another service, or of another request of this one, has it as its parent. */
  isAnswered: boolean;
}

export interface Links {
  /** Parents before their children; each span once. */
  readonly spans: readonly LinkedSpan[];
  find(traceId: string, spanId: string): LinkedSpan | undefined;
}

/** Deeper spans start no further visit: a trace like that is broken. */
const MAX_DEPTH = 1_000;

interface Node {
  readonly span: Span;
  parent: Node | undefined;
  isAnswered: boolean;
  isPlaced: boolean;
}

/** The same span twice (files that overlap, exporters that retry) is one span. Members of a ring come last, as roots. */
export function linkSpans(spans: readonly Span[]): Links {
  const traces = new Map<string, Map<string, Node>>();
  const nodes: Node[] = [];
  for (const span of spans) {
    let trace = traces.get(span.traceId);
    if (trace === undefined) traces.set(span.traceId, (trace = new Map<string, Node>()));
    if (trace.has(span.spanId)) continue;
    const node = { span, parent: undefined, isAnswered: false, isPlaced: false };
    trace.set(span.spanId, node);
    nodes.push(node);
  }
  for (const node of nodes) {
    const { traceId, spanId, parentSpanId } = node.span;
    if (parentSpanId !== '' && parentSpanId !== spanId) node.parent = traces.get(traceId)!.get(parentSpanId);
    if (node.parent !== undefined && entersService(node.span, node.parent.span)) node.parent.isAnswered = true;
  }
  return { spans: parentsFirst(nodes), find: (traceId, spanId) => traces.get(traceId)?.get(spanId) };
}

/** A ring is cut where it is first met: that span has no parent any more. */
function parentsFirst(nodes: readonly Node[]): readonly Node[] {
  const ordered: Node[] = [];
  for (const node of nodes) {
    const pending: Node[] = [];
    for (let current: Node | undefined = node; current !== undefined && !current.isPlaced && pending.length < MAX_DEPTH; current = current.parent) {
      current.isPlaced = true;
      pending.push(current);
    }
    for (let index = pending.length - 1; index >= 0; index -= 1) ordered.push(pending[index]!);
  }
  return ordered;
}

/** A request comes in: from another service, or from this one by its own door. */
export function entersService(span: Span, parent: Span): boolean {
  return span.serviceName !== parent.serviceName || span.kind === 'server' || span.kind === 'consumer';
}
