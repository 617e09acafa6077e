import { deliveryMs, outcomeOf, type DrillStatus } from '../../notify/drill.js';
import type { MetricRow, PrometheusMetrics } from '../../pipeline/prometheus-metrics.js';

/** Drills on /metrics: a built-in SLI of delivery, by receiver. */
export function addDrillMetrics(metrics: PrometheusMetrics, statuses: () => readonly DrillStatus[]): void {
  const gauge = (name: string, help: string, value: (status: DrillStatus) => number | undefined): void => metrics.addSource({
    name, help, type: 'gauge', labelNames: ['receiver'],
    collect: () => statuses().flatMap((status): MetricRow[] => {
      const measured = value(status);
      return measured === undefined ? [] : [{ labels: { receiver: status.receiver }, value: measured }];
    }),
  });
  const sources: readonly { readonly name: string; readonly help: string; readonly value: (status: DrillStatus) => number | undefined }[] = [
    { name: 'tocsin_delivery_sli_ratio', help: 'Share of the drills of 30 days that arrived in time.', value: ({ sli }) => sli },
    { name: 'tocsin_delivery_objective_ratio', help: 'Share of the drills that must arrive in time.', value: ({ target }) => target },
    { name: 'tocsin_delivery_error_budget_remaining_ratio', help: 'Share of the allowed misses of drills that is left.', value: ({ budgetRemaining }) => budgetRemaining },
    { name: 'tocsin_drill_last_run_timestamp_seconds', help: 'When the last drill of a receiver began.', value: ({ last }) => (last === undefined ? undefined : last.startedAtMs / 1_000) },
    { name: 'tocsin_drill_last_delivery_seconds', help: 'How long the last drill took; absent where it did not arrive.', value: ({ last }) => (last === undefined ? undefined : secondsOf(deliveryMs(last))) },
    { name: 'tocsin_drill_last_failed', help: '1 where the last drill of a receiver failed, else 0.', value: ({ last }) => (last === undefined ? undefined : Number(outcomeOf(last) === 'failed')) },
  ];
  for (const { name, help, value } of sources) gauge(name, help, value);
}

function secondsOf(durationMs: number | undefined): number | undefined {
  return durationMs === undefined ? undefined : durationMs / 1_000;
}
