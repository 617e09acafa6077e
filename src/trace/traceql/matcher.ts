import type { Attribute, AttributeValue } from '../attribute.js';
import { derivedAttribute } from '../derived-attributes.js';
import { aliasesOf } from '../semantic-conventions.js';
import { SPAN_KINDS, SPAN_STATUSES, type Resource, type SpanBatch } from '../span-batch.js';
import { comparisonsOf } from './ast.js';
import type { AttributeField, Comparison, Expression, IntrinsicName, Query } from './ast.js';
import { rootRowOf } from './trace-roots.js';
import { numberPredicate, textPredicate, valuePredicate } from './value-predicate.js';

export type SpanMatcher = (batch: SpanBatch, row: number) => boolean;
export type ResourceMatcher = (resource: Resource) => boolean;

/** Lets a caller put its own matcher in place of a comparison's: to share those that several queries have in common. */
export type ShareMatcher = (comparison: Comparison, compile: () => SpanMatcher) => SpanMatcher;

const SERVER = SPAN_KINDS.indexOf('server');
const compileAlone: ShareMatcher = (_, compile) => compile();

/**
 * A query as a function over rows of a batch. It agrees with the SQL of the same query on every row, with one exception: the root of a trace
 * is looked for in the batch only, and `rootName` and `rootServiceName` are absent where it is not there.
 */
export function compileMatcher(query: Query): SpanMatcher {
  return compileExpression(query.filter);
}

export function compileExpression(expression: Expression, share: ShareMatcher = compileAlone): SpanMatcher {
  if (isResourceOnly(expression)) return rememberedByResource(compileResourceExpression(expression));
  switch (expression.type) {
    case 'constant':
      return expression.value ? () => true : () => false;
    case 'not': {
      const operand = compileExpression(expression.operand, share);
      return (batch, row) => !operand(batch, row);
    }
    case 'and': {
      const [left, right] = [compileExpression(expression.left, share), compileExpression(expression.right, share)];
      return (batch, row) => left(batch, row) && right(batch, row);
    }
    case 'or': {
      const [left, right] = [compileExpression(expression.left, share), compileExpression(expression.right, share)];
      return (batch, row) => left(batch, row) || right(batch, row);
    }
    case 'comparison':
      return share(expression, () => compileComparison(expression));
  }
}

/** Decided by the resource alone, so once for all spans of a process. */
export function isResourceOnly(expression: Expression): boolean {
  const comparisons = comparisonsOf(expression);
  return comparisons.length > 0 && comparisons.every(({ field }) => field.type === 'attribute' && field.scope === 'resource');
}

/** For expressions of which `isResourceOnly` holds. */
export function compileResourceExpression(expression: Expression): ResourceMatcher {
  switch (expression.type) {
    case 'constant':
      return () => expression.value;
    case 'not': {
      const operand = compileResourceExpression(expression.operand);
      return (resource) => !operand(resource);
    }
    case 'and': {
      const [left, right] = [compileResourceExpression(expression.left), compileResourceExpression(expression.right)];
      return (resource) => left(resource) && right(resource);
    }
    case 'or': {
      const [left, right] = [compileResourceExpression(expression.left), compileResourceExpression(expression.right)];
      return (resource) => left(resource) || right(resource);
    }
    case 'comparison': {
      const { field, operator, literal } = expression;
      if (field.type !== 'attribute') return () => false;
      const keys = aliasesOf(field.key);
      const holds = valuePredicate(field.key, operator, literal);
      return (resource) => holds(firstValue(resource.attributes, keys, { from: 0, to: resource.attributes.length }));
    }
  }
}

function rememberedByResource(matches: ResourceMatcher): SpanMatcher {
  const verdicts = new WeakMap<Resource, boolean>();
  let lastResource: Resource | undefined;
  let lastVerdict = false;
  return (batch, row) => {
    const resource = batch.resources[batch.resourceIndex[row] ?? 0];
    if (resource === undefined) return false;
    if (resource === lastResource) return lastVerdict;
    let verdict = verdicts.get(resource);
    if (verdict === undefined) {
      verdict = matches(resource);
      verdicts.set(resource, verdict);
    }
    lastResource = resource;
    lastVerdict = verdict;
    return verdict;
  };
}

function compileComparison(comparison: Comparison): SpanMatcher {
  const { field } = comparison;
  return field.type === 'intrinsic' ? compileIntrinsic(field.name, comparison) : compileAttribute(field, comparison);
}

/** `any` looks at the span first, then at its resource. Scope `resource` is compiled above. */
function compileAttribute(field: AttributeField, { operator, literal }: Comparison): SpanMatcher {
  const spanValue = spanValueOf(field.key);
  const holds = valuePredicate(field.key, operator, literal);
  if (field.scope === 'span') return (batch, row) => holds(spanValue(batch, row));
  const keys = aliasesOf(field.key);
  return (batch, row) => {
    const value = spanValue(batch, row);
    if (value !== undefined) return holds(value);
    const attributes = batch.resources[batch.resourceIndex[row] ?? 0]?.attributes ?? [];
    return holds(firstValue(attributes, keys, { from: 0, to: attributes.length }));
  };
}

/** What the attribute holds for a span. */
export function compileAttributeValue(field: AttributeField): ValueAt {
  const keys = aliasesOf(field.key);
  const ofResource: ValueAt = (batch, row) => {
    const attributes = batch.resources[batch.resourceIndex[row] ?? 0]?.attributes ?? [];
    return firstValue(attributes, keys, { from: 0, to: attributes.length });
  };
  if (field.scope === 'resource') return ofResource;
  const ofSpan = spanValueOf(field.key);
  return field.scope === 'span' ? ofSpan : (batch, row) => ofSpan(batch, row) ?? ofResource(batch, row);
}

type ValueAt = (batch: SpanBatch, row: number) => AttributeValue | undefined;

/** The value under the asked name or one of its aliases, else what it can be made of. */
function spanValueOf(key: string): ValueAt {
  const stored = storedValueOf(key);
  const derived = derivedAttribute(key);
  if (derived === undefined) return stored;
  const sources = derived.from.map(storedValueOf);
  return (batch, row) => stored(batch, row) ?? derived.value(sources.map((source) => source(batch, row)));
}

function storedValueOf(key: string): ValueAt {
  const server = aliasesOf(key, 'server');
  const client = aliasesOf(key, 'client');
  return (batch, row) => {
    const keys = batch.kinds[row] === SERVER ? server : client;
    return firstValue(batch.attributes, keys, { from: batch.attributeStart[row] ?? 0, to: batch.attributeStart[row + 1] ?? 0 });
  };
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** The value under the earliest of `keys` that is there and not null. */
function firstValue(attributes: readonly Attribute[], keys: readonly string[], { from, to }: Range): AttributeValue | undefined {
  const [first] = keys;
  let best = keys.length;
  let value: AttributeValue | undefined;
  for (let index = from; index < to; index += 1) {
    const attribute = attributes[index]!;
    if (attribute.key === first && attribute.value !== null) return attribute.value;
    for (let rank = 1; rank < best; rank += 1) {
      if (attribute.key !== keys[rank] || attribute.value === null) continue;
      best = rank;
      value = attribute.value;
    }
  }
  return value;
}

function compileIntrinsic(name: IntrinsicName, comparison: Comparison): SpanMatcher {
  switch (name) {
    case 'kind':
      return compileCode(comparison, SPAN_KINDS, (batch) => batch.kinds);
    case 'status':
      return compileCode(comparison, SPAN_STATUSES, (batch) => batch.statuses);
    case 'duration': {
      const holds = numberPredicate(comparison.operator, comparison.literal.type === 'duration' ? comparison.literal.value : 0);
      return (batch, row) => holds(batch.durationNs[row] ?? 0);
    }
    case 'name':
      return compileText(comparison, (batch, row) => batch.names[row]);
    case 'statusMessage':
      return compileText(comparison, (batch, row) => batch.statusMessages[row]);
    case 'rootName':
      return compileText(comparison, (batch, row) => batch.names[rootRowOf(batch, row) ?? -1]);
    case 'rootServiceName':
      return compileText(comparison, (batch, row) => batch.resources[batch.resourceIndex[rootRowOf(batch, row) ?? -1] ?? -1]?.serviceName);
    case 'trace:id':
      return compileId(comparison, 16, (batch) => batch.traceIds);
    case 'span:id':
      return compileId(comparison, 8, (batch) => batch.spanIds);
    case 'span:parentID':
      return compileId(comparison, 8, (batch) => batch.parentSpanIds);
    case 'instrumentation:name':
      return compileText(comparison, (batch, row) => batch.scopes[batch.scopeIndex[row] ?? 0]?.name);
    case 'instrumentation:version':
      return compileText(comparison, (batch, row) => batch.scopes[batch.scopeIndex[row] ?? 0]?.version);
    case 'traceDuration':
    case 'nestedSetLeft':
    case 'nestedSetRight':
    case 'nestedSetParent':
    case 'span:childCount':
    case 'event:name':
    case 'event:timeSinceStart':
    case 'link:spanID':
    case 'link:traceID':
      throw new Error(`rule-filter.ts lets no ${name} through`);
  }
}

function compileCode({ operator, literal }: Comparison, names: readonly string[], column: (batch: SpanBatch) => Uint8Array): SpanMatcher {
  const code = 'value' in literal ? names.indexOf(String(literal.value)) : -1;
  return operator === '=' ? (batch, row) => column(batch)[row] === code : (batch, row) => column(batch)[row] !== code;
}

function compileText({ operator, literal }: Comparison, textAt: (batch: SpanBatch, row: number) => string | undefined): SpanMatcher {
  const holds = textPredicate(operator, literal.type === 'string' ? literal.value : '');
  return (batch, row) => {
    const text = textAt(batch, row);
    return text !== undefined && holds(text);
  };
}

function compileId({ operator, literal }: Comparison, length: 8 | 16, column: (batch: SpanBatch) => Uint8Array): SpanMatcher {
  const hex = (literal.type === 'string' ? literal.value : '').padStart(length * 2, '0');
  const wanted = Buffer.from(hex, 'hex');
  return (batch, row) => {
    const ids = column(batch);
    let same = true;
    for (let index = 0; same && index < length; index += 1) same = ids[row * length + index] === wanted[index];
    return same === (operator === '=');
  };
}
