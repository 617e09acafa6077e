import type { StoredTrace } from '../query/trace-reader.js';
import type { Span } from '../trace/span.js';

/** Rows a page shows; a browser still scrolls them smoothly. The API gives the rest. */
export const WATERFALL_ROW_LIMIT = 5_000;
export const SERVICE_COLOURS = 10;
const MAX_INDENT = 16;
const MIN_BAR_PERCENT = 0.15;
const MAX_MARKS = 20;

export interface WaterfallRow {
  readonly span: Span;
  readonly depth: number;
  /** Depth as drawn: deep trees stop moving to the right. */
  readonly indent: number;
  /** Descendants: what collapsing hides. */
  readonly hiddenCount: number;
  readonly errorsInside: number;
  readonly isError: boolean;
  /** Names a parent that is not stored. */
  readonly parentMissing: boolean;
  readonly colour: number;
  /** Percent of the trace. */
  readonly left: number;
  readonly width: number;
  readonly label: { readonly x: number; readonly anchor: 'start' | 'end'; readonly nudge: number; readonly place: 'inside' | 'outside' };
  readonly offsetNs: number;
  readonly marks: readonly { readonly x: number; readonly name: string; readonly isException: boolean }[];
}

export interface Waterfall {
  readonly rows: readonly WaterfallRow[];
  readonly notShown: number;
  readonly root: Span | undefined;
  readonly startNs: bigint;
  readonly durationNs: number;
  readonly errorCount: number;
  readonly services: readonly { readonly name: string; readonly colour: number; readonly spans: number; readonly errors: number }[];
  readonly ticks: readonly { readonly x: number; readonly atNs: number }[];
}

/** The span tree as rows, parents before children, children in the order of their start. Works on broken trees and on cycles. */
export function waterfall(trace: StoredTrace): Waterfall {
  const spans = trace.spans;
  const startNs = spans.reduce((least, span) => (span.startNs < least ? span.startNs : least), spans[0]?.startNs ?? 0n);
  const durationNs = spans.reduce((most, span) => Math.max(most, Number(span.startNs - startNs) + span.durationNs), 0);
  const services = servicesOf(spans);
  const colours = new Map(services.map((service) => [service.name, service.colour]));
  const tree = flatten(spans);
  const rows = tree.slice(0, WATERFALL_ROW_LIMIT).map((node): WaterfallRow => ({
    ...node,
    ...barOf(node.span, startNs, durationNs),
    indent: Math.min(node.depth, MAX_INDENT),
    isError: node.span.status === 'error',
    colour: colours.get(node.span.serviceName) ?? 0,
    marks: marksOf(node.span, startNs, durationNs),
  }));
  return {
    rows,
    notShown: tree.length - rows.length,
    root: tree[0]?.span,
    startNs,
    durationNs,
    errorCount: spans.filter((span) => span.status === 'error').length,
    services,
    ticks: [0, 25, 50, 75, 100].map((x) => ({ x, atNs: (durationNs * x) / 100 })),
  };
}

interface TreeNode {
  readonly span: Span;
  readonly depth: number;
  readonly hiddenCount: number;
  readonly errorsInside: number;
  readonly parentMissing: boolean;
}

interface OpenNode {
  readonly span: Span;
  readonly depth: number;
  hiddenCount: number;
  errorsInside: number;
  readonly parentMissing: boolean;
}

/** Depth first, without recursion: a chain of 20,000 spans must not exhaust the stack. */
function flatten(spans: readonly Span[]): TreeNode[] {
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

function childrenOf(children: Map<string, Span[]>, parentSpanId: string): Span[] {
  const known = children.get(parentSpanId);
  if (known !== undefined) return known;
  const fresh: Span[] = [];
  children.set(parentSpanId, fresh);
  return fresh;
}

interface Walk {
  readonly children: ReadonlyMap<string, readonly Span[]>;
  readonly known: ReadonlySet<string>;
  readonly seen: Set<Span>;
  readonly nodes: OpenNode[];
}

function walk(roots: readonly Span[], { children, known, seen, nodes }: Walk): void {
  const stack = roots.map((span) => ({ span, depth: 0 })).reverse();
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { span, depth } = next;
    if (seen.has(span)) continue;
    seen.add(span);
    nodes.push({ span, depth, hiddenCount: 0, errorsInside: 0, parentMissing: span.parentSpanId !== '' && !known.has(span.parentSpanId) });
    const below = children.get(span.spanId) ?? [];
    for (let index = below.length - 1; index >= 0; index -= 1) {
      const child = below[index];
      if (child !== undefined) stack.push({ span: child, depth: depth + 1 });
    }
  }
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
  parent.hiddenCount += node.hiddenCount + 1;
  parent.errorsInside += node.errorsInside + (node.span.status === 'error' ? 1 : 0);
}

function barOf(span: Span, startNs: bigint, durationNs: number): Pick<WaterfallRow, 'left' | 'width' | 'label' | 'offsetNs'> {
  const offsetNs = Number(span.startNs - startNs);
  const whole = durationNs || 1;
  const width = Math.max(MIN_BAR_PERCENT, round((100 * span.durationNs) / whole));
  const left = Math.min(round((100 * offsetNs) / whole), 100 - width);
  const right = left + width;
  return { left, width, label: labelBeside(left, right), offsetNs };
}

/** Where a label of a tenth of the width finds room: behind the bar, before it, else in it. */
function labelBeside(left: number, right: number): WaterfallRow['label'] {
  if (right < 84) return { x: right, anchor: 'start', nudge: 5, place: 'outside' };
  return left > 16 ? { x: left, anchor: 'end', nudge: -5, place: 'outside' } : { x: left, anchor: 'start', nudge: 6, place: 'inside' };
}

function marksOf(span: Span, startNs: bigint, durationNs: number): WaterfallRow['marks'] {
  return span.events.slice(0, MAX_MARKS).map((event) => ({
    x: Math.min(100, Math.max(0, round((100 * Number(event.timeNs - startNs)) / (durationNs || 1)))),
    name: event.name,
    isException: event.name === 'exception',
  }));
}

function servicesOf(spans: readonly Span[]): Waterfall['services'] {
  const byName = new Map<string, { spans: number; errors: number }>();
  for (const span of [...spans].sort(byStart)) {
    const service = byName.get(span.serviceName) ?? { spans: 0, errors: 0 };
    service.spans += 1;
    if (span.status === 'error') service.errors += 1;
    byName.set(span.serviceName, service);
  }
  return [...byName].map(([name, counts], index) => ({ name, colour: index % SERVICE_COLOURS, ...counts }));
}

function byStart(left: Span, right: Span): number {
  return left.startNs < right.startNs ? -1 : left.startNs > right.startNs ? 1 : left.spanId.localeCompare(right.spanId);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
