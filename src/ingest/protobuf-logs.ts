import { valueJson } from '../trace/attribute-json.js';
import type { AttributeValue } from '../trace/attribute.js';
import type { LogBatch } from '../trace/log-record.js';
import type { DecodeLimits } from './decode-limits.js';
import type { DecodeTally } from './decode-tally.js';
import { LogColumns } from './log-columns.js';
import { ProtobufExport } from './protobuf-export.js';

/** `field << 3 | wire type` of opentelemetry.proto.logs.v1.LogRecord. */
const LOG = {
  time: 0x09, severityNumber: 0x10, severityText: 0x1a, body: 0x2a, attribute: 0x32, droppedAttributes: 0x38, flags: 0x45,
  traceId: 0x4a, spanId: 0x52, observed: 0x59, eventName: 0x62,
} as const;
const MAX_SEVERITY = 24;

/** Decodes ExportLogsServiceRequest from its bytes. Throws WireError where the bytes are not protobuf. */
export class ProtobufLogs {
  readonly #limits: DecodeLimits;
  readonly #request: ProtobufExport;

  constructor(options: { readonly limits: DecodeLimits; readonly tally: DecodeTally; readonly weightAttribute: string }) {
    this.#limits = options.limits;
    this.#request = new ProtobufExport(options);
  }

  decode(bytes: Uint8Array, times: { readonly receivedAtMs: number; readonly latestMs: number }, tally: DecodeTally): LogBatch {
    const items = this.#request.begin(bytes, tally);
    const columns = new LogColumns(Math.min(items, this.#limits.itemsPerRequest), times);
    const { resources, scopes } = this.#request.walk(columns, (end) => this.#item(columns, end, tally));
    return columns.finish(resources, scopes);
  }

  #item(columns: LogColumns, end: number, tally: DecodeTally): void {
    if (columns.row >= this.#limits.itemsPerRequest) {
      this.#request.reader.position = end;
      tally.reject('too-many');
      return;
    }
    columns.begin();
    this.#request.attributes.beginList();
    this.#fields(columns, end);
    columns.dropped += this.#request.attributes.dropped;
    const problem = columns.problem();
    if (problem === undefined) columns.admit();
    else {
      columns.discard();
      tally.reject(problem);
    }
  }

  #fields(columns: LogColumns, end: number): void {
    const { reader, attributes } = this.#request;
    const row = columns.row;
    while (reader.position < end) {
      const tag = reader.tag();
      switch (tag) {
        case LOG.time: {
          const at = reader.fixed(8, end);
          columns.timeLow = reader.view.getUint32(at, true);
          columns.timeHigh = reader.view.getUint32(at + 4, true);
          break;
        }
        case LOG.observed: {
          const at = reader.fixed(8, end);
          columns.observedLow = reader.view.getUint32(at, true);
          columns.observedHigh = reader.view.getUint32(at + 4, true);
          break;
        }
        case LOG.severityNumber: columns.severityNumbers[row] = severityOr0(reader.varint()); break;
        case LOG.severityText: columns.severityTexts[row] = attributes.interned(reader.payload(end)); break;
        case LOG.body: columns.bodies[row] = bodyText(attributes.value(reader.payload(end))); break;
        case LOG.attribute: attributes.add(columns.attributes, reader.payload(end)); break;
        case LOG.droppedAttributes: columns.dropped += reader.varint(); break;
        case LOG.flags: columns.flags[row] = reader.view.getUint32(reader.fixed(4, end), true); break;
        case LOG.traceId: columns.traceIdLength = this.#id(columns.traceIds, row * 16, reader.payload(end)); break;
        case LOG.spanId: columns.spanIdLength = this.#id(columns.spanIds, row * 8, reader.payload(end)); break;
        case LOG.eventName: columns.eventNames[row] = attributes.interned(reader.payload(end)); break;
        default: reader.skip(tag, end);
      }
    }
    reader.finish(end);
  }

  #id(column: Uint8Array, offset: number, end: number): number {
    const { reader } = this.#request;
    const start = reader.position;
    reader.position = end;
    if (end - start === 8 || end - start === 16) column.set(reader.bytes.subarray(start, Math.min(end, start + column.length - offset)), offset);
    return end - start;
  }
}

export function severityOr0(number: number): number {
  return number <= MAX_SEVERITY ? number : 0;
}

/** A log body for reading: text as it is, what is structured as JSON, what is absent as nothing. */
export function bodyText(value: AttributeValue): string {
  if (value === null) return '';
  return typeof value === 'string' ? value : valueJson(value);
}
