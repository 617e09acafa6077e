/** One export request as a receiver hands it on: decompressed, not decoded. */
export interface ExportRequest {
  readonly signal: 'traces' | 'logs';
  readonly encoding: 'protobuf' | 'json';
  readonly protocol: 'grpc' | 'http' | 'import';
  readonly body: Uint8Array;
  readonly receivedAtMs: number;
}

/** What became of it. Receivers translate it into gRPC and HTTP; nothing else knows status codes. */
export type ExportOutcome =
  /** Committed. `rejected` > 0 is a partial success; `message` then says how many of what and why, also as a warning with 0 rejected. */
  | { readonly kind: 'stored'; readonly admitted: number; readonly rejected: number; readonly deduplicated: number; readonly message: string }
  /** Never to be retried: the bytes are not OTLP. The message names the field and the offset. */
  | { readonly kind: 'malformed'; readonly message: string }
  /** To be retried: queues are full, the disk is full, the service is stopping. */
  | { readonly kind: 'busy'; readonly retryAfterMs: number; readonly message: string };

/** Port of the receivers: takes bytes, answers after the commit. Never throws for what a sender did. */
export interface Absorber {
  absorb(request: ExportRequest): Promise<ExportOutcome>;
}
