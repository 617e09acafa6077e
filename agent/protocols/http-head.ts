import { readB3, readB3Headers, readTraceparent, type TraceContext } from '../trace-context.js';

/** What of a head is read beyond what framing needs. */
export interface HeadWishes {
  /** Lower-case names of headers to keep. */
  readonly headers: ReadonlySet<string>;
  /** Zipkin's headers count as context too. */
  readonly b3: boolean;
}

/** The fields of a head that mean something to us. */
export interface HeadFields {
  /** -1: none; NaN: there is one that cannot be trusted. */
  contentLength: number;
  isChunked: boolean;
  host: string | undefined;
  userAgent: string | undefined;
  requestId: string | undefined;
  contentType: string | undefined;
  context: TraceContext | undefined;
  kept: Map<string, string>;
}

const MAX_KEPT_HEADERS = 64;
const MAX_KEPT_LENGTH = 1_024;
export const NO_HEADERS: ReadonlyMap<string, string> = new Map();

/** Reads the lines behind the first one; `text` is latin1, one character a byte. A last line without its end is left out. */
export function readFields(text: string, start: number, wishes: HeadWishes): HeadFields {
  const fields: HeadFields = { contentLength: -1, isChunked: false, host: undefined, userAgent: undefined, requestId: undefined, contentType: undefined, context: undefined, kept: NO_HEADERS as Map<string, string> };
  const tracing: Tracing = {};
  for (let from = start; from < text.length;) {
    const end = text.indexOf('\r\n', from);
    if (end === -1 || end === from) break;
    const colon = text.indexOf(':', from);
    if (colon > from && colon < end && (wishes.headers.size > 0 || mayMean(colon - from, text.charCodeAt(from)))) readField(fields, tracing, { name: text.slice(from, colon).toLowerCase(), text, from: colon + 1, end, wishes });
    from = end + 2;
  }
  fields.context = contextOf(tracing, wishes.b3);
  return fields;
}

/** By the length and the first letter of a name, without regard to case. */
const MEANINGFUL = new Uint8Array(32 * 32);
for (const name of ['content-length', 'transfer-encoding', 'host', 'user-agent', 'x-request-id', 'content-type', 'traceparent', 'tracestate', 'b3', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled']) MEANINGFUL[placeOf(name.length, name.charCodeAt(0))] = 1;

function placeOf(length: number, letter: number): number {
  return (length << 5) | (letter & 31);
}

/** Most headers need no look at more than that. */
function mayMean(length: number, letter: number): boolean {
  return length < 32 && MEANINGFUL[placeOf(length, letter)] === 1;
}

interface Tracing {
  traceparent?: string;
  tracestate?: string;
  b3?: string;
  b3Trace?: string;
  b3Span?: string;
  b3Sampled?: string;
}

interface Line {
  readonly name: string;
  readonly text: string;
  readonly from: number;
  readonly end: number;
  readonly wishes: HeadWishes;
}

function readField(fields: HeadFields, tracing: Tracing, line: Line): void {
  const value = (): string => line.text.slice(line.from, line.end).trim();
  switch (line.name) {
    case 'content-length': {
      const length = /^\d{1,15}$/.test(value()) ? Number(value()) : Number.NaN;
      fields.contentLength = fields.contentLength === -1 || fields.contentLength === length ? length : Number.NaN;
      break;
    }
    case 'transfer-encoding': fields.isChunked = /(?:^|,)\s*chunked\s*$/i.test(value()); break;
    case 'host': fields.host ??= value(); break;
    case 'user-agent': fields.userAgent ??= readable(value()); break;
    case 'x-request-id': fields.requestId ??= value(); break;
    case 'content-type': fields.contentType ??= value(); break;
    case 'traceparent': tracing.traceparent = value(); break;
    // Several lines are one list (W3C Trace Context 3.3.1).
    case 'tracestate': tracing.tracestate = tracing.tracestate === undefined ? value() : `${tracing.tracestate},${value()}`; break;
    case 'b3': tracing.b3 = value(); break;
    case 'x-b3-traceid': tracing.b3Trace = value(); break;
    case 'x-b3-spanid': tracing.b3Span = value(); break;
    case 'x-b3-sampled': tracing.b3Sampled = value(); break;
    default: break;
  }
  if (line.wishes.headers.size > 0 && line.wishes.headers.has(line.name)) keep(fields, line.name, readable(value()));
}

function keep(fields: HeadFields, name: string, value: string): void {
  if (fields.kept === NO_HEADERS) fields.kept = new Map();
  if (fields.kept.size >= MAX_KEPT_HEADERS) return;
  const before = fields.kept.get(name);
  fields.kept.set(name, (before === undefined ? value : `${before}, ${value}`).slice(0, MAX_KEPT_LENGTH));
}

function contextOf(tracing: Tracing, b3: boolean): TraceContext | undefined {
  if (tracing.traceparent !== undefined) return readTraceparent(tracing.traceparent, tracing.tracestate ?? '');
  if (!b3) return undefined;
  if (tracing.b3 !== undefined) return readB3(tracing.b3);
  if (tracing.b3Trace === undefined || tracing.b3Span === undefined) return undefined;
  return readB3Headers({ traceId: tracing.b3Trace, spanId: tracing.b3Span, sampled: tracing.b3Sampled });
}

const NOT_ASCII = /[\x80-\xff]/;

/** Header values are bytes; most that are not ASCII are UTF-8. */
function readable(latin1: string): string {
  return NOT_ASCII.test(latin1) ? Buffer.from(latin1, 'latin1').toString('utf8') : latin1;
}
