import type { AttributeValue } from '../trace/attribute.js';
import { DROPPED_ATTRIBUTES, otlpSpan, takeCount, type OtlpSpan } from '../trace/mapped-attributes.js';
import { SPAN_KINDS, SPAN_STATUSES } from '../trace/span-batch.js';
import type { Attributes, Span } from '../trace/span.js';

/**
 * Two ways to write OTLP as JSON. `otlp` is the specification's: ids in hex, enums as numbers. `protobuf` is protobuf's own mapping, which
 * Tempo answers with: ids in base64, enums as names.
 */
export type OtlpDialect = 'otlp' | 'protobuf';

/** Spans of one resource, by instrumentation scope; both in the order in which they first come. */
export interface ResourceGroup {
  readonly resource: Attributes;
  readonly scopes: readonly Readonly<ScopeGroup>[];
}

interface ScopeGroup {
  readonly name: string;
  readonly version: string;
  readonly attributes: Attributes;
  readonly spans: OtlpSpan[];
}

export function groupByResource(spans: readonly Span[]): readonly ResourceGroup[] {
  const groups = new Map<string, { readonly resource: Attributes; readonly scopes: Map<string, ScopeGroup> }>();
  for (const span of spans.map(otlpSpan)) {
    const key = keyOf(span.resource);
    const group = groups.get(key) ?? { resource: span.resource, scopes: new Map<string, ScopeGroup>() };
    groups.set(key, group);
    const version = span.scopeVersion ?? '';
    const scopeKey = keyOf([span.scopeName, version, span.scopeAttributes]);
    const scope = group.scopes.get(scopeKey) ?? { name: span.scopeName, version, attributes: span.scopeAttributes, spans: [] };
    group.scopes.set(scopeKey, scope);
    scope.spans.push(span);
  }
  return [...groups.values()].map(({ resource, scopes }) => ({ resource, scopes: [...scopes.values()] }));
}

function keyOf(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner));
}

/** The value of `resourceSpans`. */
export function resourceSpansJson(spans: readonly Span[], dialect: OtlpDialect): unknown[] {
  return groupByResource(spans).map(({ resource, scopes }) => ({
    resource: { attributes: keyValues(resource) },
    scopeSpans: scopes.map(({ name, version, attributes, spans: ofScope }) => ({ scope: { name, version, ...(Object.keys(attributes).length === 0 ? {} : { attributes: keyValues(attributes) }) }, spans: ofScope.map((span) => spanJson(span, dialect)) })),
  }));
}

function spanJson(span: OtlpSpan, dialect: OtlpDialect): Record<string, unknown> {
  const id = (hex: string): string => (dialect === 'otlp' ? hex : Buffer.from(hex, 'hex').toString('base64'));
  const kind = SPAN_KINDS.indexOf(span.kind);
  const code = SPAN_STATUSES.indexOf(span.status);
  return {
    traceId: id(span.traceId),
    spanId: id(span.spanId),
    ...(span.parentSpanId === '' ? {} : { parentSpanId: id(span.parentSpanId) }),
    ...(span.traceState === '' ? {} : { traceState: span.traceState }),
    ...count('flags', span.flags ?? 0),
    name: span.name,
    kind: dialect === 'otlp' ? kind : `SPAN_KIND_${span.kind.toUpperCase()}`,
    startTimeUnixNano: span.startNs.toString(),
    endTimeUnixNano: (span.startNs + BigInt(span.durationNs)).toString(),
    attributes: keyValues(span.attributes),
    ...count('droppedAttributesCount', span.droppedAttributes),
    ...(span.events.length === 0 ? {} : { events: span.events.map((event) => ({ timeUnixNano: event.timeNs.toString(), name: event.name, ...itemAttributes(event.attributes) })) }),
    ...count('droppedEventsCount', span.droppedEvents),
    ...(span.links.length === 0 ? {} : { links: span.links.map((link) => ({ traceId: id(link.traceId), spanId: id(link.spanId), ...(link.traceState === undefined || link.traceState === '' ? {} : { traceState: link.traceState }), ...itemAttributes(link.attributes) })) }),
    ...count('droppedLinksCount', span.droppedLinks),
    status: { ...(span.statusMessage === '' ? {} : { message: span.statusMessage }), ...(code === 0 ? {} : { code: dialect === 'otlp' ? code : `STATUS_CODE_${span.status.toUpperCase()}` }) },
  };
}

/** Of an event or a link. */
function itemAttributes(attributes: Attributes): Record<string, unknown> {
  const { rest, count: dropped } = takeCount(attributes, DROPPED_ATTRIBUTES);
  return { attributes: keyValues(rest), ...count('droppedAttributesCount', dropped) };
}

/** Zeros are left out, as everywhere in protobuf. */
function count(field: string, value: number): Record<string, number> {
  return value === 0 ? {} : { [field]: value };
}

export function keyValues(attributes: Attributes): unknown[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

/** Whole numbers are integers: the store does not keep 1 and 1.0 apart. */
export function anyValue(value: AttributeValue): unknown {
  if (value === null) return {};
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'bigint') return { intValue: value.toString() };
  if (typeof value === 'number') return Number.isSafeInteger(value) ? { intValue: value.toString() } : { doubleValue: value };
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString('base64') };
  if (isList(value)) return { arrayValue: { values: value.map(anyValue) } };
  return { kvlistValue: { values: keyValues(value) } };
}

export function isList(value: object): value is readonly AttributeValue[] {
  return Array.isArray(value);
}
