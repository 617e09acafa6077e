import { derivedAttribute } from '../derived-attributes.js';
import { scopeAttributeKey } from '../mapped-attributes.js';
import { aliasesOf, type Side } from '../semantic-conventions.js';
import { SPAN_KINDS } from '../span-batch.js';
import type { AttributeField, AttributeScope, Field, IntrinsicName, Operator } from './ast.js';
import type { SqlParams } from './sql-params.js';

/**
 * The one place that knows in which column of the hot tables a field lives. Aliases: `s` a row of spans, `r` its resource; `p` and `pr` the
 * same of its parent; `t`, `d`, `c` and `n` what search-sql.ts joins for the fields that need more than the row.
 */
export type SqlValue =
  /** A DOUBLE; `isInt` is a condition: whole numbers divide to whole numbers. */
  | { readonly type: 'number'; readonly sql: string; readonly isInt: string; readonly isDuration?: boolean }
  | { readonly type: 'text'; readonly sql: string }
  | { readonly type: 'boolean'; readonly sql: string }
  /** OTLP numbers. */
  | { readonly type: 'status' | 'kind'; readonly sql: string }
  /** Of a type that only the row knows. NULL where it is not there. */
  | { readonly type: 'json'; readonly sql: string };

/** What has to be joined to a span before a field of it can be read. */
export type Join = 'resource' | 'parent' | 'root' | 'traceTimes' | 'children' | 'nestedSet';

/** The list a field is one element's of; see `anyOf` in expression-sql.ts. */
export type ListName = 'event' | 'link';
export const LIST_COLUMNS: Readonly<Record<ListName, string>> = { event: 's.events', link: 's.links' };

/** Spans with a number for each row, so that a statement can come back to the very row: ids alone are not unique everywhere. See store/archive for where they are. */
export const SPAN_ROWS = 'span_rows';

const SERVER = SPAN_KINDS.indexOf('server');
const INT_TYPES = `('UBIGINT', 'BIGINT', 'HUGEINT')`;
const NUMBER_TYPES = `('UBIGINT', 'BIGINT', 'HUGEINT', 'DOUBLE')`;

interface IntrinsicColumn {
  readonly value: SqlValue;
  readonly join?: Join;
  readonly list?: ListName;
}

const INTRINSICS: Readonly<Record<IntrinsicName, IntrinsicColumn>> = {
  name: { value: text('s.name') },
  status: { value: { type: 'status', sql: 's.status' } },
  statusMessage: { value: text('s.status_message') },
  kind: { value: { type: 'kind', sql: 's.kind' } },
  duration: { value: duration('CAST(s.duration_ns AS DOUBLE)') },
  rootName: { value: text('t.root_name'), join: 'root' },
  rootServiceName: { value: text('t.root_service'), join: 'root' },
  traceDuration: { value: duration('CAST(d.duration_ns AS DOUBLE)'), join: 'traceTimes' },
  nestedSetLeft: { value: int('CAST(coalesce(n.nested_left, 0) AS DOUBLE)'), join: 'nestedSet' },
  nestedSetRight: { value: int('CAST(coalesce(n.nested_right, 0) AS DOUBLE)'), join: 'nestedSet' },
  nestedSetParent: { value: int('CAST(coalesce(n.nested_parent, 0) AS DOUBLE)'), join: 'nestedSet' },
  'trace:id': { value: text(`ltrim(printf('%016x%016x', s.trace_id_high, s.trace_id_low), '0')`) },
  'span:id': { value: text(`printf('%016x', s.span_id)`) },
  'span:parentID': { value: text(`CASE WHEN s.parent_span_id = 0 THEN '' ELSE printf('%016x', s.parent_span_id) END`) },
  'span:childCount': { value: int('CAST(coalesce(c.child_count, 0) AS DOUBLE)'), join: 'children' },
  'event:name': { value: text(`(json_extract(event, '/name') ->> '$')`), list: 'event' },
  'event:timeSinceStart': { value: duration(`CAST(TRY_CAST((json_extract(event, '/timeNs') ->> '$') AS BIGINT) - s.start_ns AS DOUBLE)`), list: 'event' },
  'link:spanID': { value: text(`(json_extract(link, '/spanId') ->> '$')`), list: 'link' },
  'link:traceID': { value: text(`ltrim((json_extract(link, '/traceId') ->> '$'), '0')`), list: 'link' },
  'instrumentation:name': { value: text('s.scope_name') },
  'instrumentation:version': { value: text('s.scope_version') },
};

/** Names that every writer of JSON writes alike. */
const PLAIN_NAME = /^[ !#-[\]-~]+$/;
const EXPONENT = '-?[0-9.]+[eE]';

export function listOf(field: Field): ListName | undefined {
  if (field.type === 'intrinsic') return INTRINSICS[field.name].list;
  return field.scope === 'event' || field.scope === 'link' ? field.scope : undefined;
}

/** Whether a field takes more than its span's own row and resource. */
export function looksElsewhere(field: Field): boolean {
  return field.type === 'attribute' ? field.ofParent === true : INTRINSICS[field.name].join !== undefined;
}

/** Fields as SQL; remembers what the statement has to join for them. */
export class SpanFieldsSql {
  readonly joins = new Set<Join>();
  readonly #params: SqlParams;

  constructor(params: SqlParams) {
    this.#params = params;
  }

  value(field: Field): SqlValue {
    if (field.type === 'attribute') return { type: 'json', sql: this.json(field) };
    const { value, join } = INTRINSICS[field.name];
    if (join !== undefined) this.joins.add(join);
    return value;
  }

  /** The first of the attribute's names that is there and not null; `any` looks at the span first, then at its resource. */
  json(field: AttributeField): string {
    const { scope, key, ofParent } = storedField(field);
    if (ofParent === true) this.joins.add('parent');
    else if (scope === 'resource' || scope === 'any') this.joins.add('resource');
    const [span, resource] = ofParent === true ? ['p', 'pr'] : ['s', 'r'];
    switch (scope) {
      case 'span':
        return this.#spanValue(span, key);
      case 'resource':
        return this.#storedValue(`${resource}.attributes`, key, 'none');
      case 'any':
        return firstOf([this.#spanValue(span, key), this.#storedValue(`${resource}.attributes`, key, 'none')]);
      case 'event':
      case 'link':
        return this.#storedValue(`json_extract(${scope}, '/attributes')`, key, 'none');
    }
  }

  /**
   * A condition that every span with this text under the attribute meets, far cheaper than reading its JSON: the store writes JSON as
   * `JSON.stringify` does. Undefined where none is known.
   */
  mayHoldText(field: AttributeField, texts: readonly string[]): string | undefined {
    const documents = documentsOf(storedField(field));
    if (documents.length === 0) return undefined;
    const parts = texts.map((wanted) => this.#params.add(JSON.stringify(wanted)));
    return `(${documents.flatMap((document) => parts.map((part) => `contains(${document}, ${part})`)).join(' OR ')})`;
  }

  /** The same for a number, or a list that may hold it, of which `operator literal` holds. */
  mayHoldNumber(field: AttributeField, operator: Operator, literal: number): string | undefined {
    return this.#mayHold(field, (name) => {
      const pattern = numberPattern(operator, literal);
      return pattern === undefined ? (document) => `contains(${document}, ${this.#params.add(`${name}:`)})` : (document) => `regexp_matches(${document}, ${this.#params.add(`${escaped(name)}:(\\[|${pattern})`)})`;
    });
  }

  mayHoldBoolean(field: AttributeField, values: readonly boolean[]): string | undefined {
    return this.#mayHold(field, (name) => (document) => ['[', ...values].map((begin) => `contains(${document}, ${this.#params.add(`${name}:${String(begin)}`)})`).join(' OR '));
  }

  /** `condition` is of a name as it stands in a document, over such a document. */
  #mayHold(asked: AttributeField, condition: (name: string) => (document: string) => string): string | undefined {
    const field = storedField(asked);
    const names = [...new Set([...aliasesOf(field.key, 'server'), ...aliasesOf(field.key, 'client')])];
    const documents = documentsOf(field);
    if (documents.length === 0 || !names.every((name) => PLAIN_NAME.test(name))) return undefined;
    return `(${documents.flatMap((document) => names.map((name) => condition(`"${name}"`)(document))).join(' OR ')})`;
  }

  #spanValue(span: string, key: string): string {
    const stored = this.#storedSpanValue(span, key);
    const derived = derivedAttribute(key);
    if (derived === undefined) return stored;
    return firstOf([stored, derived.sql(derived.from.map((source) => textOf(this.#storedSpanValue(span, source))))]);
  }

  #storedSpanValue(span: string, key: string): string {
    const client = this.#storedValue(`${span}.attributes`, key, 'client');
    if (aliasesOf(key, 'server').join() === aliasesOf(key, 'client').join()) return client;
    return `CASE WHEN ${span}.kind = ${SERVER} THEN ${this.#storedValue(`${span}.attributes`, key, 'server')} ELSE ${client} END`;
  }

  #storedValue(document: string, key: string, side: Side): string {
    return firstOf(aliasesOf(key, side).map((alias) => `nullif(json_extract(${document}, ${this.#params.add(jsonPointer(alias))}), 'null')`));
  }
}

/** Where the store has an attribute: a scope's with its spans. */
export function storedField({ scope, key, ...rest }: AttributeField): AttributeField & { readonly scope: Exclude<AttributeScope, 'instrumentation'> } {
  return scope === 'instrumentation' ? { ...rest, scope: 'span', key: scopeAttributeKey(key) } : { ...rest, scope, key };
}

/** Where the JSON of an attribute stands as it was sent; nowhere, where it is made of others. */
function documentsOf({ scope, key, ofParent }: AttributeField): readonly string[] {
  if (ofParent === true || derivedAttribute(key) !== undefined || !['span', 'resource', 'any'].includes(scope)) return [];
  return [...(scope === 'resource' ? [] : ['s.attributes']), ...(scope === 'span' ? [] : ['r.attributes'])];
}

/**
 * The JSON of every number that is equal to, or greater than, a whole one of so many digits begins like this (RE2); undefined where it is not so simple.
 * Its whole part has more digits, or as many of which the first is no smaller, or there is an exponent.
 */
function numberPattern(operator: Operator, literal: number): string | undefined {
  if (!Number.isSafeInteger(literal) || literal < 1) return undefined;
  const digits = String(literal);
  if (operator === '=') return `${digits}[^0-9]|${EXPONENT}`;
  if (operator !== '>' && operator !== '>=') return undefined;
  return `[${digits.charAt(0)}-9][0-9]{${String(digits.length - 1)}}|[1-9][0-9]{${String(digits.length)}}|${EXPONENT}`;
}

function escaped(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_":]/g, (character) => `\\${character}`);
}

/** NULL where the JSON value has another type: comparing it then is no match, whatever the operator. */
export function textOf(json: string): string {
  return `CASE WHEN json_type(${json}) = 'VARCHAR' THEN (${json} ->> '$') END`;
}

export function numberOf(json: string): string {
  return `CASE WHEN json_type(${json}) IN ${NUMBER_TYPES} THEN TRY_CAST(${json} ->> '$' AS DOUBLE) END`;
}

export function booleanOf(json: string): string {
  return `CASE WHEN json_type(${json}) = 'BOOLEAN' THEN TRY_CAST(${json} ->> '$' AS BOOLEAN) END`;
}

export function isIntOf(json: string): string {
  return `json_type(${json}) IN ${INT_TYPES}`;
}

function text(sql: string): SqlValue {
  return { type: 'text', sql };
}

function int(sql: string): SqlValue {
  return { type: 'number', sql, isInt: 'TRUE' };
}

function duration(sql: string): SqlValue {
  return { type: 'number', sql, isInt: 'FALSE', isDuration: true };
}

function firstOf(values: readonly string[]): string {
  const [only = 'NULL'] = values;
  return values.length === 1 ? only : `coalesce(${values.join(', ')})`;
}

/** RFC 6901. */
function jsonPointer(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
