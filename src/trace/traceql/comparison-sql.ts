import { HTTP_STATUS_KEYS } from '../http-status.js';
import { olderSpelling, valueAliasesOf } from '../semantic-conventions.js';
import { SPAN_KINDS, SPAN_STATUSES } from '../span-batch.js';
import { INTRINSIC_TYPES, type AttributeField, type Comparison, type IntrinsicName, type Literal, type Operator } from './ast.js';
import { portableRegex } from './regex.js';
import type { SpanFieldsSql} from './span-fields-sql.js';
import { booleanOf, numberOf, textOf } from './span-fields-sql.js';
import type { SqlParams } from './sql-params.js';

/** What `Resource.serviceName` says where no `service.name` was sent. */
const NO_SERVICE = 'unknown_service';

/** A field compared with a literal, as SQL; NULL means no. `value-predicate.ts` says the same for spans in memory. */
export class ComparisonSql {
  readonly #params: SqlParams;
  readonly #fields: SpanFieldsSql;

  constructor(params: SqlParams, fields: SpanFieldsSql) {
    this.#params = params;
    this.#fields = fields;
  }

  comparison(comparison: Comparison): string {
    const { field } = comparison;
    return field.type === 'intrinsic' ? this.#intrinsic(field.name, comparison) : this.#attribute(field, comparison);
  }

  #intrinsic(name: IntrinsicName, { operator, literal }: Comparison): string {
    const value = this.#fields.value({ type: 'intrinsic', name });
    if (literal.type === 'nil') return operator === '=' ? 'FALSE' : `${value.sql} IS NOT NULL`;
    const wanted = String(literal.value);
    switch (INTRINSIC_TYPES[name]) {
      case 'kind':
        return `s.kind ${sqlOperator(operator)} CAST(${this.#params.add(SPAN_KINDS.findIndex((kind) => kind === wanted))} AS UTINYINT)`;
      case 'status':
        return `s.status ${sqlOperator(operator)} CAST(${this.#params.add(SPAN_STATUSES.findIndex((status) => status === wanted))} AS UTINYINT)`;
      case 'duration':
      case 'int':
        return this.#number(name, operator, literal);
      case 'string':
        return literal.type === 'string' ? this.text(value.sql, operator, [wanted]) : 'FALSE';
      case 'id':
        return this.#isId(name, operator, wanted) ? this.#id(name, operator, wanted) : this.text(value.sql, operator, [name === 'span:id' || name === 'span:parentID' || name === 'link:spanID' ? wanted : wanted.replace(/^0+/, '')]);
    }
  }

  #number(name: IntrinsicName, operator: Operator, literal: Literal): string {
    if (literal.type !== 'duration' && literal.type !== 'number') return 'FALSE';
    // As whole numbers, so that the zone maps of the column are used.
    if (name === 'duration' && Number.isSafeInteger(literal.value)) return `s.duration_ns ${sqlOperator(operator)} CAST(${this.#params.add(BigInt(literal.value))} AS BIGINT)`;
    // The parent of a root is -1, of all others at least 0: no need to number the tree for this.
    if (name === 'nestedSetParent' && asksForRoot(operator, literal.value)) return `(s.parent_span_id = 0) = ${holds(-1, operator, literal.value) ? 'TRUE' : 'FALSE'}`;
    return `${this.#fields.value({ type: 'intrinsic', name }).sql} ${sqlOperator(operator)} ${this.#params.double(literal.value)}`;
  }

  #isId(name: IntrinsicName, operator: Operator, hex: string): boolean {
    return isEquality(operator) && name !== 'link:spanID' && name !== 'link:traceID' && /^[0-9a-fA-F]+$/.test(hex) && hex.length <= (name === 'trace:id' ? 32 : 16);
  }

  /** Ids are stored as numbers. */
  #id(name: IntrinsicName, operator: Operator, hex: string): string {
    const number = (digits: string): string => `CAST(${this.#params.add(BigInt(`0x${digits}`))} AS UBIGINT)`;
    if (name !== 'trace:id') return `${name === 'span:id' ? 's.span_id' : 's.parent_span_id'} ${sqlOperator(operator)} ${number(hex)}`;
    const padded = hex.padStart(32, '0');
    const same = `(s.trace_id_high = ${number(padded.slice(0, 16))} AND s.trace_id_low = ${number(padded.slice(16))})`;
    return operator === '=' ? same : `NOT ${same}`;
  }

  #attribute(field: AttributeField, { operator, literal }: Comparison): string {
    if (isServiceLookup(field, operator, literal)) return this.text('s.service', operator, [literal.value]);
    const json = this.#fields.json(field);
    switch (literal.type) {
      case 'nil':
        return `${json} IS ${operator === '=' ? '' : 'NOT '}NULL`;
      case 'string':
        return this.#textAttribute(field, { json, operator, wanted: literal.value });
      case 'boolean':
        return both(this.#fields.mayHoldBoolean(field, [operator === '=' ? literal.value : !literal.value]), overElements(json, operator, (element) => `${booleanOf(element)} ${sqlOperator(operator)} CAST(${this.#params.add(literal.value)} AS BOOLEAN)`));
      case 'number':
      case 'duration':
        return both(this.#cheapNumber(field, operator, literal.value), overElements(json, operator, (element) => `${numberOf(element)} ${sqlOperator(operator)} ${this.#params.double(literal.value)}`));
      case 'status':
      case 'kind':
        return 'FALSE';
    }
  }

  #cheapNumber(field: AttributeField, operator: Operator, wanted: number): string | undefined {
    const inJson = this.#fields.mayHoldNumber(field, operator, wanted);
    if (!isHttpStatus(field)) return inJson;
    const inColumn = `(s.http_status IS NULL OR s.http_status ${sqlOperator(operator)} ${this.#params.double(wanted)})`;
    return inJson === undefined ? inColumn : `${inColumn} AND ${inJson}`;
  }

  #textAttribute(field: AttributeField, { json, operator, wanted }: { readonly json: string; readonly operator: Operator; readonly wanted: string }): string {
    const exact = overElements(json, operator, (element) => this.#spelledText(textOf(element), operator, { key: field.key, wanted }));
    if (operator !== '=' || field.key === 'rpc.method') return exact;
    const cheap = this.#fields.mayHoldText(field, valueAliasesOf(field.key, wanted));
    return both(cheap, exact);
  }

  /** Texts that older conventions spelt otherwise are compared in both spellings; see value-predicate.ts. */
  #spelledText(text: string, operator: Operator, { key, wanted }: { readonly key: string; readonly wanted: string }): string {
    const isPattern = operator === '=~' || operator === '!~';
    const older = isPattern || key === 'rpc.method' ? olderSpelling(key) : undefined;
    if (older === undefined || !(isPattern || isEquality(operator))) return this.text(text, operator, isEquality(operator) ? valueAliasesOf(key, wanted) : [wanted]);
    if (isPattern && !portableRegex(wanted).ok) return 'FALSE';
    const olderText = older.lastSegment
      ? `CASE WHEN contains(${text}, '/') THEN regexp_extract(${text}, '[^/]*$') END`
      // An element of a list, because CASE would make the text anew for every pair.
      : `list_extract(${listOf(older.pairs.map(([old]) => old))}, list_position(${listOf(older.pairs.map(([, now]) => now))}, ${text}))`;
    const same = (of: string): string => this.text(of, isPattern ? '=~' : '=', [wanted]);
    const either = `(${same(text)} OR coalesce(${same(olderText)}, FALSE))`;
    return operator === '=' || operator === '=~' ? either : `NOT ${either}`;
  }

  text(text: string, operator: Operator, spellings: readonly string[]): string {
    const [wanted = ''] = spellings;
    if (operator === '=~' || operator === '!~') {
      const regex = portableRegex(wanted);
      if (!regex.ok) return 'FALSE';
      return `${operator === '!~' ? 'NOT ' : ''}regexp_full_match(${text}, ${this.#params.add(regex.value.re2)})`;
    }
    if (spellings.length === 1) return `${text} ${sqlOperator(operator)} ${this.#params.add(wanted)}`;
    return `${text} ${operator === '=' ? 'IN' : 'NOT IN'} (${spellings.map((spelling) => this.#params.add(spelling)).join(', ')})`;
  }
}

/** Looked at first where there is such: what every span meets that meets `exact`. */
function both(cheap: string | undefined, exact: string): string {
  return cheap === undefined ? exact : `(${cheap} AND ${exact})`;
}

/** A list meets a comparison where one of its elements does; `!=` and `!~` want it of all of them, and of an empty one nothing holds. */
export function overElements(json: string, operator: Operator, condition: (element: string) => string): string {
  const list = `from_json(${json}, '["JSON"]')`;
  const met = `len(list_filter(${list}, lambda element: coalesce(${condition(`nullif(element, 'null')`)}, FALSE)))`;
  const overList = operator === '!=' || operator === '!~' ? `${met} = len(${list}) AND ${met} > 0` : `${met} > 0`;
  return `CASE WHEN json_type(${json}) = 'ARRAY' THEN ${overList} ELSE ${condition(json)} END`;
}

/** The column `service` is the resource's `service.name`, and far cheaper to read than JSON. */
function isServiceLookup(field: AttributeField, operator: Operator, literal: Literal): literal is Literal & { type: 'string' } {
  return field.scope === 'resource' && field.ofParent !== true && field.key === 'service.name' && operator === '=' && literal.type === 'string' && literal.value !== NO_SERVICE && literal.value !== '';
}

/** The column `http_status` says what number it may be. */
export function isHttpStatus({ scope, key, ofParent }: AttributeField): boolean {
  return scope === 'span' && ofParent !== true && HTTP_STATUS_KEYS.some((known) => known === key);
}

function asksForRoot(operator: Operator, value: number): boolean {
  return [0, 1, 1e9].every((other) => holds(other, operator, value) === holds(0, operator, value)) && holds(-1, operator, value) !== holds(0, operator, value) && value <= 0;
}

function holds(left: number, operator: Operator, right: number): boolean {
  switch (operator) {
    case '=':
      return left === right;
    case '!=':
      return left !== right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '=~':
    case '!~':
      return false;
  }
}

function listOf(texts: readonly string[]): string {
  return `[${texts.map((text) => `'${text}'`).join(', ')}]`;
}

function isEquality(operator: Operator): boolean {
  return operator === '=' || operator === '!=';
}

export function sqlOperator(operator: string): string {
  return operator === '!=' ? '<>' : operator;
}
