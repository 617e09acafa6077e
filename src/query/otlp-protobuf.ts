import { concatBytes, lengthDelimited, varintField } from '../ingest/wire-writer.js';
import type { AttributeValue } from '../trace/attribute.js';
import { DROPPED_ATTRIBUTES, takeCount, type OtlpSpan } from '../trace/mapped-attributes.js';
import { SPAN_KINDS, SPAN_STATUSES } from '../trace/span-batch.js';
import type { Attributes, Span } from '../trace/span.js';
import { groupByResource, isList } from './otlp-json.js';

const NOTHING = new Uint8Array(0);

/** OTLP's `TracesData`, which is on the wire what Tempo calls `Trace`: field numbers of opentelemetry-proto v1. */
export function tracesDataBytes(spans: readonly Span[]): Uint8Array {
  return concatBytes(groupByResource(spans).map(({ resource, scopes }) => lengthDelimited(1, concatBytes([
    lengthDelimited(1, attributesBytes(1, resource)),
    ...scopes.map(({ name, version, attributes, spans: ofScope }) => lengthDelimited(2, concatBytes([
      lengthDelimited(1, concatBytes([textField(1, name), textField(2, version), attributesBytes(3, attributes)])),
      ...ofScope.map((span) => lengthDelimited(2, spanBytes(span))),
    ]))),
  ]))));
}

function spanBytes(span: OtlpSpan): Uint8Array {
  return concatBytes([
    idField(1, span.traceId),
    idField(2, span.spanId),
    textField(3, span.traceState),
    idField(4, span.parentSpanId),
    textField(5, span.name),
    varintField(6, SPAN_KINDS.indexOf(span.kind)),
    fixed64Field(7, span.startNs),
    fixed64Field(8, span.startNs + BigInt(span.durationNs)),
    attributesBytes(9, span.attributes),
    varintField(10, span.droppedAttributes),
    ...span.events.map((event) => lengthDelimited(11, concatBytes([fixed64Field(1, event.timeNs), textField(2, event.name), itemAttributes(3, event.attributes)]))),
    varintField(12, span.droppedEvents),
    ...span.links.map((link) => lengthDelimited(13, concatBytes([idField(1, link.traceId), idField(2, link.spanId), textField(3, link.traceState ?? ''), itemAttributes(4, link.attributes)]))),
    varintField(14, span.droppedLinks),
    lengthDelimited(15, concatBytes([textField(2, span.statusMessage), varintField(3, SPAN_STATUSES.indexOf(span.status))])),
    fixed32Field(16, span.flags ?? 0),
  ]);
}

/** Of an event or a link; the count of those that were dropped is the next field. */
function itemAttributes(field: number, attributes: Attributes): Uint8Array {
  const { rest, count } = takeCount(attributes, DROPPED_ATTRIBUTES);
  return concatBytes([attributesBytes(field, rest), varintField(field + 1, count)]);
}

function attributesBytes(field: number, attributes: Attributes): Uint8Array {
  return concatBytes(Object.entries(attributes).map(([key, value]) => lengthDelimited(field, keyValueBytes(key, value))));
}

function keyValueBytes(key: string, value: AttributeValue): Uint8Array {
  return concatBytes([textField(1, key), lengthDelimited(2, anyValueBytes(value))]);
}

/** Members of a oneof are written even where they are empty: that is how they are told from an absent value. */
function anyValueBytes(value: AttributeValue): Uint8Array {
  if (value === null) return NOTHING;
  if (typeof value === 'string') return lengthDelimited(1, Buffer.from(value, 'utf8'));
  if (typeof value === 'boolean') return Uint8Array.of(2 << 3, value ? 1 : 0);
  if (typeof value === 'bigint') return concatBytes([Uint8Array.of(3 << 3), varint64(value)]);
  if (typeof value === 'number') return Number.isSafeInteger(value) ? concatBytes([Uint8Array.of(3 << 3), varint64(BigInt(value))]) : doubleField(4, value);
  if (value instanceof Uint8Array) return lengthDelimited(7, value);
  if (isList(value)) return lengthDelimited(5, concatBytes(value.map((element) => lengthDelimited(1, anyValueBytes(element)))));
  return lengthDelimited(6, concatBytes(Object.entries(value).map(([key, inner]) => lengthDelimited(1, keyValueBytes(key, inner)))));
}

function textField(field: number, text: string): Uint8Array {
  return text === '' ? NOTHING : lengthDelimited(field, Buffer.from(text, 'utf8'));
}

function idField(field: number, hex: string): Uint8Array {
  return hex === '' ? NOTHING : lengthDelimited(field, Buffer.from(hex, 'hex'));
}

function fixed64Field(field: number, value: bigint): Uint8Array {
  const bytes = Buffer.alloc(9);
  bytes.writeUInt8((field << 3) | 1);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value), 1);
  return bytes;
}

function fixed32Field(field: number, value: number): Uint8Array {
  if (value === 0) return NOTHING;
  const bytes = Buffer.alloc(6);
  bytes.set([((field << 3) & 0x7f) | 0x80 | 5, field >> 4]);
  bytes.writeUInt32LE(value, 2);
  return bytes;
}

function doubleField(field: number, value: number): Uint8Array {
  const bytes = Buffer.alloc(9);
  bytes.writeUInt8((field << 3) | 1);
  bytes.writeDoubleLE(value, 1);
  return bytes;
}

/** Negative numbers are ten bytes long, as their two's complement. */
function varint64(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Uint8Array.from([...bytes, Number(rest)]);
}
