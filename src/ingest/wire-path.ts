import { WireError, WireReader } from './wire-reader.js';

interface Field {
  readonly name: string;
  readonly repeated?: boolean;
  /** Message type of a submessage. */
  readonly type?: MessageName;
}
type MessageName =
  | 'TraceRequest' | 'ResourceSpans' | 'ScopeSpans' | 'Span' | 'Event' | 'Link' | 'Status'
  | 'LogRequest' | 'ResourceLogs' | 'ScopeLogs' | 'LogRecord'
  | 'Resource' | 'Scope' | 'KeyValue' | 'AnyValue' | 'ArrayValue' | 'KeyValueList';

/** Names of opentelemetry-proto 1.x by field number: for messages to people, not for decoding. */
const MESSAGES: Readonly<Record<MessageName, Readonly<Record<number, Field>>>> = {
  TraceRequest: { 1: { name: 'resource_spans', repeated: true, type: 'ResourceSpans' } },
  ResourceSpans: { 1: { name: 'resource', type: 'Resource' }, 2: { name: 'scope_spans', repeated: true, type: 'ScopeSpans' }, 3: { name: 'schema_url' } },
  ScopeSpans: { 1: { name: 'scope', type: 'Scope' }, 2: { name: 'spans', repeated: true, type: 'Span' }, 3: { name: 'schema_url' } },
  Span: {
    1: { name: 'trace_id' }, 2: { name: 'span_id' }, 3: { name: 'trace_state' }, 4: { name: 'parent_span_id' }, 5: { name: 'name' }, 6: { name: 'kind' },
    7: { name: 'start_time_unix_nano' }, 8: { name: 'end_time_unix_nano' }, 9: { name: 'attributes', repeated: true, type: 'KeyValue' },
    10: { name: 'dropped_attributes_count' }, 11: { name: 'events', repeated: true, type: 'Event' }, 12: { name: 'dropped_events_count' },
    13: { name: 'links', repeated: true, type: 'Link' }, 14: { name: 'dropped_links_count' }, 15: { name: 'status', type: 'Status' }, 16: { name: 'flags' },
  },
  Event: { 1: { name: 'time_unix_nano' }, 2: { name: 'name' }, 3: { name: 'attributes', repeated: true, type: 'KeyValue' } },
  Link: { 1: { name: 'trace_id' }, 2: { name: 'span_id' }, 3: { name: 'trace_state' }, 4: { name: 'attributes', repeated: true, type: 'KeyValue' } },
  Status: { 2: { name: 'message' }, 3: { name: 'code' } },
  LogRequest: { 1: { name: 'resource_logs', repeated: true, type: 'ResourceLogs' } },
  ResourceLogs: { 1: { name: 'resource', type: 'Resource' }, 2: { name: 'scope_logs', repeated: true, type: 'ScopeLogs' }, 3: { name: 'schema_url' } },
  ScopeLogs: { 1: { name: 'scope', type: 'Scope' }, 2: { name: 'log_records', repeated: true, type: 'LogRecord' }, 3: { name: 'schema_url' } },
  LogRecord: {
    1: { name: 'time_unix_nano' }, 2: { name: 'severity_number' }, 3: { name: 'severity_text' }, 5: { name: 'body', type: 'AnyValue' },
    6: { name: 'attributes', repeated: true, type: 'KeyValue' }, 7: { name: 'dropped_attributes_count' }, 8: { name: 'flags' }, 9: { name: 'trace_id' },
    10: { name: 'span_id' }, 11: { name: 'observed_time_unix_nano' }, 12: { name: 'event_name' },
  },
  Resource: { 1: { name: 'attributes', repeated: true, type: 'KeyValue' }, 2: { name: 'dropped_attributes_count' } },
  Scope: { 1: { name: 'name' }, 2: { name: 'version' }, 3: { name: 'attributes', repeated: true, type: 'KeyValue' } },
  KeyValue: { 1: { name: 'key' }, 2: { name: 'value', type: 'AnyValue' } },
  AnyValue: {
    1: { name: 'string_value' }, 2: { name: 'bool_value' }, 3: { name: 'int_value' }, 4: { name: 'double_value' },
    5: { name: 'array_value', type: 'ArrayValue' }, 6: { name: 'kvlist_value', type: 'KeyValueList' }, 7: { name: 'bytes_value' },
  },
  ArrayValue: { 1: { name: 'values', repeated: true, type: 'AnyValue' } },
  KeyValueList: { 1: { name: 'values', repeated: true, type: 'KeyValue' } },
};

/** Where people stop reading a path. */
const MAX_PATH_DEPTH = 24;

/**
 * The path of the field in which decoding failed at `offset`, like `resource_spans[0].scope_spans[1].spans[5].name`.
 * Found by walking the bytes again, so that decoding itself keeps no account of where it is.
 */
export function wirePath(bytes: Uint8Array, offset: number, root: 'TraceRequest' | 'LogRequest'): string {
  const reader = new WireReader();
  reader.load(bytes);
  const path: string[] = [];
  let step: Step | undefined = { type: root, end: bytes.length };
  while (step !== undefined && path.length < MAX_PATH_DEPTH) step = stepTowards(reader, offset, { message: step, path });
  return path.join('.');
}

interface Step {
  readonly type: MessageName;
  readonly end: number;
}

/** Names the field of the message that holds `offset`, and leaves the reader inside it if it is a message too. */
function stepTowards(reader: WireReader, offset: number, { message, path }: { message: Step; path: string[] }): Step | undefined {
  const seen = new Map<number, number>();
  while (reader.position < message.end) {
    const number = { field: 0, tag: 0 };
    try {
      number.tag = reader.tag();
      number.field = Math.floor(number.tag / 8);
      const index = seen.get(number.field) ?? 0;
      seen.set(number.field, index + 1);
      const end = endOf(reader, number.tag, message.end);
      if (offset >= end) {
        reader.position = end;
        continue;
      }
      const field = MESSAGES[message.type][number.field];
      path.push(nameOf(field, number.field, index));
      return (number.tag & 7) === 2 && field?.type !== undefined ? { type: field.type, end } : undefined;
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      if (number.field > 0) path.push(nameOf(MESSAGES[message.type][number.field], number.field, (seen.get(number.field) ?? 1) - 1));
      return undefined;
    }
  }
  return undefined;
}

function endOf(reader: WireReader, tag: number, end: number): number {
  if ((tag & 7) === 2) return reader.payload(end);
  reader.skip(tag, end);
  return reader.position;
}

function nameOf(field: Field | undefined, number: number, index: number): string {
  if (field === undefined) return `field ${number}`;
  return field.repeated === true ? `${field.name}[${index}]` : field.name;
}
