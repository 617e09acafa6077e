import type { MetricFamily, MetricSample } from '../pipeline/exposition.js';
import { bucketMiddleNs, bucketUpperBoundNs } from '../sli/latency-bucket.js';
import { SPAN_KINDS } from '../trace/span-batch.js';

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
  calls: number;
  seconds: number;
  /** Not cumulative; the last one is +Inf. */
  readonly buckets: number[];
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
      series = { labels: { service, span_name: operation, span_kind: `SPAN_KIND_${(SPAN_KINDS[kind] ?? 'unspecified').toUpperCase()}`, status_code: status }, calls: 0, seconds: 0, buckets: Array.from({ length: LATENCY_BUCKETS_S.length + 1 }, () => 0) };
      this.#series.set(key, series);
    }
    series.calls += spans;
    series.seconds += (spans * bucketMiddleNs(bucket)) / 1e9;
    const index = LATENCY_BUCKETS_S.findIndex((limit) => bucketUpperBoundNs(bucket) / 1e9 <= limit * (1 + BORDER));
    series.buckets[index === -1 ? LATENCY_BUCKETS_S.length : index]! += spans;
  }

  families(): MetricFamily[] {
    const all = [...this.#series.values()];
    return [
      { name: 'traces_spanmetrics_calls_total', help: 'Spans since the start, by weight: requests served (server, consumer) and made (client, producer).', type: 'counter', samples: all.map(({ labels, calls }) => ({ suffix: '', labels, value: calls })) },
      { name: 'traces_spanmetrics_latency', help: 'Durations of these spans in seconds.', type: 'histogram', samples: all.flatMap(latencySamples) },
      { name: 'tocsin_span_metrics_dropped_total', help: `Spans that are in no series of traces_spanmetrics, which end at ${MAX_SERIES}.`, type: 'counter', samples: [{ suffix: '', labels: {}, value: this.#dropped }] },
    ];
  }
}

/** A bucket of 4 % width that straddles a border counts below it where most of it lies there. */
const BORDER = 0.02;

function latencySamples({ labels, calls, seconds, buckets }: Series): MetricSample[] {
  let reached = 0;
  const cumulative = buckets.map((count, index) => {
    reached += count;
    return { suffix: '_bucket', labels: { ...labels, le: index < LATENCY_BUCKETS_S.length ? String(LATENCY_BUCKETS_S[index]) : '+Inf' }, value: reached };
  });
  return [...cumulative, { suffix: '_sum', labels, value: seconds }, { suffix: '_count', labels, value: calls }];
}
