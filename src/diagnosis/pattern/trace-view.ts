import { httpStatus, operationName, peerAddress, peerName, textOf } from '../../signature/operation.js';
import { endNs, hasFailed, placeKey, type Place } from '../../signature/root-error.js';
import type { Span } from '../../trace/span.js';
import { criticalPath, selfTimes } from '../critical-path.js';
import type { EventTrace, PeerDirectory, TimeByPlace } from '../finding.js';
import { buildTraceTree, type TraceNode } from '../trace-tree.js';

/** One call from one service to another, or to something that sends no spans. */
export interface Call {
  /** The caller's span of it; the callee's own where the caller has none. */
  readonly span: Span;
  /** By which the request came into the calling service. */
  readonly entry: Span;
  readonly answer: Span | undefined;
  /** Who was called; empty where nothing says so. */
  readonly service: string;
  readonly operation: string;
  readonly failed: boolean;
  readonly endNs: bigint;
}

/** A trace made ready for the detectors. */
export interface TraceView {
  readonly trace: EventTrace;
  /** The request in question. */
  readonly event: Span;
  readonly spans: readonly Span[];
  /** By the span by which the request came into the calling service; in order of time. */
  readonly calls: ReadonlyMap<Span, readonly Call[]>;
  parentOf(span: Span): Span | undefined;
  /** The span by which the request came into the service of this one. */
  entryOf(span: Span): Span;
  /** Time in which the request waited for this span or what is below it. */
  waitedNs(span: Span): number;
  /** The same by place: a service's operation, or a peer that sends no spans. */
  timeByPlace(): TimeByPlace;
}

/** Undefined where the request itself is not among the spans. */
export function viewOf(trace: EventTrace, peers: PeerDirectory): TraceView | undefined {
  const tree = buildTraceTree(trace.spans);
  const event = tree.bySpanId.get(trace.badSpanId);
  if (event === undefined) return undefined;
  const nodeOf = (span: Span): TraceNode => tree.bySpanId.get(span.spanId) as TraceNode;
  const entries = entriesOf(tree.preorder);
  const entryOf = (span: Span): Span => entries.get(nodeOf(span)) ?? span;
  const path = once(() => selfTimes(criticalPath(event)));
  return {
    trace, event: event.span, spans: tree.preorder.map(({ span }) => span), entryOf, calls: callsOf(tree.preorder, { entryOf, peers }),
    parentOf: (span) => nodeOf(span).parent?.span,
    waitedNs: (span) => sumBelow(nodeOf(span), path()),
    timeByPlace: once(() => placesOf(path(), entryOf)),
  };
}

/** Not every trace is asked for everything. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

function placesOf(times: ReadonlyMap<TraceNode, number>, entryOf: (span: Span) => Span): TimeByPlace {
  const places = new Map<string, { readonly place: Place; ns: number }>();
  for (const [node, ns] of times) {
    const place = placeOfNode(node, entryOf);
    const key = JSON.stringify(placeKey(place));
    places.set(key, { place, ns: (places.get(key)?.ns ?? 0) + ns });
  }
  return places;
}

function placeOfNode({ span, children }: TraceNode, entryOf: (span: Span) => Span): Place {
  const calls = span.kind === 'client' || span.kind === 'producer';
  const peer = calls && !children.some((child) => isRequest(child.span)) ? peerName(span) : undefined;
  if (peer !== undefined) return { service: peer, operation: operationName(span), caller: span.serviceName };
  return { service: span.serviceName, operation: operationName(calls ? span : entryOf(span)), caller: undefined };
}

export function isRequest(span: Span): boolean {
  return span.kind === 'server' || span.kind === 'consumer';
}

function entriesOf(preorder: readonly TraceNode[]): ReadonlyMap<TraceNode, Span> {
  const entries = new Map<TraceNode, Span>();
  for (const node of preorder) {
    const above = node.parent;
    const isInside = above !== undefined && above.span.serviceName === node.span.serviceName && !isRequest(node.span);
    entries.set(node, isInside ? (entries.get(above) ?? above.span) : node.span);
  }
  return entries;
}

interface CallContext {
  readonly entryOf: (span: Span) => Span;
  readonly peers: PeerDirectory;
}

function callsOf(preorder: readonly TraceNode[], context: CallContext): ReadonlyMap<Span, readonly Call[]> {
  const calls = new Map<Span, Call[]>();
  for (const node of preorder) {
    const call = callOf(node, context);
    if (call === undefined) continue;
    const own = calls.get(call.entry);
    if (own === undefined) calls.set(call.entry, [call]);
    else own.push(call);
  }
  for (const own of calls.values()) own.sort((left, right) => (left.span.startNs < right.span.startNs ? -1 : left.span.startNs > right.span.startNs ? 1 : 0));
  return calls;
}

function callOf(node: TraceNode, { entryOf, peers }: CallContext): Call | undefined {
  const { span, parent } = node;
  if (span.kind === 'client') {
    const answer = node.children.find((child) => isRequest(child.span) || child.span.serviceName !== span.serviceName)?.span;
    const service = answer?.serviceName ?? peers.get(peerAddress(span) ?? '') ?? peerName(span) ?? '';
    return { span, entry: entryOf(span), answer, service, operation: operationName(answer ?? span), failed: hasFailed(span), endNs: node.endNs };
  }
  // Where the caller has no span for the call, the answer stands for it.
  if (parent === undefined || parent.span.serviceName === span.serviceName || parent.span.kind === 'client' || parent.span.kind === 'producer' || span.kind === 'consumer') return undefined;
  return { span, entry: entryOf(parent.span), answer: span, service: span.serviceName, operation: operationName(span), failed: hasFailed(span), endNs: node.endNs };
}

function sumBelow(node: TraceNode, times: ReadonlyMap<TraceNode, number>): number {
  let sum = 0;
  const pending = [node];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    sum += times.get(next) ?? 0;
    pending.push(...next.children);
  }
  return sum;
}

/** Equal for calls of the same thing: the statement, else service and operation. */
export function targetKey({ span, service, operation }: Call): string {
  return JSON.stringify([service, statementOf(span) ?? operation]);
}

const SYSTEM = ['db.system.name', 'db.system'];
const SUMMARY = ['db.query.summary'];
const TEXT = ['db.query.text', 'db.statement'];
const STATEMENT_READ = 2_000;
const STATEMENT_SHOWN = 120;

/** What a span asked a database, without its values: `SELECT * FROM items WHERE id = ?`. Undefined for other spans. */
export function statementOf(span: Span): string | undefined {
  if (textOf(span.attributes, SYSTEM) === undefined) return undefined;
  const text = textOf(span.attributes, TEXT);
  if (text === undefined) return textOf(span.attributes, SUMMARY) ?? span.name;
  const shape = text.slice(0, STATEMENT_READ).replaceAll(/'(?:[^']|'')*'/g, '?').replaceAll(/\$\d+|\b\d+(?:\.\d+)?\b/g, '?').replaceAll(/\?(?:\s*,\s*\?)+/g, '?').replaceAll(/\s+/g, ' ').trim();
  return shape.length <= STATEMENT_SHOWN ? shape : `${shape.slice(0, STATEMENT_SHOWN - 1)}…`;
}

/** The caller's mistake or a limit, and no failure of what was called. */
export function isRefusal(span: Span): boolean {
  const status = httpStatus(span) ?? 0;
  return status >= 400 && status < 500 && status !== 408 && status !== 429;
}

export { endNs };
