import type { SpanId, TraceId } from '../lib/ids.js';
import type { Span } from '../trace/span.js';
import type { ErrorSignature } from './error-signature.js';
import { textOf } from './operation.js';
import { hasFailed, indexOf, rootErrorOf } from './root-error.js';
import { signatureOfRoot, whatFailed, type FailedTrace } from './signature-of.js';
import { SIGNATURE_VERSIONS } from './signature-versions.js';

/** One failed request, with what failed in it. */
export interface Occurrence {
  readonly signature: ErrorSignature;
  readonly traceId: TraceId;
  /** The request that failed for it. */
  readonly spanId: SpanId;
  readonly atMs: number;
  /** For how many requests it stands. */
  readonly weight: number;
  /** `service.version` of the service where it began; empty where it was not sent. */
  readonly version: string;
  readonly tenant: string;
  /** The request that failed for it, as its caller sees it: `front POST /checkout`. */
  readonly request: string;
  /** As it was sent, redaction apart. */
  readonly text: string;
  readonly stack: string;
}

/** `tenant.id`, or an attribute of one's own that ends in that: `shop.tenant`, `app.tenant_id`. */
const TENANT = /(?:^|\.)tenant(?:[._]?id)?$/i;

/**
 * What made requests of this trace fail, each signature once. A chain of errors counts where it reaches a request: a SERVER or CONSUMER span,
 * or a span without a parent. What ended inside a request that went well (a retry, a default) is no failure.
 */
export function occurrencesOf(trace: FailedTrace, versions = SIGNATURE_VERSIONS): readonly Occurrence[] {
  const index = indexOf(trace.spans);
  const found = new Map<string, Occurrence>();
  for (const top of trace.spans) {
    if (!hasFailed(top) || !isRequest(top) || repeatsUpwards(top, index.byId)) continue;
    const root = rootErrorOf(trace.spans, top.spanId, index);
    if (root === undefined) continue;
    const signature = signatureOfRoot(root, trace.logs ?? [], versions);
    const { text, stack } = whatFailed(root.span, trace.logs ?? []);
    const known = found.get(signature.id);
    if (known !== undefined && known.weight >= top.weight) continue;
    found.set(signature.id, {
      signature, traceId: top.traceId, spanId: top.spanId, atMs: Math.floor((Number(root.span.startNs / 1_000n) + root.span.durationNs / 1_000) / 1_000), weight: top.weight,
      version: textOf(root.span.resource, ['service.version']) ?? '', tenant: tenantOf(root.span) || tenantOf(top), request: `${top.serviceName} ${top.name}`, text, stack,
    });
  }
  return [...found.values()];
}

function isRequest({ kind, parentSpanId }: Span): boolean {
  return kind === 'server' || kind === 'consumer' || parentSpanId === '';
}

/** Whether its caller failed as well, and so did the request that the caller belongs to: then that one is counted. */
function repeatsUpwards(span: Span, byId: ReadonlyMap<string, Span>): boolean {
  const seen = new Set<Span>([span]);
  for (let parent = byId.get(span.parentSpanId); parent !== undefined && !seen.has(parent); parent = byId.get(parent.parentSpanId)) {
    if (!hasFailed(parent)) return false;
    if (isRequest(parent)) return true;
    seen.add(parent);
  }
  return false;
}

function tenantOf(span: Span): string {
  for (const attributes of [span.attributes, span.resource]) {
    const tenant = textOf(attributes, Object.keys(attributes).filter((key) => TENANT.test(key)).sort((left, right) => left.length - right.length || (left < right ? -1 : 1)));
    if (tenant !== undefined) return tenant;
  }
  return '';
}
