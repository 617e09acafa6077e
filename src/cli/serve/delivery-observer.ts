import type { Logger } from 'pino';
import type { Delivery } from '../../notify/delivery.js';
import type { DeliveryObserver } from '../../notify/system-dispatcher.js';
import type { PrometheusMetrics } from '../../pipeline/prometheus-metrics.js';

/** Deliveries as logs and metrics see them. */
export function deliveryObserver(metrics: PrometheusMetrics, log: Logger): DeliveryObserver {
  return {
    attempted: (delivery, atMs) => observeLatency(metrics, delivery, atMs),
    settled: (delivery, settlement) => {
      metrics.deliveries.inc({ integration: kindOf(delivery), outcome: settlement.status });
      const about = { incident: delivery.incidentId, receiver: delivery.receiver, integration: delivery.integration, reason: settlement.lastError };
      if (settlement.status === 'rejected') log.error(about, 'a message could not be delivered');
      if (settlement.status === 'pending') log.warn(about, 'a message is not delivered yet, trying again');
    },
    failed: (error) => log.error({ err: error }, 'the outbox could not be read or written'),
  };
}

/** Only the first attempt says how quick Tocsin was; later ones say how long the receiver was away. */
function observeLatency(metrics: PrometheusMetrics, delivery: Delivery, atMs: number): void {
  if (delivery.breachReceivedAtMs === undefined || delivery.attempts > 1) return;
  const traceId = delivery.transition.incident.evidence?.traces[0]?.traceId;
  metrics.breachToNotification.observe({
    labels: { integration: kindOf(delivery) },
    value: Math.max(0, atMs - delivery.breachReceivedAtMs) / 1_000,
    ...(traceId === undefined ? {} : { exemplarLabels: { trace_id: traceId } }),
  });
}

/** `slack` of `slack[0]`: which of several of one receiver it was is for the log, not for a label. */
function kindOf({ integration }: Delivery): string {
  return integration.replace(/\[\d+\]$/, '');
}
