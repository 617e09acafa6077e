import { formatLatency } from '../../lib/format.js';
import { operationName } from '../../signature/operation.js';
import type { PatternDetector, Sighting } from './pattern.js';
import type { Call, TraceView } from './trace-view.js';

/** Calls of one request that are under way at the same moment. */
const MIN_AT_ONCE = 8;

/** One request waits for many at once: it is as slow as the slowest of them, and each costs. */
export const fanOut: PatternDetector = {
  kind: 'fan-out', judged: 'itself',
  sightings: ({ bad, healthy }) => [...bad, ...healthy].flatMap(sightingsIn),
  inWords: ({ sample, count, costNs }) => `${sample.service} ${sample.operation} makes ${count} calls at once and waits for the slowest: ${count} invocations and ${formatLatency(costNs)} of the time of others for one request`,
};

function sightingsIn(view: TraceView): Sighting[] {
  return [...view.calls].flatMap(([entry, calls]) => {
    const waited = calls.filter((call) => call.endNs <= entry.startNs + BigInt(Math.round(entry.durationNs)));
    if (waited.length < MIN_AT_ONCE || mostAtOnce(waited) < MIN_AT_ONCE) return [];
    const costNs = waited.reduce((sum, { span, answer }) => sum + (answer ?? span).durationNs, 0);
    return [{ view, span: entry, service: entry.serviceName, operation: operationName(entry), count: waited.length, costNs }];
  });
}

function mostAtOnce(calls: readonly Call[]): number {
  const steps = calls.flatMap(({ span, endNs }) => [{ atNs: span.startNs, step: 1 }, { atNs: endNs, step: -1 }]).sort((left, right) => (left.atNs < right.atNs ? -1 : left.atNs > right.atNs ? 1 : left.step - right.step));
  let [now, most] = [0, 0];
  for (const { step } of steps) {
    now += step;
    most = Math.max(most, now);
  }
  return most;
}
