import { DuckDBTypeId, JSDuckDBValueConverter, type DuckDBConnection, type DuckDBDataChunk, type DuckDBMaterializedResult, type DuckDBPreparedStatement } from '@duckdb/node-api';
import { assert } from '../lib/assert.js';
import type { Row, SqlValue, Statement } from './database.js';

/** Runs one statement with named parameters and reads all its rows. One without is run at once; it waits for the event loop once less. */
export async function runStatement(connection: DuckDBConnection, statement: Statement): Promise<Row[]> {
  if (Object.keys(statement.params ?? {}).length === 0) return rowsOfResult(await connection.run(statement.sql));
  const { prepared, close } = await openStatement(connection, statement);
  try {
    return rowsOfResult(await prepared.run());
  } finally {
    close();
  }
}

/** All of it is there by now. To fetch one chunk after the other would wait for the thread's event loop each time, which ingest keeps busy. */
function rowsOfResult(result: DuckDBMaterializedResult): Row[] {
  const names = result.deduplicatedColumnNames();
  return Array.from({ length: result.chunkCount }, (_, index) => rowsOf(result.getChunk(index), names)).flat();
}

function rowsOf(chunk: DuckDBDataChunk, names: readonly string[]): Record<string, SqlValue>[] {
  const rows = Array.from({ length: chunk.rowCount }, (): Record<string, SqlValue> => ({}));
  for (const [column, name] of names.entries()) {
    const vector = chunk.getColumnVector(column);
    for (const [index, row] of rows.entries()) {
      const cell = JSDuckDBValueConverter(vector.getItem(index), vector.type, JSDuckDBValueConverter);
      row[name] = isSqlValue(cell) ? cell : asText(cell);
    }
  }
  return rows;
}

/** A statement with its parameters bound, ready to run. Whoever opens it closes it. */
export async function openStatement(connection: DuckDBConnection, statement: Statement): Promise<{ readonly prepared: DuckDBPreparedStatement; readonly close: () => void }> {
  const prepared = await connection.prepare(statement.sql);
  const close = (): void => prepared.destroySync();
  try {
    bindParameters(prepared, statement);
    return { prepared, close };
  } catch (error) {
    close();
    throw error;
  }
}

/**
 * Binds each parameter with the type the statement expects. Were a bigint bound as HUGEINT (the library's own guess), DuckDB would
 * cast the column instead of the parameter, and a lookup by trace id would no longer use the zone maps.
 */
function bindParameters(prepared: DuckDBPreparedStatement, statement: Statement): void {
  const params = statement.params ?? {};
  for (let index = 1; index <= prepared.parameterCount; index += 1) {
    const name = prepared.parameterName(index);
    const value = params[name];
    assert(value !== undefined, `parameter $${name} is missing for: ${statement.sql.slice(0, 120)}`);
    bindParameter(prepared, index, value);
  }
}

function bindParameter(prepared: DuckDBPreparedStatement, index: number, value: SqlValue): void {
  if (value === null) prepared.bindNull(index);
  else if (typeof value === 'string') prepared.bindVarchar(index, value);
  else if (typeof value === 'boolean') prepared.bindBoolean(index, value);
  else if (typeof value === 'object') prepared.bindBlob(index, value);
  else bindNumber(prepared, index, value);
}

function bindNumber(prepared: DuckDBPreparedStatement, index: number, value: number | bigint): void {
  const expected = prepared.parameterTypeId(index);
  if (expected === DuckDBTypeId.DOUBLE || !(typeof value === 'bigint' || Number.isSafeInteger(value))) {
    prepared.bindDouble(index, Number(value));
    return;
  }
  const integer = BigInt(value);
  if (expected === DuckDBTypeId.INTEGER && BigInt.asIntN(32, integer) === integer) prepared.bindInteger(index, Number(integer));
  else if (expected === DuckDBTypeId.UBIGINT && BigInt.asUintN(64, integer) === integer) prepared.bindUBigInt(index, integer);
  else if (BigInt.asIntN(64, integer) === integer) prepared.bindBigInt(index, integer);
  else if (BigInt.asUintN(64, integer) === integer) prepared.bindUBigInt(index, integer);
  else prepared.bindHugeInt(index, integer);
}

function isSqlValue(cell: unknown): cell is SqlValue {
  return cell === null || ['string', 'number', 'bigint', 'boolean'].includes(typeof cell) || cell instanceof Uint8Array;
}

/** Dates, lists and the like are not in the contract: adapters get them as text rather than as a surprise. */
function asText(cell: unknown): string {
  return cell instanceof Date ? cell.toISOString() : JSON.stringify(cell, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
}
