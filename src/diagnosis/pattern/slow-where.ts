import { formatLatency } from '../../lib/format.js';
import { operationName } from '../../signature/operation.js';
import { hasFailed, placeKey, type Place } from '../../signature/root-error.js';
import type { Span } from '../../trace/span.js';
import { medianTimes, type TimeByPlace } from '../finding.js';
import type { PatternDetector, PatternKind, PatternTraces, Sighting } from './pattern.js';
import type { TraceView } from './trace-view.js';
import { usualOf } from './usual.js';

/** Twice as long as usual is slow. */
const SLOW = 2;
/** Of the extra time, in one place. */
const MIN_SHARE = 0.5;

/** The extra time passes in something that was called. */
export const slowDependency: PatternDetector = {
  kind: 'slow-dependency', judged: 'change',
  sightings: (traces) => slowPlaces(traces, 'slow-dependency'),
  inWords: ({ sample, costNs }) => `${sample.peer ?? ''} is slow, not ${sample.service}: ${formatLatency(costNs)} of the extra time passes in ${sample.peer ?? ''} ${sample.operation}`,
};

/** The extra time passes in the service's own work. */
export const slowSelf: PatternDetector = {
  kind: 'slow-self', judged: 'change',
  sightings: (traces) => slowPlaces(traces, 'slow-self'),
  inWords: ({ sample, costNs }) => `${sample.service} ${sample.operation} itself is slow: ${formatLatency(costNs)} of the extra time is its own work, what it calls takes what it always takes`,
};

function slowPlaces({ bad, healthy }: PatternTraces, wanted: PatternKind): readonly Sighting[] {
  const usualByOperation = usualOf(healthy.map(({ event }) => [keyOf(event), event.durationNs]));
  const usualByPlace = medianTimes(healthy.map((view) => view.timeByPlace()));
  return [...bad, ...healthy].flatMap((view) => {
    const usualNs = usualByOperation.get(keyOf(view.event));
    if (usualNs === undefined || hasFailed(view.event) || view.event.durationNs < SLOW * usualNs) return [];
    const found = mostExtra(view.timeByPlace(), usualByPlace);
    if (found === undefined || found.extraNs < MIN_SHARE * (view.event.durationNs - usualNs)) return [];
    return [sightingOf(view, found)].filter(({ kind }) => kind === wanted).map(({ sighting }) => sighting);
  });
}

function sightingOf(view: TraceView, { place, extraNs }: Extra): { readonly kind: PatternKind; readonly sighting: Sighting } {
  const isSelf = place.caller === undefined && place.service === view.event.serviceName;
  const sighting = { view, span: view.event, service: view.event.serviceName, operation: place.operation, costNs: extraNs };
  return isSelf ? { kind: 'slow-self', sighting } : { kind: 'slow-dependency', sighting: { ...sighting, peer: place.service } };
}

interface Extra {
  readonly place: Place;
  readonly extraNs: number;
}

function mostExtra(times: TimeByPlace, usual: ReadonlyMap<string, number>): Extra | undefined {
  let most: Extra | undefined;
  for (const [key, { place, ns }] of [...times].sort(([left], [right]) => (left < right ? -1 : 1))) {
    const extraNs = ns - (usual.get(key) ?? 0);
    if (extraNs > (most?.extraNs ?? 0)) most = { place, extraNs };
  }
  return most;
}

function keyOf(span: Span): string {
  return JSON.stringify(placeKey({ service: span.serviceName, operation: operationName(span), caller: undefined }));
}
