import { expect, test } from 'vitest';
import { parseSearch } from './parser.js';
import { finishQuery } from './unfinished-query.js';

// Most of them are what Tempo's tests of its lenient parser ask for (pkg/traceql/lenient_extract_test.go).
test.each([
  ['{ .http.status_code = 200 && .http.method = }', '{ .http.status_code = 200 && true }'],
  ['{ .a = && .b = 1 }', '{ true && .b = 1 }'],
  ['{ .a = 1 && .b = && .c = 2 }', '{ .a = 1 && true && .c = 2 }'],
  ['{ ((.a = ) && .b = 1) || .c = 2 }', '{ ( ( true ) && .b = 1 ) || .c = 2 }'],
  ['{ .a = "foo" || .b = }', '{ .a = "foo" || true }'],
  ['{resource.service_name = "foo" && span.http.target=', '{ resource.service_name = "foo" && true }'],
  ['{ 2 = .b ', '{ 2 = .b }'],
  ['{ .a = "x" && (.b = 1', '{ .a = "x" && ( .b = 1 ) }'],
  ['{ .a = "x" && .b = "unclo', '{ .a = "x" && true }'],
  ['{ .a = "x" && ."odd na', '{ .a = "x" && true }'],
  ['{ .a = "x" && name }', '{ .a = "x" && true }'],
  ['{ .a = "x" && ', '{ .a = "x" && true }'],
  ['{ && .a = "x" }', '{ true && .a = "x" }'],
  ['{ !.foo = }', '{ ! true }'],
  ['{ .a = } | rate() by (.b)', '{ true } | rate ( ) by ( .b )'],
  ['{ .a = } >> { .b = "foo" }', '{ true } >> { .b = "foo" }'],
  ['{', '{ }'],
  ['{ }', '{ }'],
])('%s is finished as %s', (typed, finished) => {
  expect(finishQuery(typed)).toBe(finished);
  expect(parseSearch(finished).ok).toBe(true);
});
