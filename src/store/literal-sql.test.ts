import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase, type DuckdbDatabase } from './duckdb-database.js';
import { withLiterals } from './literal-sql.js';

let database: DuckdbDatabase;
beforeAll(async () => { database = await openDatabase(':memory:'); });
afterAll(() => database.close());

const value = fc.oneof(
  fc.string({ unit: 'binary' }), fc.constantFrom(`it's`, `'; DROP TABLE spans --`, '$b', `'$b'`, '/* $b */', '\0', ''), fc.boolean(), fc.constant(null), fc.integer(), fc.constantFrom(Number.MAX_SAFE_INTEGER, -1),
  fc.double({ noNaN: true }), fc.bigInt({ min: -(2n ** 63n) + 1n, max: 2n ** 64n - 1n }), fc.uint8Array(),
);

test('a value is read as it is when it is bound', async () => {
  await fc.assert(fc.asyncProperty(value, value, async (a, b) => {
    const statement = { sql: 'SELECT $a AS a, $b AS b, $a AS c', params: { a, b } };
    expect(await database.query(withLiterals(statement))).toEqual(await database.query(statement));
  }), { numRuns: 200 });
});

test('what looks like a parameter in a text, a name or a comment is none', async () => {
  const sql = `-- it's $a\nSELECT $a AS "$a", 'it''s $a' AS text /* don't $a */`;
  expect(await database.query(withLiterals({ sql, params: { a: 'A' } }))).toEqual([{ $a: 'A', text: `it's $a` }]);
});

test('a number takes the type of the column that it is compared with', async () => {
  const { sql } = withLiterals({ sql: 'SELECT count(*) FROM spans WHERE trace_id_low = $low AND end_ms >= $from_ms', params: { low: 5n, from_ms: 7 } });
  const [{ explain_value: plan } = {}] = await database.query({ sql: `EXPLAIN ${sql}` });
  expect(plan).not.toContain('CAST(');
});

test('a parameter without a value is a mistake', () => {
  expect(() => withLiterals({ sql: 'SELECT $a', params: { b: 1 } })).toThrow('parameter $a is missing');
});
