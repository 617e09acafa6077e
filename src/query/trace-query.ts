import type { Result } from '../lib/result.js';
import type { SpanCondition } from '../pipeline/evidence-reader.js';
import type { TraceqlError } from '../trace/traceql/traceql-error.js';

/** Compiles TraceQL to a condition on one span; stage `trace` holds the grammar. */
export type CompileTraceQuery = (text: string) => Result<SpanCondition, TraceqlError>;
