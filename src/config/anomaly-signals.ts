/** What of an operation is compared with what is usual. */
export const ANOMALY_SIGNALS = ['errors', 'latency'] as const;
export type AnomalySignal = (typeof ANOMALY_SIGNALS)[number];
