import { errorAt, type ProblemCode, type ProblemText } from '../lib/problem-codes.js';
import { formatPath, type DocumentPath } from '../lib/yaml-document.js';
import type { Placed } from './alert-policy.js';
import type { Objective, SliSpec } from './open-slo-schema.js';
import type { RatioIndicator } from './slo.js';
import { checkSource, readGroupBy, refuseTraces, readWeight, type IndicatorContext } from './trace-indicator.js';

type ThresholdSpec = NonNullable<SliSpec['thresholdMetric']>;

/** What an objective makes of a thresholdMetric: a ratio of spans, and where slices are judged by a percentile, its share. */
export interface ThresholdIndicator {
  readonly indicator: RatioIndicator;
  /** How slices are judged where "aggregate" says so. */
  readonly slices?: { readonly kind: 'percentile'; /** `p95` → 0.95. */ readonly target: number } | { readonly kind: 'mean' };
}

const OPERATORS = { lte: '<=', lt: '<', gte: '>=', gt: '>' } as const;
const MEAN = 'mean';
const NS_OF = { ms: 1_000_000, s: 1_000_000_000 } as const;
const PERCENTILE = /^p(\d{1,2}(?:\.\d+)?)$/;

type PlacedThreshold = Placed<SliSpec> & { readonly metric: ThresholdSpec };

/** What is wrong with the metric itself, whatever objective uses it. */
export function checkThreshold(sli: PlacedThreshold, context: IndicatorContext): void {
  const { metricSource } = sli.metric;
  const source = sourceOf(sli);
  checkSource(sli.metric, { ...sli, path: source }, context);
  refuseTraces(sli.metric, { ...sli, path: source }, context);
  const { aggregate, durationUnit } = metricSource.spec;
  if (durationUnit === undefined) refuse(sli, context, { at: [...source, 'spec'], code: 'rules/missing-key', message: 'the unit of the threshold is missing', hint: 'write durationUnit: ms (or s)' });
  if (aggregate !== undefined && aggregate !== MEAN && percentileOf(aggregate) === undefined) refuse(sli, context, { at: [...source, 'spec', 'aggregate'], code: 'rules/invalid-value', message: `"${aggregate}" is neither a percentile nor the mean`, hint: 'write p50, p95, p99, p99.9 or mean' });
}

/**
 * A threshold on the duration of spans, as a ratio: good are the spans on the right side of it. A percentile needs no sketch:
 * "the 95th percentile of the slice is at most 300 ms" says exactly that at least 95 % of its spans take at most 300 ms.
 * `sli` problems are reported by whoever owns the SLI, those of the objective here.
 */
export function readThreshold(sli: PlacedThreshold, objective: Placed<Objective>, context: IndicatorContext): ThresholdIndicator | undefined {
  const own: IndicatorContext = { documents: context.documents, problems: [] };
  checkThreshold(sli, own);
  const before = context.problems.length;
  const { metricSource } = sli.metric;
  const { op, value } = objective.spec;
  if (op === undefined || value === undefined) {
    refuse(objective, context, { at: objective.path, code: 'rules/missing-key', message: 'a thresholdMetric needs "op" and "value" in its objective', hint: 'write op: lte, value: 300' });
    return undefined;
  }
  const { aggregate, durationUnit = 'ms', query, weight } = metricSource.spec;
  if (value <= 0) refuse(objective, context, { at: [...objective.path, 'value'], code: 'rules/invalid-value', message: `a duration of ${value} is no threshold`, hint: 'write a number above 0' });
  if (aggregate !== undefined && (op === 'gt' || op === 'gte')) refuse(objective, context, { at: [...objective.path, 'op'], code: 'rules/invalid-value', message: `"op: ${op}" promises that the ${aggregate === MEAN ? 'mean' : 'percentile'} of the duration is high`, hint: 'write lte or lt' });
  if (context.problems.length > before || own.problems.length > 0) return undefined;
  const indicator: RatioIndicator = {
    total: { text: query, at: sli.source.atText([...sourceOf(sli), 'spec', 'query']) },
    good: { text: `{ duration ${OPERATORS[op]} ${plain(value)}${durationUnit} }`, at: objective.source.at([...objective.path, 'value']) },
    weight: readWeight(weight),
    ...readGroupBy(metricSource.spec, { ...sli, path: [...sourceOf(sli), 'spec'] }),
  };
  if (aggregate === undefined) return { indicator };
  if (aggregate === MEAN) return { indicator: { ...indicator, measure: { kind: 'mean', limitNs: value * NS_OF[durationUnit] } }, slices: { kind: 'mean' } };
  return { indicator, slices: { kind: 'percentile', target: percentileOf(aggregate) ?? 1 } };
}

function sourceOf(sli: PlacedThreshold): DocumentPath {
  return [...sli.path, 'thresholdMetric', 'metricSource'];
}

function refuse(place: Placed<unknown>, { problems }: IndicatorContext, text: ProblemText & { readonly code: ProblemCode; readonly at: DocumentPath }): void {
  problems.push(errorAt(place.source.at(text.at), text.code, { path: formatPath(text.at), message: text.message, hint: text.hint ?? '' }));
}

function percentileOf(text: string): number | undefined {
  const percent = Number(PERCENTILE.exec(text)?.[1]);
  return percent > 0 && percent < 100 ? Number((percent / 100).toPrecision(12)) : undefined;
}

/** TraceQL has no exponents. */
function plain(value: number): string {
  return value.toLocaleString('en-US', { useGrouping: false, maximumFractionDigits: 9 });
}
