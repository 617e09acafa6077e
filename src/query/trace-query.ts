import type { Result } from '../lib/result.js';
import type { SpanCondition } from '../pipeline/evidence-reader.js';

/** Why a TraceQL text could not be read. */
export interface TraceQueryError {
  readonly message: string;
  /** Offset of the first wrong character, from 0. */
  readonly position: number;
  readonly hint: string;
}

/** Compiles TraceQL to a condition on one span; stage `trace` holds the grammar. */
export type CompileTraceQuery = (text: string) => Result<SpanCondition, TraceQueryError>;
