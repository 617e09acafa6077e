import { describe, expect, test } from 'vitest';
import { parseTraceql } from './parser.js';
import { printTraceql } from './print.js';

function canonical(text: string): string {
  const parsed = parseTraceql(text);
  return parsed.ok ? printTraceql(parsed.value) : `${parsed.error.line}:${parsed.error.column} ${parsed.error.message}`;
}

describe('valid TraceQL of rules', () => {
  test.each([
    ['{}', '{ }'],
    ['{ true }', '{ }'],
    ['{ false }', '{ false }'],
    ['{status=error}', '{ status = error }'],
    ['{ resource.service.name = "checkout" && kind = server && name = "POST /checkout" }', undefined],
    ['{ status = error || duration > 800ms }', undefined],
    ['{ .http.route =~ `/api/v\\d+/.*` }', '{ .http.route =~ "/api/v\\\\d+/.*" }'],
    ['{ span."odd key" = "x" }', undefined],
    ['{ span.a."b c".d = 1 }', '{ span."a.b c.d" = 1 }'],
    ['{ ."5x" = 1 }', undefined],
    ['{ .a-b/c:d = 1 }', undefined],
    ['{ duration >= 1.5s }', '{ duration >= 1500ms }'],
    ['{ duration < 1m30s }', '{ duration < 90s }'],
    ['{ duration > 100us || duration < 5µs }', '{ duration > 100us || duration < 5us }'],
    ['{ duration > 1d }', '{ duration > 24h }'],
    ['{ 800ms < duration }', '{ duration > 800ms }'],
    ['{ "x" != .a }', '{ .a != "x" }'],
    ['{ .a = -1 && .b >= 1.5e3 && .c < .5 }', '{ .a = -1 && .b >= 1500 && .c < 0.5 }'],
    ['{ .a = nil || .b != nil }', undefined],
    ['{ .cache.hit }', '{ .cache.hit = true }'],
    ['{ !.cache.hit && !(.a = 1 || .b = 2) }', '{ !(.cache.hit = true) && !(.a = 1 || .b = 2) }'],
    ['{ .a = 1 && .b = 2 || .c = 3 }', undefined],
    ['{ (.a = 1 || .b = 2) && .c = 3 }', undefined],
    ['{ .a = 1 && (.b = 2 && .c = 3) }', undefined],
    ['{ ((.a = 1)) }', '{ .a = 1 }'],
    ['{ trace:rootName = "a" && trace:rootService = "b" && span:kind = client }', '{ rootName = "a" && rootServiceName = "b" && kind = client }'],
    ['{ trace:id = "a1" && span:id != "b2" }', undefined],
    ['{ statusMessage !~ "(?i)time ?out.*" }', undefined],
    ['{ name = "tab\\t quote\\" \\u00e9" }', '{ name = "tab\\u0009 quote\\" é" }'],
    ['{ name = "a" // the first\n && kind = server }', '{ name = "a" && kind = server }'],
    ['\n{\n  status = error\n}\n', '{ status = error }'],
    ['{ .x > "b" }', undefined],
    ['{ .x = 5ms }', undefined],
  ])('%s', (text, printed) => {
    expect(canonical(text)).toBe(printed ?? text);
  });
});

describe('invalid TraceQL of rules names the place, the fault and what would be right', () => {
  test.each([
    ['', '1:1', 'the query is empty', '{ }'],
    ['status = error', '1:1', 'a query starts with {', '{ status = error }'],
    ['{ kind = serve }', '1:10', 'serve is not a kind', 'did you mean server?'],
    ['{ kind = "server" }', '1:10', 'kind cannot be compared with text', 'kind = server'],
    ['{ kind = Server }', '1:10', 'Server is not a kind', 'did you mean server?'],
    ['{ kind = error }', '1:10', 'kind cannot be compared with the status error', 'one of unspecified'],
    ['{ status = "ERROR" }', '1:12', 'status cannot be compared with text', 'status = error'],
    ['{ status = err }', '1:12', 'err is not a status', 'one of unset, ok, error'],
    ['{ status > error }', '1:10', '> has no meaning for the status error', 'only = and !='],
    ['{ status =~ "err.*" }', '1:10', '=~ matches text only, not status', 'use = and !='],
    ['{ staus = error }', '1:3', 'staus is not a field', 'did you mean status?'],
    ['{ foo = "x" }', '1:3', 'foo is not a field', '.foo, span.foo or resource.foo'],
    ['{ service = "x" }', '1:3', 'service is not a field', 'resource.service.name'],
    ['{ http.method = "GET" }', '1:3', 'http. is not a scope', '.http.method'],
    ['{ resorce.service.name = "x" }', '1:3', 'resorce. is not a scope', 'did you mean resource.service.name?'],
    ['{ event.name = "x" }', '1:3', 'a rule cannot use the scope event.', 'span.'],
    ['{ trace:duration > 5s }', '1:3', 'a rule cannot use traceDuration', 'one span at a time'],
    ['{ name = GET }', '1:10', 'GET is not a value', '"GET"'],
    ['{ name = error }', '1:10', 'name cannot be compared with the status error', '"error"'],
    ["{ name = 'GET' }", '1:10', "' is not TraceQL", 'double quotes'],
    ['{ name = “GET” }', '1:10', '“ is not TraceQL', 'straight'],
    ['{ name == "GET" }', '1:8', '== is not TraceQL', 'one ='],
    ['{ name <> "GET" }', '1:8', '<> is not TraceQL', '!='],
    ['{ name = "GET }', '1:10', 'the closing " of this text is missing', 'close it'],
    ['{ name = `GET }', '1:10', 'the closing ` of this text is missing', 'close it'],
    ['{ name =~ "\\d+" }', '1:12', '\\d is not an escape', 'backticks'],
    ['{ name =~ `a(?=b)` }', '1:11', 'lookahead and lookbehind are not supported (character 2 of the pattern)', 'two terms'],
    ['{ name =~ `(a)\\1` }', '1:11', 'backreferences are not supported (character 4 of the pattern)', 'alternatives'],
    ['{ name =~ 5 }', '1:8', '=~ matches text only, not a number', 'double quotes'],
    ['{ .x =~ 5 }', '1:6', '=~ matches text only, not a number', 'quotes'],
    ['{ .x =~ x }', '1:9', 'x is not a value', '"x"'],
    ['{ "a.*" =~ .x }', '1:3', 'the pattern of =~ comes second', '.x =~'],
    ['{ duration > 800 }', '1:14', 'duration cannot be compared with a number', 'duration > 800ms'],
    ['{ duration > "800ms" }', '1:14', 'duration cannot be compared with text', 'duration > 800ms'],
    ['{ duration > 800mss }', '1:14', 'this is neither a number nor a duration', '1.5s'],
    ['{ .x = error }', '1:8', 'error is a status of a span, not a value of an attribute', '"error"'],
    ['{ .x > true }', '1:6', '> has no meaning for true or false', '= and !='],
    ['{ .x > nil }', '1:6', '> has no meaning for nil', '= and !='],
    ['{ name = nil }', '1:10', 'name cannot be compared with nil: every span has one', 'name = ""'],
    ['{ trace:id = "xyz" }', '1:14', '"xyz" is not an id', 'hex'],
    ['{ trace:id > "a1" }', '1:14', '> has no meaning for an id in a rule', '= and !='],
    ['{ .x = .y }', '1:8', 'a rule cannot compare two fields', 'fixed value'],
    ['{ 1 = 1 }', '1:3', 'one side of a comparison must be a field', '.x'],
    ['{ .x + 1 = 2 }', '1:3', 'a rule cannot calculate', 'fixed value'],
    ['{ .x = 1 AND .y = 2 }', '1:10', 'AND is not an operator', 'write &&'],
    ['{ .x = 1 or .y = 2 }', '1:10', 'or is not an operator', 'write ||'],
    ['{ .x = 1 & .y = 2 }', '1:10', '& is not TraceQL', '&&'],
    ['{ .x = "a", .y = "b" }', '1:11', 'conditions are not joined by commas', '&&'],
    ['{ .x "a" }', '1:6', 'an operator is missing here', '='],
    ['{ .x contains "a" }', '1:6', 'contains is not an operator', '=~'],
    ['{ name }', '1:3', 'name is not a condition', 'compare'],
    ['{ "x" }', '1:3', 'a value alone is not a condition', 'compare'],
    ['{ . = 1 }', '1:3', 'the name of the attribute is missing', 'span.http.route'],
    ['{ .x = }', '1:8', '} cannot stand here', 'FIELD OPERATOR VALUE'],
    ['{ .x = 1', '1:1', 'this { is not closed', 'add a }'],
    ['{ (.x = 1 }', '1:11', 'expected &&, || or ) here', '&&'],
    ['{ (.x = 1', '1:3', 'this ( is not closed', 'add a )'],
    ['{ .x = 1) }', '1:9', 'expected &&, || or } here', '&&'],
    ['{ .x = 1 &&', '1:12', 'the query ends too early', 'status = error'],
    ['{ .a = 1 || .b = 2 && .c = 3 }', '1:20', '&& after || can be read in two ways', 'parentheses'],
    ['{ !.a = 1 }', '1:3', '! before a comparison needs parentheses', '!(.x = 1)'],
    ['{ parent.a = 1 }', '1:3', 'a rule cannot use attributes of the parent', 'one span at a time'],
    ['{ resource.service.name = nil }', '1:27', 'resource.service.name cannot be compared with nil: every span has one', '.service.name = nil'],
    ['({ .a = 1 } | count() > 1) && ({ .b = 1 } | count() > 1)', '1:28', 'a rule cannot use && between sets of spans', 'inside one { … }'],
    ['({ .a = 1 } | count()) > ({ .b = 1 } | count())', '1:24', 'a rule cannot count or calculate over sets of spans', 'inside one { … }'],
    ['{ } | rate()', '1:1', 'a rule counts spans itself: metrics functions are for charts', 'one { … }'],
    ['{ .a = 1 } with(most_recent=true)', '1:1', 'hints have no meaning in a rule', 'most_recent'],
    ['{ .a = 1.5d }', '1:8', 'this is neither a number nor a duration', 'whole d, w, y'],
    ['{ .a = "\\/" }', '1:9', '\\/ is not an escape', 'leave the \\ out'],
    ['{ ."a\\n" = 1 }', '1:6', '\\n is not an escape in the name of an attribute', 'only'],
    ['{ .a = 99999999999999999999 }', '1:8', '99999999999999999999 is larger than a 64-bit integer', 'at most'],
    ['{ .a = 1 } && { .b = 2 }', '1:12', 'a rule cannot use && between sets of spans', 'inside one'],
    ['{ .a = 1 } >> { .b = 2 }', '1:12', 'a rule cannot use >> between sets of spans', 'inside one'],
    ['{ .a = 1 } | count() > 2', '1:12', 'a rule cannot use a pipeline', 'inside one'],
    ['{ .a = 1 } x', '1:12', 'the query ends here, but there is more', 'one { … }'],
    ['{\n  status = error\n  && kind = serve\n}', '3:13', 'serve is not a kind', 'server'],
    ['{ .a = 1 # }', '1:10', '"#" has no meaning here', 'double quotes'],
  ])('%s', (text, place, message, hint) => {
    const parsed = parseTraceql(text);
    if (parsed.ok) throw new Error(`parsed: ${printTraceql(parsed.value)}`);
    expect({ place: `${parsed.error.line}:${parsed.error.column}`, message: parsed.error.message }).toEqual({ place, message });
    expect(parsed.error.hint).toContain(hint);
  });

  test('limits length, depth and number of conditions', () => {
    expect(canonical(`{ name = "${'x'.repeat(20_000)}" }`)).toContain('the query is too long');
    expect(canonical(`{ ${'('.repeat(100)}.a${')'.repeat(100)} }`)).toContain('nested too deep');
    expect(canonical(`{ ${Array.from({ length: 300 }, () => '.a').join(' && ')} }`)).toContain('too many conditions');
    expect(canonical(`{ ${'!('.repeat(100)}.a${')'.repeat(100)} }`)).toContain('nested too deep');
  });
});
