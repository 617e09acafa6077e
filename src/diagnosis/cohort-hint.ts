import { binomialTail } from '../budget/binomial.js';
import type { Attributes, Span } from '../trace/span.js';
import { CONSEQUENCES } from './cohort-items.js';
import type { EventTrace } from './finding.js';
import { eventOf } from './finding.js';

/** An attribute value that most bad events have and most healthy ones do not. */
export interface CohortHint {
  readonly attribute: string;
  readonly value: string;
  /** Share of bad and of healthy traces that have it. */
  readonly badShare: number;
  readonly healthyShare: number;
  /** Healthy traces that have it, and of how many. */
  readonly healthyCount: number;
  readonly healthyOf: number;
}

/** With fewer traces on either side nothing is said. */
const MIN_TRACES = 5;
/** Most bad traces must have the value, and clearly more of them than healthy ones. */
const MIN_BAD_SHARE = 0.5;
const MIN_DIFFERENCE = 0.3;
/** Divided by the number of values looked at (Bonferroni): a hint in a page must not be luck. */
const SIGNIFICANCE = 0.01;
const MAX_VALUE_LENGTH = 80;
const MAX_SPANS_PER_TRACE = 200;

interface Candidate extends CohortHint {
  /** On the event itself rather than somewhere below it. */
  readonly onEvent: boolean;
}

/**
 * The one attribute value most over-represented in bad traces, over the event and the spans of the suspected service.
 * A key that no healthy trace has is a consequence of failing, not a cohort, and is passed over.
 */
export function cohortHint(bad: readonly EventTrace[], healthy: readonly EventTrace[], service: string): CohortHint | undefined {
  if (bad.length < MIN_TRACES || healthy.length < MIN_TRACES) return undefined;
  const [inBad, inHealthy] = [countValues(bad, service), countValues(healthy, service)];
  const candidates: Candidate[] = [];
  for (const [pair, count] of inBad.traces) {
    const [attribute, value] = JSON.parse(pair) as [string, string];
    if (!inHealthy.keys.has(attribute)) continue;
    const healthyCount = inHealthy.traces.get(pair) ?? 0;
    const [badShare, healthyShare] = [count / bad.length, healthyCount / healthy.length];
    if (badShare < MIN_BAD_SHARE || badShare - healthyShare < MIN_DIFFERENCE) continue;
    // One more of each in the healthy ones: a value never seen there is rare, not impossible.
    const pValue = binomialTail(count, bad.length, (healthyCount + 1) / (healthy.length + 2));
    if (pValue < SIGNIFICANCE / inBad.traces.size) candidates.push({ attribute, value, badShare, healthyShare, healthyCount, healthyOf: healthy.length, onEvent: inBad.onEvent.has(attribute) });
  }
  const best = candidates.sort(mostTellingFirst)[0];
  if (best === undefined) return undefined;
  const { onEvent: _onEvent, ...hint } = best;
  return hint;
}

function mostTellingFirst(left: Candidate, right: Candidate): number {
  const difference = (each: Candidate): number => Math.round((each.badShare - each.healthyShare) * 100);
  return difference(right) - difference(left) || Number(right.onEvent) - Number(left.onEvent)
    || left.attribute.length - right.attribute.length || (`${left.attribute}=${left.value}` < `${right.attribute}=${right.value}` ? -1 : 1);
}

interface ValueCounts {
  /** Traces by `[key, value]` as JSON. */
  readonly traces: ReadonlyMap<string, number>;
  readonly keys: ReadonlySet<string>;
  readonly onEvent: ReadonlySet<string>;
}

function countValues(traces: readonly EventTrace[], service: string): ValueCounts {
  const counts = { traces: new Map<string, number>(), keys: new Set<string>(), onEvent: new Set<string>() };
  for (const trace of traces) {
    const event = eventOf(trace);
    const values = new Set<string>();
    for (const span of trace.spans.slice(0, MAX_SPANS_PER_TRACE)) {
      if (span === event || span.serviceName === service) addValues(values, span);
    }
    if (event !== undefined) for (const key of Object.keys(event.attributes)) counts.onEvent.add(key);
    for (const pair of values) {
      counts.traces.set(pair, (counts.traces.get(pair) ?? 0) + 1);
      counts.keys.add((JSON.parse(pair) as [string, string])[0]);
    }
  }
  return counts;
}

function addValues(values: Set<string>, span: Span): void {
  const add = (attributes: Attributes): void => {
    for (const [key, value] of Object.entries(attributes)) {
      if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') continue;
      if (String(value).length <= MAX_VALUE_LENGTH && !CONSEQUENCES.test(key)) values.add(JSON.stringify([key, String(value)]));
    }
  };
  add(span.attributes);
  add(span.resource);
}
