import { formatLatency, formatSpan } from '../../lib/format.js';
import { operationName, textOf } from '../../signature/operation.js';
import { hasFailed } from '../../signature/root-error.js';
import type { Span } from '../../trace/span.js';
import type { PatternDetector, Sighting } from './pattern.js';
import { endNs, isRequest, type TraceView } from './trace-view.js';
import { FAR_BEYOND, usualOf } from './usual.js';

/** Caches, pools and compilers are warm after this. */
const WARM_NS = 60_000_000_000n;
/** What was there this long after the first span of all was there before. */
const NEW_AFTER_NS = 30_000_000_000n;
/** A shorter silence is a pause between requests. */
const GAP_NS = 1_000_000_000n;
const INSTANCE = ['k8s.pod.uid', 'k8s.pod.name', 'service.instance.id', 'container.id'];
const SHOWN_INSTANCE = ['k8s.pod.name', 'service.instance.id', 'container.id', 'k8s.pod.uid'];
const COLD = ['faas.coldstart'];

interface Life {
  readonly name: string;
  firstNs: bigint;
  lastNs: bigint;
}

/** Requests that meet an instance just started, or none at all while one is replaced by the next. */
export const coldStart: PatternDetector = {
  kind: 'cold-start', judged: 'change',
  sightings: ({ bad, healthy }) => {
    const lives = livesOf([...bad, ...healthy]);
    const usual = usualOf(healthy.flatMap(({ spans }) => spans.filter(isRequest).map((span) => [keyOf(span), span.durationNs] as const)));
    return [...bad, ...healthy].flatMap((view) => [...coldRequests(view, { lives, usual }), ...missedCalls(view, lives)]);
  },
  inWords: ({ sample, costNs }) => `${sample.service}: ${sample.what ?? ''}${costNs > 0 ? `; ${sample.operation} takes ${formatLatency(costNs)}${sample.usualNs === undefined ? '' : `, usually ${formatLatency(sample.usualNs)}`}` : ''}`,
};

interface Known {
  readonly lives: ReadonlyMap<string, readonly Life[]>;
  readonly usual: ReadonlyMap<string, number>;
}

/** Requests that failed or took far longer than usual within a minute of the first span of their instance. */
function coldRequests(view: TraceView, { lives, usual }: Known): readonly Sighting[] {
  return view.spans.filter(isRequest).flatMap((span) => {
    const usualNs = usual.get(keyOf(span));
    const isBad = hasFailed(span) || (usualNs !== undefined && span.durationNs >= FAR_BEYOND * usualNs);
    const life = lives.get(span.serviceName)?.find(({ name }) => name === instanceOf(span));
    const isCold = textOf(span.attributes, COLD) === 'true';
    const isYoung = life !== undefined && isNew(life, lives.get(span.serviceName) ?? []) && span.startNs - life.firstNs < WARM_NS;
    if (!isCold && !(isBad && isYoung)) return [];
    const what = isYoung ? `requests meet ${shownInstance(span)} in the first minute after it appeared` : 'requests wait for a cold start';
    return [{ view, span, service: span.serviceName, operation: operationName(span), what, costNs: span.durationNs, ...(usualNs === undefined ? {} : { usualNs }) }];
  });
}

/** Calls that failed while the last instance was gone and the next not yet there. */
function missedCalls(view: TraceView, lives: ReadonlyMap<string, readonly Life[]>): readonly Sighting[] {
  return [...view.calls.values()].flat().flatMap(({ span, answer, service, operation, failed }) => {
    const gap = failed && answer === undefined ? gapAt(lives.get(service) ?? [], span.startNs) : undefined;
    if (gap === undefined) return [];
    return [{ view, span, service, operation, peer: span.serviceName, what: `nothing answered for ${formatSpan(Number(gap.toNs - gap.fromNs) / 1e6)}, between the last span of ${gap.before} and the first of ${gap.after}`, costNs: 0 }];
  });
}

interface Gap {
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly before: string;
  readonly after: string;
}

function gapAt(lives: readonly Life[], atNs: bigint): Gap | undefined {
  let last: Life | undefined;
  for (const life of lives) {
    if (last !== undefined && life.firstNs - last.lastNs >= GAP_NS && last.lastNs <= atNs && atNs <= life.firstNs) return { fromNs: last.lastNs, toNs: life.firstNs, before: last.name, after: life.name };
    if (last === undefined || life.lastNs > last.lastNs) last = life;
  }
  return undefined;
}

/** Instances of each service, by their first span. */
function livesOf(views: readonly TraceView[]): ReadonlyMap<string, readonly Life[]> {
  const services = new Map<string, Map<string, Life>>();
  for (const { spans } of views) {
    for (const span of spans) {
      const name = instanceOf(span);
      if (name === undefined) continue;
      const lives = services.get(span.serviceName) ?? new Map<string, Life>();
      services.set(span.serviceName, lives);
      const life = lives.get(name) ?? { name, firstNs: span.startNs, lastNs: endNs(span) };
      lives.set(name, life);
      if (span.startNs < life.firstNs) life.firstNs = span.startNs;
      if (endNs(span) > life.lastNs) life.lastNs = endNs(span);
    }
  }
  return new Map([...services].map(([service, lives]) => [service, [...lives.values()].sort((left, right) => (left.firstNs < right.firstNs ? -1 : 1))]));
}

/** It came while another one was, or had been, there. */
function isNew(life: Life, lives: readonly Life[]): boolean {
  const first = lives[0];
  return first !== undefined && first !== life && life.firstNs - first.firstNs >= NEW_AFTER_NS;
}

function instanceOf(span: Span): string | undefined {
  return textOf(span.resource, INSTANCE);
}

function shownInstance(span: Span): string {
  return textOf(span.resource, SHOWN_INSTANCE) ?? 'an instance';
}

function keyOf(span: Span): string {
  return JSON.stringify([span.serviceName, operationName(span)]);
}
