import { ascending } from '../../lib/compare.js';
import { hasFailed } from '../../signature/root-error.js';
import { operationName, peerAddress, peerName } from '../../signature/operation.js';
import { parameterise } from '../../signature/parameterise.js';
import type { Attributes, Span } from '../../trace/span.js';
import { answeringServices } from '../answering-services.js';
import { entersService, type LinkedSpan, type Links } from './links.js';

/** One request inside one service: from the span by which it came in to the last span it caused there. */
export interface Visit {
  readonly traceId: string;
  readonly service: string;
  readonly operation: string;
  /** Set where `service` sent no span itself (a database, a foreign API): the service that called it. */
  readonly caller: string | undefined;
  readonly resource: Attributes;
  readonly entry: Span;
  /** Unix time; fractions of a microsecond are lost. */
  readonly startMs: number;
  readonly parent: Visit | undefined;
  readonly children: Visit[];
  /** Spans of this service in this visit. */
  readonly spans: Span[];
  /** Calls out of this visit that were answered: when the caller began to wait, and when it went on. */
  readonly waits: Interval[];
  /** Time between the caller's span and the entry span: network, queue, accept. Undefined where the caller has no span of its own for the call. */
  gapNs: number | undefined;
  /** Of a message: from when it was sent until its consumer took it. Undefined where that is not recorded, and where clocks contradict each other. */
  queuedNs: number | undefined;
  /** Name of the span by which the caller made the call; undefined where it has none of its own for it. */
  readonly calledBy: string | undefined;
  /** Calls out of this visit that nobody answered with a span, by the names of their spans. */
  readonly unanswered: Map<string, number>;
}

export interface Interval {
  readonly startNs: bigint;
  readonly endNs: bigint;
}

/** Callers before those they call, and the visit that each span belongs to. */
export interface VisitForest {
  readonly visits: readonly Visit[];
  readonly bySpan: ReadonlyMap<LinkedSpan, Visit>;
}

/** `peers` as from `peerServices`. */
export function visitsOf({ spans }: Links, peers: ReadonlyMap<string, string>): VisitForest {
  const visits: Visit[] = [];
  const bySpan = new Map<LinkedSpan, Visit>();
  for (const linked of spans) {
    const { span, parent } = linked;
    const above = parent && bySpan.get(parent);
    const own = above !== undefined && !entersService(span, parent!.span) ? above : begin(span, above, parent?.span);
    if (own !== above) visits.push(own);
    else own.spans.push(span);
    bySpan.set(linked, own);
    if ((span.kind !== 'client' && span.kind !== 'producer') || linked.isAnswered) continue;
    own.unanswered.set(span.name, (own.unanswered.get(span.name) ?? 0) + 1);
    const peer = peerOf(span, peers);
    if (peer !== undefined) visits.push(peerVisit(span, own, peer));
  }
  return { visits, bySpan };
}

function begin(entry: Span, parent: Visit | undefined, from: Span | undefined): Visit {
  const visit: Visit = {
    traceId: entry.traceId, service: entry.serviceName, operation: operationName(entry), caller: undefined, resource: entry.resource,
    entry, startMs: startMsOf(entry), parent, children: [], spans: [entry], waits: [], gapNs: undefined, queuedNs: undefined, calledBy: from?.kind === 'client' ? from.name : undefined, unanswered: new Map(),
  };
  if (parent === undefined || from === undefined) return visit;
  parent.children.push(visit);
  const isWaiting = from.kind === 'client' && entry.kind !== 'consumer';
  if (isWaiting) visit.gapNs = Math.max(0, from.durationNs - entry.durationNs);
  if (from.kind === 'producer' && entry.kind === 'consumer') visit.queuedNs = queuedNs(from, entry);
  if (entry.kind !== 'consumer') parent.waits.push(isWaiting ? intervalOf(from) : intervalOf(entry));
  return visit;
}

/** Taken before it was sent: the clocks of the two differ by more than it waited, and by how much nobody knows. */
function queuedNs(sent: Span, taken: Span): number | undefined {
  return taken.startNs < sent.startNs ? undefined : Number(taken.startNs - sent.startNs);
}

/** A dependency that sends no spans of its own, seen through its caller's. */
function peerVisit(call: Span, caller: Visit, peer: string): Visit {
  const visit: Visit = {
    traceId: call.traceId, service: peer, operation: operationName(call), caller: caller.service, resource: {},
    entry: call, startMs: startMsOf(call), parent: caller, children: [], spans: [call], waits: [], gapNs: undefined, queuedNs: undefined, calledBy: undefined, unanswered: new Map(),
  };
  caller.children.push(visit);
  caller.waits.push(intervalOf(call));
  return visit;
}

function startMsOf({ startNs }: Span): number {
  return Number(startNs) / 1e6;
}

function intervalOf(span: Span): Interval {
  return { startNs: span.startNs, endNs: span.startNs + BigInt(Math.round(span.durationNs)) };
}

/** Which service answers at an address, learnt from the calls that were answered: one that is down sends no span to say so. */
export function peerServices(links: readonly Links[]): ReadonlyMap<string, string> {
  return answeringServices(links.flatMap(({ spans }) => spans.flatMap(({ span, parent }) => {
    const address = parent?.span.kind === 'client' && span.kind === 'server' ? peerAddress(parent.span) : undefined;
    return address === undefined ? [] : [[address, span.serviceName] as const];
  })));
}

function peerOf(span: Span, services: ReadonlyMap<string, string>): string | undefined {
  const address = peerAddress(span);
  return (address === undefined ? undefined : services.get(address)) ?? peerName(span);
}

/** Time in which the visit itself was at work: its own duration without the time it waited for answers. */
export function selfTimeNs(visit: Visit): number {
  if (visit.waits.length === 0) return visit.entry.durationNs;
  const { startNs, endNs } = intervalOf(visit.entry);
  let waitedNs = 0n;
  let cursor = startNs;
  for (const wait of [...visit.waits].sort((left, right) => ascending(left.startNs, right.startNs))) {
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
