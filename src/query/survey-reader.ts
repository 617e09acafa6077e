import type { Field } from '../trace/traceql/ast.js';
import type { SpansetExpression } from '../trace/traceql/query-ast.js';
import type { AttributeValue } from '../trace/attribute.js';
import type { TimeWindow } from './time-window.js';

/** Of more spans than these, about so many are looked at, spread evenly. */
export const SURVEY_SAMPLE = 20_000;
/** Rows of a heatmap: each octave of durations is two of them. */
export const ROWS_PER_OCTAVE = 2;
export const MAX_HEATMAP_COLUMNS = 60;

export interface HeatmapCell {
  /** From the start of the window, in steps. */
  readonly column: number;
  /** Durations in [2^(row/2), 2^((row+1)/2)) nanoseconds. */
  readonly row: number;
  /** Weighted. */
  readonly spans: number;
  readonly errors: number;
}

export interface Heatmap {
  readonly fromMs: number;
  readonly stepMs: number;
  readonly columns: number;
  readonly cells: readonly HeatmapCell[];
}

export interface BreakdownValue {
  readonly value: AttributeValue;
  /** Weighted, and scaled up where only a sample was looked at. */
  readonly spans: number;
  readonly errors: number;
  /** Exact for the spans that were looked at, by weight. */
  readonly p99Ns: number;
}

export interface FieldBreakdown {
  readonly field: Field;
  /** Most spans first. */
  readonly values: readonly BreakdownValue[];
  /** There are more. */
  readonly distinct: number;
}

export interface Breakdown {
  /** Spans that were found, as stored. */
  readonly found: number;
  readonly looked: number;
  /** What was found by weight, scaled up where only a sample was looked at: the whole that shares are of. */
  readonly weighted: number;
  readonly fields: readonly FieldBreakdown[];
}

export interface SurveyQuery extends TimeWindow {
  readonly search: SpansetExpression;
}

/** A request that stands for its step on a chart. */
export interface ChartExemplar {
  /** From the start of the window, in steps. */
  readonly step: number;
  /** The slowest of those that failed; else the slowest of all. */
  readonly ofFailed: boolean;
  readonly traceId: string;
  readonly spanId: string;
  readonly name: string;
  readonly durationNs: number;
}

/** What a search found, seen from afar. */
export interface SurveyReader {
  /** Of the spans that a search finds. */
  heatmap(query: SurveyQuery): Promise<Heatmap>;
  /** Of all requests that were counted, whatever became of their spans. Empty texts: of any service, any operation. */
  requestHeatmap(query: TimeWindow & { readonly service: string; readonly operation: string }): Promise<Heatmap>;
  /** Of the requests of a service that are stored. */
  exemplars(query: TimeWindow & { readonly service: string; readonly stepMs: number }): Promise<readonly ChartExemplar[]>;
  breakdown(query: SurveyQuery & { readonly fields: readonly Field[]; readonly top: number }): Promise<Breakdown>;
}
