import { derivedAttribute } from '../../trace/derived-attributes.js';
import { aliasesOf, olderSpelling, valueAliasesOf } from '../../trace/semantic-conventions.js';
import type { AttributeField, Field } from '../../trace/traceql/ast.js';
import { isLiteral } from '../../trace/traceql/field-types.js';
import type { FieldExpression, FieldOperator, SpansetExpression, Stage, StaticLiteral } from '../../trace/traceql/query-ast.js';
import { storedField } from '../../trace/traceql/span-fields-sql.js';
import { portableRegex } from '../../trace/traceql/regex.js';
import type { TracePart } from '../less-at-once.js';
import { quoted } from '../literal-sql.js';
import type { TraceKey } from '../trace-key.js';
import { KINDS, STATUSES } from './archive-columns.js';
import { pairText } from './attribute-filter.js';
import type { TimeRange } from './duckdb-known-files.js';

/** Which archived spans a statement needs, besides those of its range of time. Whatever else it gets it must still leave out itself. */
export interface ArchiveNeed {
  /** A condition over the archive's own columns of `a`, cheap to test and made for the row groups' bounds; undefined: every span. */
  readonly where?: string;
  /** A file is of use only where of each list one pair (see `pairText`) may be among the attributes of its spans. */
  readonly pairs?: readonly (readonly string[])[];
  /** Spans that began in this time, both ends included: Unix nanoseconds. */
  readonly beganNs?: readonly [bigint, bigint];
  /** Whole traces, whatever their time; the statement then sees nothing of others, not of hot ones either. */
  readonly traces?: readonly TraceKey[];
  /** Of all traces only this part: the statement then sees nothing of others. Not together with `traces`. */
  readonly part?: TracePart;
  /** When the spans of `traces` ended, of all that are not noted as long (`long_traces`): their files are looked for among those of this time. */
  readonly endedBetween?: TimeRange;
}

const EVERYTHING: ArchiveNeed = {};
const MIRRORED: Readonly<Record<string, string>> = { '=': '=', '!=': '!=', '>': '<', '>=': '<=', '<': '>', '<=': '>=' };
/** What a span without `service.name` is stored under; a condition on the attribute does not see it. */
const NO_SERVICE = 'unknown_service';
const ROOTS = `a."ParentSpanId" = ''`;

/** The same where `fields` of what was found are read too. */
export function needOfSearchWith(search: SpansetExpression, fields: readonly Field[]): ArchiveNeed {
  return fields.every((field) => lookupOf(field).length === 0) ? needOfSearch(search) : EVERYTHING;
}

/** The spans that a compiled search reads: those that one of its filters may let through, and what those are looked up in. */
export function needOfSearch(search: SpansetExpression): ArchiveNeed {
  switch (search.type) {
    case 'filter':
      return needOfFilter(search.condition);
    case 'operation':
      // Who is above whom is found by walking through all spans of a trace.
      return search.operator.includes('>>') || search.operator.includes('<<') ? EVERYTHING : eitherOf(needOfSearch(search.left), needOfSearch(search.right));
    case 'pipeline':
      return needOfPipeline(search.stages);
    case 'scalarComparison':
      return EVERYTHING;
  }
}

/** All stages work on what the first one let through, but for what they look up of other spans. */
function needOfPipeline([first, ...rest]: readonly Stage[]): ArchiveNeed {
  if (first === undefined || !isSpanset(first) || !rest.every(readsOwnSpansOnly)) return EVERYTHING;
  return needOfSearch(first);
}

function isSpanset(stage: Stage): stage is SpansetExpression {
  return stage.type === 'filter' || stage.type === 'operation' || stage.type === 'pipeline' || stage.type === 'scalarComparison';
}

function readsOwnSpansOnly(stage: Stage): boolean {
  switch (stage.type) {
    case 'coalesce':
      return true;
    case 'select':
      return stage.fields.every((field) => lookupsOf({ type: 'field', field }).length === 0);
    case 'group':
      return lookupsOf(stage.by).length === 0;
    case 'filter':
      return lookupsOf(stage.condition).length === 0;
    case 'scalarFilter':
      return !JSON.stringify(stage).includes('"type":"field"');
    default:
      return false;
  }
}

function needOfFilter(condition: FieldExpression): ArchiveNeed {
  const lookups = lookupsOf(condition);
  const need = needOfCondition(condition);
  if (lookups.length === 0) return need;
  return lookups.every((lookup) => lookup === 'root') && need.where !== undefined ? { where: `(${need.where} OR ${ROOTS})` } : EVERYTHING;
}

/** Which other spans an expression looks at. */
function lookupsOf(expression: FieldExpression): readonly ('root' | 'other')[] {
  switch (expression.type) {
    case 'field':
      return lookupOf(expression.field);
    case 'unary':
    case 'exists':
      return lookupsOf(expression.operand);
    case 'binary':
      return [...lookupsOf(expression.left), ...lookupsOf(expression.right)];
    default:
      return [];
  }
}

function lookupOf(field: Field): readonly ('root' | 'other')[] {
  if (field.type === 'attribute') return field.ofParent === true ? ['other'] : [];
  if (field.name === 'rootName' || field.name === 'rootServiceName') return ['root'];
  return field.name === 'traceDuration' || field.name === 'span:childCount' || field.name.startsWith('nestedSet') ? ['other'] : [];
}

/** A condition that every span meets that meets `expression`. */
function needOfCondition(expression: FieldExpression): ArchiveNeed {
  if (expression.type !== 'binary') return EVERYTHING;
  const { operator, left, right } = expression;
  if (operator === '&&') return bothOf(needOfCondition(left), needOfCondition(right));
  if (operator === '||') return eitherOf(needOfCondition(left), needOfCondition(right));
  if (left.type === 'field' && isLiteral(right)) return needOfComparison(left.field, operator, right);
  const mirrored = MIRRORED[operator];
  return right.type === 'field' && isLiteral(left) && mirrored !== undefined ? needOfComparison(right.field, mirrored as FieldOperator, left) : EVERYTHING;
}

function bothOf(left: ArchiveNeed, right: ArchiveNeed): ArchiveNeed {
  const where = left.where === undefined || right.where === undefined ? left.where ?? right.where : `(${left.where} AND ${right.where})`;
  return { ...(where === undefined ? {} : { where }), pairs: [...left.pairs ?? [], ...right.pairs ?? []] };
}

function eitherOf(left: ArchiveNeed, right: ArchiveNeed): ArchiveNeed {
  const where = left.where === undefined || right.where === undefined ? {} : { where: `(${left.where} OR ${right.where})` };
  // One list that holds both sides' pairs: for want of one on either side nothing is known.
  const [ofLeft] = left.pairs ?? [];
  const [ofRight] = right.pairs ?? [];
  return { ...where, pairs: ofLeft === undefined || ofRight === undefined ? [] : [[...ofLeft, ...ofRight]] };
}

function needOfComparison(field: Field, operator: FieldOperator, literal: StaticLiteral): ArchiveNeed {
  if (field.type === 'attribute') return needOfAttribute(field, operator, literal);
  switch (field.name) {
    case 'name':
      return whereText('a."SpanName"', operator, literal);
    case 'statusMessage':
      return whereText('a."StatusMessage"', operator, literal);
    case 'status':
      return literal.type === 'status' ? whereWord('a."StatusCode"', operator, STATUSES[['unset', 'ok', 'error'].indexOf(literal.value)]) : EVERYTHING;
    case 'kind':
      return literal.type === 'kind' ? whereWord('a."SpanKind"', operator, KINDS[['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'].indexOf(literal.value)]) : EVERYTHING;
    case 'duration':
      return (literal.type === 'duration' || literal.type === 'int') && Number.isSafeInteger(literal.value) && literal.value >= 0 && ['=', '>', '>=', '<', '<='].includes(operator)
        ? { where: `a."Duration" ${operator} ${literal.value}::UBIGINT` } : EVERYTHING;
    default:
      return EVERYTHING;
  }
}

function whereText(column: string, operator: FieldOperator, literal: StaticLiteral): ArchiveNeed {
  if (literal.type !== 'string') return EVERYTHING;
  if (operator === '=') return { where: `${column} = ${quoted(literal.value)}` };
  const regex = operator === '=~' ? portableRegex(literal.value) : undefined;
  return regex?.ok === true ? { where: `regexp_full_match(${column}, ${quoted(regex.value.re2)})` } : EVERYTHING;
}

function whereWord(column: string, operator: FieldOperator, word: string | undefined): ArchiveNeed {
  return word !== undefined && (operator === '=' || operator === '!=') ? { where: `${column} ${operator === '=' ? '=' : '<>'} ${quoted(word)}` } : EVERYTHING;
}

function needOfAttribute(asked: AttributeField, operator: FieldOperator, literal: StaticLiteral): ArchiveNeed {
  const field = storedField(asked);
  if (field.ofParent === true) return EVERYTHING;
  if (field.scope === 'resource') return field.key === 'service.name' ? needOfService(operator, literal) : EVERYTHING;
  if (field.scope !== 'span' || derivedAttribute(field.key) !== undefined || field.key === 'rpc.method') return EVERYTHING;
  const keys = [...new Set([...aliasesOf(field.key, 'server'), ...aliasesOf(field.key, 'client')])];
  if (literal.type === 'string') return needOfText(keys, operator, valueAliasesOf(field.key, literal.value));
  if (literal.type === 'boolean' && operator === '=') return { where: anyKey(keys, (value) => `${value} = '${String(literal.value)}'`) };
  const isNumber = literal.type === 'int' || literal.type === 'float' || literal.type === 'duration';
  return isNumber && ['=', '>', '>=', '<', '<='].includes(operator) ? { where: anyKey(keys, (value) => `TRY_CAST(${value} AS DOUBLE) ${operator} ${literal.value}::DOUBLE`) } : EVERYTHING;
}

function needOfText(keys: readonly string[], operator: FieldOperator, texts: readonly string[]): ArchiveNeed {
  if (operator === '=') return { where: anyKey(keys, (value) => `${value} IN (${texts.map(quoted).join(', ')})`), pairs: [keys.flatMap((key) => [...texts, '['].map((text) => pairText(key, text)))] };
  const [pattern = ''] = texts;
  const regex = operator === '=~' && keys.every((key) => olderSpelling(key) === undefined) ? portableRegex(pattern) : undefined;
  return regex?.ok === true ? { where: anyKey(keys, (value) => `regexp_full_match(${value}, ${quoted(regex.value.re2)})`) } : EVERYTHING;
}

/** A list stands there as its JSON: whether an element fits is not looked at here. */
function anyKey(keys: readonly string[], condition: (value: string) => string): string {
  return `(${keys.map((key) => `a."SpanAttributes"[${quoted(key)}]`).map((value) => `${condition(value)} OR starts_with(${value}, '[')`).join(' OR ')})`;
}

function needOfService(operator: FieldOperator, literal: StaticLiteral): ArchiveNeed {
  const need = whereText('a."ServiceName"', operator, literal);
  if (need.where === undefined || literal.type !== 'string') return EVERYTHING;
  // Where the attribute is no text, or not there, nothing is known.
  return operator === '=' && literal.value !== NO_SERVICE && literal.value !== '' ? need : { where: `(${need.where} OR a."ServiceName" IN ('', ${quoted(NO_SERVICE)}))` };
}
