import { createHash } from 'node:crypto';
import type { EventExclusion } from '../config/exclusion.js';
import type { RuleQuery } from '../config/rule-set.js';
import type { CompositePart, Measure, QuerySource, RatioIndicator, Slo } from '../config/slo.js';
import type { Location, Problem } from '../lib/problem.js';
import { err, ok, type Result } from '../lib/result.js';
import { comparisonsOf, type AttributeField, type Expression, type Query } from '../trace/traceql/ast.js';
import type { SpansetExpression } from '../trace/traceql/query-ast.js';
import { parseSearch, parseTraceql } from '../trace/traceql/parser.js';
import { printSearch, printTraceql } from '../trace/traceql/print.js';
import { groupFilter, type SloGroup } from './slo-group.js';
import type { TraceqlError } from '../trace/traceql/traceql-error.js';

/** An SLO ready to be measured. Plain data, so that it can be handed to a worker thread; `createMeasurer` turns it into functions. */
export interface CompiledSlo {
  readonly slo: Slo;
  /** Name and revision: `checkout-availability@3f2a9c01`. Another spelling of the same queries keeps it, another meaning does not. */
  readonly sliceKey: string;
  readonly total: Query;
  /** What is matched within `total`, and whether a match is a good or a bad event. */
  readonly part: { readonly polarity: 'good' | 'bad'; readonly query: Query };
  readonly weight: RatioIndicator['weight'];
  readonly measure?: Measure;
  /** Where an event is a whole trace: what is asked of the trace, instead of `part.query`. */
  readonly journey?: SpansetExpression;
  /** Attributes by whose values the events are also counted apart (slo-group.ts). They belong to no revision: the whole is the same. */
  readonly groupBy?: readonly AttributeField[];
  /** Events of the total that count for nothing. They belong to no revision either. */
  readonly excludes?: readonly CompiledExclusion[];
  /** Of a composite objective: what it is made of. It is never counted itself, and its own queries ask nothing. */
  readonly parts?: readonly CompiledPart[];
  /** Of level warning. */
  readonly warnings: readonly Problem[];
}

export interface CompiledExclusion extends Pick<EventExclusion, 'name' | 'fromMs' | 'toMs'> {
  readonly query: Query;
}

export interface CompiledPart {
  readonly slo: Slo;
  readonly sliceKey: string;
  readonly weight: number;
}

type QueryRole = RuleQuery['role'];

/** Compiles the queries of an SLO, or says where in its file they are wrong. */
export function compileSlo(slo: Slo): Result<CompiledSlo, Problem[]> {
  return slo.composite === undefined ? compileOne(slo) : compileComposite(slo, slo.composite);
}

/** Problems of the parts are theirs: they are SLOs of their own. */
function compileComposite(slo: Slo, composite: readonly CompositePart[]): Result<CompiledSlo, Problem[]> {
  const parts = composite.flatMap(({ slo: each, weight }) => {
    const part = compileOne(each);
    return part.ok ? [{ slo: each, sliceKey: part.value.sliceKey, weight }] : [];
  });
  if (parts.length < composite.length) return err([]);
  const meaning = JSON.stringify(parts.map(({ sliceKey, weight, slo: { target, method } }) => [sliceKey, weight, target, method ?? null]));
  return ok({ slo, sliceKey: `${slo.name}@${hashOf(meaning)}`, total: EVERY_SPAN, part: { polarity: 'bad', query: EVERY_SPAN }, weight: 'auto', parts, warnings: [] });
}

function and(left: Expression, right: Expression): Expression {
  return { type: 'and', left, right };
}

function not(operand: Expression): Expression {
  return { type: 'not', operand };
}

function compileOne(slo: Slo): Result<CompiledSlo, Problem[]> {
  const { total, bad, good, weight, measure } = slo.indicator;
  const polarity = bad === undefined ? 'good' : 'bad';
  const partSource = bad ?? good;
  if (partSource === undefined) return err([missingPart(slo)]);
  const totalQuery = parseTraceql(total.text);
  const journey = slo.indicator.unit === 'trace' ? parseJourney(partSource.text) : undefined;
  const partQuery = journey === undefined ? parseTraceql(partSource.text) : journey.ok ? ok(EVERY_SPAN) : journey;
  if (!totalQuery.ok || !partQuery.ok) {
    return err([
      ...(totalQuery.ok ? [] : [queryProblem(total, 'total', totalQuery.error)]),
      ...(partQuery.ok ? [] : [queryProblem(partSource, polarity, partQuery.error)]),
    ]);
  }
  const groupBy = slo.indicator.groupBy?.map(readGroupAttribute);
  const notGroups = groupBy?.flatMap((read) => (read.ok ? [] : [read.error])) ?? [];
  if (notGroups.length > 0) return err(notGroups);
  const excludes = compileExclusions(slo);
  if (excludes === undefined) return err([]);
  const part = { polarity, query: partQuery.value } as const;
  const warnings = [...warningsOf(total, 'total', totalQuery.value), ...warningsOf(partSource, polarity, partQuery.value)];
  const counted = { total: totalQuery.value, part, ...(journey?.ok === true ? { journey: journey.value } : {}), weight, ...(measure === undefined ? {} : { measure }) };
  return ok({ slo, sliceKey: `${slo.name}@${revisionOf(counted)}`, ...counted, ...(groupBy === undefined ? {} : { groupBy: groupBy.flatMap((read) => (read.ok ? [read.value] : [])) }), ...(excludes.length === 0 ? {} : { excludes }), warnings });
}

/** Undefined where one is wrong: that is told once, at its own place, however many SLOs it is about. */
function compileExclusions({ excludedEvents = [] }: Slo): CompiledExclusion[] | undefined {
  const compiled = excludedEvents.flatMap(({ name, match, fromMs, toMs }) => {
    const query = parseTraceql(match.text);
    return query.ok ? [{ name, fromMs, toMs, query: query.value }] : [];
  });
  return compiled.length === excludedEvents.length ? compiled : undefined;
}

const EVERY_SPAN: Query = { type: 'spanset', filter: { type: 'constant', value: true } };

/** What is asked of a trace is a search: any of its spans, and how they stand to each other. */
function parseJourney(text: string): Result<SpansetExpression, TraceqlError> {
  const query = parseSearch(text);
  if (!query.ok) return query;
  if (query.value.type === 'search') return ok(query.value.search);
  return err({ message: 'a journey is judged by what is found in its trace, and this computes metrics', hint: 'leave out what follows the last |', offset: 0, line: 1, column: 1 });
}

/** `region` is `.region`: of the span, else of its resource. */
function readGroupAttribute({ text, at }: QuerySource): Result<AttributeField, Problem> {
  const scoped = /^(\.|(span|resource|event|link|instrumentation|parent)\.)/.test(text) ? text : `.${text}`;
  const query = parseTraceql(`{ ${scoped} != nil }`);
  const field = query.ok && query.value.filter.type === 'comparison' ? query.value.filter.field : undefined;
  if (field?.type === 'attribute' && field.ofParent !== true && ['any', 'span', 'resource'].includes(field.scope)) return ok(field);
  return err({ at, level: 'error', code: 'sli/bad-group', path: 'groupBy', message: `"${text}" is not an attribute of a span or its resource`, hint: 'write it like resource.cloud.region, span.http.route or tenant' });
}

/** What the total is without the events that never count: for looking at stored spans. */
export function countedTotal({ total, excludes = [] }: Pick<CompiledSlo, 'total' | 'excludes'>): Query {
  const always = excludes.filter(({ fromMs, toMs }) => fromMs === undefined && toMs === undefined);
  return { type: 'spanset', filter: always.reduce((filter, { query }) => and(filter, not(query.filter)), total.filter) };
}

/** The same SLO, its events those of one group. */
export function restrictedTo(compiled: CompiledSlo, group: SloGroup): CompiledSlo {
  const filter = groupFilter(compiled.groupBy ?? [], group);
  return filter === undefined ? compiled : { ...compiled, total: { type: 'spanset', filter: and(compiled.total.filter, filter) } };
}

/** What is wrong with queries that belong to no sound SLO. */
export function checkQueries(queries: readonly RuleQuery[]): Problem[] {
  return queries.flatMap(({ role, source }) => {
    const query = parseTraceql(source.text);
    return query.ok ? [] : [queryProblem(source, role, query.error)];
  });
}

/** First 8 hex digits of SHA-1 over everything that decides what is counted. */
function revisionOf({ total, part, weight, measure, journey }: Pick<CompiledSlo, 'total' | 'part' | 'weight' | 'measure' | 'journey'>): string {
  const asked = journey === undefined ? printTraceql(part.query) : `trace: ${printSearch(journey)}`;
  const meaning = JSON.stringify([printTraceql(total), part.polarity, asked, weight, ...(measure === undefined ? [] : [measure])]);
  return hashOf(meaning);
}

function hashOf(meaning: string): string {
  return createHash('sha1').update(meaning).digest('hex').slice(0, 8);
}

function warningsOf(source: QuerySource, role: QueryRole, query: Query): Problem[] {
  const comparisons = comparisonsOf(query.filter);
  const warnings: Problem[] = [];
  if (role === 'total' && comparisons.some(({ operator, literal }) => operator === '=' && literal.type === 'kind' && literal.value === 'client')) {
    warnings.push({
      at: source.at, level: 'warning', code: 'sli/counts-retries', path: pathOf(role),
      message: 'this total counts CLIENT spans: one request that is retried counts once per try',
      hint: 'count the requests where they are served: kind = server',
    });
  }
  if (comparisons.some(({ field }) => field.type === 'intrinsic' && (field.name === 'rootName' || field.name === 'rootServiceName'))) {
    warnings.push({
      at: source.at, level: 'warning', code: 'sli/root-may-be-missing', path: pathOf(role),
      message: 'rootName and rootServiceName are known only for spans that arrive in one batch with the root of their trace',
      hint: 'use attributes of the span itself, like name and resource.service.name',
    });
  }
  return warnings;
}

function queryProblem(source: QuerySource, role: QueryRole, error: TraceqlError): Problem {
  return { at: locationIn(source, error), level: 'error', code: 'sli/bad-query', path: pathOf(role), message: `the ${role} query is not valid TraceQL: ${error.message}`, hint: error.hint };
}

/** Further lines of a query are taken to be indented like its first one, as they are in a YAML block. */
function locationIn({ at }: QuerySource, { line, column }: TraceqlError): Location {
  return { file: at.file, line: at.line + line - 1, column: at.column + column - 1 };
}

function missingPart(slo: Slo): Problem {
  return {
    at: slo.at, level: 'error', code: 'sli/no-part', path: 'spec.indicator.spec.ratioMetric',
    message: `the SLO "${slo.name}" says neither which events are bad nor which are good`, hint: 'add bad: or good: beside total:',
  };
}

function pathOf(role: QueryRole): string {
  if (role === 'match') return 'spec.match';
  return `spec.indicator.spec.ratioMetric.${role}.metricSource.spec.query`;
}
