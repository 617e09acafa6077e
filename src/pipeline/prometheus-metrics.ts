import { Counter, Histogram, Registry, collectDefaultMetrics, type OpenMetricsContentType } from 'prom-client';
import { expose, type Exemplar, type Exposition, type MetricFamily, type MetricSample } from './exposition.js';

export interface MetricRow {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly exemplar?: Exemplar | undefined;
}

/** Numbers that live elsewhere and are read when /metrics is asked for. */
export interface MetricSource {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  /** Of every row, in this order. */
  readonly labelNames: readonly string[];
  /** One value per label set; repeated sets are added up. */
  readonly collect: () => Iterable<MetricRow>;
}

const SECONDS_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 6, 8, 10, 15, 30, 60];

/**
 * What Tocsin says of itself and of SLOs on /metrics. Its own names begin with `tocsin_`, Node's with `nodejs_` and `process_`.
 * The registry is one of OpenMetrics so that it takes exemplars; it is never asked for text, because it renames its counters for one
 * format for good: `expose` writes both.
 */
export class PrometheusMetrics {
  readonly registry = openMetricsRegistry();
  readonly #families: (() => Iterable<MetricFamily>)[] = [];

  readonly tickDuration = new Histogram({
    name: 'tocsin_tick_duration_seconds', help: 'Time one evaluation took, load and save included.', buckets: SECONDS_BUCKETS, registers: [this.registry],
  });

  readonly ticks = new Counter({ name: 'tocsin_ticks_total', help: 'Evaluations, by outcome.', labelNames: ['outcome'], registers: [this.registry] });

  /** The promise: p99 ≤ 6 s. `trace_id` is a label of its exemplars only; prom-client has one type for both. */
  readonly breachToNotification = new Histogram<'integration' | 'trace_id'>({
    name: 'tocsin_breach_to_notification_seconds',
    help: 'From the receipt of the span that crossed a threshold to the request that tells a receiver.',
    labelNames: ['integration'], buckets: SECONDS_BUCKETS, enableExemplars: true, registers: [this.registry],
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
  addSource({ name, help, type, collect }: MetricSource): void {
    this.#families.push(() => [{ name, help, type, samples: summed(collect()) }]);
  }

  /** Whole families whose names are known only at the scrape. */
  addFamilies(collect: () => Iterable<MetricFamily>): void {
    this.#families.push(collect);
  }

  /** Everything, in the format that the scraper's `Accept` prefers. */
  async expose(accept: string | undefined): Promise<Exposition> {
    const own = (await this.registry.getMetricsAsJSON()) as unknown as readonly RegistryFamily[];
    return expose([...own.map(familyOf), ...this.#families.flatMap((collect) => [...collect()])], accept);
  }
}

function openMetricsRegistry(): Registry<OpenMetricsContentType> {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  return registry;
}

interface RegistryExemplar {
  readonly labelSet: Readonly<Record<string, string>>;
  readonly value: number;
  /** Unix seconds. */
  readonly timestamp: number;
}

/** As prom-client's getMetricsAsJSON really answers; its types leave out the exemplars. */
interface RegistryFamily {
  readonly name: string;
  readonly help: string;
  readonly type: MetricFamily['type'];
  readonly values: readonly { readonly value: number; readonly labels: Readonly<Record<string, string | number>>; readonly metricName?: string; readonly exemplar?: RegistryExemplar | null }[];
}

function familyOf({ name, help, type, values }: RegistryFamily): MetricFamily {
  const samples = values.map(({ value, labels, metricName, exemplar }) => ({
    suffix: metricName === undefined ? '' : metricName.slice(name.length), labels, value,
    ...(exemplar === undefined || exemplar === null ? {} : { exemplar: { labels: exemplar.labelSet, value: exemplar.value, atMs: exemplar.timestamp * 1_000 } }),
  }));
  return { name, help, type, samples };
}

/** A format must not carry one label set twice. */
function summed(rows: Iterable<MetricRow>): MetricSample[] {
  const samples = new Map<string, MetricSample>();
  for (const { labels, value, exemplar } of rows) {
    const key = JSON.stringify(labels);
    const known = samples.get(key);
    samples.set(key, { suffix: '', labels, value: value + (known?.value ?? 0), exemplar: exemplar ?? known?.exemplar });
  }
  return [...samples.values()];
}
