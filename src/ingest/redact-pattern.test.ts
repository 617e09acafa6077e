import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuMsOf } from '../../test/support/cpu-time.js';
import { portableRegex } from '../trace/traceql/regex.js';
import { namePattern } from './redact-pattern.js';

function matcher(pattern: string): (name: string) => boolean {
  const compiled = namePattern(pattern);
  if (!compiled.ok) throw new Error(compiled.error.message);
  return compiled.value;
}

describe('a pattern for names', () => {
  test.each([
    ['http\\.request\\.header\\..*', 'http.request.header.cookie', true],
    ['http\\.request\\.header\\..*', 'http.request.method', false],
    ['(?i).*password', 'db.userPassword', true],
    ['.*password', 'db.userPassword', false],
    ['a|bc|', 'bc', true],
    ['a|bc|', '', true],
    ['(?:a|b){2,3}c?', 'abab', false],
    ['(?:a|b){2,3}c?', 'abac', true],
    ['x{3}', 'xxx', true],
    ['x{2,}', 'x', false],
    ['[^.]+\\.[a-z0-9_-]+', 'user.first_name', true],
    ['user\\b.*', 'user.id', true],
    ['user\\b.*', 'users', false],
    ['.\\W.', 'ü.ß', true],
    ['^a$', 'a', true],
    ['a\\/b', 'a/b', true],
  ])('%s and %s: %s', (pattern, name, expected) => {
    expect(matcher(pattern)(name)).toBe(expected);
  });

  test('agrees with the engine of JavaScript', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\w', '\\.', '(?:a|bc)', '(?:a|b*)', '(?:ab)?', '^', '$', '\\b', '\\d', '(?:a+b|c)');
    const piece = fc.tuple(atom, fc.constantFrom('', '', '*', '+', '?', '{2}', '{0,2}', '{1,}', '*?', '+?')).map(([text, repeat]) => (/^(?:\^|\$|\\b)$/.test(text) ? text : text + repeat));
    const pattern = fc.array(piece, { maxLength: 5 }).chain((first) => fc.array(piece, { maxLength: 3 }).map((second) => (second.length === 0 ? first.join('') : `${first.join('')}|${second.join('')}`)));
    fc.assert(fc.property(pattern, fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.', '1', 'é'), maxLength: 8 }), (text, name) => {
      const portable = portableRegex(text);
      fc.pre(portable.ok);
      expect(matcher(text)(name)).toBe(portable.ok && portable.value.javascript.test(name));
    }), { numRuns: 5_000 });
  });

  test('reads a name in linear time where backtracking would take years', () => {
    expect(cpuMsOf(() => {
      expect(matcher('(?:a+)+b')('a'.repeat(1_000))).toBe(false);
      expect(matcher('(?:a|a|aa)*c')('a'.repeat(1_000))).toBe(false);
    })).toBeLessThan(1_000);
  });

  test('that is none says where', () => {
    expect(namePattern('a(b')).toMatchObject({ ok: false, error: { offset: 1 } });
    expect(namePattern('(?=a)b')).toMatchObject({ ok: false });
  });
});
