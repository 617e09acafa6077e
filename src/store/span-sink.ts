import type { ExportOutcome, ExportRequest } from '../ingest/absorber.js';
import type { JourneyEntry } from '../sli/journey.js';
import type { GraphSlice, RedSlice, SloSlice } from '../sli/slice.js';
import type { LogBatch } from '../trace/log-record.js';
import type { SpanBatch } from '../trace/span-batch.js';
import type { Digest } from './digest-index.js';
import type { Admission, Claim } from './span-index.js';

/** One export request, decoded and measured: what a commit adds to the store. */
export interface AdmittedExport {
  readonly digest: Digest;
  readonly signal: ExportRequest['signal'];
  readonly protocol: ExportRequest['protocol'];
  readonly receivedAtMs: number;
  readonly rejected: number;
  /** Spans of the request that were stored before. */
  readonly deduplicated: number;
  /** For the sender; empty when all is well. */
  readonly message: string;
  /** Those that are new, as `admit` gave them. */
  readonly spans?: SpanBatch;
  readonly claim?: Claim;
  readonly logs?: LogBatch;
  readonly sloSlices: readonly SloSlice[];
  readonly redSlices: readonly RedSlice[];
  readonly graphSlices?: readonly GraphSlice[];
  readonly journeys?: readonly JourneyEntry[];
}

/** What one commit changed, for those who keep figures in memory (the tick's index of slices, the metrics). */
export interface CommitNews {
  readonly committedAtMs: number;
  readonly tookMs: number;
  readonly oldestReceivedAtMs: number;
  readonly exports: number;
  readonly spans: number;
  readonly logs: number;
  /** Deltas, merged by key and without imported ones, which never page. */
  readonly sloSlices: readonly SloSlice[];
}

/**
 * Where admitted exports go. Adapters: DuckDB, memory; one contract suite for both.
 * Everything that resolves as `stored` is durable, with its slices, its digest and its ledger entry, in one transaction.
 */
export interface SpanSink {
  /** What became of the very same bytes before: a resent batch is answered, not decoded. Undefined when they are new. */
  recall(digest: Digest, request: ExportRequest): Promise<ExportOutcome> | undefined;
  /** The spans that are not stored yet. Waits where some are on their way in another request. Every claim goes on to `store` or to `abandon`. */
  admit(batch: SpanBatch, receivedAtMs: number): Promise<Admission> | Admission;
  /** What was claimed will not be stored. */
  abandon(claim: Claim): void;
  /** Resolves after the commit that holds it: `stored`, or `busy` when that commit failed and nothing of it remains. */
  store(admitted: AdmittedExport): Promise<ExportOutcome>;
  /** Commits what waits, now. */
  drain(): Promise<void>;
}

/** Event times older than this at arrival are history: stored and shown, never paged on. */
export const IMPORTED_AFTER_MS = 3_600_000;
const IMPORTED_AFTER_MINUTES = IMPORTED_AFTER_MS / 60_000;

export function isImportedSlice(slice: SloSlice | RedSlice, protocol: ExportRequest['protocol']): boolean {
  return protocol === 'import' || slice.arrivalMinute - slice.eventMinute > IMPORTED_AFTER_MINUTES;
}

export function admittedCount(admitted: AdmittedExport): number {
  return (admitted.spans?.count ?? 0) + (admitted.logs?.count ?? 0);
}

/** What the sender need not send again: stored now or before. */
export function acceptedCount(admitted: AdmittedExport): number {
  return admittedCount(admitted) + admitted.deduplicated;
}
