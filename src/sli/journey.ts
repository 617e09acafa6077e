/** A span that begins to count a whole trace: what becomes of the trace is judged when its spans are there. */
export interface JourneyEntry {
  /** Whose query judges. */
  readonly sloKey: string;
  /** Where it counts: the same, or what an exclusion takes out. */
  readonly sliceKey: string;
  /** The group that it counts for as well; empty for none. */
  readonly groupKey: string;
  readonly traceIdHigh: bigint;
  readonly traceIdLow: bigint;
  readonly spanId: bigint;
  readonly startNs: bigint;
  /** Unix minute in which the span ended. */
  readonly eventMinute: number;
  readonly weight: number;
  readonly weightUnknown: boolean;
}

/** A trace is judged when nothing of it has come for so long … */
export const JOURNEY_QUIET_MS = 10_000;
/** … or so long after its entry came, whatever is still missing. */
export const JOURNEY_WAIT_MS = 60_000;
/** A late span changes the verdict, in its minute, for so long. */
export const JOURNEY_CORRECTION_MS = 15 * 60_000;
