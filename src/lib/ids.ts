/** Branded strings: a trace id cannot be handed over where a span id is meant. */
declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** 32 lowercase hex digits. */
export type TraceId = Branded<'TraceId'>;
/** 16 lowercase hex digits. */
export type SpanId = Branded<'SpanId'>;
/** Opaque, sortable by time of opening. */
export type IncidentId = Branded<'IncidentId'>;
/** Hash over an alert's labels: the same condition has the same id for ever. */
export type AlertId = Branded<'AlertId'>;
/** One message to one receiver; stays the same on every retry. */
export type DeliveryId = Branded<'DeliveryId'>;
export type SilenceId = Branded<'SilenceId'>;

const TRACE_ID = /^[0-9a-f]{32}$/;
const SPAN_ID = /^[0-9a-f]{16}$/;

export function isTraceId(text: string): text is TraceId {
  return TRACE_ID.test(text);
}

export function isSpanId(text: string): text is SpanId {
  return SPAN_ID.test(text);
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Lowercase hex of `length` bytes of `bytes` from `offset`. */
export function hexOf(bytes: Uint8Array, offset = 0, length = bytes.length - offset): string {
  let text = '';
  for (let index = offset; index < offset + length; index += 1) text += HEX[bytes[index] ?? 0] ?? '';
  return text;
}
