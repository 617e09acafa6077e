import type { SpanId } from '../lib/ids.js';
import type { ErrorSignature } from '../signature/error-signature.js';
import { operationName, peerAddress, textOf } from '../signature/operation.js';
import { childrenByParent, indexOf, placeKey, placeOf, rootErrorOf, type Place } from '../signature/root-error.js';
import { signatureOfRoot } from '../signature/signature-of.js';
import type { Span } from '../trace/span.js';
import type { LogLine } from './culprit/traffic.js';
import { answeringServices } from './answering-services.js';
import { criticalPath, selfTimes } from './critical-path.js';
import { buildTraceTree, type TraceTree } from './trace-tree.js';

/** A trace and the event in it that counted: a bad one, or for healthy traces a good one. */
export interface EventTrace {
  readonly spans: readonly Span[];
  readonly badSpanId: SpanId;
  readonly logs?: readonly LogLine[];
}

/** What one event's trace says about it. */
export interface Finding {
  readonly trace: EventTrace;
  readonly tree: TraceTree;
  readonly event: Span;
  readonly kind: 'failed' | 'slow';
  /** Where the failure began, or where most of the time went. */
  readonly place: Place;
  /** `service.version` of the place; empty where it sends no spans or no version. */
  readonly version: string;
  /** Where a place that sends no spans was called; undefined where calls do not say. */
  readonly address: string | undefined;
  /** Equal for events that went wrong in the same way. */
  readonly key: string;
  readonly signature: ErrorSignature | undefined;
}

/** Nanoseconds of the critical path by place. */
export type TimeByPlace = ReadonlyMap<string, { readonly place: Place; readonly ns: number }>;

interface TimeAtPlace {
  readonly place: Place;
  readonly ns: number;
  /** The span there that the request waited for longest. */
  readonly longest: { readonly span: Span; readonly ns: number };
}

/** Which service answers at an address, learnt from the calls that were answered: a service that is down sends no span to say so. */
export type PeerDirectory = ReadonlyMap<string, string>;

export interface FindingContext {
  /** Usual time by place of healthy requests of the same kind; what is usual is no explanation. */
  readonly usual: ReadonlyMap<string, number>;
  readonly peers: PeerDirectory;
}

/** Undefined where the event's span is not among the spans: it was not stored, or is past the reader's limit. */
export function findingOf(trace: EventTrace, context: FindingContext): Finding | undefined {
  const event = eventOf(trace);
  if (event === undefined) return undefined;
  const tree = buildTraceTree(trace.spans);
  const root = rootErrorOf(trace.spans, trace.badSpanId);
  if (root === undefined) {
    const slowest = slowestPlace(timeByPlace(trace, tree), context.usual);
    const place = slowest?.place ?? ownPlace(event);
    const longest = slowest?.longest.span ?? event;
    return { trace, tree, event, kind: 'slow', place, version: versionAt(place, [longest]), address: addressOf(place, longest), key: JSON.stringify(['slow', ...placeKey(place)]), signature: undefined };
  }
  const signature = signatureOfRoot(root, trace.logs ?? []);
  const answering = root.place.caller === undefined ? undefined : context.peers.get(peerAddress(root.span) ?? '');
  const place = answering === undefined ? root.place : { ...root.place, service: answering };
  const answers = (tree.bySpanId.get(root.span.spanId)?.children ?? []).map(({ span }) => span);
  return { trace, tree, event, kind: 'failed', place, version: versionAt(place, [root.span, ...answers]), address: addressOf(place, root.span), key: signature.id, signature };
}

function addressOf({ caller }: Place, call: Span): string | undefined {
  return caller === undefined ? undefined : peerAddress(call);
}

/** Of the span itself: of two versions of a service in one trace only one went wrong. */
function versionAt({ service }: Place, spans: readonly Span[]): string {
  const span = spans.find(({ serviceName }) => serviceName === service);
  return span === undefined ? '' : (textOf(span.resource, ['service.version']) ?? '');
}

export function eventOf(trace: EventTrace): Span | undefined {
  return trace.spans.find((span) => span.spanId === trace.badSpanId);
}

/** Where the request's time went, on its critical path. */
export function timeByPlace(trace: EventTrace, tree: TraceTree): ReadonlyMap<string, TimeAtPlace> {
  const times = new Map<string, TimeAtPlace>();
  const event = tree.bySpanId.get(trace.badSpanId);
  if (event === undefined) return times;
  const index = indexOf(trace.spans);
  for (const [node, ns] of selfTimes(criticalPath(event))) {
    const place = placeOf(node.span, index);
    const key = JSON.stringify(placeKey(place));
    const known = times.get(key);
    times.set(key, { place, ns: (known?.ns ?? 0) + ns, longest: known !== undefined && known.longest.ns >= ns ? known.longest : { span: node.span, ns } });
  }
  return times;
}

/** Median time by place over healthy traces; a place that a trace does not visit took it no time. */
export function usualTimes(traces: readonly EventTrace[]): ReadonlyMap<string, number> {
  return medianTimes(traces.map((trace) => timeByPlace(trace, buildTraceTree(trace.spans))));
}

/** The same of times that are known already. */
export function medianTimes(traces: readonly TimeByPlace[]): ReadonlyMap<string, number> {
  const all = new Map<string, number[]>();
  for (const trace of traces) {
    for (const [key, { ns }] of trace) {
      const times = all.get(key) ?? [];
      all.set(key, times);
      times.push(ns);
    }
  }
  return new Map([...all].map(([key, times]) => [key, medianWithZeros(times, traces.length)]));
}

export function peerDirectory(traces: readonly EventTrace[]): PeerDirectory {
  return answeringServices(traces.flatMap(({ spans }) => {
    const children = childrenByParent(spans);
    return spans.flatMap((span) => {
      const address = span.kind === 'client' ? peerAddress(span) : undefined;
      const servers = address === undefined ? [] : (children.get(span.spanId) ?? []).filter((child) => child.kind === 'server');
      return servers.map(({ serviceName }) => [address!, serviceName] as const);
    });
  }));
}

/** The place with the most time beyond what is usual. */
function slowestPlace(times: ReadonlyMap<string, TimeAtPlace>, usual: ReadonlyMap<string, number>): TimeAtPlace | undefined {
  let slowest: { readonly time: TimeAtPlace; readonly excess: number } | undefined;
  for (const [key, time] of [...times].sort(([left], [right]) => (left < right ? -1 : 1))) {
    const excess = time.ns - (usual.get(key) ?? 0);
    if (slowest === undefined || excess > slowest.excess) slowest = { time, excess };
  }
  return slowest?.time;
}

function ownPlace(event: Span): Place {
  return { service: event.serviceName, operation: operationName(event), caller: undefined };
}

function medianWithZeros(values: readonly number[], count: number): number {
  const ordered = [...values, ...new Array<number>(Math.max(0, count - values.length)).fill(0)].sort((left, right) => left - right);
  return ordered[Math.floor((ordered.length - 1) / 2)] ?? 0;
}
