import { hasFailed } from '../../signature/root-error.js';
import { operationName, peerAddress, peerName } from '../../signature/operation.js';
import { parameterise } from '../../signature/parameterise.js';
import type { Attributes, Span } from '../../trace/span.js';

/** One request inside one service: from the span by which it came in to the last span it caused there. */
export interface Visit {
  readonly traceId: string;
  readonly service: string;
  readonly operation: string;
  /** Set where `service` sent no span itself (a database, a foreign API): the service that called it. */
  readonly caller: string | undefined;
  readonly resource: Attributes;
  readonly entry: Span;
  readonly parent: Visit | undefined;
  readonly children: Visit[];
  /** Spans of this service in this visit. */
  readonly spans: Span[];
  /** Calls out of this visit that were answered: when the caller began to wait, and when it went on. */
  readonly waits: Interval[];
  /** Time between the caller's span and the entry span: network, queue, accept. Undefined where the caller has no span of its own for the call. */
  gapNs: number | undefined;
  /** Calls out of this visit that nobody answered with a span. */
  unanswered: number;
}

export interface Interval {
  readonly startNs: bigint;
  readonly endNs: bigint;
}

export interface VisitForest {
  /** Callers before those they call. */
  readonly visits: readonly Visit[];
  /** By trace id and span id; see `spanKey`. */
  readonly bySpan: ReadonlyMap<string, Visit>;
}

export function spanKey(traceId: string, spanId: string): string {
  return `${traceId}${spanId}`;
}

/** Deeper spans start no further visit: a trace like that is broken. */
const MAX_DEPTH = 1_000;

/** The same span twice (files that overlap, exporters that retry) is one span. `peers` as from `peerServices`. */
export function visitsOf(spans: readonly Span[], peers: ReadonlyMap<string, string>): VisitForest {
  const byKey = distinct(spans);
  const answered = answeredCalls(byKey);
  const visits: Visit[] = [];
  const bySpan = new Map<string, Visit>();
  for (const span of callersFirst(byKey)) {
    const parent = parentOf(span, byKey);
    const above = parent && bySpan.get(spanKey(parent.traceId, parent.spanId));
    const own = above !== undefined && !entersService(span, parent!) ? above : begin(span, above, parent);
    if (own !== above) visits.push(own);
    else own.spans.push(span);
    bySpan.set(spanKey(span.traceId, span.spanId), own);
    if ((span.kind !== 'client' && span.kind !== 'producer') || answered.has(spanKey(span.traceId, span.spanId))) continue;
    own.unanswered += 1;
    const peer = peerOf(span, peers);
    if (peer !== undefined) visits.push(peerVisit(span, own, peer));
  }
  return { visits, bySpan };
}

function parentOf(span: Span, byKey: ReadonlyMap<string, Span>): Span | undefined {
  return span.parentSpanId === '' || span.parentSpanId === span.spanId ? undefined : byKey.get(spanKey(span.traceId, span.parentSpanId));
}

function entersService(span: Span, parent: Span): boolean {
  return span.serviceName !== parent.serviceName || span.kind === 'server' || span.kind === 'consumer';
}

function begin(entry: Span, parent: Visit | undefined, from: Span | undefined): Visit {
  const visit: Visit = {
    traceId: entry.traceId, service: entry.serviceName, operation: operationName(entry), caller: undefined, resource: entry.resource,
    entry, parent, children: [], spans: [entry], waits: [], gapNs: undefined, unanswered: 0,
  };
  if (parent === undefined || from === undefined) return visit;
  parent.children.push(visit);
  const isWaiting = from.kind === 'client' && entry.kind !== 'consumer';
  if (isWaiting) visit.gapNs = Math.max(0, from.durationNs - entry.durationNs);
  if (entry.kind !== 'consumer') parent.waits.push(isWaiting ? intervalOf(from) : intervalOf(entry));
  return visit;
}

/** A dependency that sends no spans of its own, seen through its caller's. */
function peerVisit(call: Span, caller: Visit, peer: string): Visit {
  const visit: Visit = {
    traceId: call.traceId, service: peer, operation: operationName(call), caller: caller.service, resource: {},
    entry: call, parent: caller, children: [], spans: [call], waits: [], gapNs: undefined, unanswered: 0,
  };
  caller.children.push(visit);
  caller.waits.push(intervalOf(call));
  return visit;
}

function intervalOf(span: Span): Interval {
  return { startNs: span.startNs, endNs: span.startNs + BigInt(Math.round(span.durationNs)) };
}

function distinct(spans: readonly Span[]): ReadonlyMap<string, Span> {
  const byKey = new Map<string, Span>();
  for (const span of spans) if (!byKey.has(spanKey(span.traceId, span.spanId))) byKey.set(spanKey(span.traceId, span.spanId), span);
  return byKey;
}

function answeredCalls(byKey: ReadonlyMap<string, Span>): ReadonlySet<string> {
  const answered = new Set<string>();
  for (const span of byKey.values()) {
    const parent = parentOf(span, byKey);
    if (parent !== undefined && entersService(span, parent)) answered.add(spanKey(parent.traceId, parent.spanId));
  }
  return answered;
}

/** Which service answers at an address, learnt from the calls that were answered: one that is down sends no span to say so. */
export function peerServices(spans: readonly Span[]): ReadonlyMap<string, string> {
  const byKey = distinct(spans);
  const services = new Map<string, string>();
  for (const span of byKey.values()) {
    const parent = parentOf(span, byKey);
    const address = parent !== undefined && parent.kind === 'client' && span.kind === 'server' ? peerAddress(parent) : undefined;
    if (address !== undefined) services.set(address, span.serviceName);
  }
  return services;
}

function peerOf(span: Span, services: ReadonlyMap<string, string>): string | undefined {
  const address = peerAddress(span);
  return (address === undefined ? undefined : services.get(address)) ?? peerName(span);
}

/** Spans in an order in which parents come first; members of a ring come last, as roots. */
function callersFirst(byKey: ReadonlyMap<string, Span>): readonly Span[] {
  const ordered: Span[] = [];
  const placed = new Set<string>();
  for (const span of byKey.values()) {
    const pending: Span[] = [];
    for (let current: Span | undefined = span; current !== undefined && pending.length < MAX_DEPTH; current = parentOf(current, byKey)) {
      const key = spanKey(current.traceId, current.spanId);
      if (placed.has(key)) break;
      placed.add(key);
      pending.push(current);
    }
    ordered.push(...pending.reverse());
  }
  return ordered;
}

/** Time in which the visit itself was at work: its own duration without the time it waited for answers. */
export function selfTimeNs(visit: Visit): number {
  const { startNs, endNs } = intervalOf(visit.entry);
  let waitedNs = 0n;
  let cursor = startNs;
  for (const wait of [...visit.waits].sort((left, right) => (left.startNs < right.startNs ? -1 : left.startNs > right.startNs ? 1 : 0))) {
    const from = wait.startNs > cursor ? wait.startNs : cursor;
    const to = wait.endNs < endNs ? wait.endNs : endNs;
    if (to > from) {
      waitedNs += to - from;
      cursor = to;
    }
  }
  return Number(endNs - startNs - waitedNs);
}

/** How the visit itself failed: its entry span, or work inside it. Calls that failed and were coped with do not count. */
export function failedSpanOf(visit: Visit): string | undefined {
  const failed = hasFailed(visit.entry) ? visit.entry : visit.spans.find((span) => span.kind === 'internal' && span.status === 'error');
  if (failed === undefined) return undefined;
  const exception = visit.spans.flatMap((span) => span.events).findLast((event) => event.name === 'exception')?.attributes['exception.type'];
  return typeof exception === 'string' ? exception : failed.statusMessage === '' ? `status error of ${failed.name}` : parameterise(failed.statusMessage);
}
