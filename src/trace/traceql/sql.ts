import { derivedAttribute } from '../derived-attributes.js';
import { aliasesOf, olderSpelling, valueAliasesOf, type Side } from '../semantic-conventions.js';
import { SPAN_KINDS, SPAN_STATUSES } from '../span-batch.js';
import type { AttributeField, Comparison, Expression, IntrinsicName, Literal, Operator, Query } from './ast.js';
import { portableRegex } from './regex.js';

export type SqlParameter = string | number | bigint | boolean;

/** A condition over alias `s` (table spans) joined to alias `r` (table resources); NULL means no. */
export interface SqlCondition {
  readonly where: string;
  /** Every literal and every attribute key, by the names used in `where` without their `$`. */
  readonly params: Readonly<Record<string, SqlParameter>>;
}

/** What `Resource.serviceName` says where no `service.name` was sent. */
const NO_SERVICE = 'unknown_service';
const SERVER = SPAN_KINDS.indexOf('server');
const NUMBER_TYPES = `('UBIGINT', 'BIGINT', 'HUGEINT', 'DOUBLE')`;

/** The query as SQL for DuckDB. Parameters are named `<prefix>0`, `<prefix>1`, … */
export function compileToSql(query: Query, prefix = 'q'): SqlCondition {
  const writer = new SqlWriter(prefix);
  return { where: writer.expression(query.filter), params: writer.params };
}

class SqlWriter {
  readonly params: Record<string, SqlParameter> = {};
  readonly #prefix: string;
  #count = 0;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  expression(expression: Expression): string {
    switch (expression.type) {
      case 'constant':
        return expression.value ? 'TRUE' : 'FALSE';
      case 'not':
        return `NOT coalesce(${this.expression(expression.operand)}, FALSE)`;
      case 'and':
        return `(${this.expression(expression.left)} AND ${this.expression(expression.right)})`;
      case 'or':
        return `(${this.expression(expression.left)} OR ${this.expression(expression.right)})`;
      case 'comparison':
        return this.#comparison(expression);
    }
  }

  #comparison(comparison: Comparison): string {
    const { field } = comparison;
    return field.type === 'intrinsic' ? this.#intrinsic(field.name, comparison) : this.#attribute(field, comparison);
  }

  #intrinsic(name: IntrinsicName, { operator, literal }: Comparison): string {
    const value = 'value' in literal ? String(literal.value) : '';
    switch (name) {
      case 'kind':
        return `s.kind ${sqlOperator(operator)} CAST(${this.#param(SPAN_KINDS.findIndex((kind) => kind === value))} AS UTINYINT)`;
      case 'status':
        return `s.status ${sqlOperator(operator)} CAST(${this.#param(SPAN_STATUSES.findIndex((status) => status === value))} AS UTINYINT)`;
      case 'duration':
        return `s.duration_ns ${sqlOperator(operator)} CAST(${this.#param(literal.type === 'duration' ? BigInt(literal.value) : 0n)} AS BIGINT)`;
      case 'name':
        return this.#text('s.name', operator, [value]);
      case 'statusMessage':
        return this.#text('s.status_message', operator, [value]);
      case 'rootName':
        return this.#text(ofRoot('name'), operator, [value]);
      case 'rootServiceName':
        return this.#text(ofRoot('service'), operator, [value]);
      case 'trace:id':
        return this.#traceId(operator, value);
      case 'span:id':
        return this.#id('s.span_id', operator, value);
      case 'span:parentID':
        return this.#id('s.parent_span_id', operator, value);
    }
  }

  #traceId(operator: Operator, value: string): string {
    const hex = value.padStart(32, '0');
    const same = `(${this.#id('s.trace_id_high', '=', hex.slice(0, 16))} AND ${this.#id('s.trace_id_low', '=', hex.slice(16))})`;
    return operator === '=' ? same : `NOT ${same}`;
  }

  #id(column: string, operator: Operator, hex: string): string {
    return `${column} ${sqlOperator(operator)} CAST(${this.#param(BigInt(`0x${hex}`))} AS UBIGINT)`;
  }

  #attribute(field: AttributeField, { operator, literal }: Comparison): string {
    if (isServiceLookup(field, operator, literal)) return this.#text('s.service', operator, [literal.value]);
    const value = this.#jsonValue(field);
    switch (literal.type) {
      case 'nil':
        return `${value} IS ${operator === '=' ? '' : 'NOT '}NULL`;
      case 'string':
        return this.#spelledText(ofType(value, `= 'VARCHAR'`, 'VARCHAR'), operator, { key: field.key, wanted: literal.value });
      case 'boolean':
        return `${ofType(value, `= 'BOOLEAN'`, 'BOOLEAN')} ${sqlOperator(operator)} CAST(${this.#param(literal.value)} AS BOOLEAN)`;
      case 'number':
      case 'duration':
        return `${ofType(value, `IN ${NUMBER_TYPES}`, 'DOUBLE')} ${sqlOperator(operator)} CAST(${this.#param(String(literal.value))} AS DOUBLE)`; // As text: drivers bind whole numbers as 64-bit integers, and 1e21 is none.
      case 'status':
      case 'kind':
        return 'FALSE';
    }
  }

  /** The first of the attribute's names that is there and not null, as JSON; `any` looks at the span first, then at its resource. */
  #jsonValue({ scope, key }: AttributeField): string {
    const ofSpan = scope === 'resource' ? [] : [this.#spanValue(key)];
    return firstOf(scope === 'span' ? ofSpan : [...ofSpan, this.#storedValue('r.attributes', key, 'none')]);
  }

  #spanValue(key: string): string {
    const stored = this.#storedSpanValue(key);
    const derived = derivedAttribute(key);
    if (derived === undefined) return stored;
    return firstOf([stored, derived.sql(derived.from.map((source) => ofType(this.#storedSpanValue(source), `= 'VARCHAR'`, 'VARCHAR')))]);
  }

  #storedSpanValue(key: string): string {
    const client = this.#storedValue('s.attributes', key, 'client');
    if (aliasesOf(key, 'server').join() === aliasesOf(key, 'client').join()) return client;
    return `CASE WHEN s.kind = ${SERVER} THEN ${this.#storedValue('s.attributes', key, 'server')} ELSE ${client} END`;
  }

  #storedValue(document: string, key: string, side: Side): string {
    return firstOf(aliasesOf(key, side).map((alias) => `nullif(json_extract(${document}, ${this.#param(jsonPointer(alias))}), 'null')`));
  }

  /** Texts that older conventions spelt otherwise are compared in both spellings; see value-predicate.ts. */
  #spelledText(text: string, operator: Operator, { key, wanted }: { readonly key: string; readonly wanted: string }): string {
    const isPattern = operator === '=~' || operator === '!~';
    const older = isPattern || key === 'rpc.method' ? olderSpelling(key) : undefined;
    if (older === undefined || !(isPattern || isEquality(operator))) return this.#text(text, operator, isEquality(operator) ? valueAliasesOf(key, wanted) : [wanted]);
    if (isPattern && !portableRegex(wanted).ok) return 'FALSE';
    const olderText = older.lastSegment
      ? `CASE WHEN contains(${text}, '/') THEN regexp_extract(${text}, '[^/]*$') END`
      // An element of a list, because CASE would make the text anew for every pair.
      : `list_extract(${listOf(older.pairs.map(([old]) => old))}, list_position(${listOf(older.pairs.map(([, now]) => now))}, ${text}))`;
    const same = (of: string): string => this.#text(of, isPattern ? '=~' : '=', [wanted]);
    const either = `(${same(text)} OR coalesce(${same(olderText)}, FALSE))`;
    return operator === '=' || operator === '=~' ? either : `NOT ${either}`;
  }

  #text(text: string, operator: Operator, spellings: readonly string[]): string {
    const [wanted = ''] = spellings;
    if (operator === '=~' || operator === '!~') {
      const regex = portableRegex(wanted);
      if (!regex.ok) return 'FALSE';
      return `${operator === '!~' ? 'NOT ' : ''}regexp_full_match(${text}, ${this.#param(regex.value.re2)})`;
    }
    if (spellings.length === 1) return `${text} ${sqlOperator(operator)} ${this.#param(wanted)}`;
    return `${text} ${operator === '=' ? 'IN' : 'NOT IN'} (${spellings.map((spelling) => this.#param(spelling)).join(', ')})`;
  }

  #param(value: SqlParameter): string {
    const name = `${this.#prefix}${this.#count}`;
    this.#count += 1;
    this.params[name] = value;
    return `$${name}`;
  }
}

/** The column `service` is the resource's `service.name`, and far cheaper to read than JSON. */
function isServiceLookup(field: AttributeField, operator: Operator, literal: Literal): literal is Literal & { type: 'string' } {
  return field.scope === 'resource' && field.key === 'service.name' && operator === '=' && literal.type === 'string' && literal.value !== NO_SERVICE && literal.value !== '';
}

function listOf(texts: readonly string[]): string {
  return `[${texts.map((text) => `'${text}'`).join(', ')}]`;
}

function firstOf(values: readonly string[]): string {
  const [only = 'NULL'] = values;
  return values.length === 1 ? only : `coalesce(${values.join(', ')})`;
}

function isEquality(operator: Operator): boolean {
  return operator === '=' || operator === '!=';
}

function sqlOperator(operator: Operator): string {
  return operator === '!=' ? '<>' : operator;
}

/** NULL where the JSON value has another type: comparing it then is no match, whatever the operator. */
function ofType(value: string, type: string, sqlType: string): string {
  const text = `${value} ->> '$'`;
  return `CASE WHEN json_type(${value}) ${type} THEN ${sqlType === 'VARCHAR' ? `(${text})` : `TRY_CAST(${text} AS ${sqlType})`} END`;
}

/** Same choice as trace-roots.ts: the earliest span without parent, then the smallest id. */
function ofRoot(column: 'name' | 'service'): string {
  return `(SELECT arg_min(root.${column}, (root.start_ns, root.span_id)) FROM spans root WHERE root.trace_id_low = s.trace_id_low AND root.trace_id_high = s.trace_id_high AND root.parent_span_id = 0)`;
}

/** RFC 6901. */
function jsonPointer(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
