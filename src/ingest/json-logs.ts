import type { LogBatch } from '../trace/log-record.js';
import type { DecodeLimits } from './decode-limits.js';
import type { DecodeTally } from './decode-tally.js';
import { JsonExport } from './json-export.js';
import type { JsonObject } from './json-reader.js';
import { LogColumns } from './log-columns.js';
import { bodyText } from './protobuf-logs.js';

const MAX_SEVERITY = 24;

/** Reads a parsed ExportLogsServiceRequest of OTLP/JSON. Throws JsonShapeError where it is none. */
export class JsonLogs {
  readonly #limits: DecodeLimits;
  readonly #request: JsonExport;

  constructor(options: { readonly limits: DecodeLimits; readonly weightAttribute: string }) {
    this.#limits = options.limits;
    this.#request = new JsonExport({ resources: 'resourceLogs', scopes: 'scopeLogs', items: 'logRecords' }, options);
  }

  decode(request: JsonObject, times: { readonly receivedAtMs: number; readonly latestMs: number }, tally: DecodeTally): LogBatch {
    const columns = new LogColumns(Math.min(this.#request.count(request), this.#limits.itemsPerRequest), times);
    const { resources, scopes } = this.#request.walk(request, { rows: columns, tally, item: (item) => this.#item(columns, item, tally) });
    return columns.finish(resources, scopes);
  }

  #item(columns: LogColumns, record: JsonObject, tally: DecodeTally): void {
    if (columns.row >= this.#limits.itemsPerRequest) {
      tally.reject('too-many');
      return;
    }
    columns.begin();
    this.#fields(columns, record);
    const problem = columns.problem();
    if (problem === undefined) columns.admit();
    else {
      columns.discard();
      tally.reject(problem);
    }
  }

  #fields(columns: LogColumns, record: JsonObject): void {
    const { reader, attributes } = this.#request;
    const row = columns.row;
    reader.uint64(record, 'timeUnixNano');
    columns.timeHigh = reader.high;
    columns.timeLow = reader.low;
    reader.uint64(record, 'observedTimeUnixNano');
    columns.observedHigh = reader.high;
    columns.observedLow = reader.low;
    columns.severityNumbers[row] = reader.enumNumber(record, 'severityNumber', MAX_SEVERITY);
    columns.severityTexts[row] = attributes.text(record, 'severityText');
    columns.bodies[row] = bodyText(attributes.value(record, 'body'));
    columns.eventNames[row] = attributes.text(record, 'eventName');
    columns.flags[row] = reader.uint32(record, 'flags');
    columns.traceIdLength = this.#request.id(record, 'traceId', { column: columns.traceIds, offset: row * 16, size: 16 });
    columns.spanIdLength = this.#request.id(record, 'spanId', { column: columns.spanIds, offset: row * 8, size: 8 });
    attributes.read(record, columns.attributes);
    columns.dropped = attributes.dropped + reader.uint32(record, 'droppedAttributesCount');
  }
}
