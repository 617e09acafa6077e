import type { Slo } from '../config/slo.js';
import { sliceKeyOf } from './history-view.js';
import type { SloRevision } from './slo-revision-reader.js';

/** `checkout@3f2a9c01` → `3f2a9c01`. */
export function revisionName(sliceKey: string): string {
  return sliceKey.slice(sliceKey.lastIndexOf('@') + 1);
}

/** The answer of `GET /api/v1/slos/{name}/revisions`. */
export function revisionsJson(slo: Slo, revisions: readonly SloRevision[]): Record<string, unknown> {
  const current = sliceKeyOf(slo);
  return {
    name: slo.name,
    revisions: revisions.map(({ sliceKey, definition, counted }) => ({
      revision: revisionName(sliceKey),
      current: sliceKey === current,
      inForceSince: definition === undefined ? null : new Date(definition.firstInForceMs).toISOString(),
      total: definition?.total ?? null,
      [definition?.polarity ?? 'bad']: definition?.part ?? null,
      countedFrom: counted === undefined ? null : new Date(counted.firstMs).toISOString(),
      countedFromStoredSpansSince: counted?.storedFromMs === undefined ? null : new Date(counted.storedFromMs).toISOString(),
      countedTo: counted === undefined ? null : new Date(counted.lastMs).toISOString(),
      goodEvents: counted?.good ?? 0,
      badEvents: counted?.bad ?? 0,
      sli: counted === undefined || counted.good + counted.bad === 0 ? null : counted.good / (counted.good + counted.bad),
    })),
  };
}
