import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { archivedOfPart, hotOfPart } from './less-at-once.js';

test('a trace is in one part of each division, and in the same whether it is hot or archived', async () => {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  const holds = (condition: string): string => `(${condition})::INTEGER`;
  await fc.assert(fc.asyncProperty(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.constantFrom(1, 2, 8, 1_024), async (low, of) => {
    const parts = Array.from({ length: of }, (_, index) => ({ of, index }));
    const spans = `(SELECT ${low}::UBIGINT AS trace_id_low, '${low.toString(16).padStart(32, '0')}' AS "TraceId") a`;
    const [row] = (await connection.runAndReadAll(`SELECT ${parts.map((part) => `${holds(hotOfPart(part))}, ${holds(archivedOfPart(part))}`).join(', ')} FROM ${spans}`)).getRows();
    const hot = row!.filter((_, index) => index % 2 === 0).map(Number);
    expect(row!.filter((_, index) => index % 2 === 1).map(Number)).toEqual(hot);
    expect(hot.reduce((sum, held) => sum + held, 0)).toBe(1);
  }), { numRuns: 40 });
  connection.closeSync();
});
