import type { Attribute } from '../trace/attribute.js';
import { addCount, DROPPED_ATTRIBUTES } from '../trace/mapped-attributes.js';
import type { SpanBatch, SpanEvent, SpanLink } from '../trace/span-batch.js';
import type { DecodeLimits } from './decode-limits.js';
import { DecodeTally } from './decode-tally.js';
import { JsonExport } from './json-export.js';
import type { JsonObject } from './json-reader.js';
import { SpanColumns } from './span-columns.js';

const MAX_KIND = 5;
const MAX_STATUS = 2;
const MAX_ID_DIGITS = 32;

interface ListField {
  readonly columns: SpanColumns;
  readonly span: JsonObject;
  readonly field: 'events' | 'links';
}

/** Reads a parsed ExportTraceServiceRequest of OTLP/JSON into columns. Throws JsonShapeError where it is none. */
export class JsonSpans {
  readonly #limits: DecodeLimits;
  readonly #request: JsonExport;
  #tally = new DecodeTally();
  #eventsInRequest = 0;

  constructor(options: { readonly limits: DecodeLimits; readonly weightAttribute: string }) {
    this.#limits = options.limits;
    this.#request = new JsonExport({ resources: 'resourceSpans', scopes: 'scopeSpans', items: 'spans' }, options);
  }

  decode(request: JsonObject, latestMs: number, tally: DecodeTally): SpanBatch {
    const columns = new SpanColumns(Math.min(this.#request.count(request), this.#limits.itemsPerRequest), latestMs);
    this.#tally = tally;
    this.#eventsInRequest = 0;
    const { resources, scopes } = this.#request.walk(request, { rows: columns, tally, item: (item) => this.#item(columns, item) });
    return columns.finish(resources, scopes);
  }

  #item(columns: SpanColumns, span: JsonObject): void {
    if (columns.row >= this.#limits.itemsPerRequest) {
      this.#tally.reject('too-many');
      return;
    }
    columns.begin();
    this.#fields(columns, span);
    const problem = columns.problem();
    if (problem === undefined) columns.admit();
    else {
      columns.discard();
      this.#tally.reject(problem);
    }
  }

  #fields(columns: SpanColumns, span: JsonObject): void {
    const { reader, attributes } = this.#request;
    const row = columns.row;
    columns.traceIdLength = this.#request.id(span, 'traceId', { column: columns.traceIds, offset: row * 16, size: 16 });
    columns.spanIdLength = this.#request.id(span, 'spanId', { column: columns.spanIds, offset: row * 8, size: 8 });
    columns.parentSpanIdLength = this.#request.id(span, 'parentSpanId', { column: columns.parentSpanIds, offset: row * 8, size: 8 });
    columns.names[row] = attributes.text(span, 'name');
    columns.kinds[row] = reader.enumNumber(span, 'kind', MAX_KIND);
    columns.traceStates[row] = attributes.text(span, 'traceState');
    columns.flags[row] = reader.uint32(span, 'flags');
    reader.uint64(span, 'startTimeUnixNano');
    columns.startHigh = reader.high;
    columns.startLow = reader.low;
    reader.uint64(span, 'endTimeUnixNano');
    columns.endHigh = reader.high;
    columns.endLow = reader.low;
    reader.within(span, 'status', (status) => {
      columns.statuses[row] = reader.enumNumber(status, 'code', MAX_STATUS);
      columns.statusMessages[row] = attributes.text(status, 'message');
    });
    attributes.read(span, columns.attributes);
    columns.weight = attributes.weight;
    columns.droppedAttributes = attributes.dropped + reader.uint32(span, 'droppedAttributesCount');
    columns.droppedEvents = reader.uint32(span, 'droppedEventsCount');
    columns.droppedLinks = reader.uint32(span, 'droppedLinksCount');
    columns.events[row] = this.#list({ columns, span, field: 'events' }, (event) => this.#event(event));
    columns.links[row] = this.#list({ columns, span, field: 'links' }, (link) => this.#link(link));
  }

  #list<Item>({ columns, span, field }: ListField, read: (item: JsonObject) => Item): Item[] | undefined {
    const { reader } = this.#request;
    const list = reader.list(span, field);
    if (list.length === 0) return undefined;
    const room = Math.min(this.#limits.eventsPerSpan, this.#limits.eventsPerRequest - this.#eventsInRequest);
    const items: Item[] = [];
    reader.each(span, field, (item) => {
      if (items.length < room) items.push(read(item));
    });
    this.#eventsInRequest += items.length;
    const surplus = list.length - items.length;
    columns[field === 'events' ? 'droppedEvents' : 'droppedLinks'] += surplus;
    if (surplus > 0) this.#tally.hit(room === this.#limits.eventsPerSpan ? 'events-per-span' : 'events-per-request', surplus);
    return items;
  }

  #event(event: JsonObject): SpanEvent {
    const { reader, attributes } = this.#request;
    return { timeNs: reader.uint64(event, 'timeUnixNano'), name: attributes.text(event, 'name'), attributes: this.#attributesOf(event) };
  }

  #link(link: JsonObject): SpanLink {
    const { reader, attributes } = this.#request;
    return {
      traceId: reader.text(link, 'traceId').slice(0, MAX_ID_DIGITS).toLowerCase(),
      spanId: reader.text(link, 'spanId').slice(0, MAX_ID_DIGITS).toLowerCase(),
      traceState: attributes.text(link, 'traceState'),
      attributes: this.#attributesOf(link),
    };
  }

  /** Of an event or link, with what was dropped of them, by the sender and here. */
  #attributesOf(item: JsonObject): readonly Attribute[] {
    const { reader, attributes } = this.#request;
    const list: Attribute[] = [];
    attributes.read(item, list);
    addCount(list, { key: DROPPED_ATTRIBUTES, count: attributes.dropped + reader.uint32(item, 'droppedAttributesCount'), from: 0 });
    return list;
  }
}
