import { SECOND_MS } from '../lib/duration.js';

/** What is good enough. The operator's own list (issue 9), except where docs/quality.md names another source. */
export interface QualityThresholds {
  readonly traceP95Ms: number;
  /** Share of the spans that are stored: everything, or between these. */
  readonly samplingLow: number;
  readonly samplingHigh: number;
  readonly partialTraces: number;
  readonly collectorLatencyMs: number;
  readonly errorCapture: number;
  readonly spanNames: number;
  readonly attributeKeys: number;
  readonly logCorrelation: number;
}

export const DEFAULT_THRESHOLDS: QualityThresholds = {
  traceP95Ms: 500, samplingLow: 0.01, samplingHigh: 0.1, partialTraces: 0.05, collectorLatencyMs: 10 * SECOND_MS, errorCapture: 0.99,
  spanNames: 200, attributeKeys: 300, logCorrelation: 0.5,
};

/** What storing spans costs. Without prices no cost is shown. */
export interface QualityPrices {
  readonly perMillionSpans: number;
}
