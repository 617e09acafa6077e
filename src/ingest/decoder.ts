import type { LogBatch } from '../trace/log-record.js';
import type { SpanBatch } from '../trace/span-batch.js';
import type { ExportRequest } from './absorber.js';
import { DECODE_LIMITS, type DecodeLimitName, type DecodeLimits } from './decode-limits.js';
import { DecodeTally, type Rejected } from './decode-tally.js';
import { JsonLogs } from './json-logs.js';
import { isObject, JsonShapeError, kindOf, type JsonObject } from './json-reader.js';
import { JsonSpans } from './json-spans.js';
import { prepareJson } from './json-text.js';
import { ProtobufLogs } from './protobuf-logs.js';
import { ProtobufSpans } from './protobuf-spans.js';
import { wirePath } from './wire-path.js';
import { WireError } from './wire-reader.js';

export type DecodeInput = Pick<ExportRequest, 'body' | 'encoding' | 'receivedAtMs'>;

export type DecodeResult<Batch> =
  | {
      readonly ok: true;
      readonly batch: Batch;
      readonly rejected: Rejected;
      /** How often which limit was hit. */
      readonly limits: ReadonlyMap<DecodeLimitName, number>;
    }
  /** The bytes are not OTLP; says where. */
  | { readonly ok: false; readonly message: string };

/** Decodes requests of one signal one after another, and remembers what repeats. Not to be shared between threads. */
export interface Decoder<Batch> {
  decode(input: DecodeInput): DecodeResult<Batch>;
}
export type TraceDecoder = Decoder<SpanBatch>;
export type LogDecoder = Decoder<LogBatch>;

export interface DecoderOptions {
  readonly limits?: Partial<DecodeLimits>;
  /** Span attribute that says "1 in N" where the tracestate does not. */
  readonly weightAttribute?: string;
}

interface Signal<Batch> {
  readonly noun: 'spans' | 'log records';
  readonly root: 'TraceRequest' | 'LogRequest';
  protobuf(input: DecodeInput, tally: DecodeTally): Batch;
  json(request: JsonObject, input: DecodeInput, tally: DecodeTally): Batch;
}

export function createTraceDecoder(options: DecoderOptions = {}): TraceDecoder {
  const settings = settingsOf(options);
  const protobuf = new ProtobufSpans(settings);
  const json = new JsonSpans(settings);
  const latestMs = (input: DecodeInput): number => input.receivedAtMs + settings.limits.futureMs;
  return decoder<SpanBatch>(settings.limits, {
    noun: 'spans',
    root: 'TraceRequest',
    protobuf: (input, tally) => protobuf.decode(input.body, latestMs(input), tally),
    json: (request, input, tally) => json.decode(request, latestMs(input), tally),
  });
}

export function createLogDecoder(options: DecoderOptions = {}): LogDecoder {
  const settings = settingsOf(options);
  const protobuf = new ProtobufLogs(settings);
  const json = new JsonLogs(settings);
  const times = ({ receivedAtMs }: DecodeInput): { receivedAtMs: number; latestMs: number } => ({ receivedAtMs, latestMs: receivedAtMs + settings.limits.futureMs });
  return decoder<LogBatch>(settings.limits, {
    noun: 'log records',
    root: 'LogRequest',
    protobuf: (input, tally) => protobuf.decode(input.body, times(input), tally),
    json: (request, input, tally) => json.decode(request, times(input), tally),
  });
}

function settingsOf(options: DecoderOptions): { limits: DecodeLimits; tally: DecodeTally; weightAttribute: string } {
  return { limits: { ...DECODE_LIMITS, ...options.limits }, tally: new DecodeTally(), weightAttribute: options.weightAttribute ?? 'SampleRate' };
}

function decoder<Batch extends { readonly count: number }>(limits: DecodeLimits, signal: Signal<Batch>): Decoder<Batch> {
  return {
    decode(input) {
      const tally = new DecodeTally();
      try {
        const batch = input.encoding === 'protobuf' ? signal.protobuf(input, tally) : signal.json(parse(input, limits), input, tally);
        return { ok: true, batch, rejected: tally.rejected(signal.noun, batch.count), limits: tally.limits };
      } catch (error) {
        return { ok: false, message: messageOf(error, input, signal.root) };
      }
    },
  };
}

function parse({ body }: DecodeInput, limits: DecodeLimits): JsonObject {
  const prepared = prepareJson(body, limits);
  if (!prepared.ok) throw new JsonShapeError('', prepared.problem);
  const request: unknown = JSON.parse(prepared.text);
  if (!isObject(request)) throw new JsonShapeError('', `the body is ${kindOf(request)}, expected an object`);
  return request;
}

/** Bugs go on as they are: only what a sender did becomes a message. */
function messageOf(error: unknown, { body }: DecodeInput, root: 'TraceRequest' | 'LogRequest'): string {
  if (error instanceof WireError) {
    const path = wirePath(body, error.offset, root);
    return `not OTLP protobuf: ${path === '' ? '' : `${path}: `}${error.problem}, at byte ${error.offset} of ${body.length}`;
  }
  if (error instanceof JsonShapeError) return `not OTLP/JSON: ${error.path === '' ? '' : `${error.path} `}${error.problem}`;
  if (error instanceof SyntaxError) return `not JSON: ${error.message}`;
  throw error;
}
