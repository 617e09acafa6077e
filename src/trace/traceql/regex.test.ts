import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { portableRegex } from './regex.js';

const SUBJECTS = ['', 'a', 'A', 'ab', 'aab', 'GET /x', 'a\nb', '5', '-', ']', '^', 'é', 'É', '😀', 'ſ', 'K', ' ', '\u00a0', '\v', '_', '{2}', 'a{,5}', 'x.y', '/', '"', '\\', '&', '~~', 'a-b', '\u0000', '|', 'ß', 'İ', 'σς'];

describe('a pattern that both dialects share', () => {
  let connection: DuckDBConnection;

  beforeAll(async () => {
    connection = await (await DuckDBInstance.create(':memory:')).connect();
  });
  afterAll(() => connection.closeSync());

  async function re2Verdicts(re2: string): Promise<boolean[]> {
    const verdicts: boolean[] = [];
    const statement = await connection.prepare('SELECT regexp_full_match($subject, $pattern)');
    for (const subject of SUBJECTS) {
      statement.bind({ subject, pattern: re2 });
      verdicts.push((await statement.runAndReadAll()).getRows()[0]?.[0] === true);
    }
    return verdicts;
  }

  test.each([
    'a', 'a|b', '', '.', '.*', 'a.b', '(?i)a', '(?i)É', '(?i)\\w', '(?i)[a-z]', '(?i)[^k]', '(?i)\\W', '(?i)σσ', '(?i)ß', '(?i)i̇', '\\d', '\\D', '\\w+', '\\W', '\\s', '\\S', '[\\s]', '[^\\s]', '[\\d-]', '[-a]', '[a-]', '[\\d-z]', '[]a]', '[^]a]',
    '[\\]]', '[\\^]', '[^^]', '[a-z&&[b]', '[~]+', '[&]', '\\bab\\b', 'a\\Bb', '^a$', '(a)(b)?', '(?:a|b)+', '(?P<n>a)b', '(?<n>a)b', 'a{2}b', 'a{1,}b', 'a{0,3}b', 'a??b', 'a+?b', '{2}', 'a{,5}', '\\{2\\}', 'x\\.y', '\\/', '\\"', '\\-',
    '\\x{e9}', '\\xe9', '[\\x{1F600}é]', '\\n', 'a\\nb', '[^a]', '[^/]+', 'GET /.*', '\\&', '~~', '\\~~', '"', '\\\\', '\\|', '[|]', '\\x00', '(?s).', '(?is)A.B', '[\\v]', '[\\x{d}-\\x{20}]', '(|a)', '(a|)b', '()',
  ])('%s is read alike', async (pattern) => {
    const regex = portableRegex(pattern);
    if (!regex.ok) throw new Error(`${regex.error.message}: ${pattern}`);
    const javascript = SUBJECTS.map((subject) => regex.value.javascript.test(subject));
    expect(javascript).toEqual(await re2Verdicts(regex.value.re2));
  });

  test('random patterns are refused, or read alike', async () => {
    const piece = fc.constantFrom('a', 'b', '5', '.', '*', '+', '?', '{2}', '{1,2}', '|', '(', ')', '(?:', '[', ']', '^', '$', '-', '\\d', '\\w', '\\s', '\\b', '\\.', '\\n', 'é', '😀', '[^', '[a-c]', '/', ' ', '"', '&', '\\x{e9}', ',', '{', '}');
    const pattern = fc.tuple(fc.constantFrom('', '', '', '(?i)'), fc.array(piece, { maxLength: 8 })).map(([flags, pieces]) => flags + pieces.join(''));
    let read = 0;
    await fc.assert(
      fc.asyncProperty(pattern, async (text) => {
        const regex = portableRegex(text);
        if (!regex.ok) {
          expect(regex.error.offset).toBeLessThanOrEqual(text.length);
          return;
        }
        read += 1;
        expect(SUBJECTS.filter((subject) => regex.value.javascript.test(subject))).toEqual(SUBJECTS.filter(await alike(regex.value.re2)));
      }),
      { numRuns: 300 },
    );
    expect(read).toBeGreaterThan(50);
  });

  async function alike(re2: string): Promise<(subject: string, place: number) => boolean> {
    const verdicts = await re2Verdicts(re2);
    return (_, place) => verdicts[place] === true;
  }
});

describe('a pattern that they read differently is refused', () => {
  test.each([
    ['a(?=b)', 'lookahead', 1], ['a(?!b)', 'lookahead', 1], ['(?<=a)b', 'lookbehind', 0], ['(?<!a)b', 'lookbehind', 0], ['(a)\\1', 'backreferences', 3], ['(?<n>a)\\k<n>', 'backreferences', 7],
    ['a(?i)b', 'this kind of group', 1], ['(?m)a', 'this kind of group', 0], ['\\pL', '\\p is not supported', 0], ['\\Aa', 'leave it out', 0], ['a\\z', 'leave it out', 1], ['\\Q.\\E', '\\Q is not supported', 0],
    ['[[:alpha:]]', '[:alpha:]', 1], ['*a', 'nothing before it', 0], ['a**', 'cannot be repeated', 2], ['a{2}{3}', 'cannot be repeated', 4], ['\\b+', 'anchor', 0], ['(a', 'not closed', 0], ['a)', 'closes nothing', 1],
    ['[a', 'not closed', 0], ['[z-a]', 'range', 1], ['a{3,2}', 'no meaning', 1], ['a{2000}', 'too often', 0], ['(?:a{100}){100}', 'too often', 0], ['a\\', 'escapes nothing', 1], ['\\x{110000}', 'no character', 0],
  ])('%s', (pattern, words, offset) => {
    const regex = portableRegex(pattern);
    if (regex.ok) throw new Error(`read as ${regex.value.re2}`);
    expect(`${regex.error.message} ${regex.error.hint}`).toContain(words);
    expect(regex.error.offset).toBe(offset);
  });
});
