import type { AttributeValue } from '../trace/attribute.js';
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
  readonly scopes: readonly { readonly name: string; readonly version: string; readonly spans: readonly Span[] }[];
}

interface OpenScope {
  readonly name: string;
  readonly version: string;
  readonly spans: Span[];
}

export function groupByResource(spans: readonly Span[]): readonly ResourceGroup[] {
  const groups = new Map<string, { readonly resource: Attributes; readonly scopes: Map<string, OpenScope> }>();
  for (const span of spans) {
    const key = JSON.stringify(span.resource, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
    const group = groups.get(key) ?? { resource: span.resource, scopes: new Map<string, OpenScope>() };
    groups.set(key, group);
    const version = span.scopeVersion ?? '';
    const scopeKey = JSON.stringify([span.scopeName, version]);
    const scope = group.scopes.get(scopeKey) ?? { name: span.scopeName, version, spans: [] };
    group.scopes.set(scopeKey, scope);
    scope.spans.push(span);
  }
  return [...groups.values()].map(({ resource, scopes }) => ({ resource, scopes: [...scopes.values()] }));
}

/** The value of `resourceSpans`. */
export function resourceSpansJson(spans: readonly Span[], dialect: OtlpDialect): unknown[] {
  return groupByResource(spans).map(({ resource, scopes }) => ({
    resource: { attributes: keyValues(resource) },
    scopeSpans: scopes.map(({ name, version, spans: ofScope }) => ({ scope: { name, version }, spans: ofScope.map((span) => spanJson(span, dialect)) })),
  }));
}

function spanJson(span: Span, dialect: OtlpDialect): Record<string, unknown> {
  const id = (hex: string): string => (dialect === 'otlp' ? hex : Buffer.from(hex, 'hex').toString('base64'));
  const kind = SPAN_KINDS.indexOf(span.kind);
  const code = SPAN_STATUSES.indexOf(span.status);
  return {
    traceId: id(span.traceId),
    spanId: id(span.spanId),
    ...(span.parentSpanId === '' ? {} : { parentSpanId: id(span.parentSpanId) }),
    ...(span.traceState === '' ? {} : { traceState: span.traceState }),
    name: span.name,
    kind: dialect === 'otlp' ? kind : `SPAN_KIND_${span.kind.toUpperCase()}`,
    startTimeUnixNano: span.startNs.toString(),
    endTimeUnixNano: (span.startNs + BigInt(span.durationNs)).toString(),
    attributes: keyValues(span.attributes),
    ...(span.events.length === 0 ? {} : { events: span.events.map((event) => ({ timeUnixNano: event.timeNs.toString(), name: event.name, attributes: keyValues(event.attributes) })) }),
    ...(span.links.length === 0 ? {} : { links: span.links.map((link) => ({ traceId: id(link.traceId), spanId: id(link.spanId), ...(link.traceState === undefined || link.traceState === '' ? {} : { traceState: link.traceState }), attributes: keyValues(link.attributes) })) }),
    status: { ...(span.statusMessage === '' ? {} : { message: span.statusMessage }), ...(code === 0 ? {} : { code: dialect === 'otlp' ? code : `STATUS_CODE_${span.status.toUpperCase()}` }) },
  };
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
