import type { ComparedPlace, PlaceInTrace, TraceComparison } from '../diagnosis/compare-traces.js';
import { MIN_SIDE } from '../diagnosis/contrast.js';
import { formatLatency, formatPercent } from '../lib/format.js';
import { conditionText, narrowedText } from '../query/narrow-search.js';
import type { SpanCohorts } from '../query/span-cohorts.js';
import { tagField } from '../query/tempo-input.js';
import type { StoredTrace } from '../query/trace-reader.js';
import { attributeText } from './attribute-text.js';

const MAX_INDENT = 16;
/** A place whose time differs by less of the longer trace is grey. */
const NEWS = 0.02;

interface TwoTraces {
  readonly left: StoredTrace;
  readonly right: StoredTrace;
}

export function comparisonView({ left, right }: TwoTraces, comparison: TraceComparison): Record<string, unknown> {
  const longest = Math.max(comparison.leftNs, comparison.rightNs, 1);
  return {
    traces: [sideOf(left, comparison.leftNs), sideOf(right, comparison.rightNs)],
    sentence: sentenceOf(comparison),
    attributes: comparison.attributes.map((each) => ({ ...each, left: each.left.join(', '), right: each.right.join(', ') })),
    places: comparison.places.map((place) => {
      const deltaNs = waited(place.right) - waited(place.left);
      return {
        ...place, indent: Math.min(place.depth, MAX_INDENT), deltaNs, isNews: Math.abs(deltaNs) >= NEWS * longest,
        only: place.left === undefined ? 'right' : place.right === undefined ? 'left' : undefined,
        longer: Math.max(0, Math.round((1_000 * deltaNs) / longest) / 10), shorter: Math.max(0, Math.round((-1_000 * deltaNs) / longest) / 10),
        newErrors: (place.right?.errors ?? 0) - (place.left?.errors ?? 0),
      };
    }),
  };
}

function sideOf({ traceId, spans }: StoredTrace, durationNs: number): Record<string, unknown> {
  const root = spans.find(({ parentSpanId }) => parentSpanId === '') ?? spans[0];
  return { traceId, durationNs, spans: spans.length, errors: spans.filter(({ status }) => status === 'error').length, service: root?.serviceName ?? '', name: root?.name ?? '', startMs: Number((root?.startNs ?? 0n) / 1_000_000n) };
}

function waited(place: PlaceInTrace | undefined): number {
  return place?.waitedNs ?? 0;
}

/** "The second took 612 ms longer; it waited 557 ms longer for payment POST, …". */
function sentenceOf({ leftNs, rightNs, changes }: TraceComparison): string {
  const deltaNs = rightNs - leftNs;
  const first = deltaNs === 0 ? 'Both took equally long.' : `The second took ${formatLatency(Math.abs(deltaNs))} ${deltaNs > 0 ? 'longer' : 'less'}.`;
  if (changes.length === 0) return first;
  return `${first} It waited ${changes.map(changeInWords).join(', ')}.`;
}

function changeInWords(place: ComparedPlace): string {
  const deltaNs = waited(place.right) - waited(place.left);
  return `${formatLatency(Math.abs(deltaNs))} ${deltaNs > 0 ? 'longer' : 'less'} for ${place.service} ${place.name}`;
}

export function cohortsView(found: SpanCohorts, { query, hrefOf }: { readonly query: string; readonly hrefOf: (query: string) => string }): Record<string, unknown> {
  return {
    compared: true, tooFew: found.selection.stored < MIN_SIDE || found.baseline.stored < MIN_SIDE, minimum: MIN_SIDE,
    selectionSpans: found.selection.stored, baselineSpans: found.baseline.stored,
    values: found.values.map(({ field, value, selectionShare, baselineShare, qValue, alike }) => {
      const known = tagField(field);
      const condition = known === undefined ? undefined : conditionText(known, value);
      return {
        field, text: attributeText(value), alike: alike.map((each) => `${each.field} ${attributeText(each.value)}`).join(', '), selectionShare, baselineShare, selectionPercent: selectionShare * 100, baselinePercent: baselineShare * 100,
        words: `${formatPercent(selectionShare, 0)} of the selection, ${formatPercent(baselineShare, 0)} of the rest`, chance: qValue < 0.001 ? '< 0.1 %' : formatPercent(qValue, 1),
        href: condition === undefined ? undefined : hrefOf(narrowedText(query, condition)),
      };
    }),
  };
}
