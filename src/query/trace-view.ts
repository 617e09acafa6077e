import type { Span } from '../trace/span.js';
import type { StoredTrace, TraceLog, TraceSummary } from './trace-reader.js';

/** The answer of `GET /api/v1/traces/{traceId}`. Nanoseconds and 64-bit attributes are decimal strings: JSON numbers would lose digits. */
export function traceJson(trace: StoredTrace): unknown {
  return plain({ traceId: trace.traceId, truncated: trace.truncated, spans: trace.spans.map(spanJson), logs: trace.logs.map(logJson) });
}

export function spanJson(span: Span): Record<string, unknown> {
  return {
    spanId: span.spanId,
    parentSpanId: span.parentSpanId === '' ? null : span.parentSpanId,
    service: span.serviceName,
    name: span.name,
    kind: span.kind,
    status: span.status,
    statusMessage: span.statusMessage,
    start: isoOfNs(span.startNs),
    startNs: span.startNs,
    durationNs: span.durationNs,
    attributes: span.attributes,
    resource: span.resource,
    scope: span.scopeName,
    events: span.events,
    links: span.links,
    traceState: span.traceState,
    weight: span.weight,
  };
}

function logJson(log: TraceLog): Record<string, unknown> {
  return { spanId: log.spanId === '' ? null : log.spanId, timeNs: log.timeNs, severity: log.severity, severityNumber: log.severityNumber, body: log.body, service: log.serviceName, attributes: log.attributes };
}

export function summaryJson(summary: TraceSummary): Record<string, unknown> {
  return { ...summary, start: new Date(summary.startMs).toISOString() };
}

/** Bigints as decimal strings, all the way down. */
export function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner)));
}

export function isoOfNs(timeNs: bigint): string {
  return new Date(Number(timeNs / 1_000_000n)).toISOString();
}
