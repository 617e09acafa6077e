export type Signal = 'traces' | 'logs';

/** What became of one request. */
export type Delivery =
  | { readonly outcome: 'delivered'; readonly rejectedSpans: number }
  | { readonly outcome: 'retryable'; readonly afterMs: number | undefined; readonly why: string }
  | { readonly outcome: 'rejected'; readonly why: string };

/** Sends one encoded ExportTraceServiceRequest or ExportLogsServiceRequest. Never throws. */
export interface OtlpSender {
  /** It wants the request compressed already. */
  readonly takesGzip: boolean;
  send(request: Buffer): Promise<Delivery>;
  close(): void;
}

export interface SenderOptions {
  readonly signal: Signal;
  readonly endpoint: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: 'gzip' | 'none';
  readonly timeoutMs: number;
}

/** `Retry-After`: seconds, or a date (RFC 9110, 10.2.3). */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,6}$/.test(header.trim())) return Number(header) * 1_000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

/** `rejected_spans` of an ExportTraceServiceResponse, `rejected_log_records` of an ExportLogsServiceResponse: field 1 { field 1 }. 0 where there is none, or it cannot be read. */
export function rejectedSpans(response: Uint8Array): number {
  if (response.length < 4 || response[0] !== 0x0a || response[2] !== 0x08) return 0;
  let value = 0;
  for (let at = 3; at < Math.min(response.length, 12); at += 1) {
    value += (response[at]! & 0x7f) * 2 ** (7 * (at - 3));
    if (response[at]! < 0x80) return value;
  }
  return 0;
}
