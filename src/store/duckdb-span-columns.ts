import type { Attribute } from '../trace/attribute.js';
import { httpStatusOf } from '../trace/http-status.js';
import type { SpanBatch, SpanEvent, SpanLink } from '../trace/span-batch.js';
import { DuckdbChunkAppender, type ChunkColumn, type ColumnType } from './duckdb-chunk-appender.js';
import { IMPORTED_AFTER_MS } from './span-sink.js';

/** Tables `spans_bulk` and `spans_fresh`, in the order of their columns. */
export const SPAN_TABLE = {
  trace_id_high: 'UBIGINT', trace_id_low: 'UBIGINT', span_id: 'UBIGINT', parent_span_id: 'UBIGINT',
  name: 'VARCHAR', kind: 'UTINYINT', status: 'UTINYINT', status_message: 'VARCHAR',
  start_ns: 'BIGINT', end_ms: 'BIGINT', duration_ns: 'BIGINT', service: 'VARCHAR', resource_id: 'UBIGINT',
  scope_name: 'VARCHAR', scope_version: 'VARCHAR', attributes: 'VARCHAR', events: 'VARCHAR', links: 'VARCHAR',
  trace_state: 'VARCHAR', flags: 'UINTEGER', weight: 'DOUBLE', weight_unknown: 'BOOLEAN', dropped_count: 'UINTEGER',
  arrival_ms: 'BIGINT', imported: 'BOOLEAN', http_status: 'SMALLINT',
} as const satisfies Record<string, ColumnType>;

/** Rows between two looks at how long the strings of the chunk have become. */
const SEGMENT_ROWS = 256;

export interface Arrival {
  readonly arrivalMs: number;
  /** All of it is history, whatever its times say. */
  readonly imported: boolean;
}

export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** Rows `from … from + count` of a batch, going to rows `to …` of the chunk. */
interface Segment {
  readonly from: number;
  readonly count: number;
  readonly to: number;
}

/** Fills the columns of a table of spans from the columns of a batch: whole columns where they agree, never an object per span. */
export class SpanColumns {
  readonly appender: DuckdbChunkAppender;
  readonly #column: Readonly<Record<keyof typeof SPAN_TABLE, ChunkColumn>>;

  constructor(table: 'spans_bulk' | 'spans_fresh') {
    this.appender = new DuckdbChunkAppender(table, Object.values(SPAN_TABLE));
    const names = Object.keys(SPAN_TABLE) as (keyof typeof SPAN_TABLE)[];
    this.#column = Object.fromEntries(names.map((name, index) => [name, this.appender.column(index)])) as Record<keyof typeof SPAN_TABLE, ChunkColumn>;
  }

  /** Rows `rows.from … rows.to` of the batch. */
  append(batch: SpanBatch, arrival: Arrival, rows: RowRange = { from: 0, to: batch.count }): void {
    for (let from = rows.from; from < rows.to;) {
      const count = Math.min(this.appender.room(), rows.to - from, SEGMENT_ROWS);
      const segment = { from, count, to: this.appender.rows };
      this.#ids(batch, segment);
      this.#numbers(batch, segment);
      this.#arrival(batch, segment, arrival);
      this.#origins(batch, segment);
      this.#texts(batch, segment);
      this.#attributes(batch, segment);
      this.appender.rows += count;
      from += count;
    }
  }

  #ids(batch: SpanBatch, { from, count, to }: Segment): void {
    const column = this.#column;
    copyIds(batch.traceIds, { offset: from * 16, stride: 16, count }, column.trace_id_high.words.subarray(to * 2));
    copyIds(batch.traceIds, { offset: from * 16 + 8, stride: 16, count }, column.trace_id_low.words.subarray(to * 2));
    copyIds(batch.spanIds, { offset: from * 8, stride: 8, count }, column.span_id.words.subarray(to * 2));
    copyIds(batch.parentSpanIds, { offset: from * 8, stride: 8, count }, column.parent_span_id.words.subarray(to * 2));
  }

  #numbers(batch: SpanBatch, { from, count, to }: Segment): void {
    const column = this.#column;
    const end = from + count;
    column.kind.bytes.set(batch.kinds.subarray(from, end), to);
    column.status.bytes.set(batch.statuses.subarray(from, end), to);
    column.weight_unknown.bytes.set(batch.weightUnknown.subarray(from, end), to);
    column.start_ns.bigints.set(batch.startNs.subarray(from, end), to);
    column.flags.words.set(batch.flags.subarray(from, end), to);
    column.dropped_count.words.set(batch.droppedCounts.subarray(from, end), to);
    column.weight.doubles.set(batch.weights.subarray(from, end), to);
    for (let index = 0; index < count; index += 1) {
      column.end_ms.setWhole(to + index, Math.floor(batch.endMs[from + index] ?? 0));
      column.duration_ns.setWhole(to + index, batch.durationNs[from + index] ?? 0);
    }
  }

  #arrival(batch: SpanBatch, { from, count, to }: Segment, { arrivalMs, imported }: Arrival): void {
    const oldest = arrivalMs - IMPORTED_AFTER_MS;
    const { arrival_ms: arrivals, imported: flags } = this.#column;
    for (let index = 0; index < count; index += 1) {
      arrivals.setWhole(to + index, arrivalMs);
      flags.bytes[to + index] = imported || (batch.endMs[from + index] ?? 0) < oldest ? 1 : 0;
    }
  }

  /** Resource and scope: mostly the same as in the row before. */
  #origins(batch: SpanBatch, { from, count, to }: Segment): void {
    const { service, resource_id: ids, scope_name: names, scope_version: versions } = this.#column;
    const text = this.appender.text;
    for (let index = 0; index < count; index += 1) {
      const row = to + index;
      const resourceIndex = batch.resourceIndex[from + index] ?? 0;
      const resource = batch.resources[resourceIndex];
      if (index > 0 && resourceIndex === batch.resourceIndex[from + index - 1]) {
        repeatCell(service.words, row, 4);
        repeatCell(ids.words, row, 2);
      } else {
        text.putShared(resource?.serviceName ?? '', service.words, row * 4);
        ids.bigints[row] = BigInt.asIntN(64, resource?.id ?? 0n);
      }
      const scopeIndex = batch.scopeIndex[from + index] ?? 0;
      if (index > 0 && scopeIndex === batch.scopeIndex[from + index - 1]) {
        repeatCell(names.words, row, 4);
        repeatCell(versions.words, row, 4);
      } else {
        text.putShared(batch.scopes[scopeIndex]?.name ?? '', names.words, row * 4);
        text.putShared(batch.scopes[scopeIndex]?.version ?? '', versions.words, row * 4);
      }
    }
  }

  #texts(batch: SpanBatch, { from, count, to }: Segment): void {
    const { name, status_message: messages, trace_state: states } = this.#column;
    const text = this.appender.text;
    for (let index = 0; index < count; index += 1) {
      const at = (to + index) * 4;
      text.putShared(batch.names[from + index] ?? '', name.words, at);
      text.putShared(batch.statusMessages[from + index] ?? '', messages.words, at);
      text.putShared(batch.traceStates[from + index] ?? '', states.words, at);
    }
  }

  #attributes(batch: SpanBatch, { from, count, to }: Segment): void {
    const { attributes, events, links, http_status: statuses } = this.#column;
    const text = this.appender.text;
    for (let index = 0; index < count; index += 1) {
      const source = from + index;
      const row = to + index;
      const [first, end] = [batch.attributeStart[source] ?? 0, batch.attributeStart[source + 1] ?? 0];
      text.put(attributesOf(batch.attributes, first, end), attributes.words, row * 4);
      const status = httpStatusOf(batch.attributes, first, end);
      if (status === undefined) statuses.setNull(row);
      else statuses.setNumber(row, status);
      const spanEvents = batch.events[source];
      if (spanEvents === undefined || spanEvents.length === 0) events.setNull(row);
      else text.put(eventsJson(spanEvents), events.words, row * 4);
      const spanLinks = batch.links[source];
      if (spanLinks === undefined || spanLinks.length === 0) links.setNull(row);
      else text.put(linksJson(spanLinks), links.words, row * 4);
    }
  }
}

/** Attributes `from … end` as one JSON object, joined from their fragments. */
export function attributesOf(attributes: readonly Attribute[], from: number, end: number): string {
  if (from >= end) return '{}';
  let json = `{${attributes[from]?.json ?? ''}`;
  for (let index = from + 1; index < end; index += 1) json += `,${attributes[index]?.json ?? ''}`;
  return `${json}}`;
}

/** `[{"timeNs":"1700000000000000000","name":"exception","attributes":{…}}]`; the time is text because JSON numbers end at 2^53 for most readers. */
function eventsJson(events: readonly SpanEvent[]): string {
  return `[${events.map((event) => `{"timeNs":"${event.timeNs}","name":${JSON.stringify(event.name)},"attributes":${attributesOf(event.attributes, 0, event.attributes.length)}}`).join(',')}]`;
}

function linksJson(links: readonly SpanLink[]): string {
  return `[${links.map((link) => `{"traceId":"${link.traceId}","spanId":"${link.spanId}","traceState":${JSON.stringify(link.traceState)},"attributes":${attributesOf(link.attributes, 0, link.attributes.length)}}`).join(',')}]`;
}

/** Ids come as bytes, most significant first; DuckDB keeps numbers, least significant word first. */
export function copyIds(source: Uint8Array, { offset, stride, count }: { offset: number; stride: number; count: number }, words: Uint32Array): void {
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  for (let index = 0; index < count; index += 1) {
    const at = offset + index * stride;
    words[index * 2] = view.getUint32(at + 4);
    words[index * 2 + 1] = view.getUint32(at);
  }
}

function repeatCell(words: Uint32Array, row: number, width: number): void {
  const at = row * width;
  for (let word = at; word < at + width; word += 1) words[word] = words[word - width] ?? 0;
}
