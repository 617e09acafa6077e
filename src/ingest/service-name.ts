import type { Encoding } from './export-answer.js';
import { WireReader } from './wire-reader.js';

const KEY = Buffer.from('service.name');
const MAX_NAME_BYTES = 255;
/** JSON exporters write the resource first; further in, a look would cost more than it is worth. */
const JSON_WINDOW = 16_384;
const JSON_NAME = /"key"\s*:\s*"service\.name"\s*,\s*"value"\s*:\s*\{\s*"stringValue"\s*:\s*"((?:[^"\\]|\\.){0,255})/;
const LENGTH_DELIMITED_1 = 0x0a;

/**
 * The `service.name` of the first resource of a request, found without decoding it; empty where there is none, or the bytes
 * are not OTLP. For sharing room between senders, which needs a quick answer and no exact one.
 */
export function firstServiceName(body: Uint8Array, encoding: Encoding): string {
  if (encoding === 'json') return JSON_NAME.exec(Buffer.from(body.buffer, body.byteOffset, Math.min(body.length, JSON_WINDOW)).toString('utf8'))?.[1] ?? '';
  try {
    return inRequest(body);
  } catch {
    return '';
  }
}

/** ExportTraceServiceRequest and ExportLogsServiceRequest alike: resource_… = 1 { resource = 1 { attributes = 1 { key = 1, value = 2 } } }. */
function inRequest(body: Uint8Array): string {
  const reader = new WireReader();
  reader.load(body);
  const requestEnd = firstField(reader, body.length);
  const resourceEnd = requestEnd === undefined ? undefined : firstField(reader, requestEnd);
  if (resourceEnd === undefined) return '';
  while (reader.position < resourceEnd) {
    const end = firstField(reader, resourceEnd);
    if (end === undefined) return '';
    const name = inAttribute(reader, end);
    if (name !== undefined) return name;
    reader.position = end;
  }
  return '';
}

/** Moves into the first field 1 and returns where it ends. */
function firstField(reader: WireReader, end: number): number | undefined {
  while (reader.position < end) {
    const tag = reader.tag();
    if (tag === LENGTH_DELIMITED_1) return reader.payload(end);
    reader.skip(tag, end);
  }
  return undefined;
}

/** The string value, where the key is service.name. */
function inAttribute(reader: WireReader, end: number): string | undefined {
  const keyEnd = firstField(reader, end);
  if (keyEnd === undefined || keyEnd - reader.position !== KEY.length || KEY.compare(reader.bytes, reader.position, keyEnd) !== 0) return undefined;
  reader.position = keyEnd;
  if (reader.position >= end || reader.tag() !== 0x12) return undefined;
  const valueEnd = firstField(reader, reader.payload(end));
  return valueEnd === undefined ? undefined : reader.utf8(reader.position, Math.min(valueEnd, reader.position + MAX_NAME_BYTES));
}
