import fc from 'fast-check';
import { INTRINSIC_TYPES, SCOPED_SPELLINGS, type IntrinsicName, type IntrinsicType } from '../../src/trace/traceql/ast.js';
import { AGGREGATES, COMPARISON_OPERATORS, RATE_FUNCTIONS, STRUCTURAL_OPERATORS, VALUE_FUNCTIONS } from '../../src/trace/traceql/query-ast.js';
import { SPAN_KINDS, SPAN_STATUSES } from '../../src/trace/span-batch.js';

/**
 * TraceQL as text, rule by rule of Tempo's grammar (reference: pkg/traceql/expr.y), with the spellings that people use: parentheses where none
 * are needed, scopes or none, comments. Types are kept apart, so that most of what comes out is a query; a few are refused all the same
 * (a comparison of two constants), which is for the reader to filter.
 */
type Text = fc.Arbitrary<string>;

const spellingsOf = (...types: readonly IntrinsicType[]): readonly string[] => {
  const names = (Object.keys(INTRINSIC_TYPES) as IntrinsicName[]).filter((name) => types.includes(INTRINSIC_TYPES[name]));
  return [...names, ...Object.entries(SCOPED_SPELLINGS).flatMap(([spelling, name]) => (names.includes(name) ? [spelling] : []))];
};

const attribute: Text = fc.oneof(
  fc.tuple(fc.constantFrom('.', 'span.', 'resource.', 'event.', 'link.', 'instrumentation.', 'parent.', 'parent.span.', 'parent.resource.'), fc.constantFrom('x', 'y', 'list', 'a/b', '"a/b~c"', 'http.route', 'region', '"odd key"', '"with \\"quotes\\""', 'name')).map((parts) => parts.join('')),
);
const string: Text = fc.constantFrom('""', '"a"', '"it\'s"', '"é😀"', '`raw \\d`', '"q\\"u\\\\"', '"1"');
const number: Text = fc.constantFrom('0', '1', '2', '5', '0.5', '2.5', '1e3');
const limit: Text = fc.constantFrom('minInt', 'maxInt');
const duration: Text = fc.constantFrom('5ms', '1.5s', '1m30s', '800us', '2h', '10ns');
const pattern: Text = fc.constantFrom('".*"', '"a|b"', '`\\d+`', '"(?i)A.*"', '"[^a]"');
const one = (...texts: readonly string[]): Text => fc.constantFrom(...texts);
const joined = (...parts: readonly Text[]): Text => fc.tuple(...parts).map((texts) => texts.join(' '));
const inside = (text: Text): Text => text.map((it) => `(${it})`);
const listOf = (item: Text, { most }: { readonly most: number }): Text => fc.array(item, { minLength: 1, maxLength: most }).map((items) => items.join(', '));

const numeric = fc.oneof({ weight: 2, arbitrary: attribute }, one(...spellingsOf('duration', 'int')));
const textual = fc.oneof({ weight: 2, arbitrary: attribute }, one(...spellingsOf('string', 'id')));
const field = fc.oneof({ weight: 2, arbitrary: attribute }, one(...spellingsOf('duration', 'int', 'string', 'id', 'status', 'kind')));

const { condition } = fc.letrec<{ value: string; condition: string }>((tie) => ({
  /** Something that can be calculated with. */
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof({ weight: 5, arbitrary: numeric }, { weight: 2, arbitrary: number }, duration, limit),
    joined(tie('value'), one('+', '-', '*', '/', '%', '^'), tie('value')),
    joined(one('-'), tie('value')),
    inside(tie('value')),
  ),
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      { weight: 3, arbitrary: joined(textual, one('=', '!=', '>', '<='), string) },
      joined(string, one('=', '!='), textual),
      { weight: 2, arbitrary: joined(textual, one('=~', '!~'), pattern) },
      joined(one('status', 'span:status', '.x'), one('=', '!='), one(...SPAN_STATUSES)),
      joined(one('kind', 'span:kind', '.x'), one('=', '!='), one(...SPAN_KINDS)),
      joined(attribute, one('=', '!='), one('nil', 'true', 'false')),
      joined(one('nil'), one('=', '!='), attribute),
      one('true', 'false'),
      attribute,
    ),
    { weight: 2, arbitrary: joined(tie('value'), one(...COMPARISON_OPERATORS), tie('value')) },
    joined(tie('condition'), one('&&', '||'), tie('condition')),
    joined(one('!'), inside(tie('condition'))),
    inside(tie('condition')),
  ),
}));

const filter: Text = fc.oneof({ weight: 8, arbitrary: condition.map((it) => `{ ${it} }`) }, one('{}', '{ /* every span */ }', '{ // every span\n }'));
const comparison = one(...COMPARISON_OPERATORS);
const between = one('&&', '||', ...STRUCTURAL_OPERATORS);
const aggregate: Text = fc.oneof(one('count()'), fc.tuple(one(...AGGREGATES.filter((name) => name !== 'count')), numeric).map(([name, of]) => `${name}(${of})`));

const { spanset, wrapped, pipeline, counted, metrics } = fc.letrec<{ spanset: string; wrapped: string; pipeline: string; scalar: string; counted: string; metrics: string }>((tie) => ({
  /** Filters and operators between them, with parentheses or without. */
  spanset: fc.oneof({ depthSize: 'small', withCrossShrink: true }, filter, joined(tie('spanset'), between, tie('spanset')), inside(tie('spanset'))),
  /** Pipelines in parentheses, which stand beside others in parentheses only. */
  wrapped: fc.oneof({ depthSize: 'small', withCrossShrink: true }, inside(tie('spanset')), inside(tie('pipeline')), inside(joined(tie('wrapped'), between, tie('wrapped')))),
  scalar: fc.oneof({ depthSize: 'small', withCrossShrink: true }, aggregate, joined(tie('scalar'), one('+', '-', '*', '/'), fc.oneof(tie('scalar'), number)), inside(tie('scalar'))),
  pipeline: fc.tuple(
    fc.oneof({ weight: 4, arbitrary: tie('spanset') }, field.map((by) => `by(${by})`)),
    fc.array(fc.oneof(
      { depthSize: 'small' },
      joined(aggregate, comparison, number),
      joined(tie('scalar'), comparison, fc.oneof(number, duration, tie('scalar'))),
      field.map((by) => `by(${by})`),
      one('coalesce()'),
      listOf(field, { most: 3 }).map((fields) => `select(${fields})`),
      tie('spanset'),
    ), { minLength: 1, maxLength: 3 }),
  ).map(([first, rest]) => [first, ...rest].join(' | ')),
  /** `({ … } | count())`. */
  counted: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.tuple(fc.oneof({ weight: 2, arbitrary: tie('spanset') }, tie('pipeline')), aggregate).map(([search, number_]) => `(${search} | ${number_})`),
    joined(tie('counted'), one('+', '-', '*', '/'), tie('counted')),
  ),
  metrics: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.tuple(
      fc.oneof({ weight: 3, arbitrary: tie('spanset') }, tie('pipeline')),
      fc.oneof(
        one(...RATE_FUNCTIONS).map((name) => `${name}()`),
        fc.tuple(one(...VALUE_FUNCTIONS.filter((name) => name !== 'quantile_over_time')), numeric).map(([name, of]) => `${name}(${of})`),
        fc.tuple(numeric, listOf(one('0.5', '0.9', '0.99', '1', '0'), { most: 2 })).map(([of, quantiles]) => `quantile_over_time(${of}, ${quantiles})`),
      ),
      fc.option(listOf(field, { most: 3 }).map((fields) => ` by (${fields})`), { nil: '' }),
    ).map(([search, called, by]) => `${search} | ${called}${by}`),
    fc.tuple(tie('metrics'), fc.oneof(one('topk', 'bottomk').map((name) => ` | ${name}(3)`), fc.tuple(comparison, number).map(([operator, limit]) => ` ${operator} ${limit}`))).map((parts) => parts.join('')),
    joined(inside(tie('metrics')), one('+', '-', '*', '/'), fc.oneof(inside(tie('metrics')), number)),
    joined(number, one('+', '-', '*', '/'), inside(tie('metrics'))),
  ),
}));

const hints: Text = fc.option(listOf(one('most_recent=true', 'sample=0.1', 'span_sample=10', 'exemplars=5', 'extrapolate=false', 'name="text"'), { most: 2 }).map((list) => ` with(${list})`), { nil: '', freq: 4 });
const compared: Text = fc.tuple(fc.oneof(spanset, pipeline), filter, one('', ', 5', ', 3, 1700000000000000000, 1700000060000000000', ', 10, 0, 0')).map(([search, selection, more]) => `${search} | compare(${selection}${more})`);

/** What each rule of the grammar makes, by its name. */
export const TRACEQL_RULES: Readonly<Record<string, Text>> = {
  'spansets and the operators between them': joined(spanset, hints),
  'pipelines': joined(pipeline, hints),
  'pipelines in parentheses and the operators between them': joined(fc.oneof(wrapped, joined(wrapped, between, wrapped)), hints),
  'comparisons of pipelines': joined(counted, comparison, fc.oneof(counted, number, duration)),
  'metrics, second stages and arithmetic': joined(metrics, hints),
  'compare': joined(compared, hints),
};
