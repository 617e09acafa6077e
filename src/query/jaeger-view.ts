import { ascending } from '../lib/compare.js';
import { groupBy } from '../lib/group-by.js';
import { valueJson } from '../trace/attribute-json.js';
import type { AttributeValue } from '../trace/attribute.js';
import type { Attributes, Span } from '../trace/span.js';

/** What Jaeger's UI reads and uploads: one trace. Times are whole microseconds, which is as fine as the format gets. */
export interface JaegerTrace {
  readonly traceID: string;
  readonly spans: readonly unknown[];
  readonly processes: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[] | null;
}

interface Tag {
  readonly key: string;
  readonly type: 'string' | 'bool' | 'int64' | 'float64' | 'binary';
  readonly value: string | number | boolean;
}

const NS_PER_US = 1_000n;

export function jaegerTrace(traceId: string, spans: readonly Span[], truncated = false): JaegerTrace {
  const processes = new Map<string, { readonly id: string; readonly json: unknown }>();
  const processOf = (span: Span): string => {
    const key = `${span.serviceName}${JSON.stringify(span.resource, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))}`;
    const known = processes.get(key);
    if (known !== undefined) return known.id;
    const id = `p${processes.size + 1}`;
    const { 'service.name': _, ...resource } = span.resource;
    processes.set(key, { id, json: { serviceName: span.serviceName, tags: tagsOf(resource) } });
    return id;
  };
  const shown = spans.map((span) => spanJson(span, processOf(span)));
  return { traceID: traceId, spans: shown, processes: Object.fromEntries([...processes.values()].map(({ id, json }) => [id, json])), warnings: truncated ? ['the trace has more spans than are shown'] : null };
}

/** One line of Jaeger's search, counted over the whole trace. Zeros are left out, 64-bit numbers are texts, as protobuf's JSON has it. */
export function jaegerSummary({ traceId, spans }: { readonly traceId: string; readonly spans: readonly Span[] }): Record<string, unknown> {
  const present = new Set<string>(spans.map(({ spanId }) => spanId));
  // The oldest come first.
  const root = spans.find(({ parentSpanId }) => parentSpanId === '');
  const lastNs = spans.reduce((latest, { startNs, durationNs }) => (startNs + BigInt(durationNs) > latest ? startNs + BigInt(durationNs) : latest), 0n);
  const services = [...groupBy(spans, ({ serviceName }) => serviceName)].sort(([left], [right]) => ascending(left, right));
  return {
    traceId, ...(root === undefined ? {} : { rootServiceName: root.serviceName, rootOperationName: root.name }), minStartTimeUnixNano: String(spans[0]?.startNs ?? 0n), maxEndTimeUnixNano: String(lastNs),
    ...counts(spans), ...notZero('orphanSpanCount', spans.filter(({ parentSpanId }) => parentSpanId !== '' && !present.has(parentSpanId)).length),
    services: services.map(([name, ofService]) => ({ name, ...counts(ofService) })),
  };
}

function counts(spans: readonly Span[]): Record<string, number> {
  return { spanCount: spans.length, ...notZero('errorSpanCount', spans.filter(({ status }) => status === 'error').length) };
}

function notZero(name: string, count: number): Record<string, number> {
  return count === 0 ? {} : { [name]: count };
}

/** The envelope of every answer. */
export function jaegerAnswer(data: readonly unknown[]): Record<string, unknown> {
  return { data, total: data.length, limit: 0, offset: 0, errors: null };
}

function spanJson(span: Span, processID: string): Record<string, unknown> {
  return {
    traceID: span.traceId,
    spanID: span.spanId,
    operationName: span.name,
    references: [
      ...(span.parentSpanId === '' ? [] : [{ refType: 'CHILD_OF', traceID: span.traceId, spanID: span.parentSpanId }]),
      ...span.links.map((link) => ({ refType: 'FOLLOWS_FROM', traceID: link.traceId, spanID: link.spanId })),
    ],
    startTime: Number(span.startNs / NS_PER_US),
    duration: Math.floor(span.durationNs / 1_000),
    tags: [...tagsOf(span.attributes), ...ownTags(span)],
    logs: span.events.map((event) => ({ timestamp: Number(event.timeNs / NS_PER_US), fields: [{ key: 'event', type: 'string', value: event.name }, ...tagsOf(event.attributes)] })),
    processID,
    warnings: null,
  };
}

/** What OpenTelemetry keeps beside attributes, under the names that Jaeger's collector gives it. */
function ownTags(span: Span): readonly Tag[] {
  const text = (key: string, value: string): Tag[] => (value === '' ? [] : [{ key, type: 'string', value }]);
  return [
    ...(span.kind === 'unspecified' ? [] : text('span.kind', span.kind)),
    ...(span.status === 'unset' ? [] : text('otel.status_code', span.status.toUpperCase())),
    ...text('otel.status_description', span.statusMessage),
    ...(span.status === 'error' ? [{ key: 'error', type: 'bool', value: true } as const] : []),
    ...text('otel.scope.name', span.scopeName),
    ...text('otel.scope.version', span.scopeVersion ?? ''),
    ...text('w3c.tracestate', span.traceState),
  ];
}

function tagsOf(attributes: Attributes): Tag[] {
  return Object.entries(attributes).map(([key, value]) => tagOf(key, value));
}

/** Numbers past 2^53 are text: JSON numbers would lose digits. Lists and maps are JSON. */
function tagOf(key: string, value: AttributeValue): Tag {
  if (typeof value === 'string') return { key, type: 'string', value };
  if (typeof value === 'boolean') return { key, type: 'bool', value };
  if (typeof value === 'bigint') return { key, type: 'int64', value: value.toString() };
  if (typeof value === 'number') return { key, type: Number.isInteger(value) ? 'int64' : 'float64', value };
  if (value instanceof Uint8Array) return { key, type: 'binary', value: Buffer.from(value).toString('base64') };
  return { key, type: 'string', value: valueJson(value) };
}
