import type { QualityFact } from './quality-fact.js';

/** Unix milliseconds; the end is not in it. */
export interface ReportWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What became of what was received. */
export interface LedgerOfReport {
  readonly signal: string;
  readonly received: number;
  readonly hot: number;
  readonly rejected: number;
  readonly deduplicated: number;
}

/** Requests and failures of a service as they were counted on the way in. */
export interface CountedRequests {
  readonly service: string;
  readonly requests: number;
  readonly failures: number;
}

export interface SpanCount {
  /** Spans that end in the window. */
  count(window: ReportWindow): Promise<number>;
}

export interface QualityReader {
  /** Facts of all spans that end in the window, computed from the spans themselves. */
  facts(window: ReportWindow): Promise<QualityFact[]>;
  ledger(window: ReportWindow): Promise<LedgerOfReport[]>;
  /** As counted on the way in, before any sampling. */
  counted(window: ReportWindow): Promise<CountedRequests[]>;
}
