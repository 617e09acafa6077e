import { formatLatency } from '../../lib/format.js';
import { operationName, textOf } from '../../signature/operation.js';
import type { Span } from '../../trace/span.js';
import type { PatternDetector, Sighting } from './pattern.js';
import { endNs, type TraceView } from './trace-view.js';
import { FAR_BEYOND, usualOf } from './usual.js';

/** A shorter wait is a queue at work. */
const SHORTEST_NS = 1_000_000_000;
/** Where nothing says what is usual. */
const LONG_NS = 10_000_000_000;
const DESTINATION = ['messaging.destination.name', 'messaging.destination', 'messaging.kafka.topic'];

interface Wait {
  readonly view: TraceView;
  readonly consumer: Span;
  readonly producer: Span;
  readonly lagNs: number;
}

/** Messages lie in their queue: consumers are too few, too slow or stopped. */
export const queueLag: PatternDetector = {
  kind: 'queue-lag', judged: 'change',
  sightings: (traces) => {
    const producers = new Map([...traces.bad, ...traces.healthy].flatMap(({ spans }) => spans.filter(({ kind }) => kind === 'producer').map((span) => [linkKey(span), span] as const)));
    const [bad, healthy] = [waitsIn(traces.bad, producers), waitsIn(traces.healthy, producers)];
    const usual = usualOf(healthy.map((wait) => [keyOf(wait), wait.lagNs]));
    return [...bad, ...healthy].flatMap((wait) => sightingOf(wait, usual.get(keyOf(wait))));
  },
  inWords: ({ sample, costNs }) => `Messages of ${sample.what ?? ''} wait ${formatLatency(costNs)} before ${sample.service} takes them${sample.usualNs === undefined ? '' : `, usually ${formatLatency(sample.usualNs)}`}`,
};

function waitsIn(views: readonly TraceView[], producers: ReadonlyMap<string, Span>): readonly Wait[] {
  return views.flatMap((view) => view.spans.filter(({ kind }) => kind === 'consumer').flatMap((consumer) => {
    const parent = view.parentOf(consumer);
    const linked = consumer.links.map((link) => producers.get(linkKey(link))).find((span) => span !== undefined);
    const producer = parent?.kind === 'producer' ? parent : linked;
    return producer === undefined ? [] : [{ view, consumer, producer, lagNs: Number(consumer.startNs - endNs(producer)) }];
  }));
}

function sightingOf(wait: Wait, usualNs: number | undefined): Sighting[] {
  const { view, consumer, producer, lagNs } = wait;
  if (lagNs < SHORTEST_NS || lagNs < (usualNs === undefined ? LONG_NS : FAR_BEYOND * usualNs)) return [];
  return [{ view, span: consumer, service: consumer.serviceName, operation: operationName(consumer), peer: producer.serviceName, what: destinationOf(wait), costNs: lagNs, ...(usualNs === undefined ? {} : { usualNs }) }];
}

function destinationOf({ consumer, producer }: Wait): string {
  return textOf(producer.attributes, DESTINATION) ?? textOf(consumer.attributes, DESTINATION) ?? operationName(producer);
}

function keyOf(wait: Wait): string {
  return JSON.stringify([wait.consumer.serviceName, destinationOf(wait)]);
}

function linkKey({ traceId, spanId }: { readonly traceId: string; readonly spanId: string }): string {
  return `${traceId}${spanId}`;
}
