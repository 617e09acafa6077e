import { formatLatency } from '../../lib/format.js';
import { groupBy } from '../../lib/group-by.js';
import type { PatternDetector, Sighting } from './pattern.js';
import { isRefusal, targetKey, type Call, type TraceView } from './trace-view.js';

/** A first try, and one more. */
const MIN_TRIES = 2;
/** Pauses between tries grow; what is further apart than this is another call. */
const LONGEST_PAUSE_NS = 60_000_000_000n;

/** The same call again after it failed, from the same request: load grows where it hurts most. */
export const retryAmplification: PatternDetector = {
  kind: 'retry-amplification', judged: 'itself',
  sightings: ({ bad, healthy }) => [...bad, ...healthy].flatMap(sightingsIn),
  inWords: ({ sample, count, costNs }) => `${sample.service} calls ${sample.peer ?? ''} ${sample.operation} ${count} times for one request because tries fail; repeating them takes ${formatLatency(costNs)} and multiplies the load by ${count}`,
};

function sightingsIn(view: TraceView): Sighting[] {
  return [...view.calls.values()].flatMap((calls) => {
    return [...groupBy(calls, targetKey).values()].flatMap((own) => {
      const tries = longestRun(own);
      const [first] = tries;
      if (first === undefined || tries.length < MIN_TRIES) return [];
      const costNs = Number(tries.at(-1)!.endNs - first.endNs);
      return [{ view, span: first.span, service: first.entry.serviceName, operation: first.operation, peer: first.service, count: tries.length, costNs }];
    });
  });
}

/** Calls of which each began after the one before it had failed. */
function longestRun(calls: readonly Call[]): readonly Call[] {
  let best: readonly Call[] = [];
  let run: Call[] = [];
  for (const call of calls) {
    const before = run.at(-1);
    const isRepeat = before !== undefined && before.failed && !isRefusal(before.span) && call.span.startNs >= before.endNs && call.span.startNs - before.endNs < LONGEST_PAUSE_NS;
    run = isRepeat ? [...run, call] : [call];
    if (run.length > best.length) best = run;
  }
  return best;
}
