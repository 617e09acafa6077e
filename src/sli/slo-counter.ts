import type { Resource, SpanBatch } from '../trace/span-batch.js';
import { conjunctsOf, type AttributeField, type Expression } from '../trace/traceql/ast.js';
import { compileAttributeValue, compileExpression, compileResourceExpression, isResourceOnly, type ResourceMatcher, type ShareMatcher, type SpanMatcher } from '../trace/traceql/matcher.js';
import type { CompiledExclusion, CompiledSlo } from './compile-slo.js';
import type { OperationLimiter } from './operation-limiter.js';
import { excludedKeyOf, groupKeyOf, groupValueOf, otherGroupKeyOf } from './slo-group.js';
import { sharedMatchers } from './shared-matchers.js';

/** One SLO as functions. */
export interface SloCounter {
  readonly sliceKey: string;
  readonly weight: CompiledSlo['weight'];
  readonly measure: CompiledSlo['measure'];
  /** The part of the total that the resource decides: asked once per resource, not per span. */
  readonly admitsResource: ResourceMatcher;
  /** The rest of the total. */
  readonly isTotal: SpanMatcher;
  readonly isPart: SpanMatcher;
  readonly partIsBad: boolean;
  /** A match is the entry of a trace, which is judged later. */
  readonly isJourney: boolean;
  /** The exclusion that takes an event out, as the key it is counted under; undefined where none does. */
  readonly excludedKeyOf: ((batch: SpanBatch, row: number) => string | undefined) | undefined;
  /** Which group an event also counts for; undefined where there are no groups. */
  readonly groupKeyOf: ((batch: SpanBatch, row: number) => string) | undefined;
}

/** The SLOs that a span of the resource could count for, before `admitsResource` is asked. */
export type CounterIndex = (resource: Resource) => readonly SloCounter[];

/** An SLO that demands `resource.service.name = "x"` never meets a span of another service. */
export function indexCounters(slos: readonly CompiledSlo[], limiter: OperationLimiter): CounterIndex {
  const counted = slos.filter(({ parts }) => parts === undefined);
  const share = sharedMatchers(counted);
  const counters = counted.map((slo) => ({ service: serviceOf(slo.total.filter), counter: counterOf(slo, share, limiter) }));
  const anyService = counters.filter(({ service }) => service === undefined).map(({ counter }) => counter);
  const byService = new Map<string, SloCounter[]>();
  for (const { service, counter } of counters) {
    if (service !== undefined) byService.set(service, [...(byService.get(service) ?? anyService), counter]);
  }
  return (resource) => byService.get(resource.serviceName) ?? anyService;
}

function serviceOf(filter: Expression): string | undefined {
  for (const term of conjunctsOf(filter)) {
    if (term.type !== 'comparison' || term.operator !== '=' || term.literal.type !== 'string') continue;
    if (term.field.type === 'attribute' && term.field.scope === 'resource' && term.field.key === 'service.name') return term.literal.value;
  }
  return undefined;
}

function counterOf(compiled: CompiledSlo, share: ShareMatcher, limiter: OperationLimiter): SloCounter {
  const terms = conjunctsOf(compiled.total.filter);
  const ofResource = terms.filter(isResourceOnly).map(compileResourceExpression);
  const ofSpan = terms.filter((term) => !isResourceOnly(term));
  return {
    sliceKey: compiled.sliceKey,
    weight: compiled.weight,
    measure: compiled.measure,
    admitsResource: (resource) => ofResource.every((matches) => matches(resource)),
    isTotal: allOf(ofSpan.map((term) => compileExpression(term, share))),
    isPart: compileExpression(compiled.part.query.filter, share),
    partIsBad: compiled.part.polarity === 'bad',
    isJourney: compiled.journey !== undefined,
    excludedKeyOf: compiled.excludes === undefined ? undefined : excludedKeys(compiled.sliceKey, compiled.excludes, share),
    groupKeyOf: compiled.groupBy === undefined ? undefined : groupKeys(compiled.sliceKey, compiled.groupBy, limiter),
  };
}

function excludedKeys(sliceKey: string, excludes: readonly CompiledExclusion[], share: ShareMatcher): SloCounter['excludedKeyOf'] {
  const compiled = excludes.map(({ name, query, fromMs = -Infinity, toMs = Infinity }) => ({ key: excludedKeyOf(sliceKey, name), matches: compileExpression(query.filter, share), fromMs, toMs }));
  return (batch, row) => {
    const endMs = batch.endMs[row] ?? 0;
    return compiled.find(({ matches, fromMs, toMs }) => endMs >= fromMs && endMs < toMs && matches(batch, row))?.key;
  };
}

function groupKeys(sliceKey: string, fields: readonly AttributeField[], limiter: OperationLimiter): SloCounter['groupKeyOf'] {
  const readers = fields.map(compileAttributeValue);
  const other = otherGroupKeyOf(sliceKey, fields);
  return (batch, row) => {
    const key = groupKeyOf(sliceKey, fields, readers.map((read) => groupValueOf(read(batch, row))));
    return limiter.admits(other, key) ? key : other;
  };
}

function allOf(matchers: readonly SpanMatcher[]): SpanMatcher {
  const [first, second, ...rest] = matchers;
  if (first === undefined) return () => true;
  if (second === undefined) return first;
  if (rest.length === 0) return (batch, row) => first(batch, row) && second(batch, row);
  const others = allOf([second, ...rest]);
  return (batch, row) => first(batch, row) && others(batch, row);
}
