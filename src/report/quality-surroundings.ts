import type { AlertQuality } from './alert-quality.js';
import type { TraceAccess } from './trace-access.js';

/** What an SLO did in the time of the report. */
export interface ObjectiveAttainment {
  readonly slo: string;
  readonly displayName: string;
  readonly service: string;
  readonly owner: string | undefined;
  readonly target: number;
  /** Weighted events of the time. */
  readonly events: number;
  /** Good events / events; undefined without events. */
  readonly attained: number | undefined;
  /** Bad events of the time / those that the budget of the SLO's own window allows; undefined without events. */
  readonly budgetSpent: number | undefined;
}

/** An error that was not there before. */
export interface NewSignature {
  readonly id: string;
  readonly type: string;
  readonly message: string;
  readonly service: string;
  readonly operation: string;
  readonly firstSeenMs: number;
  readonly failures: number;
  readonly traceId: string;
}

/** What Tocsin knows besides the spans; of files alone there is nothing of it. */
export interface QualitySurroundings {
  readonly alerts: AlertQuality;
  readonly objectives: readonly ObjectiveAttainment[];
  readonly newSignatures: readonly NewSignature[];
  readonly access: TraceAccess;
}
