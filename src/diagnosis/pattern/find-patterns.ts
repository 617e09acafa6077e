import { benjaminiHochberg, fisherGreater } from '../../budget/exact-tests.js';
import type { EventTrace } from '../finding.js';
import { peerDirectory } from '../finding.js';
import { brokenContext } from './broken-context.js';
import { clockSkew } from './clock-skew.js';
import { coldStart } from './cold-start.js';
import { fanOut } from './fan-out.js';
import { nPlusOne } from './n-plus-one.js';
import type { PatternDetector, PatternFinding, PatternTraces, Sighting } from './pattern.js';
import { poolWait } from './pool-wait.js';
import { proxyOverhead } from './proxy-overhead.js';
import { queueLag } from './queue-lag.js';
import { retryAmplification } from './retry-amplification.js';
import { slowDependency, slowSelf } from './slow-where.js';
import { slowStatement } from './slow-statement.js';
import { synchronousExporter } from './synchronous-exporter.js';
import { thirdParty } from './third-party.js';
import { viewOf } from './trace-view.js';
import { medianOf } from './usual.js';

/** Those that say most about a cause come first: of several that set the failures apart, the first is told. */
export const DETECTORS: readonly PatternDetector[] = [
  synchronousExporter, poolWait, slowStatement, nPlusOne, thirdParty, coldStart, queueLag, proxyOverhead, fanOut, retryAmplification, brokenContext, slowDependency, slowSelf, clockSkew,
];

/** Fewer traces, or a smaller part of them, are no pattern. */
export const MIN_TRACES = 3;
export const MIN_SHARE = 0.05;
/** With fewer healthy traces nothing is compared. */
const MIN_HEALTHY = 10;
export const FALSE_DISCOVERY_RATE = 0.05;
/** Of the requests in question more by so much than of healthy ones: then it explains them. */
export const EXPLAINS = 0.3;
const SHOWN = 8;
const TRACES_SHOWN = 3;

/**
 * Known patterns of trouble in `bad`, each with the traces that show it. What is trouble only by comparison must be more frequent than among `healthy`
 * (Fisher's exact test, Benjamini-Hochberg over all places and patterns seen). The same traces in any order give the same findings.
 */
export function findPatterns(bad: readonly EventTrace[], healthy: readonly EventTrace[]): readonly PatternFinding[] {
  const peers = peerDirectory([...bad, ...healthy]);
  const viewsOf = (traces: readonly EventTrace[]): PatternTraces['bad'] => traces.flatMap((trace) => viewOf(trace, peers) ?? []);
  const traces = { bad: viewsOf(bad), healthy: viewsOf(healthy) };
  const groups = DETECTORS.flatMap((detector) => groupsOf(detector, traces)).filter(({ affected }) => affected >= MIN_TRACES && affected >= MIN_SHARE * traces.bad.length);
  const rates = benjaminiHochberg(groups.map(({ pValue }) => pValue));
  const isCompared = traces.healthy.length >= MIN_HEALTHY;
  return groups.flatMap((group, index) => {
    const isMore = (rates[index] ?? 1) <= FALSE_DISCOVERY_RATE;
    if (group.detector.judged === 'change' && isCompared && !isMore) return [];
    const gain = group.affected / traces.bad.length - group.healthyAffected / Math.max(1, traces.healthy.length);
    return [{ ...findingOf(group, traces), explains: isCompared && isMore && gain >= EXPLAINS }];
  }).sort((left, right) => Number(right.explains) - Number(left.explains)).slice(0, SHOWN);
}

interface Group {
  readonly detector: PatternDetector;
  readonly sightings: readonly Sighting[];
  readonly affected: number;
  readonly healthyAffected: number;
  readonly pValue: number;
}

function groupsOf(detector: PatternDetector, { bad, healthy }: PatternTraces): readonly Group[] {
  const isBad = new Set(bad);
  const places = new Map<string, Sighting[]>();
  for (const sighting of detector.sightings({ bad, healthy })) {
    const key = JSON.stringify([sighting.service, sighting.operation, sighting.peer, sighting.what]);
    const own = places.get(key);
    if (own === undefined) places.set(key, [sighting]);
    else own.push(sighting);
  }
  return [...places].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, sightings]) => {
    const views = new Set(sightings.map(({ view }) => view));
    const affected = [...views].filter((view) => isBad.has(view)).length;
    const healthyAffected = views.size - affected;
    const pValue = healthy.length < MIN_HEALTHY ? 1 : fisherGreater({ k1: affected, n1: bad.length, k2: healthyAffected, n2: healthy.length });
    return { detector, sightings: sightings.filter(({ view }) => isBad.has(view)), affected, healthyAffected, pValue };
  }).sort((left, right) => right.affected - left.affected);
}

function findingOf({ detector, sightings, affected, healthyAffected }: Group, { bad, healthy }: PatternTraces): Omit<PatternFinding, 'explains'> {
  const ordered = [...sightings].sort((left, right) => (right.costNs ?? 0) - (left.costNs ?? 0) || (left.span.traceId < right.span.traceId ? -1 : 1));
  const sample = ordered[0] as Sighting;
  const costNs = medianOf(sightings.map((sighting) => sighting.costNs ?? 0));
  const traces = new Map(ordered.map(({ span: { traceId, spanId } }) => [traceId, { traceId, spanId }]));
  return {
    kind: detector.kind, service: sample.service, operation: sample.operation, ...(sample.peer === undefined ? {} : { peer: sample.peer }),
    words: detector.inWords({ sample, costNs, count: medianOf(sightings.map(({ count }) => count ?? 1)) }),
    affected, of: bad.length, healthyAffected, healthyOf: healthy.length < MIN_HEALTHY ? 0 : healthy.length, ...(costNs > 0 ? { costNs } : {}), traces: [...traces.values()].slice(0, TRACES_SHOWN),
  };
}
