import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSearch } from './parser.js';
import { printQuery } from './print.js';

function canonical(text: string): string {
  const parsed = parseSearch(text);
  return parsed.ok ? printQuery(parsed.value) : `${parsed.error.line}:${parsed.error.column} ${parsed.error.message}`;
}

/** One group for each rule of the grammar (Tempo's pkg/traceql/expr.y); what is printed parses to the same tree. */
const VALID: Readonly<Record<string, readonly string[]>> = {
  'a spanset filter': ['{}', '{ }', '{ true }', '{ false }', '{ .a }', '{ !.a }', '{ !true }', '{ 1 = 1 }', '{ "a" = "a" }', '{ (.a) }', '{ // any\n.a /* thing */ = 1 }'],
  'a comparison': ['{ .a = 1 }', '{ .a != 1 }', '{ .a > 1 }', '{ .a >= 1.5 }', '{ .a < "b" }', '{ .a <= 5ms }', '{ .a =~ "b.*" }', '{ .a !~ `b\\d` }', '{ 5 < .a }', '{ .a = .b }', '{ span.a > resource.b }', '{ duration > 800 }', '{ .a = error }', '{ .a > "5" }', '{ .a = .b = .c }', '{ (.a = 1) = true }', '{ true = .a }'],
  'nil': ['{ .a = nil }', '{ .a != nil }', '{ nil = .a }', '{ nil != .a }', '{ nil = nil }', '{ nil != nil }', '{ name != nil }', '{ .service.name = nil }', '{ .a + 1 != nil }', '{ event.a = nil && .b }', '{ .a && nil != .b }', '{ .a = nil || nil = .b }', '{ .a = nil = .b }'],
  'arithmetic': ['{ .a + 1 = 2 }', '{ .a - .b > 1 }', '{ .a * 2 = 4 }', '{ .a / 2 = 1 }', '{ .a % 2 = 0 }', '{ .a ^ 2 = 4 }', '{ -.a = 1 }', '{ - 5 = .a }', '{ -(.a + 1) < 0 }', '{ duration > 1s * 2 }', '{ duration > traceDuration / 2 }', '{ 1 + 2 * 3 ^ 2 = 19 }', '{ .a - -.b = 1 }'],
  'logic': ['{ .a && .b }', '{ .a || .b }', '{ .a && .b || .c && .d }', '{ !(.a && .b) }', '{ !.a = .b }', '{ .a = 1 && !(.b = 2 || .c = 3) }'],
  'a scope': ['{ span.a = 1 }', '{ resource.a = 1 }', '{ event.a = 1 }', '{ link.a = 1 }', '{ instrumentation.a = 1 }', '{ parent.a = 1 }', '{ parent.span.a = 1 }', '{ parent.resource.a = 1 }', '{ .a = 1 }', '{ .span.a = 1 }', '{ parent."span.a" = 1 }'],
  'an attribute name': ['{ .http.route = "/" }', '{ span."odd key" = 1 }', '{ span.a."b c".d = 1 }', '{ ."a\\"b\\\\c" = 1 }', '{ ."a\nb" = 1 }', '{ .a-b/c:d@e = 1 }', '{ .a`b = 1 }', '{ .ü = 1 }', '{ .true = 1 }', '{ .name < 5 && .duration = "long" && .status =~ "a.*" && .kind }', '{ ."5a" = 1 }', '{ .a+1 = 2 }'],
  'an intrinsic': ['name = "a"', 'status = error', 'status != ok', 'statusMessage =~ ".*"', 'kind = producer', 'duration > 1h30m', 'traceDuration > 1s', 'rootName = "a"', 'rootServiceName = "a"', 'nestedSetLeft > 3', 'nestedSetRight > 3', 'nestedSetParent < 0'].map((it) => `{ ${it} }`),
  'an intrinsic with its scope': ['span:name = "a"', 'span:status = unset', 'span:statusMessage = ""', 'span:kind = internal', 'span:duration > 1ms', 'span:id = "a1"', 'span:parentID = "a1"', 'span:childCount > 2', 'childCount > 2', 'trace:id = "a1"', 'trace:id =~ "a.*"', 'trace:duration > 1s', 'trace:rootName = "a"', 'trace:rootService = "a"', 'event:name = "exception"', 'event:timeSinceStart > 1s', 'link:traceID = "a1"', 'link:spanID != "a1"', 'instrumentation:name = "grpc"', 'instrumentation:version = "1"', 'span: name = "a"'].map((it) => `{ ${it} }`),
  'a literal': ['1', '-1', '1.5', '.5', '1e3', '1.', 'maxInt', 'minInt', '"text"', '`raw \\d`', '"\\u00e9\\n\\t\\x41\\101"', 'true', 'false', 'error', 'ok', 'unset', 'unspecified', 'internal', 'server', 'client', 'producer', 'consumer', '5ns', '5us', '5µs', '5ms', '5s', '5m', '5h', '5d', '5w', '5y', '1.5s', '1h30m', '1d12h', '1m1h'].map((it) => `{ .a = ${it} }`),
  'spansets joined': ['{ .a } && { .b }', '{ .a } || { .b }', '{ .a } && { .b } || { .c }', '({ .a } || { .b }) && { .c }', '({ .a })', '(({ .a }) && ({ .b }))'],
  'a structural operator': ['>', '>>', '<', '<<', '~', '!>', '!>>', '!<', '!<<', '!~', '&>', '&>>', '&<', '&<<', '&~'].flatMap((it) => [`{ .a } ${it} { .b }`, `{ .a }${it}{ .b } && { .c }`, `({ .a } && { .b }) ${it} { .c } ${it} { .d }`]),
  'a pipeline': ['{ .a } | { .b }', '{ .a } | { .b } && { .c } | { .d }', '{ .a } > { .b } | { .c }', '({ .a } | { .b }) && ({ .c } | count() > 1)', '({ .a } | count() > 1) >> ({ .b } | { .c })', '({ .a }) && ({ .b } | count() > 1)', '({ .a }) > (({ .b } | by(name)) && ({ .c }))', '(({ .a } | { .b }) || ({ .c } | { .d })) ~ ({ .e } | { .f })'],
  'a scalar filter': ['{ } | count() > 2', 'count() = 1', 'count() > 1 | { .a }', '{ } | avg(duration) > 1s', '{ } | max(span.a) >= 1.5', '{ } | min(.a + .b) != 0', '{ } | sum(.a) <= 10', '{ } | count() > -3', '{ } | 3 < count()', '{ } | max(.a) - min(.a) > 5', '{ } | count() + count() = 4', '{ } | (count()) > 1', '{ } | avg(.a) > 1 - 3', '{ } | count() > 2 * 2', '(count() > 1) && ({ } | { .a })', '{ } | max(parent.a) > 1', '{ } | avg(duration) > 2 * 3 + 1.5'],
  'a comparison of pipelines': ['({ .a } | count()) > ({ .b } | count())', '({ .a } | count()) = 2', '({ .a } | count()) + ({ .b } | avg(duration)) > ({ .c } | max(.x))', '(({ .a } | count()) * ({ .b } | count())) >= 4', '(by(name) | count()) > 1 + 1'],
  'by, coalesce and select': ['{ } | by(name)', '{ } | by(.a + 1)', 'by(.a) | { .b }', '{ } | by(name) | count() > 2 | coalesce()', '{ } | select(.a)', '{ } | select(span.a, resource.b, status, span:id, event:name)', 'select(.a)', '{ } | by(resource.service.name) | by(name)'],
  'a metrics function': ['rate()', 'count_over_time()', 'min_over_time(duration)', 'max_over_time(span.a)', 'avg_over_time(duration)', 'sum_over_time(.a)', 'histogram_over_time(duration)', 'quantile_over_time(duration, 0.5)', 'quantile_over_time(duration, 0, .9, 0.99, 1)', 'rate() by (name)', 'rate() by(resource.service.name, span.a, status, kind, name)', 'quantile_over_time(.a, 0.9) by (name)', 'compare({ status = error })', 'compare({ .a }, 5)', 'compare({ .a }, 5, 1700000000000000000, 1700000001000000000)'].map((it) => `{ } | ${it}`),
  'a second stage': ['| topk(5)', '| bottomk(1)', '> 5', '>= 1.5 | topk(2)', '| topk(2) != 0', '= 10', '< 5s', '> -3', '> 1 / 2', '| topk(5) | bottomk(2) <= 10 > 1'].map((it) => `{ } | rate() by (name) ${it}`),
  'math': ['({ .a } | rate()) / ({ } | rate())', '({ } | rate()) * 100', '100 * ({ } | rate())', '-1 - ({ } | rate())', '1 + 2 * 3 - ({ } | rate())', '(({ } | rate()) + 1) * 2', '({ .a } | rate()) / ({ } | rate()) * 100 > 5 | topk(3)', '({ } | rate() > 6) * 100', '({ } | rate() by (name)) - ({ } | count_over_time())', '({ } | max_over_time(duration)) > 10s'],
  'hints': ['{ } with(most_recent=true)', '{ } | rate() with(sample=0.1, exemplars=false)', '{ } | rate() | topk(3) with(a="b") with(c=5s)', '({ } | rate()) * 2 with(extrapolate=false)', '{ .a } && { .b } with(x=error)'],
};

describe('TraceQL, whole', () => {
  test.each(Object.entries(VALID))('reads %s', (_, queries) => {
    for (const text of queries) {
      const parsed = parseSearch(text);
      if (!parsed.ok) throw new Error(`${text}: ${parsed.error.message} (${parsed.error.column})`);
      expect(parseSearch(printQuery(parsed.value)), text).toEqual(parsed);
    }
  });

  test.each([
    ['{ .a && .b || .c && .d }', '{ ((.a && .b) || .c) && .d }'],
    ['{ .a = .b + .c * .d ^ .e ^ 2 }', '{ .a = (.b + (.c * (.d ^ (.e ^ 2)))) }'],
    ['{ !.a = .b }', '{ (!.a) = .b }'],
    ['{ -.a * .b + .c = 1 }', '{ ((-(.a * .b)) + .c) = 1 }'],
    ['{ -.a + .b = 1 }', '{ ((-.a) + .b) = 1 }'],
    ['{ .a = 1 = .b = .c }', '{ ((.a = 1) = .b) = .c }'],
    ['{ .a } && { .b } >> { .c } ~ { .d } || { .e }', '({ .a } && (({ .b } >> { .c }) ~ { .d })) || { .e }'],
    ['{ } | max(.a) - min(.a) * 2 > 3', '{ } | max(.a) - (min(.a) * 2) > 3'],
    ['1 + 7 / 2 * ({ } | rate())', '1 + (3 * ({ } | rate()))'],
    ['({ } | rate()) * 100 > 5', '(({ } | rate()) * 100) > 5'],
    ['{ trace:rootService = "a" && span:status = ok && .status = "active" }', '{ ((rootServiceName = "a") && (status = ok)) && (.status = "active") }'],
    ['{ duration > 1d12h && .a = 0x }', '1:28 this is neither a number nor a duration'],
  ])('%s means %s', (text, meaning) => {
    expect(canonical(text)).toBe(meaning);
  });

  test.each([
    ['{ .a = 1 } + { .b = 2 }', '1:12', '+ cannot join a { … } and a { … }', '&& ||'],
    ['{ .a = 1 } = { .b = 2 }', '1:12', '= cannot join a { … } and a { … }', '&& ||'],
    ['{ .a } && ({ .b } | count() > 1)', '1:8', 'beside a pipeline in parentheses && takes only what is in parentheses too', '({ … })'],
    ['({ .a } | { .b }) | count() > 1', '1:19', '| cannot stand here', 'into the parentheses'],
    ['{ } | count()', '1:7', 'this number is not compared with anything', 'count() > 2'],
    ['({ } | count())', '1:1', 'a number alone finds nothing', 'count() > 2'],
    ['{ } | 3 > 2', '1:9', 'this compares two constants', 'count()'],
    ['{ } | coun() > 2', '1:7', 'coun is not a function', 'count'],
    ['{ } | count > 2', '1:13', 'count needs parentheses', 'count()'],
    ['{ } | count(.a) > 2', '1:13', 'count takes nothing', 'count()'],
    ['{ } | max() > 2', '1:10', 'max needs a field', 'max(duration)'],
    ['{ } | max(name) > 2', '1:10', 'max takes numbers and durations', 'max(duration)'],
    ['{ } | max(5) > 2', '1:10', 'max of a constant is that constant', 'max(duration)'],
    ['{ } | by()', '1:9', 'by needs a field', 'resource.service.name'],
    ['{ } | by("a")', '1:9', 'by needs something of the span', 'resource.service.name'],
    ['{ } | select(.a + 1)', '1:17', 'expected a comma or ) here', ''],
    ['coalesce() | { .a }', '1:1', 'a query cannot start with coalesce()', 'by'],
    ['count() > 3 && { .a }', '1:13', '&& cannot join a condition on sets of spans and a { … }', 'follows a |'],
    ['{ } | count() > "a"', '1:17', 'a query starts with {', ''],
    ['rate()', '1:1', 'rate cannot stand here', '{ } | rate()'],
    ['{ } | topk(5)', '1:7', 'topk cannot stand here', 'rate()'],
    ['{ } | rate() | topk(0)', '1:21', 'topk needs a whole number of at least 1', 'topk(5)'],
    ['{ } | rate() | { .a }', '1:14', '| cannot stand here', 'topk'],
    ['{ } | rate() * 100', '1:14', '* cannot stand here', '({ } | rate()) * 100'],
    ['({ } | rate()) % 2', '1:16', '% does not work on metrics', '+, -, * and /'],
    ['({ } | rate()) * 5s', '1:16', 'metrics cannot be calculated with a duration', 'seconds'],
    ['({ } | rate()) > 5s * 2', '1:21', 'durations cannot be calculated with here', '20s'],
    ['1 / 0 + ({ } | rate())', '1:3', 'this divides by zero', ''],
    ['10 < ({ } | rate())', '1:4', '< cannot join a number and metrics', ''],
    ['{ } | rate(duration)', '1:12', 'rate takes nothing', 'rate()'],
    ['{ } | sum_over_time()', '1:21', 'a field must stand here', 'span.http.route'],
    ['{ } | quantile_over_time(duration)', '1:34', 'the quantiles are missing', '0.99'],
    ['{ } | quantile_over_time(duration, 99)', '1:36', 'there is no quantile 99', '0.99'],
    ['{ } | rate() by (.a, .b, .c, .d, .e, .f)', '1:14', 'this groups by too many fields', '5'],
    ['{ } | compare({ .a }, 0)', '1:23', 'compare names between 1 and 1000 values', '10'],
    ['{ } | compare({ .a }, 1, 2)', '1:7', 'compare takes a selection, how many values to name, and a start and an end', 'compare('],
    ['{ } | compare({ .a }) > 1', '1:23', 'nothing can follow compare()', ''],
    ['{ } with(a)', '1:10', 'a hint is a name and a value', 'most_recent=true'],
    ['{ } with(a=.b)', '1:12', 'a hint takes a plain value', 'true'],
    ['{ parentID = "a1" }', '1:3', 'parentID needs its scope', 'span:parentID'],
    ['{ trace:status = error }', '1:3', 'trace:status is not a field', 'span:status'],
    ['{ trace.id = "a" }', '1:3', 'trace. is not a scope', 'trace:id'],
    ['{ parent }', '1:3', 'parent alone is not supported', 'nestedSetParent < 0'],
    ['{ .a > nil }', '1:6', '> has no meaning for nil', '= and !='],
    ['{ nil }', '1:3', 'nil is not a condition', '.x = nil'],
    ['{ .a && nil }', '1:9', 'nil is not a condition', '.x = nil'],
    ['{ status + 1 = 2 }', '1:12', 'status cannot be compared with a number', 'without quotes'],
    ['{ 1 + "a" = 2 }', '1:7', '+ takes numbers and durations, not text', ''],
    ['{ .a =~ .b }', '1:6', '=~ matches text only, not an attribute', 'quotes'],
    ['{ .a =~ "[" }', '1:9', 'this [ is not closed (character 1 of the pattern)', ']'],
    ['{ -"a" = 1 }', '1:3', '- has no meaning for text', 'sign'],
    ['{ .a /* }', '1:6', 'this comment is not closed', '*/'],
  ])('%s is refused at %s', (text, place, message, hint) => {
    const parsed = parseSearch(text);
    if (parsed.ok) throw new Error(`parsed: ${printQuery(parsed.value)}`);
    expect({ place: `${parsed.error.line}:${parsed.error.column}`, message: parsed.error.message }).toEqual({ place, message });
    expect(parsed.error.hint).toContain(hint);
  });

  test('has limits on length, depth and number of terms, whatever it is that nests', () => {
    expect(canonical(`{ .a = "${'x'.repeat(20_000)}" }`)).toContain('the query is too long');
    for (const deep of [`{ ${'('.repeat(5_000)}.a`, `{ ${'!'.repeat(5_000)}.a }`, `{ ${'-'.repeat(5_000)}.a = 1 }`, `{ .a${' ^ 1'.repeat(200)} = 1 }`, '('.repeat(5_000), `${'('.repeat(100)}{ }${')'.repeat(100)}`]) expect(canonical(deep)).toContain('nested too deep');
    expect(canonical(`{ ${Array.from({ length: 300 }, () => '.a').join(' && ')} }`)).toContain('too many conditions');
    expect(canonical(Array.from({ length: 300 }, () => '{ }').join(' | '))).toContain('too many conditions');
    expect(canonical(`{ } | select(${Array.from({ length: 300 }, () => '.a').join(', ')})`)).toContain('too many conditions');
  });

  test('reads any text without throwing or hanging, and places every fault inside it', () => {
    const words = Object.values(VALID).flat().flatMap((query) => query.split(/(?<=[ (){}|,])|(?=[ (){}|,])/));
    const piece = fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...new Set(words)) }, fc.constantFrom('"', '`', '\\', '/*', '//', '\n', '0', '9'.repeat(30)), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')), (source) => {
        const parsed = parseSearch(source);
        if (parsed.ok) {
          expect(parseSearch(printQuery(parsed.value))).toEqual(parsed);
          return;
        }
        expect(parsed.error.offset).toBeLessThanOrEqual(source.length);
        expect(parsed.error.message).not.toBe('');
      }),
      { numRuns: 3_000 },
    );
  });
});
