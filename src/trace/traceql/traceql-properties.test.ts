import { readFileSync } from 'node:fs';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AttributeValue } from '../attribute.js';
import { spanBatch, type SpanDescription } from '../batch-builder.js';
import { httpStatusOf } from '../http-status.js';
import { SPAN_KINDS, SPAN_STATUSES, type SpanBatch } from '../span-batch.js';
import { OPERATORS, comparisonsOf, type Comparison, type Expression, type Field, type IntrinsicName, type Literal, type Operator, type Query } from './ast.js';
import { compileMatcher } from './matcher.js';
import { parseTraceql } from './parser.js';
import { printTraceql } from './print.js';
import { compileToSql } from './sql.js';

// A small world, so that random queries meet random spans: few keys, few values, with everything that is easy to get wrong.
const KEYS = ['http.route', 'http.method', 'http.request.method', 'db.system', 'db.system.name', 'net.peer.name', 'server.address', 'a/b~c', 'odd "key"', 'x', '5', '', 'ü'];
const TEXTS = ['', 'GET', '/checkout', 'mssql', 'microsoft.sql_server', '5', '1', 'true', 'null', 'NaN', 'line\nbreak', 'é', '😀', '\uffee', 'a"b\\c', "it's", 'AQID', '\u0001'];
const NUMBERS = [0, 1, 5, -1, 0.5, 1.5, 50, 199.5, 200, 2000, 1e21, 9_007_199_254_740_991, 1e-7];
const PATTERNS = ['.*', 'G.T', '[^/]+', '/check(out|in)?', '(?i)get', '\\d+', '.', 'a"b\\\\c', 'line.break', '[é😀]', '', '5|1', '(?:x|GE)T{1,2}', '\\w+', '\\W*', '[\\d-]', '\\S+\\s?\\S*'];
const TRACES = ['a1', 'b2', 'c3'];
const SPANS = ['1', '2', '3', 'ffffffffffffffff'];

const text = fc.constantFrom(...TEXTS);
const number = fc.constantFrom(...NUMBERS);
const value: fc.Arbitrary<AttributeValue> = fc.oneof(
  { weight: 5, arbitrary: text },
  { weight: 3, arbitrary: number },
  fc.boolean(),
  fc.constantFrom<AttributeValue>(null, Number.NaN, Number.POSITIVE_INFINITY, 9_007_199_254_740_993n, 5n, Uint8Array.of(1, 2, 3), ['GET', 5], { x: 'GET' }, []),
);
const attributes = fc.dictionary(fc.constantFrom(...KEYS), value, { maxKeys: 5, noNullPrototype: true });

const span: fc.Arbitrary<SpanDescription> = fc.record({
  name: text,
  service: fc.constantFrom('', 'shop', 'pay', 'unknown_service'),
  kind: fc.constantFrom(...SPAN_KINDS),
  status: fc.constantFrom(...SPAN_STATUSES),
  statusMessage: text,
  startMs: fc.constantFrom(1_795_132_800_000, 1_795_132_800_001),
  durationMs: fc.constantFrom(0, 0.0005, 5, 800, 1_500, 86_400_000),
  attributes,
  resource: fc.dictionary(fc.constantFrom('x', 'http.route', 'region', 'deployment.environment'), value, { maxKeys: 3, noNullPrototype: true }),
  traceId: fc.constantFrom(...TRACES),
  spanId: fc.constantFrom(...SPANS),
  parentSpanId: fc.constantFrom('', '', '1', 'ffffffffffffffff'),
});

const attributeField: fc.Arbitrary<Field> = fc.record({
  type: fc.constant('attribute' as const),
  scope: fc.constantFrom('span' as const, 'resource' as const, 'any' as const),
  key: fc.constantFrom(...KEYS, 'service.name', 'deployment.environment.name', 'region'),
});
const equality = fc.constantFrom<Operator>('=', '!=');
const order = fc.constantFrom<Operator>('=', '!=', '>', '>=', '<', '<=');
const duration: fc.Arbitrary<Literal> = fc.constantFrom(0, 500, 5_000_000, 800_000_000, 1_500_000_000, 86_400e9, 1).map((ns) => ({ type: 'duration', value: ns }));

const comparison: fc.Arbitrary<Comparison> = fc.oneof(
  { weight: 3, arbitrary: compared(attributeField, order, fc.oneof(text, fc.constantFrom('shop', 'unknown_service')).map((it) => ({ type: 'string', value: it }))) },
  { weight: 2, arbitrary: compared(attributeField, order, number.map((it) => ({ type: 'number', value: it }))) },
  compared(attributeField, order, duration),
  compared(attributeField, equality, fc.boolean().map((it) => ({ type: 'boolean', value: it }))),
  compared(attributeField, equality, fc.constant({ type: 'nil' })),
  { weight: 2, arbitrary: compared(attributeField, fc.constantFrom<Operator>('=~', '!~'), fc.constantFrom(...PATTERNS).map((it) => ({ type: 'string', value: it }))) },
  compared(intrinsic('name', 'statusMessage', 'rootName', 'rootServiceName'), order, fc.oneof(text, fc.constant('shop')).map((it) => ({ type: 'string', value: it }))),
  compared(intrinsic('name', 'rootName', 'rootServiceName'), fc.constantFrom<Operator>('=~', '!~'), fc.constantFrom(...PATTERNS).map((it) => ({ type: 'string', value: it }))),
  compared(intrinsic('status'), equality, fc.constantFrom(...SPAN_STATUSES).map((it) => ({ type: 'status', value: it }))),
  compared(intrinsic('kind'), equality, fc.constantFrom(...SPAN_KINDS).map((it) => ({ type: 'kind', value: it }))),
  compared(intrinsic('duration'), order, duration),
  compared(intrinsic('trace:id'), equality, fc.constantFrom(...TRACES).map((it) => ({ type: 'string', value: it }))),
  compared(intrinsic('span:id', 'span:parentID'), equality, fc.constantFrom(...SPANS, '0').map((it) => ({ type: 'string', value: it }))),
);

function intrinsic(...names: readonly IntrinsicName[]): fc.Arbitrary<Field> {
  return fc.constantFrom(...names).map((name) => ({ type: 'intrinsic', name }));
}

function compared(field: fc.Arbitrary<Field>, operator: fc.Arbitrary<Operator>, literal: fc.Arbitrary<Literal>): fc.Arbitrary<Comparison> {
  return fc.record({ type: fc.constant('comparison' as const), field, operator, literal });
}

const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    comparison,
    fc.boolean().map((it) => ({ type: 'constant' as const, value: it })),
    fc.record({ type: fc.constantFrom('and' as const, 'or' as const), left: tie('expression'), right: tie('expression') }),
    fc.record({ type: fc.constant('not' as const), operand: tie('expression') }),
  ),
}));
const isNever = ({ field, operator, literal }: Comparison): boolean => literal.type === 'nil' && operator === '=' && field.type === 'attribute' && field.scope === 'resource' && field.key === 'service.name';
const query: fc.Arbitrary<Query> = expression.filter((filter) => !comparisonsOf(filter).some(isNever)).map((filter) => ({ type: 'spanset', filter }));

describe('TraceQL, whatever the query', () => {
  test('prints so that parsing gives the same query back', () => {
    fc.assert(
      fc.property(query, (original) => {
        const printed = printTraceql(original);
        expect(parseTraceql(printed), printed).toEqual({ ok: true, value: original });
      }),
      { numRuns: 1_000 },
    );
  });

  test('reads any text without throwing, and places every fault inside it', () => {
    const piece = fc.oneof(fc.constantFrom('{', '}', '(', ')', '&&', '||', '=', '=~', '!', '.', 'span.', '"', '`', 'name', 'kind', 'error', '5ms', '7', '-', ' ', '\n', '\\', ...OPERATORS), fc.string());
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 15 }).map((pieces) => pieces.join('')), (source) => {
        const parsed = parseTraceql(source);
        if (parsed.ok) return;
        expect(parsed.error.offset).toBeLessThanOrEqual(source.length);
        expect(parsed.error.message).not.toBe('');
        expect(parsed.error.line).toBe(source.slice(0, parsed.error.offset).split('\n').length);
      }),
      { numRuns: 2_000 },
    );
  });
});

/** On a busy machine fewer are asked rather than none. */
const WITHIN_MS = 60_000;

describe('the matcher and the database', () => {
  let connection: DuckDBConnection;

  beforeAll(async () => {
    connection = await (await DuckDBInstance.create(':memory:')).connect();
    await connection.run(readFileSync(new URL('../../store/migrations/0001-spans-and-slices.sql', import.meta.url), 'utf8'));
    await connection.run('ALTER TABLE spans ADD COLUMN http_status SMALLINT');
  });
  afterAll(() => connection.closeSync());

  test('agree on every row of every batch for every query', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(span, { minLength: 1, maxLength: 12 }), fc.array(query, { minLength: 6, maxLength: 6 }), async (spans, queries) => {
        const batch = spanBatch(spans);
        await store(batch);
        for (const asked of queries) expect(await rowsOfSql(asked), printTraceql(asked)).toEqual(rowsOfMatcher(asked, batch));
      }),
      { numRuns: 150, interruptAfterTimeLimit: WITHIN_MS },
    );
  }, 120_000);

  test('agree on attributes that conventions renamed, retyped, split or joined', async () => {
    const keys = fc.constantFrom(
      'http.target', 'url.path', 'url.query', 'rpc.service', 'rpc.method', 'rpc.status_code', 'rpc.grpc.status_code', 'db.namespace', 'db.redis.database_index',
      'http.status_code', 'http.response.status_code', 'net.host.name', 'net.peer.name', 'server.address', 'client.address', 'db.system', 'db.system.name', 'messaging.operation', 'messaging.operation.type',
    );
    const texts = fc.constantFrom('', '/a', 'b=1', '/a?b=1', 'a.B/c', 'a.B', 'c', '/c', 'UNAVAILABLE', '14', '-7', '007', '5', 'mssql', 'microsoft.sql_server', 'publish', 'send', "it's\n/x");
    const numbers = fc.constantFrom(0, 5, 7, -7, 14, 7.5);
    const spans = fc.array(fc.record({
      kind: fc.constantFrom('server' as const, 'client' as const, 'internal' as const),
      attributes: fc.dictionary(keys, fc.oneof({ weight: 4, arbitrary: texts }, numbers, fc.constant(null)), { maxKeys: 6, noNullPrototype: true }),
    }), { minLength: 1, maxLength: 12 });
    const field = fc.record({ type: fc.constant('attribute' as const), scope: fc.constantFrom('span' as const, 'span' as const, 'any' as const), key: keys });
    const patterns = fc.constantFrom('.*', 'mssql|c', '[^/]*', '/a.*', 'pub.*', 'a\\.B/c', 'U.*', '');
    const asked = fc.oneof(
      { weight: 3, arbitrary: compared(field, order, texts.map((it) => ({ type: 'string', value: it }))) },
      { weight: 2, arbitrary: compared(field, fc.constantFrom<Operator>('=~', '!~'), patterns.map((it) => ({ type: 'string', value: it }))) },
      compared(field, order, numbers.map((it) => ({ type: 'number', value: it }))),
      compared(field, equality, fc.constant({ type: 'nil' })),
    ).map((filter): Query => ({ type: 'spanset', filter }));
    await fc.assert(
      fc.asyncProperty(spans, fc.array(asked, { minLength: 8, maxLength: 8 }), async (described, queries) => {
        const batch = spanBatch(described);
        await store(batch);
        for (const one of queries) expect(await rowsOfSql(one), printTraceql(one)).toEqual(rowsOfMatcher(one, batch));
      }),
      { numRuns: 150, interruptAfterTimeLimit: WITHIN_MS },
    );
  }, 120_000);

  test('agree on status codes of HTTP, which have a column, whatever they are sent as and under which names', async () => {
    const sent: readonly (AttributeValue | undefined)[] = [undefined, 5, 404, 500, 0, 404.5, '404', 'OK', [404, 500], [], null, 40_000];
    const names = ['http.response.status_code', 'http.status_code'] as const;
    const batch = spanBatch(sent.flatMap((now) => sent.map((before) => ({ kind: 'server' as const, attributes: { ...(now === undefined ? {} : { [names[0]]: now }), ...(before === undefined ? {} : { [names[1]]: before }) } }))));
    await store(batch);
    for (const key of names) for (const operator of ['=', '!=', '>', '>=', '<', '<='] as const) for (const value of [0, 5, 404, 404.5, 500, -1]) {
      const asked: Query = { type: 'spanset', filter: { type: 'comparison', field: { type: 'attribute', scope: 'span', key }, operator, literal: { type: 'number', value } } };
      expect(await rowsOfSql(asked), printTraceql(asked)).toEqual(rowsOfMatcher(asked, batch));
    }
  });

  /** `arrival_ms` carries the row number, so that equal ids do not hide a difference. */
  async function store(batch: SpanBatch): Promise<void> {
    await connection.run('DELETE FROM spans');
    await connection.run('DELETE FROM resources');
    const spans = await connection.createAppender('spans');
    for (let row = 0; row < batch.count; row += 1) {
      const resource = batch.resources[batch.resourceIndex[row] ?? 0];
      const list = batch.attributes.slice(batch.attributeStart[row], batch.attributeStart[row + 1]);
      for (const id of [word(batch.traceIds, row * 2), word(batch.traceIds, row * 2 + 1), word(batch.spanIds, row), word(batch.parentSpanIds, row)]) spans.appendUBigInt(id);
      spans.appendVarchar(batch.names[row] ?? '');
      spans.appendUTinyInt(batch.kinds[row] ?? 0);
      spans.appendUTinyInt(batch.statuses[row] ?? 0);
      spans.appendVarchar(batch.statusMessages[row] ?? '');
      spans.appendBigInt(batch.startNs[row] ?? 0n);
      spans.appendBigInt(BigInt(batch.endMs[row] ?? 0));
      spans.appendBigInt(BigInt(batch.durationNs[row] ?? 0));
      spans.appendVarchar(resource?.serviceName ?? '');
      spans.appendUBigInt(resource?.id ?? 0n);
      spans.appendVarchar('');
      spans.appendVarchar('');
      spans.appendVarchar(`{${list.map((attribute) => attribute.json).join(',')}}`);
      spans.appendNull();
      spans.appendNull();
      spans.appendVarchar('');
      spans.appendUInteger(0);
      spans.appendDouble(1);
      spans.appendBoolean(false);
      spans.appendUInteger(0);
      spans.appendBigInt(BigInt(row));
      spans.appendBoolean(false);
      const status = httpStatusOf(list, 0, list.length);
      if (status === undefined) spans.appendNull();
      else spans.appendSmallInt(status);
      spans.endRow();
    }
    spans.closeSync();
    const resources = await connection.createAppender('resources');
    for (const resource of batch.resources) {
      resources.appendUBigInt(resource.id);
      resources.appendVarchar(resource.serviceName);
      resources.appendVarchar(resource.json);
      resources.endRow();
    }
    resources.closeSync();
  }

  async function rowsOfSql(asked: Query): Promise<number[]> {
    const { where, params } = compileToSql(asked, 'test_');
    const sql = `SELECT s.arrival_ms FROM spans s JOIN resources r ON r.resource_id = s.resource_id WHERE ${where} ORDER BY 1`;
    const result = await connection.runAndReadAll(sql, { ...params });
    return result.getRows().map(([row]) => Number(row));
  }
});

function rowsOfMatcher(asked: Query, batch: SpanBatch): number[] {
  const matches = compileMatcher(asked);
  return Array.from({ length: batch.count }, (_, row) => row).filter((row) => matches(batch, row));
}

function word(bytes: Uint8Array, index: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(index * 8);
}
