/**
 * An id that was made here, in words of 32 bits, signed: V8 keeps such numbers without an object of their own. A text would take the runtime longer to make than its span takes to write, and
 * is hardly ever needed.
 */
export interface SpanWords {
  readonly first: number;
  readonly second: number;
}

export interface TraceWords extends SpanWords {
  readonly third: number;
  readonly fourth: number;
}

/** 16 hexadecimal digits, as they came in a header, or one that was made here. */
export type SpanId = string | SpanWords;

/** 32 hexadecimal digits, as they came in a header, or one that was made here. */
export type TraceId = string | TraceWords;

export function traceIdText(id: TraceId): string {
  return typeof id === 'string' ? id : [id.first, id.second, id.third, id.fourth].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}
