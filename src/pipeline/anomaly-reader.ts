import type { CountedWindow, TicketTime } from '../diagnosis/anomaly/baseline-windows.js';
import type { OperationCounts } from '../diagnosis/anomaly/judge-anomalies.js';

/** Operations judged at a time, the busiest; the others are left out. */
export const ANOMALY_OPERATIONS = 2_000;
/** So long a ticket that nobody took makes its operation quieter. */
export const UNHEEDED_DAYS = 28;
/** Prefix of the incidents' keys. */
export const ANOMALY_KEY = 'anomaly:';

/** Port: requests of every operation in some windows, from the counts that are kept for good. */
export interface AnomalyReader {
  /** Without the windows that an operation had a ticket in, but for the one that is judged. */
  counts(windows: readonly CountedWindow[], tickets: readonly TicketTime[]): Promise<readonly OperationCounts[]>;
  /** Those that were open at some time since then. */
  tickets(sinceMs: number): Promise<readonly TicketTime[]>;
  /** Incidents about anomalies that began since then, ended, and that nobody did anything about: how many by key. */
  unheeded(sinceMs: number): Promise<ReadonlyMap<string, number>>;
}
