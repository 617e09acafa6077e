import { valueOfJson } from '../pipeline/span-of-row.js';
import { needOfSearchWith } from '../store/archive/archive-need.js';
import type { ArchiveStatement, SpansDatabase } from '../store/archive/duckdb-archived-spans.js';
import type { Row } from '../store/database.js';
import { readHalves } from '../store/less-at-once.js';
import { spanIdOf, traceIdOf } from '../store/trace-key.js';
import type { Field } from '../trace/traceql/ast.js';
import { compileCompare } from '../trace/traceql/compare-sql.js';
import { compileExemplars, compileMetrics, type CompiledMetrics, type MetricsWindow } from '../trace/traceql/metrics-sql.js';
import { printField } from '../trace/traceql/print.js';
import type { MetricsExpression, MetricsFunction, MetricsQuery } from '../trace/traceql/query-ast.js';
import { nearWindow } from './duckdb-matching-traces.js';
import { explained } from './duckdb-trace-reader.js';
import { MAX_EXEMPLARS, MAX_SERIES, type MetricsReader, type MetricsRequest, type MetricsResult } from './metrics-reader.js';
import { combineSeries, labelKey, pipelinesOf, type MetricsExemplar, type MetricsSeries, type SeriesLabel } from './metrics-series.js';
import type { QueryPlan } from './trace-reader.js';
import { isTooMuch, readWithin } from './within-memory.js';

type PipelineExpression = MetricsExpression & { readonly type: 'pipeline' };
const MS_NS = 1_000_000n;

export class DuckdbMetricsReader implements MetricsReader {
  readonly #database: SpansDatabase;

  constructor(database: SpansDatabase) {
    this.#database = database;
  }

  async metrics(request: MetricsRequest): Promise<MetricsResult> {
    const window = windowOf(request);
    const results = new Map<PipelineExpression, readonly MetricsSeries[]>();
    for (const pipeline of pipelinesOf(request.query.metrics)) results.set(pipeline, await this.#pipeline(pipeline, window, request));
    const series = combineSeries(request.query.metrics, (pipeline) => results.get(pipeline) ?? []);
    return { series: series.filter((one, index) => index < MAX_SERIES || isComparedSum(one)), timestampsMs: timestampsOf(window), truncated: series.length > MAX_SERIES };
  }

  async explainMetrics(request: MetricsRequest): Promise<readonly QueryPlan[]> {
    const window = windowOf(request);
    const plans: QueryPlan[] = [];
    for (const pipeline of pipelinesOf(request.query.metrics)) plans.push(await explained(this.#database, statementOf(compiledOf(pipeline, window), pipeline, window)));
    return plans;
  }

  async #pipeline(pipeline: PipelineExpression, window: MetricsWindow, { query, exemplars }: MetricsRequest): Promise<readonly MetricsSeries[]> {
    const rows = await this.#rows(pipeline, window, (part) => compiledOf(pipeline, part));
    const series = pipeline.function.type === 'compare' ? comparedSeries(rows, pipeline.function.top, countOf(window)) : seriesOf(rows, pipeline.function, window);
    const wanted = Math.min(exemplars, exemplarHint(query) ?? exemplars, MAX_EXEMPLARS);
    if (wanted === 0 || window.stepNs === 0n || pipeline.function.type === 'compare') return series;
    const called = pipeline.function;
    const placeOf = (timeNs: bigint): number => Math.floor((wanted * Number(timeNs - window.startNs)) / Number(window.endNs - window.startNs));
    const examples = await this.#rows(pipeline, window, (part) => {
      const limit = placeOf(part.endNs) - placeOf(part.startNs);
      return limit === 0 ? undefined : compileExemplars(pipeline.search, called, { window: part, limit });
    });
    return withExemplars(series, examples, called);
  }

  /** What the statements yield over the window: over all of it, or over some of its steps after the other where that is too much. What a step yields comes from no span of another. */
  #rows(pipeline: PipelineExpression, window: MetricsWindow, compile: (part: MetricsWindow) => CompiledMetrics | undefined): Promise<readonly Row[]> {
    const read = async (steps: readonly MetricsWindow[]): Promise<readonly Row[]> => {
      const part = { ...window, startNs: steps[0]?.startNs ?? window.startNs, endNs: steps.at(-1)?.endNs ?? window.endNs };
      const compiled = compile(part);
      if (compiled === undefined) return [];
      const rows = await readWithin(this.#database, statementOf(compiled, pipeline, { ...part, untilNs: window.endNs }));
      const before = window.stepNs === 0n ? 0 : Number((part.startNs - window.startNs) / window.stepNs);
      return before === 0 ? rows : rows.map((row) => ({ ...row, interval: Number(row['interval']) + before }));
    };
    return readHalves(isReadByStep(pipeline, window) ? stepsOf(window) : [window], read, isTooMuch);
  }
}

function compiledOf({ search, function: called }: PipelineExpression, window: MetricsWindow): CompiledMetrics {
  return called.type === 'compare' ? compileCompare(search, called, window) : compileMetrics(search, called, window);
}

/** `untilNs`: the end of the window of which this is a part. */
function statementOf({ sql, params, looksAround }: CompiledMetrics, { search, function: called }: PipelineExpression, { startNs, endNs, untilNs = endNs }: MetricsWindow & { readonly untilNs?: bigint }): ArchiveStatement {
  // A span that starts in the window ends at or after its start, and spans longer than a day are none.
  const near = nearWindow({ fromMs: Number(startNs / MS_NS), toMs: Number(untilNs / MS_NS) + LONGEST_SPAN_MS }, looksAround);
  // What `compare` looks up of the roots is not in the search.
  const fields: readonly Field[] = called.type === 'compare' ? [ROOT_NAME] : called.type === 'value' ? [...called.by, called.of] : called.by;
  return { sql, params: { ...params, ...near }, archive: { ...needOfSearchWith(search, fields), ...(looksAround ? {} : { beganNs: [startNs, endNs] }) } };
}

/** What a comparison names of a field is chosen over all steps, and a span whose match depends on others needs those of other steps. */
function isReadByStep(pipeline: PipelineExpression, window: MetricsWindow): boolean {
  return window.stepNs !== 0n && pipeline.function.type !== 'compare' && !compiledOf(pipeline, window).looksAround;
}

function stepsOf(window: MetricsWindow): readonly MetricsWindow[] {
  const starts = Array.from({ length: countOf(window) }, (_, index) => window.startNs + BigInt(index) * window.stepNs);
  return starts.map((startNs) => ({ ...window, startNs, endNs: startNs + window.stepNs }));
}

const LONGEST_SPAN_MS = 86_400_000;
const ROOT_NAME: Field = { type: 'intrinsic', name: 'rootName' };

/** Charts by weight, unless the query says `with(extrapolate=false)`. */
function windowOf({ query, startNs, endNs, stepNs }: MetricsRequest): MetricsWindow {
  const hint = query.hints.find(({ name }) => name === 'extrapolate')?.value;
  const weighted = !(hint?.type === 'boolean' && !hint.value);
  if (stepNs === 0n) return { startNs, endNs, stepNs, weighted };
  // As in Tempo, so that a chart that moves on keeps its points: whole steps, and one more before them.
  const start = startNs - (startNs % stepNs) - stepNs;
  const end = endNs % stepNs === 0n ? endNs : endNs - (endNs % stepNs) + stepNs;
  return { startNs: start, endNs: end, stepNs, weighted };
}

function exemplarHint(query: MetricsQuery): number | undefined {
  const hint = query.hints.find(({ name }) => name === 'exemplars')?.value;
  if (hint?.type === 'int') return hint.value;
  return hint?.type === 'boolean' && !hint.value ? 0 : undefined;
}

function countOf({ startNs, endNs, stepNs }: MetricsWindow): number {
  return stepNs === 0n ? 1 : Number((endNs - startNs) / stepNs);
}

function timestampsOf(window: MetricsWindow): readonly number[] {
  if (window.stepNs === 0n) return [Number(window.endNs / MS_NS)];
  return Array.from({ length: countOf(window) }, (_, index) => Number((window.startNs + BigInt(index + 1) * window.stepNs) / MS_NS));
}

type Counting = Exclude<MetricsFunction, { readonly type: 'compare' }>;

/** Counts are 0 where nothing was counted, all else has no value there. */
function seriesOf(rows: readonly Row[], called: Counting, window: MetricsWindow): readonly MetricsSeries[] {
  const isCount = called.type === 'count' || called.name === 'histogram_over_time';
  const seconds = Number(window.stepNs === 0n ? window.endNs - window.startNs : window.stepNs) / 1e9;
  const scale = called.name === 'rate' ? 1 / seconds : 1;
  const found = new Map<string, { labels: readonly SeriesLabel[]; values: number[] }>();
  const add = (labels: readonly SeriesLabel[], interval: number, value: number): void => {
    const key = labelKey(labels);
    let series = found.get(key);
    if (series === undefined) found.set(key, series = { labels, values: Array.from({ length: countOf(window) }, () => (isCount ? 0 : Number.NaN)) });
    series.values[interval] = value * scale;
  };
  for (const row of rows) for (const { labels, value } of valuesOf(row, called)) if (value !== null) add(labels, Number(row['interval']), Number(value));
  if (found.size === 0 && called.type === 'count' && called.by.length === 0) found.set('', { labels: [{ key: '__name__', value: called.name }], values: Array.from({ length: countOf(window) }, () => 0) });
  return [...found.values()].map((series) => ({ ...series, exemplars: [] })).sort((left, right) => (labelKey(left.labels) < labelKey(right.labels) ? -1 : 1));
}

function valuesOf(row: Row, called: Counting): readonly { readonly labels: readonly SeriesLabel[]; readonly value: Row[string] | undefined }[] {
  const groups = groupLabels(row, called);
  if (called.name === 'histogram_over_time') return [{ labels: [...groups.filter(({ key }) => key !== '__name__'), { key: '__bucket', value: Number(row['bucket']) }], value: row['value'] }];
  if (called.name !== 'quantile_over_time') return [{ labels: groups, value: row['value'] }];
  return called.quantiles.map((quantile, index) => ({ labels: [...groups.filter(({ key }) => key !== '__name__'), { key: 'p', value: quantile }], value: row[`q${index}`] }));
}

/** Labels without a value are left out; where none has one, the first says nil. Without grouping the function is the name. */
function groupLabels(row: Row, called: Counting): readonly SeriesLabel[] {
  if (called.by.length === 0) return [{ key: '__name__', value: called.name }];
  const values = (JSON.parse(String(row['groups'])) as string[]).map(valueOfJson);
  const labels = called.by.map((field, index) => ({ key: printField(field), value: values[index] ?? null }));
  const present = labels.filter(({ value }) => value !== null);
  return present.length > 0 ? present : [{ key: labels[0]?.key ?? '', value: 'nil' }];
}

/** Example spans go to the series they belong to; of quantiles and buckets to the first that fits. */
function withExemplars(series: readonly MetricsSeries[], rows: readonly Row[], called: Counting): readonly MetricsSeries[] {
  const byGroup = new Map<string, MetricsExemplar[]>();
  for (const row of rows) {
    const labels = groupLabels(row, called).filter(({ key }) => key !== '__name__');
    const key = labelKey(labels);
    const traceId = traceIdOf({ high: row['trace_id_high'] as bigint, low: row['trace_id_low'] as bigint });
    const exemplar = { labels: [{ key: 'trace:id', value: traceId }, { key: 'span:id', value: spanIdOf(row['span_id'] as bigint) }, ...labels], value: Number(row['value'] ?? Number.NaN), timestampMs: Number((row['start_ns'] as bigint) / MS_NS) };
    byGroup.set(key, [...(byGroup.get(key) ?? []), exemplar]);
  }
  const seen = new Set<string>();
  return series.map((one) => {
    const key = labelKey(one.labels.filter((label) => !['__name__', 'p', '__bucket'].includes(label.key)));
    if (seen.has(key)) return one;
    seen.add(key);
    return { ...one, exemplars: byGroup.get(key) ?? [] };
  });
}

/** What shares are taken of: without it the values that are kept say nothing. */
function isComparedSum({ labels: [type] }: MetricsSeries): boolean {
  return type?.key === '__meta_type' && (type.value === 'selection_total' || type.value === 'baseline_total');
}

/** One series for each value of each field, one for each field's sum, and a mark on fields with more values than are named. */
function comparedSeries(rows: readonly Row[], top: number, intervals: number): readonly MetricsSeries[] {
  const found = new Map<string, { labels: readonly SeriesLabel[]; values: number[] }>();
  const crowded = new Set<string>();
  for (const row of rows) {
    const field = String(row['field']);
    const isTotal = row['value'] === null;
    const type = `${row['selected'] === true ? 'selection' : 'baseline'}${isTotal ? '_total' : ''}`;
    const labels = [{ key: '__meta_type', value: type }, { key: field, value: isTotal ? 'nil' : valueOfJson(String(row['value'])) }];
    const key = labelKey(labels);
    let series = found.get(key);
    if (series === undefined) found.set(key, series = { labels, values: Array.from({ length: intervals }, () => 0) });
    series.values[Number(row['interval'])] = Number(row['count']);
    if (Number(row['distinct_values']) > top) crowded.add(field);
  }
  const errors = [...crowded].map((field) => ({ labels: [{ key: '__meta_error', value: '__too_many_values__' }, { key: field, value: 'nil' }], values: Array.from({ length: intervals }, () => 0) }));
  return [...found.values(), ...errors].map((series) => ({ ...series, exemplars: [] }));
}
