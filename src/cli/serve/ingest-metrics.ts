import type { IngestCounters } from '../../ingest/ingest-counters.js';
import type { IngestStats } from '../../pipeline/ingest-tally.js';
import type { MetricSample } from '../../pipeline/exposition.js';
import type { PrometheusMetrics } from '../../pipeline/prometheus-metrics.js';
import { LAG_BOUNDS_MS } from '../../pipeline/service-tally.js';
import type { StoreStats } from '../../pipeline/store.js';
import type { StoreClient } from '../../pipeline/system-store-client.js';

type Stats = () => (IngestStats & Partial<Pick<StoreStats, 'hygiene' | 'database'>>) | undefined;

/** The figures of the way in, for /metrics: `received = hot + rejected + deduplicated` by signal and protocol. */
export function addIngestMetrics(metrics: PrometheusMetrics, parts: { readonly counters: IngestCounters; readonly store: StoreClient; readonly stats: Stats }): void {
  const { counters, store, stats } = parts;
  metrics.addSource({ name: 'tocsin_ingest_requests_total', help: 'Export requests, by outcome.', type: 'counter', labelNames: ['protocol', 'signal', 'outcome'], collect: () => counters.requests() });
  metrics.addSource({ name: 'tocsin_ingest_sender_requests_total', help: 'Export requests by sender and what became of them; the 200 busiest senders, the rest as other.', type: 'counter', labelNames: ['sender', 'service', 'outcome'], collect: () => counters.senders() });
  metrics.addSource({ name: 'tocsin_ingest_sender_items_total', help: 'Spans and log records by sender, its service and what became of them; received is their sum. 200 senders, the rest as other.', type: 'counter', labelNames: ['sender', 'service', 'result'], collect: () => counters.senderItems() });
  metrics.addSource({ name: 'tocsin_ingest_body_bytes_total', help: 'Bytes of request bodies after decompression.', type: 'counter', labelNames: ['protocol', 'signal'], collect: () => counters.bytes() });
  metrics.addSource({ name: 'tocsin_ingest_limits_hit_total', help: 'How often a limit was hit.', type: 'counter', labelNames: ['limit'], collect: () => [...counters.limits(), ...rows('limit', stats()?.limitsHit)] });
  metrics.addSource({
    name: 'tocsin_ingest_items_total', help: 'Spans and log records by what became of them; received is their sum.', type: 'counter', labelNames: ['signal', 'protocol', 'result'],
    collect: () => (stats()?.ingest ?? []).flatMap(({ signal, protocol, hot, rejected, deduplicated }) =>
      Object.entries({ hot, rejected, deduplicated }).map(([result, value]) => ({ labels: { signal, protocol, result }, value }))),
  });
  metrics.addSource({ name: 'tocsin_ingest_rejected_total', help: 'Rejected spans and log records by reason.', type: 'counter', labelNames: ['reason'], collect: () => rows('reason', stats()?.rejectedByReason) });
  metrics.addSource({
    name: 'tocsin_redactions_total', help: 'Values, and pieces of texts, that redaction rules concealed or dropped.', type: 'counter', labelNames: ['policy', 'rule', 'mode'],
    collect: () => (stats()?.redactions ?? []).map(({ policy, rule, mode, count }) => ({ labels: { policy, rule, mode }, value: count })),
  });
  addHygieneMetrics(metrics, stats);
  addServiceMetrics(metrics, stats);
  metrics.addSource({ name: 'tocsin_ingest_pending_bytes', help: 'Bytes of requests that wait for their commit.', type: 'gauge', labelNames: [], collect: () => [{ labels: {}, value: store.pendingBytes }] });
  metrics.addSource({ name: 'tocsin_commits_total', help: 'Group commits.', type: 'counter', labelNames: [], collect: () => [{ labels: {}, value: stats()?.commits.commits ?? 0 }] });
  metrics.addSource({ name: 'tocsin_database_reopened_total', help: 'Times the database file was opened anew after an error that DuckDB does not survive.', type: 'counter', labelNames: [], collect: () => [{ labels: {}, value: stats()?.database?.reopened ?? 0 }] });
  metrics.addSource({ name: 'tocsin_commit_seconds_total', help: 'Time spent in commits.', type: 'counter', labelNames: [], collect: () => [{ labels: {}, value: (stats()?.commits.tookMs ?? 0) / 1_000 }] });
  metrics.addSource({
    name: 'tocsin_store_step_seconds_total', help: 'Time of the store thread by step.', type: 'counter', labelNames: ['step'],
    collect: () => Object.entries(stats()?.stepsMs ?? {}).map(([step, tookMs]) => ({ labels: { step }, value: tookMs / 1_000 })),
  });
}

/** By service, the 100 that came first; the rest as `other`. */
function addServiceMetrics(metrics: PrometheusMetrics, stats: Stats): void {
  const services = (): IngestStats['services'] => stats()?.services ?? [];
  metrics.addSource({
    name: 'tocsin_ingest_service_spans_total', help: 'Spans stored, by service; the 100 services that came first, the rest as other.', type: 'counter', labelNames: ['service'],
    collect: () => services().map(({ service, spans }) => ({ labels: { service }, value: spans })),
  });
  metrics.addSource({
    name: 'tocsin_ingest_sender_dropped_total', help: 'Attributes, events and links that spans report as dropped by their sender.', type: 'counter', labelNames: ['service'],
    collect: () => services().map(({ service, dropped }) => ({ labels: { service }, value: dropped })),
  });
  metrics.addFamilies(() => [{
    name: 'tocsin_ingest_lag_seconds', help: 'From the end of a span to the commit that made it readable.', type: 'histogram',
    samples: services().flatMap(({ service, lag, lagSumMs }) => lagSamples(service, lag, lagSumMs)),
  }]);
}

function lagSamples(service: string, lag: readonly number[], lagSumMs: number): MetricSample[] {
  let seen = 0;
  const buckets = lag.map((count, index) => {
    seen += count;
    const bound = LAG_BOUNDS_MS[index] ?? Infinity;
    return { suffix: '_bucket', labels: { service, le: bound === Infinity ? '+Inf' : String(bound / 1_000) }, value: seen };
  });
  return [...buckets, { suffix: '_sum', labels: { service }, value: lagSumMs / 1_000 }, { suffix: '_count', labels: { service }, value: seen }];
}

/** What was put right on the way in. */
function addHygieneMetrics(metrics: PrometheusMetrics, stats: Stats): void {
  metrics.addSource({
    name: 'tocsin_ingest_old_names_total', help: 'Attributes that came under a name that has a newer one.', type: 'counter', labelNames: ['name'],
    collect: () => rows('name', stats()?.hygiene?.oldNames),
  });
  metrics.addSource({
    name: 'tocsin_ingest_routes_derived_total', help: 'Spans without a route that were given one: their own, or that of everything beyond the limits.', type: 'counter', labelNames: ['result'],
    collect: () => {
      const { routesDerived = 0, routesOverLimit = 0 } = stats()?.hygiene ?? {};
      return rows('result', { own: routesDerived - routesOverLimit, over_limit: routesOverLimit });
    },
  });
  metrics.addSource({ name: 'tocsin_ingest_names_templated_total', help: 'Spans whose name held a path with ids in it.', type: 'counter', labelNames: [], collect: () => [{ labels: {}, value: stats()?.hygiene?.namesTemplated ?? 0 }] });
  metrics.addSource({
    name: 'tocsin_ingest_clock_faults_total', help: 'Spans with impossible times, by what is odd about them.', type: 'counter', labelNames: ['fault'],
    collect: () => {
      const { future = 0, ancient = 0 } = stats()?.hygiene ?? {};
      return rows('fault', { future, ancient });
    },
  });
}

function rows(label: string, counts: Readonly<Record<string, number>> | undefined): { labels: Record<string, string>; value: number }[] {
  return Object.entries(counts ?? {}).map(([key, value]) => ({ labels: { [label]: key }, value }));
}
