import { hexOf } from '../../src/lib/ids.js';
import type { Attribute, AttributeValue } from '../../src/trace/attribute.js';
import type { LogBatch } from '../../src/trace/log-record.js';
import type { SpanBatch } from '../../src/trace/span-batch.js';

/** Attributes as a list of pairs with the wire's word on whole numbers, so that order and int against double count. */
export type AttributeRow = readonly [key: string, value: AttributeValue, isInteger: boolean];

export interface SpanRow {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly status: number;
  readonly statusMessage: string;
  readonly startNs: bigint;
  readonly durationNs: number;
  readonly endMs: number;
  readonly traceState: string;
  readonly flags: number;
  readonly service: string;
  readonly resource: readonly AttributeRow[];
  readonly scope: { readonly name: string; readonly version: string };
  readonly attributes: readonly AttributeRow[];
  readonly events: readonly { readonly timeNs: bigint; readonly name: string; readonly attributes: readonly AttributeRow[] }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string; readonly traceState: string; readonly attributes: readonly AttributeRow[] }[];
  readonly dropped: number;
}

/** A batch as plain objects, for comparison. */
export function spanRows(batch: SpanBatch): SpanRow[] {
  return Array.from({ length: batch.count }, (_, row) => {
    const resource = batch.resources[batch.resourceIndex[row]!]!;
    return {
      traceId: hexOf(batch.traceIds, row * 16, 16),
      spanId: hexOf(batch.spanIds, row * 8, 8),
      parentSpanId: hexOf(batch.parentSpanIds, row * 8, 8),
      name: batch.names[row]!,
      kind: batch.kinds[row]!,
      status: batch.statuses[row]!,
      statusMessage: batch.statusMessages[row]!,
      startNs: batch.startNs[row]!,
      durationNs: batch.durationNs[row]!,
      endMs: batch.endMs[row]!,
      traceState: batch.traceStates[row]!,
      flags: batch.flags[row]!,
      service: resource.serviceName,
      resource: attributeRows(resource.attributes),
      scope: batch.scopes[batch.scopeIndex[row]!]!,
      attributes: attributeRows(batch.attributes.slice(batch.attributeStart[row], batch.attributeStart[row + 1])),
      events: (batch.events[row] ?? []).map((event) => ({ ...event, attributes: attributeRows(event.attributes) })),
      links: (batch.links[row] ?? []).map((link) => ({ ...link, attributes: attributeRows(link.attributes) })),
      dropped: batch.droppedCounts[row]!,
    };
  });
}

export interface LogRow {
  readonly traceId: string;
  readonly spanId: string;
  readonly timeNs: bigint;
  readonly severity: number;
  readonly severityText: string;
  readonly body: string;
  readonly eventName: string;
  readonly flags: number;
  readonly service: string;
  readonly scope: { readonly name: string; readonly version: string };
  readonly attributes: readonly AttributeRow[];
  readonly dropped: number;
}

export function logRows(batch: LogBatch): LogRow[] {
  return Array.from({ length: batch.count }, (_, row) => ({
    traceId: hexOf(batch.traceIds, row * 16, 16),
    spanId: hexOf(batch.spanIds, row * 8, 8),
    timeNs: batch.timeNs[row]!,
    severity: batch.severityNumbers[row]!,
    severityText: batch.severityTexts[row]!,
    body: batch.bodies[row]!,
    eventName: batch.eventNames[row]!,
    flags: batch.flags[row]!,
    service: batch.resources[batch.resourceIndex[row]!]!.serviceName,
    scope: batch.scopes[batch.scopeIndex[row]!]!,
    attributes: attributeRows(batch.attributes.slice(batch.attributeStart[row], batch.attributeStart[row + 1])),
    dropped: batch.droppedCounts[row]!,
  }));
}

export function attributeRows(attributes: readonly Attribute[]): AttributeRow[] {
  return attributes.map((attribute) => [attribute.key, attribute.value, attribute.isInteger]);
}
