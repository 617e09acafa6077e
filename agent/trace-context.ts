/** Where a request belongs, as its headers say. */
export interface TraceContext {
  /** 32 lowercase hex digits. */
  readonly traceId: string;
  /** 16 lowercase hex digits: the span that sent the request. */
  readonly spanId: string;
  readonly isSampled: boolean;
  /** Member list of `tracestate` as it came; empty where there is none. */
  readonly traceState: string;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const B3_SINGLE = /^([0-9a-f]{32}|[0-9a-f]{16})-([0-9a-f]{16})(?:-([01d]))?(?:-[0-9a-f]{16})?$/;
const HEX_32 = /^(?:[0-9a-f]{16}|[0-9a-f]{32})$/;
const HEX_16 = /^[0-9a-f]{16}$/;
const ZERO = /^0+$/;
/** W3C Trace Context 3.3.1.5: at least so much of a tracestate should be propagated. */
const MAX_TRACE_STATE = 512;

/** W3C Trace Context, section 3.2. Undefined for what a receiver must ignore. */
export function readTraceparent(traceparent: string, traceState: string): TraceContext | undefined {
  const match = TRACEPARENT.exec(traceparent);
  if (match === null) return undefined;
  const [, version = '', traceId = '', spanId = '', flags = ''] = match;
  if (version === 'ff' || (version === '00' && traceparent.length !== 55) || ZERO.test(traceId) || ZERO.test(spanId)) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1, traceState: traceState.length <= MAX_TRACE_STATE ? traceState : '' };
}

/** The `b3` header in one piece: `{trace}-{span}[-{sampled}[-{parent}]]`. */
export function readB3(b3: string): TraceContext | undefined {
  const match = B3_SINGLE.exec(b3.toLowerCase());
  if (match === null) return undefined;
  return b3Context(match[1] ?? '', match[2] ?? '', match[3]);
}

/** The older headers `x-b3-traceid`, `x-b3-spanid`, `x-b3-sampled`. */
export function readB3Headers({ traceId, spanId, sampled }: { readonly traceId: string; readonly spanId: string; readonly sampled: string | undefined }): TraceContext | undefined {
  return b3Context(traceId.toLowerCase(), spanId.toLowerCase(), sampled);
}

function b3Context(traceId: string, spanId: string, sampled: string | undefined): TraceContext | undefined {
  if (!HEX_32.test(traceId) || !HEX_16.test(spanId) || ZERO.test(traceId) || ZERO.test(spanId)) return undefined;
  return { traceId: traceId.padStart(32, '0'), spanId, isSampled: sampled !== '0' && sampled !== 'false', traceState: '' };
}
