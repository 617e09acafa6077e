import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ReferenceTrace } from '../../test/support/traceql-reference.js';
import { openTraceqlStore, type TraceqlStore } from '../../test/support/traceql-store.js';
import type { AttributeValue } from '../trace/attribute.js';
import { DEFAULT_START_MS, type SpanDescription } from '../trace/batch-builder.js';
import { SPAN_KINDS, SPAN_STATUSES } from '../trace/span-batch.js';
import type { AttributeScope, Field, IntrinsicName } from '../trace/traceql/ast.js';
import { parseSearch } from '../trace/traceql/parser.js';
import { printQuery } from '../trace/traceql/print.js';
import { STRUCTURAL_OPERATORS, type FieldExpression, type ScalarExpression, type SpansetExpression, type Stage, type TraceqlQuery } from '../trace/traceql/query-ast.js';
import { compileSearch } from '../trace/traceql/search-sql.js';

// A small world, so that random queries meet random traces.
const KEYS = ['x', 'y', 'list', 'a/b~c', 'odd "key"', 'status'];
const TEXTS = ['', 'a', 'b', '5', 'true', "it's", 'é😀'];
const NUMBERS = [0, 1, 2, 5, -3, 0.5, 2.5, 1e21];
const IDS = ['1', '2', '3', '4', '5', 'ffffffffffffffff'];

const text = fc.constantFrom(...TEXTS);
const value: fc.Arbitrary<AttributeValue> = fc.oneof(
  { weight: 4, arbitrary: text },
  { weight: 4, arbitrary: fc.constantFrom(...NUMBERS) },
  fc.boolean(),
  fc.constantFrom<AttributeValue>(null, 7n, ['a', 'b'], [1, 5], ['a', 1, null], [], [true], { x: 'a' }),
);
const attributes = fc.dictionary(fc.constantFrom(...KEYS), value, { maxKeys: 3, noNullPrototype: true });
const span: fc.Arbitrary<SpanDescription> = fc.record({
  name: text, service: fc.constantFrom('', 'shop', 'pay'), kind: fc.constantFrom(...SPAN_KINDS), status: fc.constantFrom(...SPAN_STATUSES), statusMessage: text,
  startMs: fc.constantFrom(DEFAULT_START_MS, DEFAULT_START_MS + 1, DEFAULT_START_MS + 7), durationMs: fc.constantFrom(0, 5, 800), attributes,
  resource: fc.dictionary(fc.constantFrom('x', 'region'), value, { maxKeys: 2, noNullPrototype: true }),
  scope: fc.constantFrom({ name: 'a', version: '' }, { name: '', version: 'b' }),
  events: fc.option(fc.array(fc.record({ name: text, timeMs: fc.constantFrom(DEFAULT_START_MS, DEFAULT_START_MS + 9), attributes }), { maxLength: 2 }), { nil: undefined, freq: 3 }),
  links: fc.option(fc.array(fc.record({ traceId: fc.constantFrom('00000000000000000000000000000001', 'b'.repeat(32)), spanId: fc.constantFrom('0000000000000002', 'b'.repeat(16)), attributes }), { maxLength: 2 }), { nil: undefined, freq: 3 }),
  traceId: fc.constantFrom('1', '2'), spanId: fc.constantFrom(...IDS), parentSpanId: fc.constantFrom('', ...IDS, '99'),
});
/** Ids are unique within a trace, as senders make them: with two parents of one id `parent.x` would be a matter of luck. */
const spans = fc.uniqueArray(span, { selector: ({ traceId, spanId }) => `${traceId ?? ''}/${spanId ?? ''}`, minLength: 1, maxLength: 9 });

const SCOPES: readonly AttributeScope[] = ['span', 'resource', 'any', 'any', 'event', 'link', 'instrumentation'];
const INTRINSICS: readonly IntrinsicName[] = [
  'name', 'status', 'statusMessage', 'kind', 'duration', 'rootName', 'rootServiceName', 'traceDuration', 'trace:id', 'span:id', 'span:parentID', 'span:childCount',
  'event:name', 'event:timeSinceStart', 'link:spanID', 'link:traceID', 'instrumentation:name', 'instrumentation:version',
];
const attribute: fc.Arbitrary<Field> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ type: fc.constant('attribute' as const), scope: fc.constantFrom(...SCOPES), key: fc.constantFrom(...KEYS) }) },
  fc.record({ type: fc.constant('attribute' as const), scope: fc.constantFrom('span' as const, 'resource' as const, 'any' as const), key: fc.constantFrom(...KEYS), ofParent: fc.constant(true as const) }),
);
const intrinsic: fc.Arbitrary<Field> = fc.constantFrom(...INTRINSICS).map((name) => ({ type: 'intrinsic', name }));
const reference = fc.oneof({ weight: 3, arbitrary: attribute }, intrinsic).map((field): FieldExpression => ({ type: 'field', field }));
const literal: fc.Arbitrary<FieldExpression> = fc.oneof(
  text.map((it): FieldExpression => ({ type: 'string', value: it })),
  fc.constantFrom('1', '2', 'b'.repeat(16), '99').map((it): FieldExpression => ({ type: 'string', value: it })),
  fc.constantFrom(...NUMBERS.filter((it) => it < 1e20)).map((it): FieldExpression => ({ type: Number.isInteger(it) ? 'int' : 'float', value: it })),
  fc.constantFrom(0, 5e6, 8e8, 9e6).map((it): FieldExpression => ({ type: 'duration', value: it })),
  fc.boolean().map((it): FieldExpression => ({ type: 'boolean', value: it })),
  fc.constantFrom(...SPAN_STATUSES).map((it): FieldExpression => ({ type: 'status', value: it })),
  fc.constantFrom(...SPAN_KINDS).map((it): FieldExpression => ({ type: 'kind', value: it })),
);

const { condition, number } = fc.letrec<{ condition: FieldExpression; number: FieldExpression }>((tie) => ({
  number: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(reference, literal),
    fc.record({ type: fc.constant('binary' as const), operator: fc.constantFrom('+' as const, '-' as const, '*' as const, '/' as const, '%' as const, '^' as const), left: tie('number'), right: tie('number') }),
    fc.record({ type: fc.constant('unary' as const), operator: fc.constant('-' as const), operand: tie('number') }),
  ),
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      { weight: 5, arbitrary: fc.record({ type: fc.constant('binary' as const), operator: fc.constantFrom('=' as const, '!=' as const, '>' as const, '>=' as const, '<' as const, '<=' as const), left: reference, right: fc.oneof(literal, reference) }) },
      { weight: 2, arbitrary: fc.record({ type: fc.constant('binary' as const), operator: fc.constantFrom('=~' as const, '!~' as const), left: reference, right: fc.constantFrom('.*', 'a|b', '[^a]+', '\\d', '(?i)A.*').map((it): FieldExpression => ({ type: 'string', value: it })) }) },
      { weight: 2, arbitrary: fc.record({ type: fc.constant('exists' as const), absent: fc.boolean(), operand: reference }) },
      attribute.map((field): FieldExpression => ({ type: 'field', field })),
      fc.boolean().map((it): FieldExpression => ({ type: 'boolean', value: it })),
    ),
    fc.record({ type: fc.constant('binary' as const), operator: fc.constantFrom('=' as const, '!=' as const, '<' as const, '>=' as const), left: tie('number'), right: tie('number') }),
    fc.record({ type: fc.constant('binary' as const), operator: fc.constantFrom('&&' as const, '||' as const, '=' as const, '!=' as const), left: tie('condition'), right: tie('condition') }),
    fc.record({ type: fc.constant('unary' as const), operator: fc.constant('!' as const), operand: tie('condition') }),
  ),
}));

const filter = condition.map((it): SpansetExpression => ({ type: 'filter', condition: it }));
const comparisonOperator = fc.constantFrom('=' as const, '!=' as const, '>' as const, '>=' as const, '<' as const, '<=' as const);
const aggregate: fc.Arbitrary<ScalarExpression> = fc.oneof(
  fc.constant<ScalarExpression>({ type: 'aggregate', name: 'count' }),
  fc.record({ type: fc.constant('aggregate' as const), name: fc.constantFrom('avg' as const, 'max' as const, 'min' as const, 'sum' as const), of: number }),
);
const scalarLiteral: fc.Arbitrary<ScalarExpression> = fc.oneof(fc.constantFrom(0, 1, 2, 5).map((it): ScalarExpression => ({ type: 'int', value: it })), fc.constantFrom(0.5, 1.5).map((it): ScalarExpression => ({ type: 'float', value: it })));
const scalar: fc.Arbitrary<ScalarExpression> = fc.oneof(aggregate, fc.record({ type: fc.constant('scalarOperation' as const), operator: fc.constantFrom('+' as const, '-' as const, '*' as const, '/' as const), left: aggregate, right: fc.oneof(aggregate, scalarLiteral) }));
const stage: fc.Arbitrary<Stage> = fc.oneof(
  filter,
  number.map((by): Stage => ({ type: 'group', by })),
  fc.constant<Stage>({ type: 'coalesce' }),
  fc.record({ type: fc.constant('scalarFilter' as const), operator: comparisonOperator, left: scalar, right: scalarLiteral }),
);
const pipeline = fc.tuple(filter, fc.array(stage, { minLength: 1, maxLength: 3 })).map(([first, rest]): SpansetExpression => ({ type: 'pipeline', stages: [first, ...rest] }));
const operator = fc.constantFrom('&&' as const, '||' as const, ...STRUCTURAL_OPERATORS);
const operation = (side: fc.Arbitrary<SpansetExpression>): fc.Arbitrary<SpansetExpression> => fc.record({ type: fc.constant('operation' as const), operator, left: side, right: side });
const counted = fc.record({ type: fc.constant('scalarPipeline' as const), search: filter, aggregate });
const search: fc.Arbitrary<SpansetExpression> = fc.oneof(
  filter, pipeline, operation(filter), operation(operation(filter)), operation(pipeline),
  fc.tuple(operation(filter), fc.array(stage, { minLength: 1, maxLength: 2 })).map(([first, rest]): SpansetExpression => ({ type: 'pipeline', stages: [first, ...rest] })),
  fc.record({ type: fc.constant('scalarComparison' as const), operator: comparisonOperator, left: counted, right: fc.oneof(counted, scalarLiteral) }),
);
/** Only what the language allows: types that go together, places where things may stand. */
const query = search.map((it): TraceqlQuery => ({ type: 'search', search: it, hints: [] })).filter((it) => parseSearch(printQuery(it)).ok);

let store: TraceqlStore;
beforeAll(async () => {
  store = await openTraceqlStore();
});
afterAll(() => store.close());

/** `trace: id id`, one line for each spanset. */
async function spansetsOfSql(asked: SpansetExpression): Promise<string[]> {
  const { ctes, result, params } = compileSearch(asked);
  const rows = await store.database.query({
    sql: `WITH RECURSIVE ${ctes} SELECT tl, CAST(grp AS VARCHAR) AS grp, string_agg(DISTINCT printf('%x', sid), ' ' ORDER BY printf('%x', sid)) AS ids FROM ${result} GROUP BY ALL`,
    params: { ...params.values, near_from_ms: DEFAULT_START_MS - 1_000, near_to_ms: DEFAULT_START_MS + 3_600_000 },
  });
  return rows.map((row) => `${String(row['tl'])}: ${String(row['ids'])}`).sort();
}

function spansetsOfReference(asked: SpansetExpression, described: readonly SpanDescription[]): string[] {
  return ['1', '2'].flatMap((traceId) => {
    const rows = described.flatMap((one, row) => (one.traceId === traceId ? [row] : []));
    return new ReferenceTrace(described, rows).search(asked).map((set) => `${traceId}: ${[...new Set(set.rows.map((row) => described[row]?.spanId ?? ''))].sort().join(' ')}`);
  }).sort();
}

describe('TraceQL as SQL', () => {
  test('parses what it prints', () => {
    fc.assert(fc.property(query, (asked) => {
      const read = parseSearch(printQuery(asked));
      if (!read.ok) throw new Error(read.error.message);
      // Signs before numbers become part of them; after that nothing changes any more.
      expect(parseSearch(printQuery(read.value))).toEqual(read);
    }), { numRuns: 500 });
  });

  test.each([['{ .x = .list }', true], ['{ .list = .x }', true], ['{ .x != .list }', false], ['{ .y != .list }', true], ['{ .list != .list }', false], ['{ .list < .y }', true], ['{ .y > .list }', true], ['{ .x = .missing }', false]])('a list beside another attribute: %s', async (query, isFound) => {
    const described: SpanDescription[] = [{ traceId: '1', spanId: '1', attributes: { x: 'a', y: 'c', list: ['a', 'b'] } }];
    await store.replace(described);
    const asked = parseSearch(query);
    if (!asked.ok || asked.value.type !== 'search') throw new Error(query);
    const found = await spansetsOfSql(asked.value.search);
    expect([found, found.length > 0]).toEqual([spansetsOfReference(asked.value.search, described), isFound]);
  });

  /** As Tempo 3 finds them, but for `||` beside conditions on the span: see docs/traceql.md. */
  test.each([
    ['{ event:name = "a" && event.b = "c" }', ['same']],
    ['{ event.b = "c" && span.x = "1" && event:name = "a" }', ['same']],
    ['{ event:name = "a" && (event.b = "c" || event.b = "d") }', ['same']],
    ['{ event:name = "a" && event:name = "b" }', []],
    ['{ event:name = "a" || event:name = "b" }', ['names', 'only', 'same', 'split']],
    ['{ event:name = "a" && event.b = nil }', ['names', 'only', 'split']],
    ['{ event:name = "a" && event.b != "c" }', []],
    ['{ event:name = "a" } | { event.b = "c" }', ['same', 'split']],
    ['{ link.why = "retry" && event.b = "c" && event:name = "z" }', ['split']],
    ['{ event.b = nil && event.d = nil }', ['names', 'none', 'only']],
    ['{ (event:name = "a" && event.b = "c") || name = "none" }', ['none', 'same']],
    ['{ event:name = "a" && !(event:name = "z") }', ['names', 'only']],
  ])('conditions on events joined by && are of one event: %s', async (query, expected) => {
    const events: Readonly<Record<string, SpanDescription['events']>> = {
      same: [{ name: 'a', attributes: { b: 'c' } }, { name: 'z' }], split: [{ name: 'a' }, { name: 'z', attributes: { b: 'c' } }], only: [{ name: 'a' }], names: [{ name: 'a' }, { name: 'b' }], none: [],
    };
    const described = Object.entries(events).map(([name, of], index): SpanDescription => ({ traceId: '1', spanId: String(index + 1), name, attributes: { x: '1' }, events: of ?? [], links: [{ traceId: 'a', spanId: 'b', attributes: { why: 'retry' } }] }));
    await store.replace(described);
    const asked = parseSearch(query);
    if (!asked.ok || asked.value.type !== 'search') throw new Error(query);
    const found = await spansetsOfSql(asked.value.search);
    expect(found).toEqual(spansetsOfReference(asked.value.search, described));
    expect(found.flatMap((set) => set.split(': ')[1]!.split(' ')).map((spanId) => described[Number(spanId) - 1]!.name).sort()).toEqual(expected);
  });

  test('finds what the plain evaluator finds, whatever the query and the traces', async () => {
    await fc.assert(
      fc.asyncProperty(spans, fc.array(query, { minLength: 6, maxLength: 6 }), async (described, queries) => {
        await store.replace(described);
        for (const asked of queries) {
          if (asked.type === 'search') expect(await spansetsOfSql(asked.search), printQuery(asked)).toEqual(spansetsOfReference(asked.search, described));
        }
      }),
      { numRuns: 40, interruptAfterTimeLimit: 120_000 },
    );
  }, 240_000);
});
