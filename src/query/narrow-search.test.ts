import { expect, test } from 'vitest';
import { conditionText, narrowedText } from './narrow-search.js';
import { tagField } from './tempo-input.js';
import { parseTraceSearch } from './trace-query.js';

test.each([
  ['', 'resource.service.name', 'pay "x" } {', '{ resource.service.name = "pay \\"x\\" } {" }'],
  [' { } ', 'name', 'GET /', '{ name = "GET /" }'],
  ['{status=error}', 'kind', 'server', '{ status=error && kind = server }'],
  ['{ status = error || duration > 1s }', 'span.http.response.status_code', 503, '{ (status = error || duration > 1s) && span.http.response.status_code = 503 }'],
  ['{ name = "a } b" }', 'span.ok', true, '{ name = "a } b" && span.ok = true }'],
  ['{ name = "a" } | count() > 2', 'status', 'error', '{ name = "a" } | count() > 2 | { status = error }'],
  ['{ name = "a" } >> { true }', 'span.share', 0.5, '{ name = "a" } >> { true } | { span.share = 0.5 }'],
])('%s narrowed to %s = %s', (query, field, value, expected) => {
  const condition = conditionText(tagField(field)!, value);
  expect(condition && narrowedText(query, condition)).toBe(expected);
  expect(() => parseTraceSearch(expected)).not.toThrow();
});

test('what no literal says is no condition', () => {
  expect(conditionText(tagField('status')!, 'broken')).toBeUndefined();
  expect(conditionText(tagField('span.x')!, null)).toBeUndefined();
});
