import type { AttributeValue } from '../../src/trace/attribute.js';

/**
 * Writes OTLP protobuf by hand, so that tests can also say what no official serializer would: wrong lengths, other orders,
 * unknown fields. Every function returns bytes; a message is the concatenation of its fields.
 */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return Uint8Array.from([...bytes, Number(rest)]);
}

export function tag(field: number, wireType: number): Uint8Array {
  return varint(field * 8 + wireType);
}

export function number(field: number, value: number | bigint): Uint8Array {
  return concat(tag(field, 0), varint(value));
}

export function bytes(field: number, payload: Uint8Array): Uint8Array {
  return concat(tag(field, 2), varint(payload.length), payload);
}

export function text(field: number, value: string): Uint8Array {
  return bytes(field, Buffer.from(value, 'utf8'));
}

export function fixed64(field: number, value: bigint): Uint8Array {
  const payload = Buffer.alloc(8);
  payload.writeBigUInt64LE(BigInt.asUintN(64, value));
  return concat(tag(field, 1), payload);
}

export function fixed32(field: number, value: number): Uint8Array {
  const payload = Buffer.alloc(4);
  payload.writeUInt32LE(value >>> 0);
  return concat(tag(field, 5), payload);
}

export function double(field: number, value: number): Uint8Array {
  const payload = Buffer.alloc(8);
  payload.writeDoubleLE(value);
  return concat(tag(field, 1), payload);
}

/** AnyValue. Whole numbers are written as int_value, others as double_value. */
export function anyValue(value: AttributeValue): Uint8Array {
  if (value === null) return new Uint8Array(0);
  if (typeof value === 'string') return text(1, value);
  if (typeof value === 'boolean') return number(2, value ? 1 : 0);
  if (typeof value === 'bigint') return number(3, value);
  if (typeof value === 'number') return Number.isInteger(value) ? number(3, value) : double(4, value);
  if (value instanceof Uint8Array) return bytes(7, value);
  if (Array.isArray(value)) return bytes(5, concat(...(value as readonly AttributeValue[]).map((item) => bytes(1, anyValue(item)))));
  return bytes(6, concat(...Object.entries(value).map(([key, item]) => bytes(1, keyValue(key, item)))));
}

export function keyValue(key: string, value: AttributeValue): Uint8Array {
  return concat(text(1, key), bytes(2, anyValue(value)));
}

/** What a span of a test says about itself; the rest has good defaults. */
export interface WireSpan {
  readonly traceId?: Uint8Array;
  readonly spanId?: Uint8Array;
  readonly parentSpanId?: Uint8Array;
  readonly name?: string | Uint8Array;
  readonly kind?: number;
  readonly startNs?: bigint;
  readonly endNs?: bigint;
  readonly traceState?: string;
  readonly attributes?: readonly (readonly [string, AttributeValue])[];
  readonly status?: { readonly code?: number; readonly message?: string };
  readonly flags?: number;
  /** Fields written behind all others as they are. */
  readonly extra?: Uint8Array;
}

/** 2026-11-20 00:00:00 UTC. */
export const NOW_MS = 1_795_132_800_000;
export const NOW_NS = BigInt(NOW_MS) * 1_000_000n;
export const TRACE_ID = Uint8Array.from(Buffer.from('5b8efff798038103d269b633813fc60c', 'hex'));
export const SPAN_ID = Uint8Array.from(Buffer.from('eee19b7ec3c1b174', 'hex'));

export function span(wire: WireSpan = {}): Uint8Array {
  const name = wire.name ?? 'GET /';
  return concat(
    bytes(1, wire.traceId ?? TRACE_ID),
    bytes(2, wire.spanId ?? SPAN_ID),
    wire.traceState === undefined ? new Uint8Array(0) : text(3, wire.traceState),
    wire.parentSpanId === undefined ? new Uint8Array(0) : bytes(4, wire.parentSpanId),
    typeof name === 'string' ? text(5, name) : bytes(5, name),
    number(6, wire.kind ?? 2),
    fixed64(7, wire.startNs ?? NOW_NS - 5_000_000n),
    fixed64(8, wire.endNs ?? NOW_NS),
    ...(wire.attributes ?? []).map(([key, value]) => bytes(9, keyValue(key, value))),
    wire.status === undefined ? new Uint8Array(0) : bytes(15, concat(text(2, wire.status.message ?? ''), number(3, wire.status.code ?? 0))),
    wire.flags === undefined ? new Uint8Array(0) : fixed32(16, wire.flags),
    wire.extra ?? new Uint8Array(0),
  );
}

export function resource(attributes: readonly (readonly [string, AttributeValue])[] = [['service.name', 'checkout']]): Uint8Array {
  return concat(...attributes.map(([key, value]) => bytes(1, keyValue(key, value))));
}

/** ExportTraceServiceRequest with one resource and one scope; the same bytes shape serves logs. */
export function request(items: readonly Uint8Array[], owner: Uint8Array = resource()): Uint8Array {
  const scope = concat(text(1, 'test-scope'), text(2, '1.2.3'));
  return bytes(1, concat(bytes(1, owner), bytes(2, concat(bytes(1, scope), ...items.map((item) => bytes(2, item))))));
}

/** LogRecord. */
export function logRecord(record: { readonly timeNs?: bigint; readonly observedNs?: bigint; readonly body?: AttributeValue; readonly severity?: number; readonly traceId?: Uint8Array; readonly spanId?: Uint8Array; readonly extra?: Uint8Array } = {}): Uint8Array {
  return concat(
    record.timeNs === undefined ? new Uint8Array(0) : fixed64(1, record.timeNs),
    number(2, record.severity ?? 9),
    text(3, 'INFO'),
    bytes(5, anyValue(record.body === undefined ? 'hello' : record.body)),
    record.traceId === undefined ? new Uint8Array(0) : bytes(9, record.traceId),
    record.spanId === undefined ? new Uint8Array(0) : bytes(10, record.spanId),
    record.observedNs === undefined ? new Uint8Array(0) : fixed64(11, record.observedNs),
    record.extra ?? new Uint8Array(0),
  );
}
