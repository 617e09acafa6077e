import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { literalFree, readStatement } from './sql-statement.js';

describe('values are removed', () => {
  test.each([
    ["SELECT * FROM users WHERE name = 'O''Brien' AND age > 42", 'SELECT * FROM users WHERE name = ? AND age > ?'],
    ["INSERT INTO t VALUES (1, 'a', NULL), (2, 'b', NULL)", 'INSERT INTO t VALUES (?, ?, NULL), (?, ?, NULL)'],
    ['SELECT * FROM t WHERE id IN (1, 2, 3, 4)', 'SELECT * FROM t WHERE id IN (?)'],
    ['INSERT INTO t(a,b) VALUES (1,2),(3,4)', 'INSERT INTO t(a,b) VALUES (?)'],
    ["SELECT E'it\\'s' , U&'d\\0061t', X'1F', B'01', $$secret $1$$, $tag$o'clock$tag$", 'SELECT ? , ?, ?, ?, ?, ?'],
    ['SELECT 1.5e-10, .5, 0xFF, 1_000, -3, col1, t2.col_3', 'SELECT ?, ?, ?, ?, -?, col1, t2.col_3'],
    ['SELECT "user 1", $1, a::int4 FROM "My Table" -- password=geheim\n WHERE /* id 7 */ b = 7', 'SELECT "user 1", $1, a::int4 FROM "My Table" WHERE b = ?'],
    ["SELECT 'never closed", 'SELECT ?'],
    ["SELECT /* a /* b */ c'geheim */ x, /*/ 'geheim' /**/ */ y", 'SELECT x, y'],
    ["SELECT a -- don't\r , 'geheim\ngeheim'", 'SELECT a , ?'],
    ["SELECT E'a'\n'b\\'geheim', x", 'SELECT ? ?, x'],
    ["SELECT E'it\\'s geheim\\", 'SELECT ?'],
    ['SELECT a, "never closed, \'geheim\'', 'SELECT a, ?'],
    ['SELECT * FROM t WHERE id = 550e8400geheim AND a1 = 7', 'SELECT * FROM t WHERE id = ? AND a1 = ?'],
    ["SELECT * FROM a WHERE b LIKE $1 ESCAPE '\\' AND c LIKE 'x' ESCAPE '\\' ORDER BY d", 'SELECT * FROM a WHERE b LIKE $1 ESCAPE ? AND c LIKE ? ESCAPE ? ORDER BY d'],
    // With standard_conforming_strings off; nothing says so.
    ["SELECT * FROM a WHERE b = 'it\\'s geheim' AND c = 'd'", 'SELECT * FROM a WHERE b = ?'],
    // Big5, GBK, SJIS and others have characters whose second byte is a backslash, which the server has converted before it looks for one.
    ["SELECT E'\ufffd\\', 'geheim', 'x'", 'SELECT ?'],
    ["SELECT E'丩\\' || 'geheim' || 'x'", 'SELECT ?'],
    ["SELECT E'é\\n', a FROM t", 'SELECT ?, a FROM t'],
    // Before PostgreSQL 15 a name may begin at a number, and hold dollars; since 16 it may be a number of its own, with a text behind it.
    ["SELECT 1x$a$, 'geheim $a$ geheim'", 'SELECT ?'],
    ['SELECT 0x1F$a$it is geheim$a$', 'SELECT ?'],
    ['SELECT 1$a$it is geheim$a$, b', 'SELECT ??, b'],
    ['', ''],
  ])('%s', (statement, sanitised) => {
    expect(readStatement(statement).sanitised).toBe(sanitised);
  });

  test('no piece of a value is left, whatever it holds', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (value) => {
      const secret = `geheim${value.replaceAll("'", "''")}geheim`;
      expect(readStatement(`UPDATE users SET name = '${secret}' WHERE id = 7`).sanitised).toBe('UPDATE users SET name = ? WHERE id = ?');
    }));
  });

  test('takes any text, and sanitising again changes nothing', () => {
    fc.assert(fc.property(fc.string(), (text) => {
      const { sanitised } = readStatement(text);
      expect(sanitised).not.toMatch(/'[^']/);
      expect(typeof readStatement(sanitised).summary).toBe('string');
    }));
  });
});

/** What PostgreSQL takes for one value or for one blank, and what is told of it. */
const pieces = {
  texts: ["'geheim'", "'it''s geheim'", "''", "'-- geheim'", "'/* geheim'", "'$$geheim'", "'\"geheim'", "N'geheim'", "U&'geheim'", "X'9e'", "$$it's geheim$$", "$a$geheim $$ $b$ ' geheim$a$", "E'it\\'s geheim'", "e'\\\\'", "E'a'\n'geheim\\' geheim'", '9e9', '0x9e', '9_000.5'],
  told: ['a1', '"it\'s -- a /* name"', '"a""$$b"', '$1', 'b$c', 'FROM', '*', '('],
  blanks: [' ', '\n', "-- don't geheim\n", "--'geheim\r", '/* geheim /* it\'s geheim */ geheim */', '/*/ geheim /*/ " */ $$ */', '/***geheim /**/ **/'],
};
const BACKSLASHES = {
  'standard_conforming_strings on': ["'geheim\\'", "'\\\\\\'"],
  'standard_conforming_strings off': ["'it\\'s geheim'", "'\\\\geheim\\''"],
  'a client whose characters end in backslashes': ["E'geheim 丩\\'", "E'geheim \\' \ufffd\\\\'"],
};

const statementOf = (texts: readonly string[]): fc.Arbitrary<{ readonly sql: string; readonly told: string }> => {
  const value = fc.constantFrom(...texts).map((sql) => ({ sql, told: '?' }));
  const word = fc.constantFrom(...pieces.told).map((sql) => ({ sql, told: sql }));
  const blank = fc.constantFrom(...pieces.blanks);
  // Two texts side by side are one to PostgreSQL, or an error.
  return fc.array(fc.tuple(word, blank, fc.option(value), blank), { minLength: 1, maxLength: 6 }).map((parts) => ({
    sql: parts.map(([first, before, second, after]) => `${first.sql}${before}${second?.sql ?? '+'}${after}`).join(''),
    told: parts.map(([first, , second]) => `${first.told} ${second?.told ?? '+'}`).join(' '),
  }));
};

test('what PostgreSQL takes for a value or a comment is left out, and nothing else', () => {
  const twice = /\? \?/g;
  fc.assert(fc.property(statementOf(pieces.texts), ({ sql, told }) => {
    expect(readStatement(sql).sanitised.replace(twice, '?')).toBe(told);
  }), { numRuns: 2_000 });
});

test.each(Object.entries(BACKSLASHES))('no value is told where backslashes stand in texts, with %s', (_what, texts) => {
  fc.assert(fc.property(statementOf([...pieces.texts, ...texts]), fc.nat(200), ({ sql }, length) => {
    expect(readStatement(sql).sanitised).not.toContain('geheim');
    expect(readStatement(sql.slice(0, length), { isCut: true }).sanitised).not.toMatch(/gehe?i?m?/);
  }), { numRuns: 5_000 });
});

describe('operation and tables', () => {
  test.each([
    ['select id from orders where x = 1', 'SELECT', ['orders']],
    ['SELECT * FROM a JOIN "b" USING (id) LEFT JOIN shop.c ON true', 'SELECT', ['a', 'b', 'shop.c']],
    ['INSERT INTO public.orders (id) SELECT id FROM old', 'INSERT', ['public.orders', 'old']],
    ['UPDATE ONLY orders SET a = 1', 'UPDATE', ['orders']],
    ['DELETE FROM orders USING old WHERE true', 'DELETE', ['orders']],
    ['WITH recent AS (SELECT * FROM orders) SELECT * FROM recent JOIN users ON true', 'SELECT', ['orders', 'users']],
    ['SELECT * FROM orders FOR UPDATE SKIP LOCKED', 'SELECT', ['orders']],
    ['INSERT INTO t VALUES (1) ON CONFLICT DO UPDATE SET a = 2', 'INSERT', ['t']],
    ['CREATE TABLE IF NOT EXISTS t (id int)', 'CREATE', ['t']],
    ['COPY orders FROM STDIN', 'COPY', ['orders']],
    ['SELECT count(*) FROM generate_series(1, 5)', 'SELECT', []],
    ['FETCH FORWARD 100 FROM "c_7f3a_1"', 'FETCH', []],
    ['BEGIN', 'BEGIN', []],
    ['SELECT extract(epoch FROM now())', 'SELECT', []],
    ['', undefined, []],
  ])('%s', (statement, operation, tables) => {
    expect(readStatement(statement)).toMatchObject({ operation, tables });
  });

  test('the summary is the operation and its tables', () => {
    expect(readStatement('SELECT * FROM a, b JOIN c ON true').summary).toBe('SELECT a c');
    expect(readStatement('BEGIN; UPDATE a SET b = 1; COMMIT').count).toBe(3);
  });
});

test('statements without their literals are the same only where they are told alike', () => {
  const parts = fc.constantFrom('SELECT', ' a1 ', '"b 1"', "'it''s 5'", ' 17', '1.5', '0x1f', '$1', '$$ 3 $$', '-- don\'t 4\n', '/* 6 */', 'é1', ' ? ', '=', ',', '(', ')', ' FROM t', "E'\\' 8'", "'x", '2');
  const statement = fc.array(parts, { maxLength: 8 }).map((texts) => texts.join(''));
  fc.assert(fc.property(statement, fc.array(fc.nat(99), { minLength: 8, maxLength: 8 }), (text, numbers) => {
    let index = 0;
    const other = text.replace(/\d+/g, () => String(numbers[index++ % 8]));
    fc.pre(literalFree(text) === literalFree(other));
    expect(readStatement(other)).toEqual(readStatement(text));
  }), { numRuns: 2_000 });
});

test.each([
  ['SELECT a FROM t WHERE id = 12 AND name = \'x\'', 'SELECT a FROM t WHERE id = 9 AND name = \'it\'\'s\''],
  ['INSERT INTO t VALUES (1,2)', 'INSERT INTO t VALUES (3,4)'],
])('without its values: %s', (one, other) => {
  expect(literalFree(one)).toBe(literalFree(other));
  expect(literalFree(one)).not.toMatch(/\d|'/);
});
