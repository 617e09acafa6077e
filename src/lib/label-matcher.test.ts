import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildMatcher, formatMatcher, matchesAll, parseMatchers } from './label-matcher.js';

const matching = (text: string, labels: Record<string, string>): boolean => {
  const parsed = parseMatchers(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return matchesAll(parsed.value, labels);
};

describe('matching', () => {
  test.each([
    ['severity="page"', { severity: 'page' }, true],
    ['severity="page"', { severity: 'pager' }, false],
    ['severity=page', { severity: 'page' }, true],
    ['severity!="page"', { severity: 'ticket' }, true],
    ['severity=~"page|ticket"', { severity: 'ticket' }, true],
    ['severity=~"age"', { severity: 'page' }, false],
    ['severity=~"page|tick"', { severity: 'ticket' }, false],
    ['severity=~"page|tick"', { severity: 'pages' }, false],
    ['severity!~"p.*"', { severity: 'page' }, false],
    ['team=~"(?i)WEB"', { team: 'web' }, true],
    ['team=~"(?:a|b)c"', { team: 'bc' }, true],
  ])('%s on %j', (text, labels, expected) => {
    expect(matching(text, labels as unknown as Record<string, string>)).toBe(expected);
  });

  test('a missing label is an empty one', () => {
    expect(matching('team=""', {})).toBe(true);
    expect(matching('team!=""', {})).toBe(false);
    expect(matching('team=~".+"', {})).toBe(false);
    expect(matching('team!~"web"', {})).toBe(true);
    expect(matching('constructor=""', {})).toBe(true);
  });
});

describe('reading', () => {
  test.each(['severity==page', 'severity==', 'severity=!page', 'severity!==page', 'severity!=~page'])('%s has an operator that there is not', (text) => {
    expect(parseMatchers(text)).toMatchObject({ ok: false, error: expect.stringContaining('has no operator that there is') as string });
  });

  test('a value in quotes may begin as an operator does', () => {
    expect(matching('query="=x", other=~"~.*"', { query: '=x', other: '~1' })).toBe(true);
  });

  test('lists, with and without braces; commas and escapes inside quotes', () => {
    expect(matching('{a="1", b=~"x,y|z"}', { a: '1', b: 'x,y' })).toBe(true);
    expect(matching('a="say \\"hi\\", then go",b="2",', { a: 'say "hi", then go', b: '2' })).toBe(true);
    expect(matching(' foo = bar ', { foo: 'bar' })).toBe(true);
    expect(matching('{}', {})).toBe(true);
  });

  test.each(['severity', '=page', 'a="open', 'a="b"c"', 'a-b="c"', '1a="b"', 'a=~"("', 'a=~"(?=b)"', 'a=~"(?<!b)c"', 'a=~"(a)\\1"', 'a=~"[[:alpha:]]"', 'a="1",,b="2"'])('%s is refused with a reason', (text) => {
    const parsed = parseMatchers(text);
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect(parsed.error.length).toBeGreaterThan(10);
  });

  test('what is printed is read back', () => {
    fc.assert(fc.property(fc.constantFrom('=' as const, '!=' as const), fc.string({ maxLength: 30 }).filter((value) => !/[\u0000-\u001f]/.test(value)), (operator, value) => {
      const built = buildMatcher({ name: 'a', operator, value });
      if (!built.ok) throw new Error(built.error);
      expect(parseMatchers(formatMatcher(built.value))).toEqual({ ok: true, value: [built.value] });
    }));
  });
});
