import type { CountedWindow, UnusualTime, UnusualWindow } from '../diagnosis/anomaly/baseline-windows.js';
import type { Anomaly, OperationCounts } from '../diagnosis/anomaly/judge-anomalies.js';

/** Operations judged at a time, the busiest; the others are left out. */
export const ANOMALY_OPERATIONS = 2_000;
/** So long a ticket that nobody took makes its operation quieter. */
export const UNHEEDED_DAYS = 28;
/** Prefix of the incidents' keys. */
export const ANOMALY_KEY = 'anomaly:';

/** Port: requests of every operation in some windows, from the counts that are kept for good. */
export interface AnomalyReader {
  /** Without the windows in which an operation was unusual, but for the one that is judged. */
  counts(windows: readonly CountedWindow[], unusual: readonly UnusualTime[]): Promise<readonly OperationCounts[]>;
  /** Those that were open at some time since then. */
  tickets(sinceMs: number): Promise<readonly UnusualTime[]>;
  /** Services of which an SLO alerted, until `nowMs` where it still does. */
  burning(sinceMs: number, nowMs: number): Promise<readonly UnusualTime[]>;
  /** What `remember` was told, those of one operation in the order of time. */
  unusual(sinceMs: number): Promise<readonly UnusualWindow[]>;
  /** These operations were judged to be unusual in the window that begins then; what is older than `forgetMs` is forgotten. */
  remember(operations: readonly Pick<Anomaly, 'service' | 'operation'>[], times: { readonly fromMs: number; readonly forgetMs: number }): Promise<void>;
  /** Incidents about anomalies that began since then, ended, and that nobody did anything about: how many by key. */
  unheeded(sinceMs: number): Promise<ReadonlyMap<string, number>>;
}
