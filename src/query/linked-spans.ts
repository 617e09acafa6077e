import { DAY_MS, HOUR_MS } from '../lib/duration.js';
import { isTraceId, type SpanId } from '../lib/ids.js';
import type { Span } from '../trace/span.js';
import { parseTraceSearch } from './trace-query.js';
import type { FoundSpan, TraceReader } from './trace-reader.js';

/** Links of one span that are followed, and spans that link to it; a batch may have thousands. */
export const LINKS_FOLLOWED = 10;
const SHOWN_LINKING_TRACES = 20;

/** The other end of a span link. */
export interface LinkedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly service: string;
  readonly name: string;
  /** From the end of the earlier span to the start of the later one: how long a message lay. Undefined where they overlap. */
  readonly lagNs: number | undefined;
}

/** What a span's own links lead to, by `traceId/spanId`; those that are not stored here are missing. */
export async function followLinks(traces: TraceReader, span: Span): Promise<ReadonlyMap<string, LinkedSpan>> {
  const links = span.links.slice(0, LINKS_FOLLOWED);
  const ids = [...new Set(links.map(({ traceId }) => traceId.toLowerCase()))].filter(isTraceId);
  const found = new Map<string, Span>((await Promise.all(ids.map((id) => traces.traceById(id)))).flatMap((trace) => (trace?.spans ?? []).map((each) => [`${each.traceId}/${each.spanId}`, each] as const)));
  return new Map(links.flatMap(({ traceId, spanId }): (readonly [string, LinkedSpan])[] => {
    const target = found.get(`${traceId.toLowerCase()}/${spanId.toLowerCase()}`);
    return target === undefined ? [] : [[`${traceId}/${spanId}`, { traceId, spanId, service: target.serviceName, name: target.name, lagNs: lagBetween(target, span) }]];
  }));
}

/** Spans elsewhere that link to this one, from an hour before it to a day after: who consumed the message, which batch took it in. */
export async function linksTo(traces: TraceReader, span: Span): Promise<readonly LinkedSpan[]> {
  const startMs = Number(span.startNs / 1_000_000n);
  const search = parseTraceSearch(`{ link:spanID = "${span.spanId satisfies SpanId}" } | select(resource.service.name)`);
  const found = await traces.findSpansets({ search, fromMs: startMs - HOUR_MS, toMs: startMs + DAY_MS, limit: SHOWN_LINKING_TRACES, spansPerSpanset: LINKS_FOLLOWED });
  return found.flatMap((trace) => trace.spansets.flatMap(({ spans }) => spans.map((each): LinkedSpan => ({
    traceId: trace.traceId, spanId: each.spanId, name: each.name, service: serviceOf(each) ?? trace.rootService,
    lagNs: lagBetween(span, { startNs: each.startNs, durationNs: Number(each.durationNs) }),
  }))));
}

function serviceOf({ attributes }: FoundSpan): string | undefined {
  const value = attributes.find(({ key }) => key === 'resource.service.name')?.value;
  return typeof value === 'string' ? value : undefined;
}

type Stretch = Pick<Span, 'startNs' | 'durationNs'>;

function lagBetween(published: Stretch, consumed: Stretch): number | undefined {
  const lag = Number(consumed.startNs - published.startNs) - published.durationNs;
  return lag < 0 ? undefined : lag;
}
