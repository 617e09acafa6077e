import type { SpanId, TraceId } from '../lib/ids.js';

/** Addresses of Tocsin's own pages, as interfaces.md promises them. `publicUrl` has no slash at the end. */
export function incidentUrl(publicUrl: string, id: string): string {
  return `${publicUrl}/incidents/${encodeURIComponent(id)}`;
}

export function sloUrl(publicUrl: string, slo: string): string {
  return `${publicUrl}/slos/${encodeURIComponent(slo)}`;
}

/** The trace, opened at the span that matters. */
export function traceUrl(publicUrl: string, { traceId, spanId }: { readonly traceId: TraceId; readonly spanId: SpanId }): string {
  return `${publicUrl}/traces/${traceId}?span=${spanId}`;
}
