import { describe, expect, test } from 'vitest';
import { spanBatch, type SpanDescription } from '../batch-builder.js';
import { compileMatcher } from './matcher.js';
import { parseTraceql } from './parser.js';
import { compileToSql } from './sql.js';

function matches(text: string, spans: readonly SpanDescription[]): boolean[] {
  const query = parseTraceql(text);
  if (!query.ok) throw new Error(query.error.message);
  const matcher = compileMatcher(query.value);
  const batch = spanBatch(spans);
  return spans.map((_, row) => matcher(batch, row));
}

const CHECKOUT: SpanDescription = {
  name: 'POST /checkout', service: 'shop', kind: 'server', status: 'error', statusMessage: 'card declined', durationMs: 900,
  attributes: { 'http.route': '/checkout', 'http.status_code': 500, ratio: 0.5, hit: true, big: 9_007_199_254_740_993n, list: ['a'], empty: null, nan: Number.NaN },
  resource: { region: 'eu', 'http.route': 'of the resource' },
};

describe('a matcher over one span', () => {
  test.each([
    '{ }', '{ resource.service.name = "shop" }', '{ .region = "eu" }', '{ .http.route = "/checkout" }', '{ resource.http.route = "of the resource" }', '{ kind = server && status = error }',
    '{ name =~ "POST .*" }', '{ name !~ "GET.*" }', '{ statusMessage = "card declined" }', '{ duration > 800ms && duration <= 900ms }', '{ .ratio < 1 }', '{ .http.status_code >= 500 }', '{ .hit }', '{ .hit != false }',
    '{ .big > 9007199254740000 }', '{ .list != nil }', '{ .empty = nil }', '{ .nothing = nil }', '{ .nan = "NaN" }', '{ !(.nothing = "x") }', '{ .nothing = 1 || .hit }', '{ .http.status_code = 500.0 }', '{ .list = "a" }', '{ .list =~ "[ab]" }', '{ .list != "b" }',
  ])('%s matches', (text) => {
    expect(matches(text, [CHECKOUT])).toEqual([true]);
  });

  test.each([
    ['a missing attribute is not unequal', '{ .nothing != "x" }'],
    ['a missing attribute is not unmatched', '{ .nothing !~ "x" }'],
    ['a number is not text', '{ .http.status_code = "500" }'],
    ['a number is not even unequal to text', '{ .http.status_code != "500" }'],
    ['text is not true', '{ .http.route = true }'],
    ['a list matches by its elements', '{ .list = "b" }'],
    ['a list that holds it is not unequal', '{ .list != "a" }'],
    ['patterns match whole texts', '{ name =~ "POST" }'],
    ['the span hides the resource', '{ .http.route = "of the resource" }'],
    ['scopes are kept apart', '{ span.region = "eu" }'],
    ['a null is not there', '{ .empty != nil }'],
  ])('%s: %s does not', (_, text) => {
    expect(matches(text, [CHECKOUT])).toEqual([false]);
  });
});

describe('the root of a trace', () => {
  const trace: SpanDescription[] = [
    { traceId: 'a', spanId: '2', parentSpanId: '1', service: 'pay' },
    { traceId: 'a', spanId: '1', name: 'GET /', service: 'front' },
    { traceId: 'b', spanId: '3', parentSpanId: '9' },
  ];

  test('is found anywhere in the batch', () => {
    expect(matches('{ rootName = "GET /" && rootServiceName = "front" }', trace)).toEqual([true, true, false]);
  });

  test('that is not in the batch is neither equal nor unequal', () => {
    expect(matches('{ rootName != "x" }', trace)).toEqual([true, true, false]);
  });
});

describe('the SQL of a query', () => {
  test('holds no literal and no key, so nothing can be injected', () => {
    const query = parseTraceql(`{ .a = "it's" && span."k'ey" =~ "x'" && name = "n'" && duration > 5ms && .n = 7 && .b = true }`);
    if (!query.ok) throw new Error(query.error.message);
    const { where, params } = compileToSql(query.value, 'p');
    const quoted = new Set(where.match(/'[^']*'/g));
    expect([...quoted].sort()).toEqual(["'$'", "'ARRAY'", "'BIGINT'", "'BOOLEAN'", "'DOUBLE'", "'HUGEINT'", "'UBIGINT'", "'VARCHAR'", `'["JSON"]'`, "'null'"].sort());
    expect(Object.values(params)).toEqual(expect.arrayContaining(['/a', "it's", "/k'ey", "n'", 5_000_000n, '7', true]));
    expect(Object.keys(params).every((name) => name.startsWith('p'))).toBe(true);
  });

  test('reads the service from its own column', () => {
    const query = parseTraceql('{ resource.service.name = "shop" }');
    expect(query.ok && compileToSql(query.value)).toEqual({ where: 's.service = $q0', params: { q0: 'shop' } });
  });
});
