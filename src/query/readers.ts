import type { ErasureBook } from './erasure.js';
import type { ChangeBook } from './change.js';
import type { IncidentReader } from '../incident/incident-reader.js';
import type { ReleaseGateRule } from '../config/release-gate.js';
import type { Clock } from '../lib/clock.js';
import type { BurnedByReader } from '../pipeline/burned-by.js';
import type { ChargeReader } from '../pipeline/charge-reader.js';
import type { CohortReader } from '../pipeline/cohort-reader.js';
import type { SnapshotReader } from '../pipeline/snapshot-reader.js';
import type { ReplayHistory } from '../pipeline/replay-history.js';
import type { ObservedOperationReader } from './observed-operations.js';
import type { ServiceReader } from './service-reader.js';
import type { SignatureReader } from './signature-reader.js';
import type { SloHistoryReader } from './slo-history-reader.js';
import type { SloRevisionReader } from './slo-revision-reader.js';
import type { SloStatusReader } from './slo-status-reader.js';
import type { IngestReader } from './ingest-report.js';
import type { MetricsReader } from './metrics-reader.js';
import type { StoredUserReader } from './stored-user.js';
import type { SurveyReader } from './survey-reader.js';
import type { TagReader } from './tag-reader.js';
import type { TopologyReader } from './topology-reader.js';
import type { TraceReader } from './trace-reader.js';

/** Everything that pages and the API read. The app hands in adapters, tests hand in fakes. */
export interface Readers {
  readonly clock: Clock;
  readonly slos: SloStatusReader;
  readonly history: SloHistoryReader;
  readonly revisions: SloRevisionReader;
  readonly changes: ChangeBook;
  readonly erasures: ErasureBook;
  readonly traces: TraceReader;
  readonly metrics: MetricsReader;
  readonly tags: TagReader;
  readonly surveys: SurveyReader;
  /** When each version of a service was first seen, as far as spans are hot. */
  readonly versions: Pick<SnapshotReader, 'versions'>;
  /** As what the id of a user is stored. */
  readonly users: StoredUserReader;
  readonly topology: TopologyReader;
  readonly services: ServiceReader;
  readonly signatures: SignatureReader;
  readonly incidents: IncidentReader;
  readonly ingest: IngestReader;
  /** For backtests. */
  readonly replay: ReplayHistory;
  readonly burnedBy: BurnedByReader;
  readonly charged: ChargeReader;
  readonly cohorts: CohortReader;
  readonly operations: ObservedOperationReader;
  /** The release gates in force. */
  readonly gates: () => readonly ReleaseGateRule[];
}

export const READERS = Symbol('Readers');
