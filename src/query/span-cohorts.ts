import { contrast, type ContrastedValue, type SideTotal, type ValueCount } from '../diagnosis/contrast.js';
import { CONSEQUENCES } from '../diagnosis/cohort-items.js';
import { valueOfJson } from '../pipeline/span-of-row.js';
import type { AttributeValue } from '../trace/attribute.js';
import type { FilterStage, MetricsQuery, SpansetExpression } from '../trace/traceql/query-ast.js';
import type { MetricsReader } from './metrics-reader.js';
import { labelKey, type MetricsSeries } from './metrics-series.js';
import type { TimeWindow } from './time-window.js';

/** Values of a field that are looked at on each side: those that come up most. */
const TOP = 100;
/** Every span has one: how many spans there are. */
const COUNTED_BY = 'name';
const NS_PER_MS = 1_000_000n;

export interface CohortSelection extends TimeWindow {
  /** Spans on both sides. */
  readonly search: SpansetExpression;
  readonly selection: FilterStage;
  /** The selection is within these times only. */
  readonly selectionWindow: TimeWindow | undefined;
}

export interface SpanCohorts {
  readonly selection: SideTotal;
  readonly baseline: SideTotal;
  readonly values: readonly (Omit<ContrastedValue, 'value' | 'alike'> & { readonly value: AttributeValue; readonly alike: readonly { readonly field: string; readonly value: AttributeValue }[] })[];
}

/** What the spans of a selection have that the others have not: counted over all that are stored, by TraceQL's `compare`. */
export async function spanCohorts(metrics: MetricsReader, cohorts: CohortSelection): Promise<SpanCohorts> {
  const [weighted, stored] = await Promise.all([true, false].map((byWeight) => seriesOf(metrics, cohorts, byWeight)));
  const counts = countsOf(weighted ?? [], stored ?? []);
  const total = (side: ValueCount['side']): SideTotal => ({ weighted: sumOf(weighted ?? [], side), stored: sumOf(stored ?? [], side) });
  const totals = { selection: total('selection'), baseline: total('baseline') };
  const values = contrast(counts.filter(({ field }) => !saysThatItFailed(field)), totals);
  return { ...totals, values: values.map((each) => ({ ...each, ...valued(each), alike: each.alike.map(valued) })) };
}

function valued({ field, value }: { readonly field: string; readonly value: string }): { readonly field: string; readonly value: AttributeValue } {
  return { field, value: valueOfJson(value) };
}

async function seriesOf(metrics: MetricsReader, { search, selection, selectionWindow, fromMs, toMs }: CohortSelection, byWeight: boolean): Promise<readonly MetricsSeries[]> {
  const inTime = selectionWindow === undefined ? {} : { window: { start: String(BigInt(selectionWindow.fromMs) * NS_PER_MS), end: String(BigInt(selectionWindow.toMs) * NS_PER_MS) } };
  const query: MetricsQuery = {
    type: 'metrics', metrics: { type: 'pipeline', search, function: { type: 'compare', selection, top: TOP, ...inTime } }, hints: byWeight ? [] : [{ name: 'extrapolate', value: { type: 'boolean', value: false } }],
  };
  const { series } = await metrics.metrics({ query, startNs: BigInt(fromMs) * NS_PER_MS, endNs: BigInt(toMs) * NS_PER_MS, stepNs: 0n, exemplars: 0 });
  return series;
}

function countsOf(weighted: readonly MetricsSeries[], stored: readonly MetricsSeries[]): readonly ValueCount[] {
  const storedBy = new Map(stored.map((series) => [labelKey(series.labels), series.values[0] ?? 0]));
  return weighted.flatMap((series): ValueCount[] => {
    const [type, field] = series.labels;
    if (field === undefined || (type?.value !== 'selection' && type?.value !== 'baseline')) return [];
    return [{ field: field.key, value: typeof field.value === 'bigint' ? field.value.toString() : JSON.stringify(field.value), side: type.value, weighted: series.values[0] ?? 0, stored: storedBy.get(labelKey(series.labels)) ?? 0 }];
  });
}

/** Of all values, not of those that are named. */
function sumOf(series: readonly MetricsSeries[], side: ValueCount['side']): number {
  return series.find(({ labels: [type, field] }) => type?.value === `${side}_total` && field?.key === COUNTED_BY)?.values[0] ?? 0;
}

/** `status`, `span.http.response.status_code`: that it failed, not why. */
function saysThatItFailed(field: string): boolean {
  return field !== 'resource.service.name' && (field === 'status' || field === 'statusMessage' || CONSEQUENCES.test(field.replace(/^(?:span|resource)\./, '')));
}
