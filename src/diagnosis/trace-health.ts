/** How well one service was traced in a few minutes. Ratios are undefined where there is nothing to divide by. */
export interface ServiceTraceHealth {
  /** Empty: all services together. */
  readonly service: string;
  readonly spans: number;
  /** Stored spans by those they stand for. */
  readonly samplingRate: number | undefined;
  readonly unknownWeightShare: number | undefined;
  /** Of the traces that begin at the service. */
  readonly partialRatio: number | undefined;
  readonly orphanRatio: number | undefined;
  /** From the end of a span to its receipt, 99 of 100. */
  readonly lagP99Ms: number | undefined;
}

/** Whether the traces that an incident stands on were good enough to stand on, as it was when it opened. */
export interface TraceHealth {
  readonly takenAtMs: number;
  /** Unix milliseconds: the spans that end in here were looked at. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Those of the incident, then all together. */
  readonly services: readonly ServiceTraceHealth[];
  /** What was wrong with traces of these services just then, in sentences. */
  readonly findings: readonly string[];
}
