import type { TraceContext } from '../trace-context.js';
import type { Timing } from './timing.js';

/** One HTTP/1 request and its answer. */
export interface HttpExchange extends Timing {
  readonly protocol: 'http';
  readonly method: string;
  /** Without the query, which may hold anything. */
  readonly path: string;
  /** Whom the request is for, by its target or its `Host`; empty where neither says. */
  readonly authority: string;
  /** Undefined where it was not captured. */
  readonly version: '1.0' | '1.1' | undefined;
  readonly userAgent: string | undefined;
  readonly requestId: string | undefined;
  readonly context: TraceContext | undefined;
  /** The request carries telemetry (OTLP), so that whoever sent it is instrumented. */
  readonly isTelemetry: boolean;
  /** Headers that were asked for, by lower-case name. */
  readonly requestHeaders: ReadonlyMap<string, string>;
  /** 0 until the answer's head was seen. */
  statusCode: number;
  responseHeaders: ReadonlyMap<string, string>;
  /** Body bytes as they were framed; undefined where their end was not seen. */
  requestBodySize: number | undefined;
  responseBodySize: number | undefined;
  /** What was kept of the bodies; empty unless asked for. */
  requestBody: Buffer;
  responseBody: Buffer;
}
