import type { MetricFamily } from '../pipeline/exposition.js';
import { bucketMiddleNs } from '../sli/latency-bucket.js';
import { SPAN_KINDS } from '../trace/span-batch.js';
import { LatencyHistogram } from './latency-histogram.js';

/** One row of slices: how many spans, weighted, of one operation and latency bucket. */
export interface SpanCount {
  readonly service: string;
  readonly operation: string;
  /** OTLP number. */
  readonly kind: number;
  readonly bucket: number;
  readonly spans: number;
  readonly errors: number;
}

/** Tempo's (metrics-generator, span metrics processor): 2 ms × 2^n. */
const LATENCY_BUCKETS_S = Array.from({ length: 14 }, (_, index) => 0.002 * 2 ** index);
/** Series on one page: further ones are counted in `dropped`. Each has 16 latency buckets and sums of its own. */
const MAX_SERIES = 2_000;

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly latency: LatencyHistogram;
  calls: number;
}

/**
 * Counters of all spans under the names that Tempo's metrics-generator writes, so that its dashboards work as they are. They grow from 0 at
 * the start of the service. Latencies come from logarithmic buckets, so sums and bucket borders are exact to 2 %.
 */
export class SpanMetrics {
  readonly #series = new Map<string, Series>();
  #dropped = 0;

  add(counts: readonly SpanCount[]): void {
    for (const count of counts) {
      this.#count(count, 'STATUS_CODE_ERROR', count.errors);
      this.#count(count, 'STATUS_CODE_UNSET', count.spans - count.errors);
    }
  }

  #count({ service, operation, kind, bucket }: SpanCount, status: string, spans: number): void {
    if (spans <= 0) return;
    const key = JSON.stringify([service, operation, kind, status]);
    let series = this.#series.get(key);
    if (series === undefined) {
      if (this.#series.size >= MAX_SERIES) {
        this.#dropped += spans;
        return;
      }
      series = { labels: { service, span_name: operation, span_kind: `SPAN_KIND_${(SPAN_KINDS[kind] ?? 'unspecified').toUpperCase()}`, status_code: status }, latency: new LatencyHistogram(LATENCY_BUCKETS_S), calls: 0 };
      this.#series.set(key, series);
    }
    series.calls += spans;
    const middleNs = bucketMiddleNs(bucket);
    series.latency.add(middleNs, spans, (spans * middleNs) / 1e9);
  }

  families(): MetricFamily[] {
    const all = [...this.#series.values()];
    return [
      { name: 'traces_spanmetrics_calls_total', help: 'Spans since the start, by weight: requests served (server, consumer) and made (client, producer).', type: 'counter', samples: all.map(({ labels, calls }) => ({ suffix: '', labels, value: calls })) },
      { name: 'traces_spanmetrics_latency', help: 'Durations of these spans in seconds.', type: 'histogram', samples: all.flatMap(({ labels, latency }) => latency.samples(labels)) },
      { name: 'tocsin_span_metrics_dropped_total', help: `Spans that are in no series of traces_spanmetrics, which end at ${MAX_SERIES}.`, type: 'counter', samples: [{ suffix: '', labels: {}, value: this.#dropped }] },
    ];
  }
}
