import type { AlertQuality } from './alert-quality.js';
import type { ObjectiveAttainment } from './objective-attainment.js';
import type { TraceAccess } from './trace-access.js';
import type { Trouble } from './troubles.js';

/** An error that was seen for the first time. */
export interface NewSignature {
  readonly id: string;
  readonly type: string;
  readonly message: string;
  readonly service: string;
  readonly operation: string;
  readonly firstSeenMs: number;
  /** It came while Tocsin learned what is there: nobody knows whether it is older. */
  readonly isMaybeOlder: boolean;
  readonly failures: number;
  readonly traceId: string;
}

/** What Tocsin knows besides the spans; of files alone there is nothing of it. */
export interface QualitySurroundings {
  readonly alerts: AlertQuality;
  readonly objectives: readonly ObjectiveAttainment[];
  readonly newSignatures: readonly NewSignature[];
  /** Known patterns of trouble in the incidents; absent in reports of older versions. */
  readonly troubles?: readonly Trouble[];
  readonly access: TraceAccess;
}
