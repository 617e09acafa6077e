import type { Field } from './ast.js';
import { sqlOperator } from './comparison-sql.js';
import { ExpressionSql, arithmeticSql } from './expression-sql.js';
import type { FieldExpression, FilterStage, GroupStage, ScalarComparison, ScalarExpression, SpansetExpression, SpansetOperation, SpansetOperator, Stage } from './query-ast.js';
import { listOf, SPAN_ROWS, type Join } from './span-fields-sql.js';
import { SqlParams } from './sql-params.js';
import { isOfOtherSpans, JOINS, LOOKUPS } from './trace-lookups-sql.js';

/**
 * A search as common table expressions. Each stage is a relation of spans: `th`, `tl` the trace, `grp` the values it was grouped by (one
 * spanset per trace and grp), `rid` the row in SPAN_ROWS, `sid` and `pid` its id and its parent's, `start_ns`, `end_ms`.
 */
export interface CompiledSearch {
  /** `q1 AS (…), q2 AS (…)`: goes behind WITH RECURSIVE. Looks at spans that end in [$near_from_ms, $near_to_ms). */
  readonly ctes: string;
  /** The relation that holds the result. */
  readonly result: string;
  readonly params: SqlParams;
  readonly expressions: ExpressionSql;
  /** What the values in `grp` are of, in order. */
  readonly groups: readonly FieldExpression[];
  /** Fields to show: those of `select`, and those that conditions look at. */
  readonly fields: readonly Field[];
  /** Their values as a list of JSON texts. */
  readonly shown: SqlOverSpans;
  /** What `options.extra` asked for. */
  readonly extra: SqlOverSpans;
  /** Whether a span `s` is among what was found. */
  readonly matches: SqlOverSpans & {
    /** Goes behind WITH RECURSIVE; with a comma at its end, or empty. */
    readonly ctes: string;
  };
  /** Spans `s` of the result with what `extra` needs: goes behind FROM, more conditions behind it with AND. */
  readonly spans: string;
  /** Whether a span's match depends on other spans, so that it needs those just outside of the time range too. */
  readonly looksAround: boolean;
}

const COLUMNS = 's.trace_id_high AS th, s.trace_id_low AS tl, s.row_id AS rid, s.span_id AS sid, s.parent_span_id AS pid, s.start_ns AS start_ns, s.end_ms AS end_ms';
const NEAR = 's.end_ms >= $near_from_ms AND s.end_ms < $near_to_ms';

/** SQL over spans `s` and what `joins` adds. */
export interface SqlOverSpans {
  readonly sql: string;
  readonly joins: string;
}

export interface SearchOptions {
  /** More SQL that a statement over the result needs, compiled into the same parameters. */
  readonly extra?: (expressions: ExpressionSql) => string;
  /** What that SQL reads of the trace, beyond what its expressions say. */
  readonly joins?: readonly Join[];
}

export function compileSearch(search: SpansetExpression, options: SearchOptions = {}): CompiledSearch {
  const compiler = new SearchCompiler(new SqlParams('q'));
  const result = compiler.compile(search);
  const shown = compiler.shown();
  const extra = compiler.overResult((expressions) => {
    for (const join of options.joins ?? []) expressions.fields.joins.add(join);
    return options.extra?.(expressions) ?? 'NULL';
  });
  const spans = compiler.found(search, result, extra);
  const matches = compiler.matches(search, result);
  return {
    spans, matches, ctes: compiler.ctes.join(',\n'), result: result.name, params: compiler.params, expressions: compiler.expressions,
    groups: result.groups, fields: compiler.fields, shown, extra, looksAround: compiler.looksAround,
  };
}

interface Needs {
  readonly needs: readonly Join[];
}

interface Relation {
  readonly name: string;
  readonly groups: readonly FieldExpression[];
}

class SearchCompiler {
  readonly ctes: string[] = [];
  readonly params: SqlParams;
  readonly expressions: ExpressionSql;
  readonly fields: Field[] = [];
  looksAround = false;
  readonly #lookups = new Set<Join>();
  #count = 0;

  constructor(params: SqlParams) {
    this.params = params;
    this.expressions = new ExpressionSql(params);
  }

  /** `input`: what a pipeline has left of the spans; without it, all. */
  compile(search: SpansetExpression, input?: Relation): Relation {
    switch (search.type) {
      case 'filter':
        return this.#filter(search, input);
      case 'operation':
        return this.#operation(search, input);
      case 'pipeline':
        return this.#pipeline(search.stages, input);
      case 'scalarComparison':
        return this.#scalarComparison(search, input);
    }
  }

  shown(): SqlOverSpans {
    return this.overResult((expressions) => `[${this.fields.map((field) => expressions.json({ type: 'field', field })).join(', ')}]::VARCHAR[]`);
  }

  /** Values of spans of the result: the statement that reads them joins the spans itself. */
  overResult(write: (expressions: ExpressionSql) => string): SqlOverSpans & Needs {
    const { where: sql, needs } = this.#spans(write, undefined);
    return { sql, joins: joinsOf(needs), needs };
  }

  /** A single filter is read in one go; whatever else was found is looked up by its rows. */
  found(search: SpansetExpression, result: Relation, extra: Needs): string {
    const own = this.#ofOwnRow(search);
    if (own !== undefined) return `${SPAN_ROWS} s ${joinsOf([...own.needs, ...extra.needs])} WHERE ${own.where}`;
    return `(SELECT DISTINCT rid FROM ${result.name}) found JOIN ${SPAN_ROWS} s ON s.row_id = found.rid ${joinsOf(extra.needs)} WHERE TRUE`;
  }

  /** The same as a condition on a span. */
  matches(search: SpansetExpression, result: Relation): CompiledSearch['matches'] {
    const own = this.#ofOwnRow(search);
    if (own !== undefined) return { sql: own.where, joins: joinsOf(own.needs), ctes: '' };
    return { sql: 'found.rid IS NOT NULL', joins: `LEFT JOIN (SELECT DISTINCT rid FROM ${result.name}) found ON found.rid = s.row_id`, ctes: `${this.ctes.join(',\n')},` };
  }

  /** A single filter that looks at nothing but each span's own row and resource. */
  #ofOwnRow(search: SpansetExpression): (Needs & { readonly where: string }) | undefined {
    if (search.type !== 'filter') return undefined;
    const { where, needs } = this.#spans((expressions) => expressions.condition(search.condition), undefined);
    return needs.some(isOfOtherSpans) ? undefined : { where: `${NEAR} AND (${where})`, needs };
  }

  #pipeline(stages: readonly Stage[], input: Relation | undefined): Relation {
    const base = input?.groups ?? [];
    let current = input;
    for (const stage of mergeFilters(stages)) current = this.#stage(stage, { current, base });
    return current ?? this.#everySpan();
  }

  #stage(stage: Stage, { current, base }: { readonly current: Relation | undefined; readonly base: readonly FieldExpression[] }): Relation {
    switch (stage.type) {
      case 'group':
        return this.#group(stage, current ?? this.#everySpan());
      case 'coalesce':
        return this.#regroup(current ?? this.#everySpan(), base);
      case 'select':
        for (const field of stage.fields) this.#show(field);
        return current ?? this.#everySpan();
      case 'scalarFilter':
        this.looksAround = true;
        return this.#having(current ?? this.#everySpan(), (aggregates) => `${aggregates(stage.left)} ${sqlOperator(stage.operator)} ${aggregates(stage.right)}`);
      case 'filter':
      case 'operation':
      case 'pipeline':
      case 'scalarComparison':
        return this.compile(stage, current);
    }
  }

  #everySpan(): Relation {
    return this.#filter({ type: 'filter', condition: { type: 'boolean', value: true } }, undefined);
  }

  #filter({ condition }: FilterStage, input: Relation | undefined): Relation {
    for (const field of fieldsOf(condition)) this.#show(field);
    const { from, where } = this.#spans((expressions) => expressions.condition(condition), input);
    const grp = input === undefined ? 'CAST([] AS VARCHAR[]) AS grp' : 'i.grp AS grp';
    return this.#add(`SELECT ${this.#mayRepeat ? 'DISTINCT ' : ''}${COLUMNS}, ${grp} FROM ${from} WHERE ${NEAR} AND (${where})`, input?.groups ?? []);
  }

  /** A trace can hold two spans of one id, so that a span has two parents. */
  get #mayRepeat(): boolean {
    return this.expressions.fields.joins.has('parent');
  }

  /** Spans (of `input`) with what the expressions need, and one piece of SQL over them. */
  #spans(write: (expressions: ExpressionSql) => string, input: Relation | undefined): Needs & { readonly from: string; readonly where: string } {
    this.expressions.fields.joins.clear();
    const where = write(this.expressions);
    const needs = [...this.expressions.fields.joins];
    for (const join of needs) this.#addLookup(join);
    const from = input === undefined ? `${SPAN_ROWS} s` : `${input.name} i JOIN ${SPAN_ROWS} s ON s.row_id = i.rid`;
    return { from: `${from} ${joinsOf(needs)}`, where, needs };
  }

  #addLookup(join: Join): void {
    this.looksAround ||= isOfOtherSpans(join);
    if (this.#lookups.has(join)) return;
    this.#lookups.add(join);
    this.ctes.push(...LOOKUPS[join]);
  }

  #show(field: Field): void {
    if (!this.fields.some((shown) => JSON.stringify(shown) === JSON.stringify(field))) this.fields.push(field);
  }

  #group({ by }: GroupStage, input: Relation): Relation {
    const { from, where: value } = this.#spans((expressions) => expressions.json(by), input);
    return this.#add(`SELECT ${COLUMNS}, list_append(i.grp, coalesce(${value}, 'null')) AS grp FROM ${from} WHERE ${NEAR}`, [...input.groups, by]);
  }

  /** The same spans in the groups they were in before: what stands inside of parentheses groups for itself only. */
  #regroup(relation: Relation, groups: readonly FieldExpression[]): Relation {
    if (relation.groups.length === groups.length) return relation;
    return this.#add(`SELECT DISTINCT * REPLACE (grp[1:${groups.length}] AS grp) FROM ${relation.name}`, groups);
  }

  #operation({ operator, left, right }: SpansetOperation, input: Relation | undefined): Relation {
    this.looksAround = true;
    const groups = input?.groups ?? [];
    const sides = [left, right].map((side) => this.#regroup(this.compile(side, input), groups)) as [Relation, Relation];
    const [a, b] = sides.map((side) => side.name) as [string, string];
    if (operator === '||') return this.#add(`SELECT * FROM ${a} UNION SELECT * FROM ${b}`, groups);
    if (operator === '&&') return this.#add(`SELECT * FROM ${a} SEMI JOIN ${b} USING (th, tl, grp) UNION SELECT * FROM ${b} SEMI JOIN ${a} USING (th, tl, grp)`, groups);
    return this.#add(this.#related(operator, a, b), groups);
  }

  /** Spans of `b` that stand to one of `a` as the operator says; with `!` those that do not, with `&` the ones of `a` too. */
  #related(operator: Exclude<SpansetOperator, '&&' | '||'>, a: string, b: string): string {
    const relation = operator.replace(/^[!&]/, '');
    const isDeep = relation === '>>' || relation === '<<';
    // The lower side walks up to all its ancestors once; then both directions are one comparison.
    const ancestors = isDeep ? this.#ancestors(relation === '>>' ? b : a, relation === '>>' ? a : b) : '';
    const ofB = relatedSql(relation, { a, b, ancestors });
    if (operator.startsWith('!')) return `SELECT * FROM ${b} x WHERE x.rid NOT IN (SELECT rid FROM (${ofB}))`;
    if (!operator.startsWith('&')) return ofB;
    const opposite = { '>': '<', '<': '>', '>>': '<<', '<<': '>>', '~': '~' }[relation] ?? relation;
    return `${ofB} UNION ${relatedSql(opposite, { a: b, b: a, ancestors })}`;
  }

  /** A relation of (row below, id of an ancestor), for traces that both relations have spans of. */
  #ancestors(below: string, above: string): string {
    const tree = this.#name();
    const up = this.#name();
    this.ctes.push(
      `${tree} AS MATERIALIZED (SELECT s.trace_id_high AS th, s.trace_id_low AS tl, s.span_id AS sid, s.parent_span_id AS pid FROM spans s SEMI JOIN ${below} b ON b.th = s.trace_id_high AND b.tl = s.trace_id_low SEMI JOIN ${above} a ON a.th = s.trace_id_high AND a.tl = s.trace_id_low WHERE ${NEAR})`,
      `${up} AS (SELECT b.rid, b.th, b.tl, b.grp, b.pid AS ancestor FROM ${below} b SEMI JOIN ${above} a USING (th, tl) WHERE b.pid <> 0 UNION SELECT u.rid, u.th, u.tl, u.grp, t.pid FROM ${up} u JOIN ${tree} t ON t.th = u.th AND t.tl = u.tl AND t.sid = u.ancestor WHERE t.pid <> 0)`,
    );
    return up;
  }

  /** Keeps the groups of spans for which a condition on their aggregates holds. */
  #having(input: Relation, condition: (aggregates: (scalar: ScalarExpression) => string) => string): Relation {
    const { from, where: having } = this.#spans(() => condition((scalar) => this.#scalar(scalar)), input);
    return this.#add(`SELECT * FROM ${input.name} SEMI JOIN (SELECT i.th AS th, i.tl AS tl, i.grp AS grp FROM ${from} WHERE ${NEAR} GROUP BY ALL HAVING (${having}) IS TRUE) kept USING (th, tl, grp)`, input.groups);
  }

  #scalar(scalar: ScalarExpression): string {
    switch (scalar.type) {
      case 'int':
      case 'float':
      case 'duration':
        return this.params.double(scalar.value);
      case 'scalarOperation':
        return arithmeticSql(scalar.operator, this.#scalar(scalar.left), this.#scalar(scalar.right));
      case 'aggregate':
        return scalar.of === undefined ? 'CAST(count(DISTINCT s.row_id) AS DOUBLE)' : `CAST(${scalar.name}(${this.expressions.number(scalar.of)}) AS DOUBLE)`;
      case 'scalarPipeline':
        throw new Error('a pipeline is no aggregate of its own spans');
    }
  }

  /** Spans that the pipelines on both sides found, in traces for which the comparison of their numbers holds. */
  #scalarComparison({ operator, left, right }: ScalarComparison, input: Relation | undefined): Relation {
    this.looksAround = true;
    const groups = input?.groups ?? [];
    const sides: { relation: string; numbers: string }[] = [];
    const write = (scalar: ScalarExpression): string => {
      if (scalar.type === 'scalarOperation') return arithmeticSql(scalar.operator, write(scalar.left), write(scalar.right));
      if (scalar.type !== 'scalarPipeline') return this.#scalar(scalar);
      const relation = this.#regroup(this.compile(scalar.search, input), groups);
      const { from, where: number } = this.#spans(() => this.#scalar(scalar.aggregate), relation);
      const numbers = this.#name();
      this.ctes.push(`${numbers} AS (SELECT i.th AS th, i.tl AS tl, i.grp AS grp, ${number} AS v FROM ${from} WHERE ${NEAR} GROUP BY ALL)`);
      sides.push({ relation: relation.name, numbers });
      return `${numbers}.v`;
    };
    const condition = `${write(left)} ${sqlOperator(operator)} ${write(right)}`;
    const kept = this.#name();
    const [first, ...others] = sides.map((side) => side.numbers);
    this.ctes.push(`${kept} AS (SELECT th, tl, grp FROM ${[first, ...others.map((other) => `JOIN ${other} USING (th, tl, grp)`)].join(' ')} WHERE (${condition}) IS TRUE)`);
    return this.#add(sides.map((side) => `SELECT * FROM ${side.relation} SEMI JOIN ${kept} USING (th, tl, grp)`).join(' UNION '), groups);
  }

  #add(sql: string, groups: readonly FieldExpression[]): Relation {
    const name = this.#name();
    this.ctes.push(`${name} AS (${sql})`);
    return { name, groups };
  }

  #name(): string {
    this.#count += 1;
    return `q${this.#count}`;
  }
}

function joinsOf(needs: readonly Join[]): string {
  return [...new Set(needs)].map((join) => JOINS[join]).join(' ');
}

function relatedSql(relation: string, { a, b, ancestors }: { readonly a: string; readonly b: string; readonly ancestors: string }): string {
  const same = 'x.th = y.th AND x.tl = y.tl AND x.grp = y.grp';
  switch (relation) {
    case '>':
      return `SELECT x.* FROM ${b} x SEMI JOIN ${a} y ON ${same} AND x.pid = y.sid AND x.pid <> 0`;
    case '<':
      return `SELECT x.* FROM ${b} x SEMI JOIN ${a} y ON ${same} AND x.sid = y.pid AND y.pid <> 0`;
    case '~':
      return `SELECT x.* FROM ${b} x SEMI JOIN ${a} y ON ${same} AND x.pid = y.pid AND x.rid <> y.rid`;
    case '>>':
      return `SELECT x.* FROM ${b} x SEMI JOIN (SELECT u.rid, u.grp FROM ${ancestors} u SEMI JOIN ${a} y ON u.th = y.th AND u.tl = y.tl AND u.grp = y.grp AND u.ancestor = y.sid) below ON x.rid = below.rid AND x.grp = below.grp`;
    default:
      return `SELECT x.* FROM ${b} x SEMI JOIN (SELECT u.th, u.tl, u.grp, u.ancestor FROM ${ancestors} u SEMI JOIN ${a} y ON u.rid = y.rid AND u.grp = y.grp) above ON x.th = above.th AND x.tl = above.tl AND x.grp = above.grp AND x.sid = above.ancestor`;
  }
}

/** `{ a } | { b }` is `{ a && b }`, and read once. */
function mergeFilters(stages: readonly Stage[]): readonly Stage[] {
  const merged: Stage[] = [];
  for (const stage of stages) {
    const last = merged.at(-1);
    if (stage.type === 'filter' && last?.type === 'filter' && canBeOne(last.condition, stage.condition)) merged[merged.length - 1] = { type: 'filter', condition: { type: 'binary', operator: '&&', left: last.condition, right: stage.condition } };
    else merged.push(stage);
  }
  return merged;
}

/** In one condition events have to be the same (same-element.ts), in two that follow each other they need not be. */
export function canBeOne(first: FieldExpression, second: FieldExpression): boolean {
  return [first, second].some((condition) => fieldsOf(condition).every((field) => listOf(field) === undefined));
}

/** Every field that an expression looks at, in the order it was written. */
export function fieldsOf(expression: FieldExpression): readonly Field[] {
  switch (expression.type) {
    case 'field':
      return [expression.field];
    case 'unary':
    case 'exists':
      return fieldsOf(expression.operand);
    case 'binary':
      return [...fieldsOf(expression.left), ...fieldsOf(expression.right)];
    default:
      return [];
  }
}
