import { formatLatency } from '../../lib/format.js';
import type { PatternDetector, Sighting } from './pattern.js';
import type { Call, TraceView } from './trace-view.js';
import { FAR_BEYOND, usualOf } from './usual.js';

/** Of the time of the request. */
const MIN_SHARE = 0.2;
/** A shorter gap is a network. */
const SHORTEST_NS = 5_000_000;

/** Time between the two ends of a call: a sidecar, a proxy, the network, or a full accept queue. Without healthy requests nothing says what is much. */
export const proxyOverhead: PatternDetector = {
  kind: 'proxy-overhead', judged: 'change',
  sightings: ({ bad, healthy }) => {
    const usual = usualOf(healthy.flatMap((view) => answeredCalls(view).map((call) => [edgeOf(call), gapOf(call)] as const)));
    return [...bad, ...healthy].flatMap((view) => sightingsIn(view, usual));
  },
  inWords: ({ sample, costNs }) => `${formatLatency(costNs)} of a call from ${sample.peer ?? ''} to ${sample.service} passes between the two, usually ${formatLatency(sample.usualNs ?? 0)}: a proxy, the network, or ${sample.service} accepts late`,
};

function answeredCalls(view: TraceView): readonly Call[] {
  return [...view.calls.values()].flat().filter(({ span, answer }) => answer !== undefined && answer !== span && answer.kind !== 'consumer');
}

function gapOf({ span, answer }: Call): number {
  return Math.max(0, span.durationNs - (answer?.durationNs ?? 0));
}

function edgeOf({ span, service }: Call): string {
  return JSON.stringify([span.serviceName, service]);
}

/** The longest gap of each edge. */
function sightingsIn(view: TraceView, usual: ReadonlyMap<string, number>): readonly Sighting[] {
  const longest = new Map<string, Sighting>();
  for (const call of answeredCalls(view)) {
    const [key, gapNs] = [edgeOf(call), gapOf(call)];
    const usualNs = usual.get(key);
    if (usualNs === undefined || gapNs < SHORTEST_NS || gapNs < FAR_BEYOND * usualNs || gapNs < MIN_SHARE * view.event.durationNs || gapNs <= (longest.get(key)?.costNs ?? 0)) continue;
    longest.set(key, { view, span: call.span, service: call.service, operation: call.operation, peer: call.span.serviceName, costNs: gapNs, usualNs });
  }
  return [...longest.values()];
}
