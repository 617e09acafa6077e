import { isDrillId } from './drill-id.js';
import type { SpanId, TraceId } from '../lib/ids.js';

/** Addresses of Tocsin's own pages, as interfaces.md promises them. `publicUrl` has no slash at the end. */
export function incidentUrl(publicUrl: string, id: string): string {
  // A drill is no incident: it has a line on the page of drills.
  if (isDrillId(id)) return `${publicUrl}/drills`;
  return `${publicUrl}/incidents/${encodeURIComponent(id)}`;
}

export function sloUrl(publicUrl: string, slo: string): string {
  return `${publicUrl}/slos/${encodeURIComponent(slo)}`;
}

/** The trace, opened at the span that matters. */
export function traceUrl(publicUrl: string, { traceId, spanId }: { readonly traceId: TraceId; readonly spanId: SpanId }): string {
  return `${publicUrl}/traces/${traceId}?span=${spanId}`;
}
