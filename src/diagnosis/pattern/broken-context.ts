import { groupBy } from '../../lib/group-by.js';
import { operationName, textOf } from '../../signature/operation.js';
import { hasFailed } from '../../signature/root-error.js';
import { compareSpans } from '../../trace/compare-spans.js';
import type { Span } from '../../trace/span.js';
import { isBrokenEdge } from '../trace-flaws.js';
import type { PatternDetector, PatternTraces, Sighting } from './pattern.js';
import { endNs, type Call, type TraceView } from './trace-view.js';

/** Spans of an answer arrive later than those of the call; what ended so shortly before the newest span is not judged. */
const STILL_COMING_NS = 30_000_000_000n;
/** Clocks of one host and rounding. */
const SLACK_NS = 1_000_000n;
/** Roots moved by so much meet calls by chance alone. */
const SHIFT_NS = 7_300_000_000n;
const METHOD = ['http.request.method', 'http.method'];
const PATH = ['url.path', 'http.target'];
const BEGINS_ANEW = 'begins traces of its own for them';
const IS_MISSING = 'no span of it is under them';

/** Calls are answered, but the trace ends at one edge: something on the way drops `traceparent`. */
export const brokenContext: PatternDetector = {
  kind: 'broken-context', judged: 'itself',
  sightings: (traces) => {
    const views = [...traces.bad, ...traces.healthy];
    const open = views.flatMap((view) => openCalls(view, newestNs(views) - STILL_COMING_NS));
    const anew = new RootIndex(views);
    const answering = answeringServices(traces);
    const found = open.flatMap((call) => sightingOf(call, { anew, answering }));
    return onBrokenEdges(found, { open, anew, views });
  },
  inWords: ({ sample }) => `The trace breaks between ${sample.peer ?? ''} and ${sample.service}: calls go well, but ${sample.service} ${sample.what ?? ''}; a proxy drops traceparent, or ${sample.what === BEGINS_ANEW ? 'one side does not pass it on' : 'its spans are lost'}`,
};

interface OpenCall {
  readonly view: TraceView;
  readonly call: Call;
}

/** Calls that went well and that nobody's span answers. */
function openCalls(view: TraceView, untilNs: bigint): readonly OpenCall[] {
  return [...view.calls.values()].flat().filter((call) => call.answer === undefined && !hasFailed(call.span) && call.endNs < untilNs).map((call) => ({ view, call }));
}

function newestNs(views: readonly TraceView[]): bigint {
  return views.reduce((newest, { spans }) => spans.reduce((latest, span) => (endNs(span) > latest ? endNs(span) : latest), newest), 0n);
}

function answeringServices({ bad, healthy }: PatternTraces): ReadonlySet<string> {
  return new Set([...bad, ...healthy].flatMap(({ calls }) => [...calls.values()].flat().flatMap(({ answer, service }) => (answer === undefined ? [] : [service]))));
}

interface Known {
  readonly anew: RootIndex;
  readonly answering: ReadonlySet<string>;
}

function sightingOf({ view, call }: OpenCall, { anew, answering }: Known): readonly Sighting[] {
  const root = anew.meets(call);
  if (root !== undefined) return [sighting(view, call, { service: root.serviceName, operation: operationName(root), what: BEGINS_ANEW })];
  return answering.has(call.service) ? [sighting(view, call, { service: call.service, operation: call.operation, what: IS_MISSING })] : [];
}

function sighting(view: TraceView, { span }: Call, about: Pick<Sighting, 'service' | 'operation' | 'what'>): Sighting {
  return { view, span, peer: span.serviceName, ...about };
}

function onBrokenEdges(found: readonly Sighting[], { open, anew, views }: { readonly open: readonly OpenCall[]; readonly anew: RootIndex; readonly views: readonly TraceView[] }): readonly Sighting[] {
  const answered = new Map<string, number>();
  for (const { calls } of views) for (const { answer, span } of [...calls.values()].flat()) if (answer !== undefined) add(answered, edgeKey(span.serviceName, answer.serviceName));
  const broken = new Map<string, number>();
  for (const each of found) add(broken, edgeKey(each.peer ?? '', each.service));
  const chance = new Map<string, number>();
  for (const { call } of open) {
    const root = anew.meets(call, SHIFT_NS);
    if (root !== undefined) add(chance, edgeKey(call.span.serviceName, root.serviceName));
  }
  return found.filter(({ peer = '', service, what }) => {
    const key = edgeKey(peer, service);
    const count = broken.get(key) ?? 0;
    return isBrokenEdge({ broken: count, calls: count + (answered.get(key) ?? 0), chance: what === BEGINS_ANEW ? (chance.get(key) ?? 0) : 0 });
  });
}

function edgeKey(caller: string, callee: string): string {
  return JSON.stringify([caller, callee]);
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Traces that begin at a request, by method and path, in order of time. */
class RootIndex {
  readonly #roots: ReadonlyMap<string, readonly Span[]>;

  constructor(views: readonly TraceView[]) {
    const roots = views.flatMap(({ spans }) => spans.filter((span) => span.kind === 'server' && span.parentSpanId === '' && requestKey(span) !== undefined));
    this.#roots = groupBy(roots.sort(compareSpans), (span) => requestKey(span) ?? '');
  }

  /** A root of another service that answers the same while the call is under way. */
  meets({ span, endNs: callEndNs }: Call, shiftNs = 0n): Span | undefined {
    const key = requestKey(span);
    if (key === undefined) return undefined;
    return this.#roots.get(key)?.find((root) => root.serviceName !== span.serviceName && root.traceId !== span.traceId && root.startNs + shiftNs >= span.startNs - SLACK_NS && endNs(root) + shiftNs <= callEndNs + SLACK_NS);
  }
}

function requestKey(span: Span): string | undefined {
  const method = textOf(span.attributes, METHOD);
  const path = textOf(span.attributes, PATH) ?? pathOf(textOf(span.attributes, ['url.full', 'http.url']));
  return method === undefined || path === undefined ? undefined : `${method} ${path.split(/[?#]/)[0] ?? ''}`;
}

function pathOf(url: string | undefined): string | undefined {
  return url === undefined ? undefined : /^[a-z]+:\/\/[^/]+(\/[^?#]*)?/i.exec(url)?.[1] ?? '/';
}
