import type { MetricFamily } from '../pipeline/exposition.js';
import { coarseMiddleNs } from '../sli/latency-bucket.js';
import { LatencyHistogram } from './latency-histogram.js';

/** One row of slices: how many calls, weighted, from one service to another. */
export interface CallCount {
  readonly client: string;
  readonly server: string;
  readonly kind: string;
  /** A coarse one, of the server's duration; of the client's where the server sends no spans. */
  readonly bucket: number;
  readonly calls: number;
  readonly failed: number;
  /** Σ of the same durations. */
  readonly durationNs: number;
}

/** Tempo's (metrics-generator, service graphs processor): 0.1 s × 2^n, and its words for kinds of edges. */
const BUCKETS_S = Array.from({ length: 8 }, (_, index) => 0.1 * 2 ** index);
const CONNECTION_TYPES: Readonly<Record<string, string>> = { messaging: 'messaging_system', database: 'database', external: 'virtual_node' };
const MAX_EDGES = 2_000;

interface Edge {
  readonly labels: Readonly<Record<string, string>>;
  readonly latency: LatencyHistogram;
  /** Whether the latency is the server's. */
  readonly isServers: boolean;
  calls: number;
  failed: number;
}

/** Who calls whom, under the names that Grafana's service graph reads. Counts all spans from the start of the service; edges past the limit are left out. */
export class GraphMetrics {
  readonly #edges = new Map<string, Edge>();

  add(counts: readonly CallCount[]): void {
    for (const { client, server, kind, bucket, calls, failed, durationNs } of counts) {
      const edge = this.#edge(client, server, kind);
      if (edge === undefined) continue;
      edge.calls += calls;
      edge.failed += failed;
      edge.latency.add(coarseMiddleNs(bucket), calls, durationNs / 1e9);
    }
  }

  families(): MetricFamily[] {
    const edges = [...this.#edges.values()];
    const latency = (name: string, help: string, of: readonly Edge[]): MetricFamily => ({ name, help, type: 'histogram', samples: of.flatMap((edge) => edge.latency.samples(edge.labels)) });
    return [
      { name: 'traces_service_graph_request_total', help: 'Calls between services since the start, by weight.', type: 'counter', samples: edges.map(({ labels, calls }) => ({ suffix: '', labels, value: calls })) },
      { name: 'traces_service_graph_request_failed_total', help: 'Calls that one of the two sides calls failed.', type: 'counter', samples: edges.map(({ labels, failed }) => ({ suffix: '', labels, value: failed })) },
      latency('traces_service_graph_request_server_seconds', 'Durations of calls as the server has them.', edges.filter(({ isServers }) => isServers)),
      latency('traces_service_graph_request_client_seconds', 'Durations of calls to what sends no spans of its own, as the client has them.', edges.filter(({ isServers }) => !isServers)),
    ];
  }

  #edge(client: string, server: string, kind: string): Edge | undefined {
    const key = JSON.stringify([client, server, kind]);
    const known = this.#edges.get(key);
    if (known !== undefined || this.#edges.size >= MAX_EDGES) return known;
    const edge = { labels: { client, server, connection_type: CONNECTION_TYPES[kind] ?? '' }, latency: new LatencyHistogram(BUCKETS_S), isServers: kind === 'call' || kind === 'messaging', calls: 0, failed: 0 };
    this.#edges.set(key, edge);
    return edge;
  }
}
