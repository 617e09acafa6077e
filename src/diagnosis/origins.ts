import { stableHash } from '../lib/stable-hash.js';
import { placeKey } from '../signature/root-error.js';
import type { Origin } from './evidence.js';
import type { Finding } from './finding.js';

/** Kinds of failure kept of one page: the rest is scattered, and explains nothing. */
const ORIGINS_MAX = 10;

/** Where the bad events began. `clusters` are those that went wrong in the same way, the largest first. */
export function originsOf(clusters: readonly (readonly Finding[])[]): readonly Origin[] {
  return clusters.slice(0, ORIGINS_MAX).flatMap((cluster): Origin[] => {
    const [first] = cluster;
    if (first === undefined) return [];
    const { place: { service, operation, caller }, address, kind, signature } = first;
    const isAtOne = address !== undefined && cluster.every((finding) => finding.address === address);
    const key = signature?.id ?? `slow:${stableHash([...placeKey(first.place)])}`;
    return [{ service, operation, ...(caller === undefined ? {} : { caller }), ...(isAtOne ? { address } : {}), kind, key, ...(signature === undefined ? {} : { what: signature.type }), count: cluster.length }];
  });
}
