import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CHUNK_ROWS, DuckdbChunkAppender, type CellValue } from './duckdb-chunk-appender.js';
import { openDatabase, type DuckdbDatabase } from './duckdb-database.js';
import { inTransaction } from './duckdb-transaction.js';

const COLUMNS = { tiny: 'UTINYINT', small: 'SMALLINT', medium: 'INTEGER', unsigned: 'UINTEGER', big: 'BIGINT', id: 'UBIGINT', ratio: 'DOUBLE', flag: 'BOOLEAN', text: 'VARCHAR', note: 'VARCHAR' } as const;

let database: DuckdbDatabase;
beforeEach(async () => {
  database = await openDatabase(':memory:', { migrations: [{ number: 1, name: 'all', sql: `CREATE TABLE cells (row INTEGER, ${Object.entries(COLUMNS).map(([name, type]) => `${name} ${type}`).join(', ')})` }] });
});
afterEach(() => database.close());

const appender = new DuckdbChunkAppender('cells', ['INTEGER', ...Object.values(COLUMNS)]);

async function append(rows: readonly (readonly CellValue[])[]): Promise<void> {
  await database.exclusively(({ connection, raw }) => inTransaction(connection, () => {
    appender.open(raw);
    rows.forEach((row, index) => appender.appendRow([index, ...row]));
    appender.close();
    return Promise.resolve();
  }));
}

async function stored(): Promise<CellValue[][]> {
  const rows = await database.query({ sql: `SELECT * EXCLUDE (row) FROM cells ORDER BY row` });
  return rows.map((row) => Object.values(row) as CellValue[]);
}

const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.string({ maxLength: 14 }), fc.constantFrom('', 'twelve bytes', 'thirteen byte', 'ünïcödé wörds'));
const cells = fc.tuple(
  fc.integer({ min: 0, max: 255 }), fc.integer({ min: -32768, max: 32767 }), fc.integer(), fc.integer({ min: 0, max: 0xffff_ffff }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.double({ noNaN: true }), fc.boolean(),
  fc.option(text), text,
);

test('what is appended is what is read, whatever it is', async () => {
  await fc.assert(fc.asyncProperty(fc.array(cells, { maxLength: 50 }), async (rows) => {
    await database.transaction([{ sql: 'DELETE FROM cells' }]);
    await append(rows);
    expect(await stored()).toEqual(rows);
  }), { numRuns: 100 });
});

test('rows beyond one chunk and strings beyond one heap arrive in full', async () => {
  const row = (index: number): CellValue[] => [1, 2, 3, 4, 5n, BigInt(index), 0.5, true, `${'x'.repeat(index % 97)}é${index}`, index % 3 === 0 ? '' : `shared-by-many-${index % 5}`];
  const rows = Array.from({ length: CHUNK_ROWS * 2 + 17 }, (_, index) => row(index));
  await append(rows);
  expect(await stored()).toEqual(rows);
  const giant = [[1, 2, 3, 4, 5n, 6n, 1, false, 'é'.repeat(9 << 20), 'after'], [1, 2, 3, 4, 5n, 6n, 1, false, 'next', 'to the giant one']];
  await database.transaction([{ sql: 'DELETE FROM cells' }]);
  await append(giant);
  expect(await stored()).toEqual(giant);
});

test('an aborted append leaves nothing and does not disturb the next one', async () => {
  await database.exclusively(({ connection, raw }) => inTransaction(connection, () => {
    appender.open(raw);
    for (let index = 0; index < CHUNK_ROWS + 5; index += 1) appender.appendRow([index, 1, 2, 3, 4, 5n, 6n, 7, true, 'lost', 'lost']);
    appender.abort();
    return Promise.reject(new Error('on purpose'));
  })).catch(() => undefined);
  await append([[1, 2, 3, 4, 5n, 6n, 7, true, 'kept', 'kept']]);
  expect(await stored()).toEqual([[1, 2, 3, 4, 5n, 6n, 7, true, 'kept', 'kept']]);
});
