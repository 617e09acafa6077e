import type { Attribute } from '../trace/attribute.js';
import { addCount, DROPPED_ATTRIBUTES } from '../trace/mapped-attributes.js';
import type { SpanBatch, SpanEvent, SpanLink } from '../trace/span-batch.js';
import { hexOf } from '../lib/ids.js';
import type { DecodeLimits } from './decode-limits.js';
import type { DecodeTally } from './decode-tally.js';
import { ProtobufExport } from './protobuf-export.js';
import { SpanColumns } from './span-columns.js';

/** `field << 3 | wire type` of opentelemetry.proto.trace.v1.Span. */
const SPAN = {
  traceId: 0x0a, spanId: 0x12, traceState: 0x1a, parentSpanId: 0x22, name: 0x2a, kind: 0x30, start: 0x39, end: 0x41,
  attribute: 0x4a, droppedAttributes: 0x50, event: 0x5a, droppedEvents: 0x60, link: 0x6a, droppedLinks: 0x70, status: 0x7a, flags: 0x85,
} as const;
const STATUS = { message: 0x12, code: 0x18 } as const;
const EVENT = { time: 0x09, name: 0x12, attribute: 0x1a, droppedAttributes: 0x20 } as const;
const LINK = { traceId: 0x0a, spanId: 0x12, traceState: 0x1a, attribute: 0x22, droppedAttributes: 0x28 } as const;

const NO_ATTRIBUTES: readonly Attribute[] = [];
const MAX_KIND = 5;
const MAX_STATUS = 2;

/** Decodes ExportTraceServiceRequest from its bytes straight into columns. Throws WireError where the bytes are not protobuf. */
export class ProtobufSpans {
  readonly #limits: DecodeLimits;
  readonly #request: ProtobufExport;
  #columns = new SpanColumns(0, 0);
  #tally: DecodeTally;
  #eventsInRequest = 0;
  /** Start and end of the events, and of the links, of the span at hand: read only once it is admitted. */
  readonly #eventRanges: number[] = [];
  readonly #linkRanges: number[] = [];
  readonly #decodeItem = (end: number): void => this.#item(end);

  constructor(options: { readonly limits: DecodeLimits; readonly tally: DecodeTally; readonly weightAttribute: string }) {
    this.#limits = options.limits;
    this.#tally = options.tally;
    this.#request = new ProtobufExport(options);
  }

  decode(bytes: Uint8Array, latestMs: number, tally: DecodeTally): SpanBatch {
    const items = this.#request.begin(bytes, tally);
    const columns = new SpanColumns(Math.min(items, this.#limits.itemsPerRequest), latestMs);
    this.#columns = columns;
    this.#tally = tally;
    this.#eventsInRequest = 0;
    const { resources, scopes } = this.#request.walk(columns, this.#decodeItem);
    this.#columns = new SpanColumns(0, 0);
    return columns.finish(resources, scopes);
  }

  #item(end: number): void {
    const columns = this.#columns;
    if (columns.row >= this.#limits.itemsPerRequest) {
      this.#request.reader.position = end;
      this.#tally.reject('too-many');
      return;
    }
    columns.begin();
    this.#request.attributes.beginList();
    this.#eventRanges.length = 0;
    this.#linkRanges.length = 0;
    this.#fields(columns, end);
    columns.droppedAttributes += this.#request.attributes.dropped;
    columns.weight = this.#request.attributes.weight;
    const problem = columns.problem();
    if (problem === undefined) {
      if (this.#eventRanges.length > 0) columns.events[columns.row] = this.#list(this.#eventRanges, this.#decodeEvent);
      if (this.#linkRanges.length > 0) columns.links[columns.row] = this.#list(this.#linkRanges, this.#decodeLink);
      columns.admit();
    } else {
      columns.discard();
      this.#tally.reject(problem);
    }
  }

  #fields(columns: SpanColumns, end: number): void {
    const { reader, attributes } = this.#request;
    const row = columns.row;
    while (reader.position < end) {
      const tag = reader.tag();
      switch (tag) {
        case SPAN.attribute: attributes.add(columns.attributes, reader.payload(end)); break;
        case SPAN.traceId: columns.traceIdLength = this.#id(columns.traceIdWords, row * 4, reader.payload(end)); break;
        case SPAN.spanId: columns.spanIdLength = this.#id(columns.spanIdWords, row * 2, reader.payload(end)); break;
        case SPAN.parentSpanId: columns.parentSpanIdLength = this.#id(columns.parentSpanIdWords, row * 2, reader.payload(end)); break;
        case SPAN.name: columns.names[row] = attributes.interned(reader.payload(end)); break;
        case SPAN.kind: columns.kinds[row] = knownOr0(reader.varint(), MAX_KIND); break;
        case SPAN.start: {
          const at = reader.fixed(8, end);
          columns.startLow = reader.view.getUint32(at, true);
          columns.startHigh = reader.view.getUint32(at + 4, true);
          break;
        }
        case SPAN.end: {
          const at = reader.fixed(8, end);
          columns.endLow = reader.view.getUint32(at, true);
          columns.endHigh = reader.view.getUint32(at + 4, true);
          break;
        }
        case SPAN.status: this.#status(columns, reader.payload(end)); break;
        case SPAN.flags: columns.flags[row] = reader.view.getUint32(reader.fixed(4, end), true); break;
        case SPAN.traceState: columns.traceStates[row] = attributes.interned(reader.payload(end)); break;
        case SPAN.event: this.#defer(this.#eventRanges, reader.payload(end)); break;
        case SPAN.link: this.#defer(this.#linkRanges, reader.payload(end)); break;
        case SPAN.droppedAttributes: columns.droppedAttributes += reader.varint(); break;
        case SPAN.droppedEvents: columns.droppedEvents += reader.varint(); break;
        case SPAN.droppedLinks: columns.droppedLinks += reader.varint(); break;
        default: reader.skip(tag, end);
      }
    }
    reader.finish(end);
  }

  /** Copies an id by words where its length is right; returns its length. */
  #id(words: Int32Array, index: number, end: number): number {
    const { reader } = this.#request;
    const start = reader.position;
    const length = end - start;
    reader.position = end;
    if (length === 0) {
      words[index] = 0;
      words[index + 1] = 0;
    }
    if (length !== 8 && length !== 16) return length;
    words[index] = reader.view.getInt32(start, true);
    words[index + 1] = reader.view.getInt32(start + 4, true);
    if (length === 16) {
      words[index + 2] = reader.view.getInt32(start + 8, true);
      words[index + 3] = reader.view.getInt32(start + 12, true);
    }
    return length;
  }

  #status(columns: SpanColumns, end: number): void {
    const { reader, attributes } = this.#request;
    while (reader.position < end) {
      const tag = reader.tag();
      if (tag === STATUS.code) columns.statuses[columns.row] = knownOr0(reader.varint(), MAX_STATUS);
      else if (tag === STATUS.message) columns.statusMessages[columns.row] = attributes.interned(reader.payload(end));
      else reader.skip(tag, end);
    }
    reader.finish(end);
  }

  #defer(ranges: number[], end: number): void {
    const { reader } = this.#request;
    const full = ranges.length >= this.#limits.eventsPerSpan * 2;
    if (full || this.#eventsInRequest >= this.#limits.eventsPerRequest) {
      this.#tally.hit(full ? 'events-per-span' : 'events-per-request');
      if (ranges === this.#eventRanges) this.#columns.droppedEvents += 1;
      else this.#columns.droppedLinks += 1;
    } else {
      this.#eventsInRequest += 1;
      ranges.push(reader.position, end);
    }
    reader.position = end;
  }

  #list<Item>(ranges: readonly number[], decode: (end: number) => Item): Item[] {
    const { reader } = this.#request;
    const after = reader.position;
    const items: Item[] = [];
    for (let index = 0; index < ranges.length; index += 2) {
      reader.position = ranges[index] ?? 0;
      items.push(decode(ranges[index + 1] ?? 0));
    }
    reader.position = after;
    return items;
  }

  readonly #decodeEvent = (end: number): SpanEvent => {
    const { reader, attributes } = this.#request;
    let timeNs = 0n;
    let name = '';
    let dropped = 0;
    let list: Attribute[] | undefined;
    while (reader.position < end) {
      const tag = reader.tag();
      if (tag === EVENT.time) timeNs = reader.view.getBigUint64(reader.fixed(8, end), true);
      else if (tag === EVENT.name) name = attributes.interned(reader.payload(end));
      else if (tag === EVENT.attribute) list = this.#innerAttribute(list, reader.payload(end));
      else if (tag === EVENT.droppedAttributes) dropped = reader.varint();
      else reader.skip(tag, end);
    }
    reader.finish(end);
    return { timeNs, name, attributes: this.#counted(list, dropped) };
  };

  readonly #decodeLink = (end: number): SpanLink => {
    const { reader, attributes } = this.#request;
    let traceId = '';
    let spanId = '';
    let traceState = '';
    let dropped = 0;
    let list: Attribute[] | undefined;
    while (reader.position < end) {
      const tag = reader.tag();
      if (tag === LINK.traceId) traceId = this.#hex(reader.payload(end));
      else if (tag === LINK.spanId) spanId = this.#hex(reader.payload(end));
      else if (tag === LINK.traceState) traceState = attributes.interned(reader.payload(end));
      else if (tag === LINK.attribute) list = this.#innerAttribute(list, reader.payload(end));
      else if (tag === LINK.droppedAttributes) dropped = reader.varint();
      else reader.skip(tag, end);
    }
    reader.finish(end);
    return { traceId, spanId, traceState, attributes: this.#counted(list, dropped) };
  };

  #innerAttribute(list: Attribute[] | undefined, end: number): Attribute[] {
    const { attributes } = this.#request;
    if (list === undefined) attributes.beginList();
    const kept = list ?? [];
    attributes.add(kept, end);
    return kept;
  }

  /** With what was dropped of the list, by the sender and here. */
  #counted(list: Attribute[] | undefined, byItsSender: number): readonly Attribute[] {
    const count = byItsSender + (list === undefined ? 0 : this.#request.attributes.dropped);
    if (count === 0) return list ?? NO_ATTRIBUTES;
    const kept = list ?? [];
    addCount(kept, { key: DROPPED_ATTRIBUTES, count, from: 0 });
    return kept;
  }

  /** Ids of links are kept as sent; of impossibly long ones the beginning is. */
  #hex(end: number): string {
    const { reader } = this.#request;
    const start = reader.position;
    reader.position = end;
    return hexOf(reader.bytes, start, Math.min(end - start, 16));
  }
}

/** A number of an enum that is newer than this decoder reads as unspecified. */
function knownOr0(value: number, max: number): number {
  return value <= max ? value : 0;
}
