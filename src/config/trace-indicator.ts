import { closest } from '../lib/closest.js';
import { errorAt, warningAt, type ProblemCode, type ProblemText } from '../lib/problem-codes.js';
import type { Problem } from '../lib/problem.js';
import { formatPath, type DocumentPath } from '../lib/yaml-document.js';
import type { Placed } from './alert-policy.js';
import type { MetricSource, SliSpec } from './open-slo-schema.js';
import type { RuleDocuments } from './rule-documents.js';
import { TRACE_TYPES } from './trace-source.js';
import type { QuerySource, RatioIndicator } from './slo.js';

export interface IndicatorContext {
  readonly documents: RuleDocuments;
  readonly problems: Problem[];
}

/** The SLI as queries over spans; undefined when a part of it cannot be honoured. */
export function readRatio(sli: Placed<SliSpec> & { readonly metric: NonNullable<SliSpec['ratioMetric']> }, context: IndicatorContext): RatioIndicator | undefined {
  const ratioMetric = sli.metric;
  if (ratioMetric.raw !== undefined) return readRaw({ ...sli, raw: ratioMetric.raw, of: ratioMetric.rawType === 'success' ? 'good' : 'bad' }, context);
  const { total } = ratioMetric;
  if (total === undefined) return undefined;
  const before = context.problems.length;
  const refuse = (path: DocumentPath, code: ProblemCode, text: ProblemText): void => {
    const full = [...sli.path, 'ratioMetric', ...path];
    context.problems.push(errorAt(sli.source.at(full), code, { path: formatPath(full), ...text }));
  };
  if (ratioMetric.counter === true) refuse(['counter'], 'rules/invalid-value', { message: 'spans are counted per minute, not by a counter that only grows', hint: 'write counter: false' });
  const queries: { total?: QuerySource; bad?: QuerySource; good?: QuerySource } = {};
  for (const role of ['total', 'bad', 'good'] as const) {
    const part = ratioMetric[role];
    if (part === undefined) continue;
    checkSource(part, { ...sli, path: [...sli.path, 'ratioMetric', role, 'metricSource'] }, context);
    queries[role] = { text: part.metricSource.spec.query, at: sli.source.atText([...sli.path, 'ratioMetric', role, 'metricSource', 'spec', 'query']) };
    const { weight, groupBy, unit } = part.metricSource.spec;
    if (role !== 'total' && unit !== undefined && unit !== (total.metricSource.spec.unit ?? 'span')) {
      refuse([role, 'metricSource', 'spec', 'unit'], 'rules/invalid-value', { message: `"${role}" counts by ${unit} and "total" by ${total.metricSource.spec.unit ?? 'span'}`, hint: 'a ratio counts one thing: write unit at "total"' });
    }
    if (role !== 'total' && groupBy !== undefined) refuse([role, 'metricSource', 'spec', 'groupBy'], 'rules/invalid-value', { message: `"${role}" is matched within "total": the groups are those of "total"`, hint: 'write groupBy at "total"' });
    const counted = total.metricSource.spec.weight;
    if (role !== 'total' && weight !== undefined && weight !== (counted ?? 'auto')) {
      refuse([role, 'metricSource', 'spec', 'weight'], 'rules/invalid-value', { message: `"${role}" is weighted by "${weight}" and "total" by "${counted ?? 'auto'}"`, hint: 'a ratio needs one weight: write it at "total"' });
    }
  }
  if (queries.total === undefined || context.problems.length > before) return undefined;
  const { bad, good } = queries;
  return { total: queries.total, ...(bad === undefined ? {} : { bad }), ...(good === undefined ? {} : { good }), weight: readWeight(total.metricSource.spec.weight), ...(total.metricSource.spec.unit === 'trace' ? { unit: 'trace' as const } : {}), ...readGroupBy(total.metricSource.spec, { ...sli, path: [...sli.path, 'ratioMetric', 'total', 'metricSource', 'spec'] }) };
}

type RawSource = NonNullable<NonNullable<SliSpec['ratioMetric']>['raw']>;

/** A ratio that each span carries. The spans that show what went wrong are those whose ratio is not perfect. */
function readRaw(sli: Placed<SliSpec> & { readonly raw: RawSource; readonly of: 'good' | 'bad' }, context: IndicatorContext): RatioIndicator | undefined {
  const before = context.problems.length;
  const path = [...sli.path, 'ratioMetric', 'raw', 'metricSource'];
  checkSource(sli.raw, { ...sli, path }, context);
  refuseTraces(sli.raw, { ...sli, path }, context);
  if (context.problems.length > before) return undefined;
  const { query, value, weight } = sli.raw.metricSource.spec;
  return {
    total: { text: query, at: sli.source.atText([...path, 'spec', 'query']) },
    bad: { text: `{ span."${value}" ${sli.of === 'good' ? '< 1' : '> 0'} }`, at: sli.source.at([...path, 'spec', 'value']) },
    weight: readWeight(weight),
    ...readGroupBy(sli.raw.metricSource.spec, { ...sli, path: [...path, 'spec'] }),
    measure: { kind: 'share', attribute: value, of: sli.of },
  };
}

export function readGroupBy({ groupBy }: { readonly groupBy?: readonly string[] | undefined }, place: Placed<unknown>): Pick<RatioIndicator, 'groupBy'> {
  return groupBy === undefined ? {} : { groupBy: groupBy.map((text, index) => ({ text, at: place.source.at([...place.path, 'groupBy', index]) })) };
}

export function readWeight(text: string | undefined): RatioIndicator['weight'] {
  if (text === undefined || text === 'auto') return 'auto';
  return text === 'none' ? 'none' : { attribute: text };
}

export function checkSource({ metricSource }: { readonly metricSource: Pick<MetricSource['metricSource'], 'type' | 'metricSourceRef'> & { readonly spec: { readonly unit?: 'span' | 'trace' | undefined } } }, place: Placed<unknown>, { documents, problems }: IndicatorContext): void {
  const refuse = (key: string, code: ProblemCode, text: ProblemText): void => {
    problems.push(errorAt(place.source.at([...place.path, key]), code, { path: formatPath([...place.path, key]), ...text }));
  };
  const reference = metricSource.metricSourceRef;
  const dataSource = reference === undefined ? undefined : documents.DataSource.get(reference);
  if (reference !== undefined && dataSource === undefined) {
    if (documents.broken.has(`DataSource/${reference}`)) return;
    const near = closest(reference, [...documents.DataSource.keys()]);
    refuse('metricSourceRef', 'rules/unknown-reference', { message: `there is no DataSource "${reference}"`, hint: near === undefined ? 'remove it and write type: traces' : `did you mean "${near}"?` });
    return;
  }
  const type = metricSource.type ?? dataSource?.content.spec.type;
  if (type === undefined) refuse('type', 'rules/missing-key', { message: 'the type of the metric source is missing', hint: 'write type: traces' });
  else if (!TRACE_TYPES.includes(type)) refuse('type', 'rules/not-supported-yet', { message: `the metric source "${type}" is not supported: Tocsin computes SLIs from the spans that it receives`, hint: 'write type: traces and a TraceQL query' });
}

/** Shares and durations are of one span. */
export function refuseTraces({ metricSource }: { readonly metricSource: { readonly spec: { readonly unit?: 'span' | 'trace' | undefined } } }, place: Placed<unknown>, { problems }: IndicatorContext): void {
  if (metricSource.spec.unit !== 'trace') return;
  const path: DocumentPath = [...place.path, 'spec', 'unit'];
  problems.push(errorAt(place.source.at(path), 'rules/invalid-value', { path: formatPath(path), message: 'a threshold or a raw ratio is of spans, not of traces', hint: 'write a ratioMetric with total and bad, or choose the entry span of the journey in "query"' }));
}

/** What `checkSource` has nothing against: only then is the query TraceQL. */
export function isTraceSource({ type, metricSourceRef }: Pick<MetricSource['metricSource'], 'type' | 'metricSourceRef'>, documents: RuleDocuments): boolean {
  const named = type ?? (metricSourceRef === undefined ? undefined : documents.DataSource.get(metricSourceRef)?.content.spec.type);
  return named !== undefined && TRACE_TYPES.includes(named);
}

/** A trace source has nothing to connect to; saying so is kinder than ignoring the details. */
export function dataSourceProblems(documents: RuleDocuments): Problem[] {
  return [...documents.DataSource.values()].flatMap(({ content, source }) => {
    const details = content.spec.connectionDetails;
    const isEmpty = details === undefined || details === null || (typeof details === 'object' && Object.keys(details).length === 0);
    if (isEmpty || !TRACE_TYPES.includes(content.spec.type)) return [];
    return [warningAt(source.at(['spec', 'connectionDetails']), 'rules/decided-elsewhere', { path: 'spec.connectionDetails', message: 'connection details of a trace source have no effect: Tocsin reads the spans that are sent to it', hint: 'where it listens is set in tocsin.yaml' })];
  });
}
