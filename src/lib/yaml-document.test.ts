import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatProblem } from './problem.js';
import { MAX_YAML_LENGTH, parseYaml, type YamlDocument } from './yaml-document.js';

const parse = (text: string): ReturnType<typeof parseYaml> => parseYaml({ path: 'a.yaml', text });
const only = (text: string): YamlDocument => {
  const { documents: [document], problems } = parse(text);
  expect(problems.map(formatProblem)).toEqual([]);
  if (document === undefined) throw new Error('no document');
  return document;
};
const codes = (text: string): string[] => parse(text).problems.map(({ code, at }) => `${at.line}:${at.column} ${code}`);

describe('places', () => {
  test('a value and its key are found by path, through lists, flow style and aliases', () => {
    const document = only('a: 1\nspec:\n  items:\n    - {name: x, size: 2}\n    - &two\n      name: y\n  again: *two\n');
    expect(document.at(['spec', 'items', 0, 'size'])).toEqual({ file: 'a.yaml', line: 4, column: 23 });
    expect(document.atKey(['spec', 'items', 0, 'size'])).toMatchObject({ line: 4, column: 17 });
    expect(document.at(['spec', 'again', 'name'])).toMatchObject({ line: 6, column: 13 });
  });

  test('what is missing is looked for at its nearest ancestor', () => {
    const document = only('spec:\n  a:\n    b: 1\n');
    expect(document.atKey(['spec', 'a', 'c', 'd'])).toMatchObject({ line: 2, column: 3 });
    expect(document.at(['nothing'])).toMatchObject({ line: 1, column: 1 });
  });

  test('a key without a value points at the key', () => {
    expect(only('spec:\n  query:\n  unit: span\n').at(['spec', 'query'])).toMatchObject({ line: 2, column: 3 });
  });

  test.each([
    ['plain', 'q: kind = server\n', 1, 4],
    ['double quotes', 'q: "{ kind = server }"\n', 1, 5],
    ['single quotes', "q:   '{ kind = server }'\n", 1, 7],
    ['literal block', 'q: |\n  { kind = server }\n', 2, 3],
    ['folded block after an empty line', 'q: >-\n\n    { kind = server }\n', 3, 5],
  ])('the first character of a text in %s', (_, text, line, column) => {
    expect(only(text).atText(['q'])).toEqual({ file: 'a.yaml', line, column });
  });

  test('the second document counts lines from the top of the file', () => {
    const { documents } = parse('a: 1\n---\nb: 2\n');
    expect(documents[1]?.at(['b'])).toMatchObject({ line: 3, column: 4 });
  });

  test('front matter counts lines from the top of its file', () => {
    const { documents } = parseYaml({ path: 'a.md', text: 'title: x\n' }, 1);
    expect(documents[0]?.at(['title'])).toMatchObject({ line: 2 });
  });
});

describe('bad YAML', () => {
  test('empty files and empty documents are no documents and no problem', () => {
    for (const text of ['', '\n', '# only a comment\n', '---\n---\n', '\uFEFF']) {
      expect(parse(text), JSON.stringify(text)).toEqual({ documents: [], problems: [] });
    }
  });

  test('duplicate keys, at any depth, with the place of the second one', () => {
    expect(codes('a: 1\nb:\n  - c: 1\n    c: 2\na: 3\n').sort()).toEqual(['4:5 yaml/duplicate-key', '5:1 yaml/duplicate-key']);
  });

  test('tabs, broken quotes, missing anchors and unknown tags have a place', () => {
    expect(codes('a:\n\tb: 1\n')).toEqual(['2:1 yaml/syntax']);
    expect(codes('a: "open\n')).toContain('2:1 yaml/syntax');
    expect(codes('a: *missing\n')).toEqual(['1:1 yaml/syntax']);
    expect(codes('a: !!js/function x\n')).toEqual(['1:4 yaml/syntax']);
  });

  test('a query that begins with a brace and has no quotes is refused, not misread', () => {
    expect(codes('query: { status = error } && { x = 1 }\n').some((code) => code.endsWith('yaml/syntax'))).toBe(true);
  });

  test('a broken document does not take the sound ones with it', () => {
    const { documents, problems } = parse('a: 1\n---\nb: [1\n---\nc: 3\n');
    expect(problems.length).toBeGreaterThan(0);
    expect(documents.map(({ value }) => value)).toContainEqual({ a: 1 });
  });
});

describe('hostile YAML', () => {
  test('a billion laughs are refused', () => {
    const names = 'a,b,c,d,e,f,g,h';
    const lines = names.split(',').map((name, index, all) => `${name}: &${name} [${Array(9).fill(index === 0 ? 'lol' : `*${all[index - 1] ?? ''}`).join(', ')}]`);
    expect(parse(lines.join('\n')).problems.map(({ code }) => code)).toEqual(['yaml/too-complex']);
  });

  test.each([
    ['brackets', '['.repeat(50_000)],
    ['dashes', `${'- '.repeat(50_000)}x`],
    ['explicit keys', `${'? '.repeat(50_000)}x`],
    ['indentation', Array.from({ length: 500 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['length', 'a'.repeat(MAX_YAML_LENGTH + 1)],
  ])('too much of it in %s is refused before the parser chokes on it', (_, text) => {
    expect(parse(text).problems.map(({ code }) => code)).toContain('yaml/too-complex');
  });

  test('thousands of keys are read in a moment', () => {
    const text = Array.from({ length: 20_000 }, (_, index) => `key${index}: 1`).join('\n');
    expect(Object.keys(only(text).value as object)).toHaveLength(20_000);
  });

  test('keys of the language are plain data', () => {
    const { value } = only('__proto__: {polluted: true}\nconstructor: 1\n');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor']);
  });

  test('any text gives documents and problems, never an exception', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('a', ':', ' ', '\n', '-', '[', ']', '{', '}', '"', "'", '&', '*', '#', '|', '>', '!', '?', '%', '\t') })), (text) => {
      const { documents, problems } = parse(text);
      for (const document of documents) document.at(['a', 0, 'b']);
      for (const { at } of problems) expect(at.line >= 1 && at.column >= 1).toBe(true);
    }), { numRuns: 2_000 });
  });
});
