import { groupBy } from '../lib/group-by.js';
import { coarseMiddleNs, quantileOfBuckets } from '../sli/latency-bucket.js';
import type { CallCount } from './graph-metrics.js';
import type { ServiceSummary } from './service-reader.js';

export type MapNodeKind = 'service' | 'database' | 'external';

export interface MapNode {
  readonly name: string;
  readonly kind: MapNodeKind;
  /** Requests it answered; of databases and of others' services the calls to them. Undefined where nothing called it. */
  readonly perSecond: number | undefined;
  readonly errorRatio: number | undefined;
  readonly p95Ns: number | undefined;
  readonly isFailing: boolean;
  /** It has requests of its own in the window, and so a page. */
  readonly isKnown: boolean;
}

export interface MapEdge {
  readonly client: string;
  readonly server: string;
  readonly kind: string;
  readonly calls: number;
  readonly failed: number;
  readonly perSecond: number;
  readonly errorRatio: number;
  readonly p50Ns: number | undefined;
  readonly p95Ns: number | undefined;
  readonly isFailing: boolean;
}

export interface ServiceMap {
  readonly nodes: readonly MapNode[];
  /** Failing ones first, then the busiest. */
  readonly edges: readonly MapEdge[];
  /** Edges that were left out: quieter than those that are there. */
  readonly leftOut: number;
}

/** From this share of failed calls on an edge is drawn as failing. */
export const FAILING_RATIO = 0.01;
/** More boxes than these on one page tell nobody anything. */
export const MAX_MAP_NODES = 60;

interface MapInput {
  readonly calls: readonly CallCount[];
  readonly services: readonly ServiceSummary[];
  readonly windowMs: number;
  /** Only what calls it or is called by it; undefined for everything. */
  readonly around: string | undefined;
}

/** Who calls whom, from all spans. */
export function serviceMap({ calls, services, windowMs, around }: MapInput): ServiceMap {
  const known = new Map(services.map((service) => [service.service, service]));
  /** As long as its caller was there; what calls only has no requests of its own. */
  const seenMs = (client: string, server: string): number => known.get(client)?.seenMs ?? known.get(server)?.seenMs ?? windowMs;
  const all = [...groupBy(calls, ({ client, server, kind }) => JSON.stringify([client, server, kind])).values()].map((counts) => edgeOf(counts, seenMs(counts[0]!.client, counts[0]!.server)))
    .filter(({ client, server }) => around === undefined || client === around || server === around)
    .sort((left, right) => Number(right.isFailing) - Number(left.isFailing) || right.calls - left.calls);
  const names = new Set<string>(around === undefined ? [] : [around]);
  const edges = all.filter(({ client, server }) => {
    const fresh = [client, server].filter((name) => !names.has(name));
    if (names.size + new Set(fresh).size > MAX_MAP_NODES) return false;
    for (const name of fresh) names.add(name);
    return true;
  });
  for (const { service } of services) if (around === undefined && names.size < MAX_MAP_NODES) names.add(service);
  return { nodes: [...names].map((name) => nodeOf(name, { edges: all, service: known.get(name) })), edges, leftOut: all.length - edges.length };
}

function edgeOf(counts: readonly CallCount[], seenMs: number): MapEdge {
  const { client, server, kind } = counts[0]!;
  const calls = counts.reduce((sum, count) => sum + count.calls, 0);
  const failed = counts.reduce((sum, count) => sum + count.failed, 0);
  const buckets = counts.map((count) => [count.bucket, count.calls] as const);
  const quantile = (q: number): number | undefined => quantileOfBuckets(buckets, q, coarseMiddleNs);
  const errorRatio = calls === 0 ? 0 : failed / calls;
  return {
    client, server, kind, calls, failed, perSecond: (calls * 1_000) / seenMs, errorRatio, p50Ns: quantile(0.5), p95Ns: quantile(0.95), isFailing: errorRatio >= FAILING_RATIO,
  };
}

function nodeOf(name: string, { edges, service }: { readonly edges: readonly MapEdge[]; readonly service: ServiceSummary | undefined }): MapNode {
  if (service !== undefined) return { name, kind: 'service', perSecond: service.perSecond, errorRatio: service.errorRatio, p95Ns: service.p95Ns, isFailing: (service.errorRatio ?? 0) >= FAILING_RATIO, isKnown: true };
  const into = edges.filter(({ server }) => server === name);
  const kind = into.length > 0 && into.every((edge) => edge.kind === 'database') ? 'database' : into.length > 0 && into.every((edge) => edge.kind === 'external') ? 'external' : 'service';
  const calls = into.reduce((sum, edge) => sum + edge.calls, 0);
  if (calls === 0) return { name, kind, perSecond: undefined, errorRatio: undefined, p95Ns: undefined, isFailing: false, isKnown: false };
  const errorRatio = into.reduce((sum, { failed }) => sum + failed, 0) / calls;
  const slowest = into.reduce((most, { p95Ns = 0 }) => Math.max(most, p95Ns), 0);
  return { name, kind, perSecond: into.reduce((sum, { perSecond }) => sum + perSecond, 0), errorRatio, p95Ns: slowest, isFailing: errorRatio >= FAILING_RATIO, isKnown: false };
}
