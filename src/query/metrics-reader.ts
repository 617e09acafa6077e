import type { MetricsQuery } from '../trace/traceql/query-ast.js';
import type { MetricsSeries } from './metrics-series.js';
import type { QueryPlan } from './trace-reader.js';

/** More points than a chart has pixels are a mistake. */
export const MAX_INTERVALS = 11_000;
export const MAX_SERIES = 1_000;
export const MAX_EXEMPLARS = 1_000;

export interface MetricsRequest {
  readonly query: MetricsQuery;
  /** Unix nanoseconds. Spans count by when they started. */
  readonly startNs: bigint;
  readonly endNs: bigint;
  /** Length of an interval; 0: one number for the whole time. */
  readonly stepNs: bigint;
  /** How many example spans to show at most. */
  readonly exemplars: number;
}

export interface MetricsResult {
  readonly series: readonly MetricsSeries[];
  /** Ends of the intervals, one for each value. */
  readonly timestampsMs: readonly number[];
  /** There were more than MAX_SERIES; sums of a comparison are kept all the same. */
  readonly truncated: boolean;
}

export interface MetricsReader {
  metrics(request: MetricsRequest): Promise<MetricsResult>;
  explainMetrics(request: MetricsRequest): Promise<readonly QueryPlan[]>;
}
