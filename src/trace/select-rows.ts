import type { Attribute } from './attribute.js';
import type { SpanBatch } from './span-batch.js';

/** The rows of a batch that are asked for, in the order asked, as a batch of their own. Resources and scopes stay as they are. */
export function selectRows(batch: SpanBatch, rows: readonly number[]): SpanBatch {
  const { attributes, attributeStart } = selectAttributes(batch, rows);
  return {
    count: rows.length,
    traceIds: selectBytes(batch.traceIds, rows, 16),
    spanIds: selectBytes(batch.spanIds, rows, 8),
    parentSpanIds: selectBytes(batch.parentSpanIds, rows, 8),
    names: rows.map((row) => batch.names[row]!),
    kinds: Uint8Array.from(rows, (row) => batch.kinds[row]!),
    statuses: Uint8Array.from(rows, (row) => batch.statuses[row]!),
    statusMessages: rows.map((row) => batch.statusMessages[row]!),
    startNs: BigInt64Array.from(rows, (row) => batch.startNs[row]!),
    endMs: Float64Array.from(rows, (row) => batch.endMs[row]!),
    durationNs: Float64Array.from(rows, (row) => batch.durationNs[row]!),
    traceStates: rows.map((row) => batch.traceStates[row]!),
    flags: Uint32Array.from(rows, (row) => batch.flags[row]!),
    weights: Float64Array.from(rows, (row) => batch.weights[row]!),
    weightUnknown: Uint8Array.from(rows, (row) => batch.weightUnknown[row]!),
    resources: batch.resources,
    resourceIndex: Uint32Array.from(rows, (row) => batch.resourceIndex[row]!),
    scopes: batch.scopes,
    scopeIndex: Uint32Array.from(rows, (row) => batch.scopeIndex[row]!),
    attributeStart,
    attributes,
    events: rows.map((row) => batch.events[row]),
    links: rows.map((row) => batch.links[row]),
    droppedCounts: Uint32Array.from(rows, (row) => batch.droppedCounts[row]!),
  };
}

function selectBytes(bytes: Uint8Array, rows: readonly number[], width: number): Uint8Array {
  const selected = new Uint8Array(rows.length * width);
  rows.forEach((row, index) => selected.set(bytes.subarray(row * width, row * width + width), index * width));
  return selected;
}

function selectAttributes(batch: SpanBatch, rows: readonly number[]): Pick<SpanBatch, 'attributes' | 'attributeStart'> {
  const attributes: Attribute[] = [];
  const attributeStart = new Uint32Array(rows.length + 1);
  rows.forEach((row, index) => {
    for (let at = batch.attributeStart[row]!; at < batch.attributeStart[row + 1]!; at += 1) attributes.push(batch.attributes[at]!);
    attributeStart[index + 1] = attributes.length;
  });
  return { attributes, attributeStart };
}
