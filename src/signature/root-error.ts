import type { SpanId } from '../lib/ids.js';
import type { Span } from '../trace/span.js';
import { grpcStatus, httpStatus, operationName, peerName, textOf } from './operation.js';

/** Where a failure began. */
export interface RootError {
  /** The deepest span of the unbroken chain of errors. */
  readonly span: Span;
  /** From the bad span down to `span`, both included. */
  readonly chain: readonly Span[];
  readonly place: Place;
}

/** A service and what it was doing, as people name it. */
export interface Place {
  readonly service: string;
  readonly operation: string;
  /** Set where `service` sent no span itself (a database, a foreign API): who called it. */
  readonly caller: string | undefined;
}

/** gRPC codes that are the server's own fault: UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS (semconv, RPC spans). */
const GRPC_SERVER_FAULTS: ReadonlySet<number> = new Set([2, 4, 12, 13, 14, 15]);

/** Longer chains are followed no further: a trace like that is broken, and a page needs its answer. */
const MAX_CHAIN = 1_000;

/**
 * Did this span fail? Its status says so; where the status is unset, a 5xx, or a gRPC code that is the server's fault.
 * A 4xx answer is the caller's mistake: instrumentations set it as an error on CLIENT spans, and on those it counts.
 */
export function hasFailed(span: Span): boolean {
  if (span.status === 'error') return true;
  if (span.status === 'ok') return false;
  return (httpStatus(span) ?? 0) >= 500 || GRPC_SERVER_FAULTS.has(grpcStatus(span) ?? 0);
}

/**
 * The deepest failed span reached from the bad span by an unbroken chain of failed spans: callers only repeat what it began.
 * What was got over is never reached: a failure whose parent went well, a call that failed and went well when it was made again.
 * Among equally deep ones the first to end, then the smallest id. Undefined where the bad span itself did not fail (it was slow).
 */
export function rootErrorOf(spans: readonly Span[], badSpanId: SpanId, index: TraceIndex = indexOf(spans)): RootError | undefined {
  const bad = spans.find((span) => span.spanId === badSpanId);
  if (bad === undefined || !hasFailed(bad)) return undefined;
  const { children } = index;
  const parents = new Map<Span, Span | undefined>([[bad, undefined]]);
  let level: Span[] = [bad];
  for (let depth = 0; depth < MAX_CHAIN; depth += 1) {
    const next = level.flatMap((span) => failedChildren(span, { children, parents }));
    if (next.length === 0) break;
    level = next;
  }
  const span = level.reduce((best, each) => (isEarlier(each, best) ? each : best));
  const chain = chainTo(span, parents);
  return { span, chain, place: placeOf(outlasting(span, children) ?? span, index) };
}

/** The answer that came too late: a call that gave up while its server was still at work, and went on to go well. */
function outlasting(call: Span, children: ReadonlyMap<string, readonly Span[]>): Span | undefined {
  if (call.kind !== 'client') return undefined;
  return (children.get(call.spanId) ?? []).find((child) => child.kind === 'server' && (httpStatus(child) ?? 0) < 400 && endNs(child) >= endNs(call));
}

/** Where a span's work was done: its service's operation, or the peer that it called and that sent no span. */
export function placeOf(span: Span, trace: TraceIndex): Place {
  const calls = span.kind === 'client' || span.kind === 'producer';
  const answered = (trace.children.get(span.spanId) ?? []).some((child) => child.kind === 'server' || child.kind === 'consumer');
  const peer = calls && !answered ? peerName(span) : undefined;
  if (peer !== undefined) return { service: peer, operation: operationName(span), caller: span.serviceName };
  return { service: span.serviceName, operation: operationName(calls ? span : entryOf(span, trace.byId)), caller: undefined };
}

/** `payment POST /charge`, `postgresql SELECT orders (called by checkout)`. */
export function placeInWords(place: Place): string {
  const caller = place.caller === undefined ? '' : ` (called by ${place.caller})`;
  return `${place.service} ${place.operation}${caller}`;
}

const IP_ADDRESS = /^\[?(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7})\]?(?::\d{1,5})?$/i;

/** Equal for the same place: the addresses of one dependency's replicas are one place. */
export function placeKey(place: Place): readonly string[] {
  const service = place.caller !== undefined && IP_ADDRESS.test(place.service) ? '<ip>' : place.service;
  return [service, place.operation, place.caller ?? ''];
}

/** Spans of one trace by what they are looked up by: made once, for a trace may have thousands. */
export interface TraceIndex {
  readonly byId: ReadonlyMap<string, Span>;
  readonly children: ReadonlyMap<string, readonly Span[]>;
}

export function indexOf(spans: readonly Span[]): TraceIndex {
  return { byId: new Map(spans.map((span) => [span.spanId, span])), children: childrenByParent(spans) };
}

export function childrenByParent(spans: readonly Span[]): ReadonlyMap<string, readonly Span[]> {
  const children = new Map<string, Span[]>();
  for (const span of spans) {
    if (span.parentSpanId === '' || span.parentSpanId === span.spanId) continue;
    const siblings = children.get(span.parentSpanId);
    if (siblings === undefined) children.set(span.parentSpanId, [span]);
    else siblings.push(span);
  }
  return children;
}

function failedChildren(span: Span, walk: { readonly children: ReadonlyMap<string, readonly Span[]>; readonly parents: Map<Span, Span | undefined> }): Span[] {
  const siblings = walk.children.get(span.spanId) ?? [];
  const all = siblings.filter((child) => hasFailed(child) && !walk.parents.has(child));
  if (all.length === 0) return [];
  const wentWell = lastGoodCalls(siblings);
  // Of spans without a call nobody can tell a second try from the next item of a list.
  const lasting = all.filter((child) => child.kind !== 'client' || (wentWell.get(askedOf(child)) ?? -1n) < endNs(child));
  // What looks like a second try may be the next item of a list: where nothing else explains the failure, the call does.
  const isExplained = lasting.length > 0 || span.events.some(({ name }) => name === 'exception');
  const failed = isExplained ? lasting : all;
  for (const child of failed) walk.parents.set(child, span);
  return failed;
}

/** When each call that went well was last made: one that failed before was got over. */
function lastGoodCalls(siblings: readonly Span[]): ReadonlyMap<string, bigint> {
  const last = new Map<string, bigint>();
  for (const span of siblings) {
    if (span.kind !== 'client' || hasFailed(span)) continue;
    const asked = askedOf(span);
    if (span.startNs > (last.get(asked) ?? -1n)) last.set(asked, span.startNs);
  }
  return last;
}

/** What a call asked for, not whom: a second try may go to another replica. */
const ASKED = ['url.path', 'http.target', 'url.query', 'db.query.text', 'db.statement', 'rpc.service', 'rpc.method', 'messaging.destination.name'];

function askedOf(call: Span): string {
  const url = textOf(call.attributes, ['url.full', 'http.url'])?.replace(/^[a-z]{1,10}:\/\/[^/]*/i, '');
  return JSON.stringify([call.serviceName, operationName(call), url ?? '', ...ASKED.map((key) => textOf(call.attributes, [key]) ?? '')]);
}

/** The span by which the request came into this service: handlers and middlewares inside it are not what people call the operation. */
function entryOf(span: Span, byId: TraceIndex['byId']): Span {
  if (span.kind === 'server' || span.kind === 'consumer') return span;
  let current: Span | undefined = span;
  for (let step = 0; current !== undefined && current.serviceName === span.serviceName && step < MAX_CHAIN; step += 1) {
    if (current.kind === 'server' || current.kind === 'consumer') return current;
    current = byId.get(current.parentSpanId);
  }
  return span;
}

function chainTo(span: Span, parents: ReadonlyMap<Span, Span | undefined>): Span[] {
  const chain: Span[] = [];
  for (let current: Span | undefined = span; current !== undefined; current = parents.get(current)) chain.unshift(current);
  return chain;
}

function isEarlier(left: Span, right: Span): boolean {
  const [leftEnd, rightEnd] = [endNs(left), endNs(right)];
  return leftEnd === rightEnd ? left.spanId < right.spanId : leftEnd < rightEnd;
}

export function endNs(span: Span): bigint {
  return span.startNs + BigInt(Math.round(span.durationNs));
}
