import { formatLatency } from '../../lib/format.js';
import { groupBy } from '../../lib/group-by.js';
import { operationName } from '../../signature/operation.js';
import type { PatternDetector, Sighting } from './pattern.js';
import { statementOf, targetKey, type Call, type TraceView } from './trace-view.js';

/** Sentry's limit for repeated statements; fewer are a handful of look-ups. */
const MIN_CALLS = 5;
/** Of the time of the request that makes them: less is not worth a change. */
const MIN_SHARE = 0.2;

/** The same question asked one by one, where one question would do. */
export const nPlusOne: PatternDetector = {
  kind: 'n-plus-one', judged: 'itself',
  sightings: ({ bad, healthy }) => [...bad, ...healthy].flatMap(sightingsIn),
  inWords: ({ sample, count, costNs }) => `${sample.service} ${sample.operation} asks ${sample.peer ?? ''} the same ${count} times, one after the other (${sample.what ?? ''}): ${formatLatency(costNs)} of the request`,
};

function sightingsIn(view: TraceView): Sighting[] {
  return [...view.calls].flatMap(([entry, calls]) => {
    const targets = groupBy(calls.filter(({ failed, service }) => !failed && service !== ''), targetKey);
    return [...targets.values()].flatMap((own) => {
      const [first] = own;
      if (first === undefined || own.length < MIN_CALLS || !isOneByOne(own)) return [];
      const costNs = own.reduce((sum, { span }) => sum + span.durationNs, 0);
      if (costNs < MIN_SHARE * entry.durationNs) return [];
      return [{ view, span: entry, service: entry.serviceName, operation: operationName(entry), peer: first.service, what: statementOf(first.span) ?? first.operation, count: own.length, costNs }];
    });
  });
}

/** Most begin after the one before has ended. */
function isOneByOne(calls: readonly Call[]): boolean {
  const after = calls.filter((call, index) => index > 0 && call.span.startNs >= calls[index - 1]!.endNs).length;
  return after >= 0.8 * (calls.length - 1);
}
