import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** Numbers that live elsewhere and are read when /metrics is asked for. */
export interface MetricSource {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly labelNames: readonly string[];
  /** One value per label set. */
  readonly collect: () => Iterable<{ readonly labels: Readonly<Record<string, string>>; readonly value: number }>;
}

const SECONDS_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 6, 8, 10, 15, 30, 60];

/** What Tocsin says of itself on /metrics, in the Prometheus text format. All names begin with `tocsin_`, Node's own with `nodejs_` and `process_`. */
export class PrometheusMetrics {
  readonly registry = new Registry();

  readonly tickDuration = new Histogram({
    name: 'tocsin_tick_duration_seconds', help: 'Time one evaluation took, load and save included.', buckets: SECONDS_BUCKETS, registers: [this.registry],
  });

  readonly ticks = new Counter({ name: 'tocsin_ticks_total', help: 'Evaluations, by outcome.', labelNames: ['outcome'], registers: [this.registry] });

  /** The promise of semantics.md: p99 ≤ 6 s. */
  readonly breachToNotification = new Histogram({
    name: 'tocsin_breach_to_notification_seconds',
    help: 'From the receipt of the span that crossed a threshold to the request that tells a receiver.',
    labelNames: ['integration'], buckets: SECONDS_BUCKETS, registers: [this.registry],
  });

  readonly deliveries = new Counter({
    name: 'tocsin_delivery_attempts_total', help: 'Attempts to tell a receiver, by integration and outcome.', labelNames: ['integration', 'outcome'], registers: [this.registry],
  });

  readonly evidenceDuration = new Histogram({
    name: 'tocsin_evidence_duration_seconds', help: 'Time to choose the representative traces of a page.', buckets: SECONDS_BUCKETS, registers: [this.registry],
  });

  readonly rulesReloads = new Counter({ name: 'tocsin_rules_reloads_total', help: 'Reloads of rules and runbooks, by outcome.', labelNames: ['outcome'], registers: [this.registry] });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** Shows numbers that others keep, read anew at every scrape. */
  addSource(source: MetricSource): void {
    const shape = { name: source.name, help: source.help, labelNames: [...source.labelNames], registers: [this.registry] };
    if (source.type === 'gauge') {
      const gauge: Gauge = new Gauge({
        ...shape,
        collect: () => {
          gauge.reset();
          for (const { labels, value } of source.collect()) gauge.set(labels, value);
        },
      });
      return;
    }
    const counter: Counter = new Counter({
      ...shape,
      collect: () => {
        counter.reset();
        for (const { labels, value } of source.collect()) counter.inc(labels, value);
      },
    });
  }
}
