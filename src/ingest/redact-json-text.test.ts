import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuMsOf } from '../../test/support/cpu-time.js';
import { redactJsonMembers } from './redact-json-text.js';

const conceal = (text: string, ...names: string[]): string => redactJsonMembers(text, ({ name, path }, value) => (names.includes(name) || names.includes(path) ? (value === '' ? '' : '****') : undefined));

describe('members of a JSON text', () => {
  test.each([
    ['{"a":"x","b":1}', ['a'], '{"a":"****","b":1}'],
    ['{ "a" : 12345678901234567890 , "b":1.0}', ['a'], '{ "a" : "****" , "b":1.0}'],
    ['{"n":12345678901234567890,"a":true}', ['a'], '{"n":12345678901234567890,"a":"****"}'],
    ['{"a":{"b":[1,{"c":"}"}]},"d":2}', ['a'], '{"a":"****","d":2}'],
    ['{"a":{"b":"x","c":"y"},"b":"z"}', ['a.b'], '{"a":{"b":"****","c":"y"},"b":"z"}'],
    ['[{"a":"x"},{"a":"y"}]', ['a'], '[{"a":"****"},{"a":"****"}]'],
    ['{"l":[{"a":"x"},{"a":"y"}],"z":["a"]}', ['l.a'], '{"l":[{"a":"****"},{"a":"****"}],"z":["a"]}'],
    ['{"x\\"y":"a \\"quoted\\" one","b":0}', ['x"y'], '{"x\\"y":"****","b":0}'],
    ['{"a":"","b":null,"c":"a"}', ['a', 'b'], '{"a":"","b":null,"c":"a"}'],
    ['{"a":"cut of', ['a'], '{"a":"****"'],
    ['{not json "a": "x"', ['a'], '{not json "a": "****"'],
    ['"a"', ['a'], '"a"'],
  ])('%s without %s is %s', (text, names, expected) => {
    expect(conceal(text, ...names)).toBe(expected);
  });

  test('stay JSON, and all others keep their values', () => {
    fc.assert(fc.property(fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.jsonValue({ maxDepth: 3 })), (value) => {
      const text = JSON.stringify(value);
      const concealed = JSON.parse(conceal(text, 'a')) as Record<string, unknown>;
      expect(Object.keys(concealed)).toEqual(Object.keys(value));
      if (value['a'] !== undefined && value['a'] !== null && value['a'] !== '') expect(concealed['a']).toBe('****');
      for (const key of ['b', 'c']) if (!JSON.stringify(value[key] ?? 0).includes('"a":')) expect(concealed[key]).toEqual(JSON.parse(text)[key]);
    }));
  });

  test('are read in linear time, whatever the text is', () => {
    for (const piece of ['{"a":', '[', '{"a":"\\"', '\\"', '"a":{', '{"b":{"a":', '{"a":[{"a":']) {
      const tookMs = cpuMsOf(() => {
        conceal(piece.repeat(Math.ceil(65_536 / piece.length)), 'a', 'b.a');
        conceal(`${piece.repeat(Math.ceil(65_536 / piece.length))}\\`, 'x');
      });
      expect(tookMs, piece).toBeLessThan(1_000);
    }
  });
});
