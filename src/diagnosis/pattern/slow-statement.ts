import { formatLatency } from '../../lib/format.js';
import type { PatternDetector, Sighting } from './pattern.js';
import { statementOf, type TraceView } from './trace-view.js';
import { FAR_BEYOND, usualOf } from './usual.js';

/** Where nothing says what is usual: New Relic's limit of a slow statement. */
const SLOW_NS = 500_000_000;
/** Of the time of the whole request. */
const MIN_SHARE = 0.2;

/** One statement of a database takes far longer than it does in healthy requests. */
export const slowStatement: PatternDetector = {
  kind: 'slow-statement', judged: 'change',
  sightings: ({ bad, healthy }) => {
    const usual = usualOf(healthy.flatMap((view) => statementsOf(view).map(({ key, span }) => [key, span.durationNs] as const)));
    return [...bad, ...healthy].flatMap((view) => sightingsIn(view, usual));
  },
  inWords: ({ sample, costNs }) => `A statement of ${sample.service} takes ${formatLatency(costNs)}${sample.usualNs === undefined ? '' : `, usually ${formatLatency(sample.usualNs)}`}: ${sample.what ?? ''}`,
};

function statementsOf(view: TraceView): readonly { readonly key: string; readonly span: Sighting['span']; readonly statement: string; readonly peer: string }[] {
  return [...view.calls.values()].flat().flatMap(({ span, service }) => {
    const statement = statementOf(span);
    return statement === undefined ? [] : [{ key: JSON.stringify([span.serviceName, service, statement]), span, statement, peer: service }];
  });
}

/** The slowest run of each statement that is slow. */
function sightingsIn(view: TraceView, usual: ReadonlyMap<string, number>): readonly Sighting[] {
  const slowest = new Map<string, Sighting>();
  for (const { key, span, statement, peer } of statementsOf(view)) {
    const usualNs = usual.get(key);
    const limitNs = usualNs === undefined ? SLOW_NS : FAR_BEYOND * usualNs;
    if (span.durationNs < limitNs || span.durationNs <= (slowest.get(key)?.costNs ?? 0) || view.waitedNs(span) < MIN_SHARE * view.event.durationNs) continue;
    slowest.set(key, { view, span, service: span.serviceName, operation: span.name, peer, what: statement, costNs: span.durationNs, ...(usualNs === undefined ? {} : { usualNs }) });
  }
  return [...slowest.values()];
}
