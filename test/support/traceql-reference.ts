import type { AttributeValue } from '../../src/trace/attribute.js';
import type { SpanDescription } from '../../src/trace/batch-builder.js';
import { SPAN_KINDS, SPAN_STATUSES } from '../../src/trace/span-batch.js';
import type { Field, Operator } from '../../src/trace/traceql/ast.js';
import type { ArithmeticOperator, FieldExpression, ScalarExpression, SpansetExpression, SpansetOperator, Stage } from '../../src/trace/traceql/query-ast.js';
import { portableRegex } from '../../src/trace/traceql/regex.js';
import { compareText } from '../../src/trace/traceql/value-predicate.js';

/**
 * TraceQL in the plainest way: span by span, trace by trace, in memory. Tests hold the SQL against it. It knows no older attribute names;
 * those are tested where rules and SQL are held against each other.
 */
type Value =
  | { readonly type: 'number'; readonly value: number; readonly isInt: boolean }
  | { readonly type: 'text'; readonly value: string }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'status' | 'kind'; readonly value: number }
  | { readonly type: 'list'; readonly value: readonly (Value | undefined)[] }
  | { readonly type: 'map' };

/** Rows of spans, by what they are grouped by. */
interface Spanset {
  readonly groups: readonly string[];
  readonly rows: readonly number[];
}

interface Element {
  readonly event?: NonNullable<SpanDescription['events']>[number];
  readonly link?: NonNullable<SpanDescription['links']>[number];
}

export class ReferenceTrace {
  readonly #spans: readonly SpanDescription[];
  readonly #rows: readonly number[];

  constructor(spans: readonly SpanDescription[], rows: readonly number[]) {
    this.#spans = spans;
    this.#rows = rows;
  }

  search(search: SpansetExpression): readonly Spanset[] {
    return this.#evaluate(search, [{ groups: [], rows: this.#rows }]).filter((set) => set.rows.length > 0);
  }

  #evaluate(search: SpansetExpression, input: readonly Spanset[]): readonly Spanset[] {
    switch (search.type) {
      case 'filter':
        return kept(input.map(({ groups, rows }) => ({ groups, rows: rows.filter((row) => this.condition(search.condition, row)) })));
      case 'operation':
        return kept(input.map((set) => ({ groups: set.groups, rows: this.#operate(search.operator, this.#rowsOf(search.left, set), this.#rowsOf(search.right, set)) })));
      case 'pipeline':
        return search.stages.reduce((sets, stage) => this.#stage(stage, sets, input), input);
      case 'scalarComparison':
        return kept(input.map((set) => ({ groups: set.groups, rows: this.#compareScalars(search, set) })));
    }
  }

  #rowsOf(search: SpansetExpression, set: Spanset): readonly number[] {
    return [...new Set(this.#evaluate(search, [set]).flatMap(({ rows }) => rows))].sort((left, right) => left - right);
  }

  #compareScalars(search: SpansetExpression & { readonly type: 'scalarComparison' }, set: Spanset): readonly number[] {
    const found: number[] = [];
    const number = (scalar: ScalarExpression): number | undefined => {
      if (scalar.type === 'scalarOperation') return arithmetic(scalar.operator, number(scalar.left), number(scalar.right), false);
      if (scalar.type !== 'scalarPipeline') return this.#scalar(scalar, []);
      const rows = this.#rowsOf(scalar.search, set);
      found.push(...rows);
      return rows.length === 0 ? undefined : this.#scalar(scalar.aggregate, rows);
    };
    const [left, right] = [number(search.left), number(search.right)];
    return left !== undefined && right !== undefined && compareNumbers(left, search.operator, right) ? [...new Set(found)].sort((a, b) => a - b) : [];
  }

  #stage(stage: Stage, sets: readonly Spanset[], base: readonly Spanset[]): readonly Spanset[] {
    switch (stage.type) {
      case 'select':
        return sets;
      case 'coalesce':
        return kept(base.map(({ groups }) => ({ groups, rows: sets.filter((set) => groups.every((value, index) => set.groups[index] === value)).flatMap((set) => set.rows) })));
      case 'group':
        return sets.flatMap((set) => {
          const byValue = new Map<string, number[]>();
          for (const row of set.rows) {
            const value = jsonOf(this.#value(stage.by, row));
            byValue.set(value, [...(byValue.get(value) ?? []), row]);
          }
          return [...byValue].map(([value, rows]) => ({ groups: [...set.groups, value], rows }));
        });
      case 'scalarFilter':
        return sets.filter(({ rows }) => {
          const [left, right] = [this.#scalar(stage.left, rows), this.#scalar(stage.right, rows)];
          return left !== undefined && right !== undefined && compareNumbers(left, stage.operator, right);
        });
      default:
        return this.#evaluate(stage, sets);
    }
  }

  #scalar(scalar: ScalarExpression, rows: readonly number[]): number | undefined {
    switch (scalar.type) {
      case 'int':
      case 'float':
      case 'duration':
        return scalar.value;
      case 'scalarOperation':
        return arithmetic(scalar.operator, this.#scalar(scalar.left, rows), this.#scalar(scalar.right, rows), false);
      case 'scalarPipeline':
        throw new Error('not here');
      case 'aggregate': {
        const { name, of } = scalar;
        if (of === undefined) return rows.length;
        const values = rows.map((row) => this.#value(of, row)).flatMap((value) => (value?.type === 'number' ? [value.value] : []));
        if (values.length === 0) return undefined;
        const sum = values.reduce((total, value) => total + value, 0);
        return { count: values.length, sum, avg: sum / values.length, max: Math.max(...values), min: Math.min(...values) }[name];
      }
    }
  }

  #operate(operator: SpansetOperator, left: readonly number[], right: readonly number[]): readonly number[] {
    if (operator === '&&') return left.length > 0 && right.length > 0 ? union(left, right) : [];
    if (operator === '||') return union(left, right);
    const relation = operator.replace(/^[!&]/, '');
    const holds = (of: number, to: number): boolean => this.#related(relation, of, to);
    const related = right.filter((row) => left.some((other) => holds(row, other)));
    if (operator.startsWith('!')) return right.filter((row) => !related.includes(row));
    return operator.startsWith('&') ? union(left.filter((row) => right.some((other) => holds(other, row))), related) : related;
  }

  /** Whether `row` is a child of, below, the parent of, above or beside `other`. */
  #related(relation: string, row: number, other: number): boolean {
    switch (relation) {
      case '>':
        return this.#parentsOf(row).includes(other);
      case '<':
        return this.#parentsOf(other).includes(row);
      case '>>':
        return this.#above(row).has(other);
      case '<<':
        return this.#above(other).has(row);
      default:
        return row !== other && id(this.#spans[row]?.parentSpanId) === id(this.#spans[other]?.parentSpanId);
    }
  }

  #parentsOf(row: number): readonly number[] {
    const parent = id(this.#spans[row]?.parentSpanId);
    return parent === '' ? [] : this.#rows.filter((other) => id(this.#spans[other]?.spanId) === parent);
  }

  #above(row: number): ReadonlySet<number> {
    const above = new Set<number>();
    const queue = [row];
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      for (const parent of this.#parentsOf(next)) {
        if (above.has(parent)) continue;
        above.add(parent);
        queue.push(parent);
      }
    }
    return above;
  }

  condition(expression: FieldExpression, row: number): boolean {
    if (expression.type === 'field') return this.#elements(row, listsIn(expression)).some((element) => compare(this.#field(expression.field, row, element), '=', { type: 'boolean', value: true }));
    const value = this.#value(expression, row);
    return value?.type === 'boolean' && value.value;
  }

  #elements(row: number, lists: ReadonlySet<string>): readonly Element[] {
    const span = this.#spans[row];
    const events: Element[] = lists.has('event') ? (span?.events ?? []).map((event) => ({ event })) : [{}];
    return lists.has('link') ? events.flatMap((element) => (span?.links ?? []).map((link) => ({ ...element, link }))) : events;
  }

  /** Conditions inside look through events and links themselves; what is compared is of the one `element`. */
  #value(expression: FieldExpression, row: number, element?: Element): Value | undefined {
    switch (expression.type) {
      case 'field': {
        const lists = listsIn(expression);
        if (element !== undefined || lists.size === 0) return this.#field(expression.field, row, element ?? {});
        return this.#elements(row, lists).map((one) => this.#field(expression.field, row, one)).find((value) => value !== undefined);
      }
      case 'exists': {
        const found = this.#elements(row, listsIn(expression.operand)).some((one) => this.#value(expression.operand, row, one) !== undefined);
        return { type: 'boolean', value: found !== expression.absent };
      }
      case 'unary': {
        if (expression.operator === '!') return { type: 'boolean', value: !this.condition(expression.operand, row) };
        const operand = this.#value(expression.operand, row, element);
        return operand?.type === 'number' ? { ...operand, value: -operand.value } : undefined;
      }
      case 'binary':
        return this.#binary(expression, row, element);
      case 'int':
      case 'float':
      case 'duration':
        return { type: 'number', value: expression.value, isInt: expression.type === 'int' };
      case 'string':
        return { type: 'text', value: expression.value };
      case 'boolean':
        return { type: 'boolean', value: expression.value };
      case 'status':
        return { type: 'status', value: SPAN_STATUSES.indexOf(expression.value) };
      case 'kind':
        return { type: 'kind', value: SPAN_KINDS.indexOf(expression.value) };
    }
  }

  #binary({ operator, left, right }: FieldExpression & { readonly type: 'binary' }, row: number, element?: Element): Value | undefined {
    if (operator === '&&') return { type: 'boolean', value: this.#all([...joinedBy('&&', left), ...joinedBy('&&', right)], row) };
    if (operator === '||') return { type: 'boolean', value: this.condition(left, row) || this.condition(right, row) };
    if (['+', '-', '*', '/', '%', '^'].includes(operator)) {
      const [a, b] = [this.#value(left, row, element), this.#value(right, row, element)];
      if (a?.type !== 'number' || b?.type !== 'number') return undefined;
      const isInt = a.isInt && b.isInt;
      const value = arithmetic(operator as ArithmeticOperator, a.value, b.value, isInt);
      return value === undefined ? undefined : { type: 'number', value, isInt };
    }
    const lists = new Set([...listsIn(left), ...listsIn(right)]);
    return { type: 'boolean', value: this.#elements(row, lists).some((one) => compare(this.#value(left, row, one), operator as Operator, this.#value(spelledOut(left, operator, right), row, one))) };
  }

  /** Of conditions on nothing but events one event meets all, and of links one link; what only says what is missing is of all of them. */
  #all(conditions: readonly FieldExpression[], row: number): boolean {
    const elements = [...this.#elements(row, new Set(['event'])), ...this.#elements(row, new Set(['link']))];
    return ['event', 'link'].every((list) => {
      const group = conditions.filter((condition) => aboutOne(condition) === list);
      if (group.length < 2 || group.every((condition) => this.#meets(condition, row, {}))) return group.every((condition) => this.condition(condition, row));
      return elements.some((element) => list in element && group.every((condition) => this.#meets(condition, row, element)));
    }) && conditions.every((condition) => aboutOne(condition) !== undefined || this.condition(condition, row));
  }

  #meets(condition: FieldExpression, row: number, element: Element): boolean {
    if (condition.type === 'exists') return (this.#value(condition.operand, row, element) !== undefined) !== condition.absent;
    if (condition.type === 'field') return compare(this.#field(condition.field, row, element), '=', { type: 'boolean', value: true });
    if (condition.type !== 'binary') return false;
    const { operator, left, right } = condition;
    if (operator === '&&' || operator === '||') return [left, right][operator === '&&' ? 'every' : 'some']((side) => this.#meets(side, row, element));
    return compare(this.#value(left, row, element), operator as Operator, this.#value(spelledOut(left, operator, right), row, element));
  }

  #field(field: Field, row: number, { event, link }: Element): Value | undefined {
    const span = this.#spans[row];
    if (span === undefined) return undefined;
    if (field.type === 'attribute') {
      if (field.ofParent === true) {
        const [parent] = this.#parentsOf(row);
        return parent === undefined ? undefined : this.#field({ type: 'attribute', scope: field.scope, key: field.key }, parent, {});
      }
      const resource: Readonly<Record<string, AttributeValue>> = { ...(span.service === '' ? {} : { 'service.name': span.service ?? 'checkout' }), ...span.resource };
      const records = { span: [span.attributes], resource: [resource], any: [span.attributes, resource], event: [event?.attributes], link: [link?.attributes], instrumentation: [] }[field.scope];
      return records.map((record) => valueOf(record?.[field.key])).find((value) => value !== undefined);
    }
    const durationNs = (of: SpanDescription): number => Math.round((of.durationMs ?? 10) * 1e6);
    const roots = this.#rows.map((at) => this.#spans[at]!).filter((one) => id(one.parentSpanId) === '').sort((a, b) => (a.startMs ?? 0) - (b.startMs ?? 0) || (id(a.spanId) < id(b.spanId) ? -1 : 1));
    const number = (value: number, isInt: boolean): Value => ({ type: 'number', value, isInt });
    const text = (value: string | undefined): Value | undefined => (value === undefined ? undefined : { type: 'text', value });
    switch (field.name) {
      case 'name':
        return text(span.name ?? 'GET /');
      case 'status':
        return { type: 'status', value: SPAN_STATUSES.indexOf(span.status ?? 'unset') };
      case 'kind':
        return { type: 'kind', value: SPAN_KINDS.indexOf(span.kind ?? 'server') };
      case 'statusMessage':
        return text(span.statusMessage ?? '');
      case 'duration':
        return number(durationNs(span), false);
      case 'rootName':
        return text(roots[0] === undefined ? undefined : (roots[0].name ?? 'GET /'));
      case 'rootServiceName':
        return text(roots[0] === undefined ? undefined : roots[0].service === '' ? 'unknown_service' : (roots[0].service ?? 'checkout'));
      case 'traceDuration': {
        const starts = this.#rows.map((at) => (this.#spans[at]?.startMs ?? 0) * 1e6);
        const ends = this.#rows.map((at, index) => (starts[index] ?? 0) + durationNs(this.#spans[at]!));
        return number(Math.max(...ends) - Math.min(...starts), false);
      }
      case 'span:childCount':
        return number(this.#rows.filter((other) => this.#parentsOf(other).includes(row)).length, true);
      case 'span:id':
        return text(id(span.spanId).padStart(16, '0'));
      case 'span:parentID':
        return text(id(span.parentSpanId) === '' ? '' : id(span.parentSpanId).padStart(16, '0'));
      case 'trace:id':
        return text(id(span.traceId));
      case 'event:name':
        return text(event?.name);
      case 'event:timeSinceStart':
        return event === undefined ? undefined : number(((event.timeMs ?? span.startMs ?? 0) - (span.startMs ?? 0)) * 1e6, false);
      case 'link:spanID':
        return text(link?.spanId);
      case 'link:traceID':
        return text(link === undefined ? undefined : id(link.traceId));
      case 'instrumentation:name':
        return text(span.scope?.name ?? '');
      case 'instrumentation:version':
        return text(span.scope?.version ?? '');
      case 'nestedSetLeft':
      case 'nestedSetRight':
      case 'nestedSetParent':
        throw new Error('nested sets have tests of their own');
    }
  }
}

/** An id asked for without its leading zeros is the same id. */
function spelledOut(left: FieldExpression, operator: string, right: FieldExpression): FieldExpression {
  if (left.type !== 'field' || left.field.type !== 'intrinsic' || right.type !== 'string' || (operator !== '=' && operator !== '!=') || !/^[0-9a-f]{1,16}$/.test(right.value)) return right;
  return left.field.name === 'span:id' || left.field.name === 'span:parentID' ? { ...right, value: right.value.padStart(16, '0') } : right;
}

function compare(left: Value | undefined, operator: Operator, right: Value | undefined): boolean {
  if (left === undefined || right === undefined) return false;
  if (left.type === 'list' && right.type === 'list') return false;
  if (left.type === 'list') {
    const met = left.value.filter((element) => compare(element, operator, right)).length;
    return operator === '!=' || operator === '!~' ? met > 0 && met === left.value.length : met > 0;
  }
  if (right.type === 'list') return compare(right, ({ '>': '<', '>=': '<=', '<': '>', '<=': '>=' } as Record<string, Operator>)[operator] ?? operator, left);
  if (left.type === 'number' && right.type === 'number') return compareNumbers(left.value, operator, right.value);
  if (left.type === 'text' && right.type === 'text') {
    if (operator === '=~' || operator === '!~') {
      const regex = portableRegex(right.value);
      return regex.ok && regex.value.javascript.test(left.value) === (operator === '=~');
    }
    return compareNumbers(compareText(left.value, right.value), operator, 0);
  }
  if (left.type !== right.type || left.type === 'map' || right.type === 'map' || (operator !== '=' && operator !== '!=')) return false;
  return (left.value === right.value) === (operator === '=');
}

function compareNumbers(left: number, operator: string, right: number): boolean {
  return { '=': left === right, '!=': left !== right, '>': left > right, '>=': left >= right, '<': left < right, '<=': left <= right }[operator] ?? false;
}

function arithmetic(operator: ArithmeticOperator, left: number | undefined, right: number | undefined, isInt: boolean): number | undefined {
  if (left === undefined || right === undefined || ((operator === '/' || operator === '%') && right === 0)) return undefined;
  const exact = { '+': left + right, '-': left - right, '*': left * right, '/': left / right, '%': left % right, '^': left ** right }[operator];
  if (Number.isNaN(exact)) return undefined;
  return isInt && (operator === '/' || operator === '^') ? Math.trunc(exact) : exact;
}

/** As the store's JSON holds it. */
function valueOf(value: AttributeValue | undefined): Value | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'bigint') return { type: 'number', value: Number(value), isInt: true };
  if (typeof value === 'number') return Number.isFinite(value) ? { type: 'number', value, isInt: Number.isInteger(value) && Math.abs(value) < 1e21 } : { type: 'text', value: String(value) };
  if (typeof value === 'string') return { type: 'text', value };
  if (typeof value === 'boolean') return { type: 'boolean', value };
  if (value instanceof Uint8Array) return { type: 'text', value: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return { type: 'list', value: (value as readonly AttributeValue[]).map(valueOf) };
  return { type: 'map' };
}

/** Enough to tell groups apart. */
function jsonOf(value: Value | undefined): string {
  return value === undefined ? 'null' : JSON.stringify(value.type === 'map' ? 'map' : value.type === 'number' ? value.value + 0 : value.value);
}

function joinedBy(operator: '&&' | '||', expression: FieldExpression): readonly FieldExpression[] {
  return expression.type === 'binary' && expression.operator === operator ? [...joinedBy(operator, expression.left), ...joinedBy(operator, expression.right)] : [expression];
}

/** The one list that a condition without negations looks into, and nothing else. */
function aboutOne(condition: FieldExpression): string | undefined {
  const text = JSON.stringify(condition);
  if (text.includes('"operator":"!"')) return undefined;
  const [first, ...others] = [...text.matchAll(/"type":"(?:attribute","scope":"(\w+)"|intrinsic","name":"([^":]*))/g)].map(([, scope, name]) => scope ?? name);
  return (first === 'event' || first === 'link') && others.every((scope) => scope === first) ? first : undefined;
}

function listsIn(expression: FieldExpression): ReadonlySet<string> {
  switch (expression.type) {
    case 'field': {
      const { field } = expression;
      const scope = field.type === 'attribute' ? field.scope : field.name.split(':')[0];
      return new Set(scope === 'event' || scope === 'link' ? [scope] : []);
    }
    case 'unary':
      return expression.operator === '-' ? listsIn(expression.operand) : new Set();
    case 'binary':
      return ['+', '-', '*', '/', '%', '^'].includes(expression.operator) ? new Set([...listsIn(expression.left), ...listsIn(expression.right)]) : new Set();
    default:
      return new Set();
  }
}

function kept(sets: readonly Spanset[]): readonly Spanset[] {
  return sets.filter((set) => set.rows.length > 0);
}

function union(left: readonly number[], right: readonly number[]): readonly number[] {
  return [...new Set([...left, ...right])].sort((a, b) => a - b);
}

function id(hex: string | undefined): string {
  return (hex ?? '').replace(/^0+/, '').toLowerCase();
}
