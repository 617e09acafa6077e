import { formatLatency } from '../../lib/format.js';
import { operationName, textOf } from '../../signature/operation.js';
import type { Span } from '../../trace/span.js';
import type { PatternDetector, Sighting } from './pattern.js';
import type { TraceView } from './trace-view.js';
import { FAR_BEYOND, usualOf } from './usual.js';

/** Spans of instrumentations that wait for a free connection: pg, mysql2, JDBC, knex, .NET, Go, Rust. */
const ACQUIRES = /(?:pool[.\s_-]*(?:connect|acquire|get|wait|checkout)|(?:get|acquire|checkout)[\s._-]*(?:pooled[\s._-]*)?connection|connection[\s._-]*(?:pool|acquire|wait))/i;
/** What pools say when nobody gave a connection back in time: HikariCP, DBCP, knex and tarn, node-postgres, SQLAlchemy, ADO.NET, Go, r2d2. */
const EXHAUSTED = /connection is not available, request timed out|cannot get a connection, pool|timeout acquiring a connection|timeout exceeded when trying to connect|queuepool limit|obtaining a connection from the pool|pool (?:is )?(?:exhausted|empty|timed out)|timed out waiting for (?:a )?connection|too many (?:clients|connections)/i;
/** Of the time of the request. */
const MIN_SHARE = 0.1;
/** Where nothing says what is usual. */
const LONG_NS = 50_000_000;

/** Requests queue for a connection before any work begins. */
export const poolWait: PatternDetector = {
  kind: 'pool-wait', judged: 'change',
  sightings: ({ bad, healthy }) => {
    const usual = usualOf(healthy.flatMap((view) => view.spans.filter(isAcquire).map((span) => [keyOf(span), span.durationNs] as const)));
    return [...bad, ...healthy].flatMap((view) => sightingsIn(view, usual));
  },
  inWords: ({ sample, costNs }) => `${sample.service} ${sample.operation} waits ${formatLatency(costNs)} for a free connection of its pool${sample.usualNs === undefined ? '' : `, usually ${formatLatency(sample.usualNs)}`} (${sample.what ?? ''})`,
};

function sightingsIn(view: TraceView, usual: ReadonlyMap<string, number>): readonly Sighting[] {
  const longest = new Map<string, Sighting>();
  for (const span of view.spans) {
    const said = exhaustion(span);
    const usualNs = usual.get(keyOf(span));
    const isLong = isAcquire(span) && span.durationNs >= (usualNs === undefined ? LONG_NS : FAR_BEYOND * usualNs) && view.waitedNs(span) >= MIN_SHARE * view.event.durationNs;
    if ((said === undefined && !isLong) || span.durationNs <= (longest.get(span.serviceName)?.costNs ?? -1)) continue;
    const entry = view.entryOf(span);
    longest.set(span.serviceName, { view, span, service: span.serviceName, operation: operationName(entry), what: said ?? span.name, costNs: span.durationNs, ...(usualNs === undefined ? {} : { usualNs }) });
  }
  return [...longest.values()];
}

function isAcquire(span: Span): boolean {
  return (span.kind === 'internal' || span.kind === 'client') && ACQUIRES.test(span.name);
}

/** The words of the pool itself, the same for all of its requests. */
function exhaustion(span: Span): string | undefined {
  const texts = [span.statusMessage, ...span.events.filter(({ name }) => name === 'exception').map(({ attributes }) => textOf(attributes, ['exception.message']) ?? '')];
  return texts.map((text) => EXHAUSTED.exec(text.slice(0, 1_000))?.[0].toLowerCase()).find((found) => found !== undefined);
}

function keyOf(span: Span): string {
  return JSON.stringify([span.serviceName, span.name]);
}
