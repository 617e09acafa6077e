import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attributeOf, attributesJson } from '../attribute-json.js';
import type { AttributeValue } from '../attribute.js';
import type { AttributeField, Operator } from './ast.js';
import { SpanFieldsSql } from './span-fields-sql.js';
import { SqlParams } from './sql-params.js';
import { valuePredicate } from './value-predicate.js';

const EDGES = [0, 1, 2, 5, 9, 10, 49, 50, 99, 100, 199, 200, 499, 500, 501, 599, 999, 1_000, 4_999, 5_000, 5_001, 10_000, 2 ** 31, Number.MAX_SAFE_INTEGER];
const NUMBERS = [...EDGES.flatMap((edge) => [edge, -edge, edge + 0.5, edge - 0.25]), 1e21, 5e22, -1e21, 1e-7, 5e-9];
const VALUES: readonly AttributeValue[] = [...NUMBERS, ...NUMBERS.map((number) => [number]), ['x', 500], [], '500', true, false, [true], null, 9_223_372_036_854_775_807n, -5n, { x: 500 }];
const STATUS: AttributeField = { type: 'attribute', scope: 'span', key: 'http.response.status_code' };
const OPERATORS = ['=', '!=', '>', '>=', '<', '<='] as const;

let connection: DuckDBConnection;
beforeAll(async () => {
  connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run('CREATE TABLE documents(place INTEGER, attributes VARCHAR)');
  for (const [place, value] of VALUES.entries()) await connection.run('INSERT INTO documents VALUES ($place, $attributes)', { place, attributes: attributesJson([attributeOf('a', 500), attributeOf('http.status_code', value), attributeOf('z', '"http.status_code":1')]) });
});
afterAll(() => connection.closeSync());

/** Which of VALUES may be under the attribute, in the spelling of older conventions. */
async function may(condition: (fields: SpanFieldsSql) => string | undefined): Promise<ReadonlySet<number>> {
  const params = new SqlParams('q');
  const sql = condition(new SpanFieldsSql(params));
  const rows = await connection.runAndReadAll(`SELECT place FROM documents s WHERE ${sql ?? 'TRUE'}`, params.values);
  return new Set(rows.getRows().map(([place]) => Number(place)));
}

test.each(OPERATORS)('what is looked at first lets through every number of which %s holds, alone and in lists', async (operator: Operator) => {
  for (const literal of NUMBERS) {
    const holds = valuePredicate(STATUS.key, operator, { type: 'number', value: literal });
    const passed = await may((fields) => fields.mayHoldNumber(STATUS, operator, literal));
    expect(VALUES.filter((value, place) => holds(value ?? undefined) && !passed.has(place)), `${operator} ${String(literal)}`).toEqual([]);
  }
});

test('and leaves out most others', async () => {
  const passed = await may((fields) => fields.mayHoldNumber(STATUS, '>=', 500));
  expect([199, 499, 50.5, -500, '500', true].map((value) => passed.has(VALUES.indexOf(value)))).toEqual([false, false, false, false, false, false]);
  expect((await may((fields) => fields.mayHoldNumber(STATUS, '=', 500))).has(VALUES.indexOf(5_000))).toBe(false);
});

test('the same of booleans', async () => {
  const passed = await may((fields) => fields.mayHoldBoolean(STATUS, [true]));
  expect([true, false, 1, '500'].map((value) => passed.has(VALUES.indexOf(value)))).toEqual([true, false, false, false]);
  expect(passed.has(VALUES.findIndex((value) => Array.isArray(value) && value[0] === true))).toBe(true);
});

test('says nothing of what is made of other attributes, of parents, and of names that JSON writes in several ways', () => {
  const fields = new SpanFieldsSql(new SqlParams('q'));
  for (const field of [{ ...STATUS, ofParent: true as const }, { ...STATUS, scope: 'event' as const }, { ...STATUS, key: 'a"b' }, { ...STATUS, key: 'ü' }]) expect(fields.mayHoldNumber(field, '=', 5)).toBeUndefined();
});
