import { groupBy } from '../../lib/group-by.js';
import { operationName, textOf } from '../../signature/operation.js';
import type { Attributes } from '../../trace/span.js';
import { clockOffsetMs, isSkewed } from '../trace-flaws.js';
import type { PatternDetector, Sighting } from './pattern.js';
import { endNs, type TraceView } from './trace-view.js';
import { medianOf } from './usual.js';

const HOST = ['host.id', 'host.name', 'k8s.node.name', 'k8s.pod.name'];
const NS_PER_MS = 1e6;

/** The answer lies outside of its call although it is shorter: the order of spans across the two hosts misleads. */
export const clockSkew: PatternDetector = {
  kind: 'clock-skew', judged: 'itself',
  sightings: ({ bad, healthy }) => skewedPairs([...bad, ...healthy].flatMap(answersIn)),
  inWords: ({ sample, costNs }) => `The clocks of ${sample.what ?? ''} (${sample.service}) and ${sample.peer ?? ''} differ by ${sizeOf(costNs / NS_PER_MS)}: do not trust the order of spans between the two`,
};

interface Answer extends Sighting {
  readonly offsetMs: number;
  readonly isOutside: boolean;
}

/** One bad moment of a host moves single answers; a clock moves all of them. */
function skewedPairs(answers: readonly Answer[]): readonly Sighting[] {
  return [...groupBy(answers, ({ what, peer }) => JSON.stringify([what, peer])).values()].flatMap((pair) => {
    const [outside, offsetMs] = [pair.filter(({ isOutside }) => isOutside), medianOf(pair.map((answer) => answer.offsetMs))];
    return isSkewed({ outside: outside.length, calls: pair.length, offsetMs }) ? outside.map((answer) => ({ ...answer, costNs: Math.abs(offsetMs) * NS_PER_MS })) : [];
  });
}

function answersIn(view: TraceView): readonly Answer[] {
  return [...view.calls.values()].flat().flatMap(({ span, answer }) => {
    if (answer?.kind !== 'server' || answer === span || answer.durationNs > span.durationNs) return [];
    const [host, callerHost] = [hostOf(answer.resource, answer.serviceName), hostOf(span.resource, span.serviceName)];
    if (host === callerHost) return [];
    const isOutside = answer.startNs < span.startNs || endNs(answer) > endNs(span);
    return [{ view, span: answer, service: answer.serviceName, operation: operationName(answer), peer: callerHost, what: host, offsetMs: clockOffsetMs(span, answer), isOutside }];
  });
}

function hostOf(resource: Attributes, service: string): string {
  return textOf(resource, HOST) ?? service;
}

function sizeOf(offsetMs: number): string {
  return offsetMs >= 1_000 ? `${(offsetMs / 1_000).toFixed(1)} s` : `${Math.round(offsetMs)} ms`;
}
