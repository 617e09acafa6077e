import type { SpanId, TraceId } from '../lib/ids.js';
import type { Attributes, Span } from '../trace/span.js';

/** A span as a story writes it down; everything has a default, so that a test names only what it is about. */
export interface SpanStory {
  readonly id: string;
  readonly parent?: string;
  readonly trace?: string;
  readonly service?: string;
  readonly name?: string;
  readonly kind?: Span['kind'];
  readonly status?: Span['status'];
  readonly statusMessage?: string;
  readonly startMs?: number;
  readonly durationMs?: number;
  readonly attributes?: Attributes;
  readonly resource?: Attributes;
  /** Recorded as an exception event. */
  readonly exception?: { readonly type?: string; readonly message?: string };
}

export function buildSpan(story: SpanStory): Span {
  const { startMs = 0, durationMs = 10, service = 'shop', exception } = story;
  const startNs = BigInt(Math.round(startMs * 1e6));
  return {
    traceId: padded(story.trace ?? 'a', 32) as TraceId, spanId: spanId(story.id), parentSpanId: story.parent === undefined ? '' : spanId(story.parent),
    name: story.name ?? story.id, kind: story.kind ?? 'internal', status: story.status ?? 'unset', statusMessage: story.statusMessage ?? '',
    startNs, durationNs: durationMs * 1e6, serviceName: service, resource: { 'service.name': service, ...story.resource },
    scopeName: 'test', attributes: story.attributes ?? {}, links: [], traceState: '', weight: 1,
    events: exception === undefined ? [] : [{ timeNs: startNs, name: 'exception', attributes: exceptionAttributes(exception) }],
  };
}

/** The id that `buildSpan` gives to a span of this name: letters become their hex codes. */
export function spanId(name: string): SpanId {
  return padded(name, 16) as SpanId;
}

function exceptionAttributes(exception: NonNullable<SpanStory['exception']>): Attributes {
  const attributes: Record<string, string> = {};
  if (exception.type !== undefined) attributes['exception.type'] = exception.type;
  if (exception.message !== undefined) attributes['exception.message'] = exception.message;
  return attributes;
}

function padded(name: string, length: number): string {
  return Buffer.from(name).toString('hex').slice(-length).padStart(length, '0');
}
