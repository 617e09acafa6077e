import type { Attribute } from './attribute.js';
import type { SpanId, TraceId } from '../lib/ids.js';
import type { Attributes, Span } from './span.js';
import { SPAN_KINDS, SPAN_STATUSES, type SpanBatch } from './span-batch.js';

/** The rows of a batch as objects, for what reads files instead of the store. */
export function spansOfBatch(batch: SpanBatch): Span[] {
  const ids = { trace: hexOf(batch.traceIds), span: hexOf(batch.spanIds), parent: hexOf(batch.parentSpanIds) };
  const resources = batch.resources.map((resource) => attributesOf(resource.attributes));
  return Array.from({ length: batch.count }, (_, row) => spanOf(batch, row, { ids, resources }));
}

interface Decoded {
  readonly ids: { readonly trace: string; readonly span: string; readonly parent: string };
  readonly resources: readonly Attributes[];
}

function spanOf(batch: SpanBatch, row: number, { ids, resources }: Decoded): Span {
  const parent = ids.parent.slice(row * 16, row * 16 + 16);
  const resource = batch.resourceIndex[row]!;
  return {
    traceId: ids.trace.slice(row * 32, row * 32 + 32) as TraceId,
    spanId: ids.span.slice(row * 16, row * 16 + 16) as SpanId,
    parentSpanId: parent === NO_PARENT ? '' : parent as SpanId,
    name: batch.names[row]!,
    kind: SPAN_KINDS[batch.kinds[row]!] ?? 'unspecified',
    status: SPAN_STATUSES[batch.statuses[row]!] ?? 'unset',
    statusMessage: batch.statusMessages[row] ?? '',
    startNs: batch.startNs[row]!,
    durationNs: batch.durationNs[row]!,
    serviceName: batch.resources[resource]!.serviceName,
    resource: resources[resource]!,
    scopeName: batch.scopes[batch.scopeIndex[row]!]?.name ?? '',
    scopeVersion: batch.scopes[batch.scopeIndex[row]!]?.version ?? '',
    attributes: attributesOf(batch.attributes.slice(batch.attributeStart[row], batch.attributeStart[row + 1])),
    events: (batch.events[row] ?? []).map((event) => ({ timeNs: event.timeNs, name: event.name, attributes: attributesOf(event.attributes) })),
    links: (batch.links[row] ?? []).map((link) => ({ traceId: link.traceId, spanId: link.spanId, traceState: link.traceState, attributes: attributesOf(link.attributes) })),
    traceState: batch.traceStates[row] ?? '',
    flags: batch.flags[row]!,
    weight: batch.weights[row]!,
  };
}

const NO_PARENT = '0'.repeat(16);

export function attributesOf(attributes: readonly Attribute[]): Attributes {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, value]));
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
